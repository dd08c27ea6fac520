"""A class of settings refuses every value outside of what its fields state, and says what fits."""

import math
from dataclasses import MISSING, FrozenInstanceError, dataclass, replace
from pathlib import Path

import pytest

from bassnb.checked import MOST, MOST_ENTRIES, Checked, fields_of, fits, setting, wanted
from bassnb.errors import BassnbError
from bassnb.presets import AutoencoderConfig, CriticConfig, UNetConfig
from bassnb.schedules import AutoencoderTraining, DiffusionTraining
from bassnb.settings import TakeSettings, TrainingSettings


@dataclass(frozen=True)
class Knobs(Checked):
    size: int = setting(3, low=1, high=9)
    gain: float = setting(0.5, low=-1, high=1)
    name: str = setting("a", choices=("a", "b"))
    widths: tuple[int, ...] = setting((1, 2), low=1)
    limit: float | None = setting(None, high=2)
    place: str | Path | None = setting(None)
    on: bool = setting(False)


FINE = [
    {"size": 1},
    {"size": 9},
    {"gain": -1},  # a whole number is a number
    {"name": "b"},
    {"widths": (7,)},
    {"widths": (1,) * MOST_ENTRIES},
    {"limit": 2.0},
    {"place": Path("x")},
    {"on": True},
]
WRONG = [
    {"size": 0},
    {"size": 10},
    {"size": 2.0},
    {"size": True},  # no number, although Python counts with it
    {"size": None},
    {"gain": math.nan},
    {"gain": math.inf},
    {"gain": "0.5"},
    {"name": "c"},
    {"widths": ()},
    {"widths": (0,)},
    {"widths": [1, 2]},
    {"widths": (1,) * (MOST_ENTRIES + 1)},
    {"limit": 2.1},
    {"place": 7},
    {"on": 1},
]


@pytest.mark.parametrize("one", FINE, ids=str)
def test_what_a_field_states_is_taken_as_it_is(one):
    ((name, value),) = one.items()
    assert getattr(Knobs(**one), name) is value


@pytest.mark.parametrize("one", WRONG, ids=lambda one: str(one)[:40])
def test_anything_else_is_refused_with_the_name_and_what_fits(one):
    ((name, _),) = one.items()
    kind, facts = next((k, f.metadata) for f, k in fields_of(Knobs) if f.name == name)
    with pytest.raises(BassnbError) as error:
        Knobs(**one)
    assert str(error.value).startswith(f"{name} is ") and wanted(kind, facts) in str(error.value)


def test_a_changed_copy_is_checked_too_and_none_changes_in_place():
    with pytest.raises(BassnbError, match="size is 99.* whole number from 1 to 9"):
        replace(Knobs(), size=99)
    with pytest.raises(FrozenInstanceError):
        Knobs().size = 2


@pytest.mark.parametrize(
    "value", [0, 0.0, -0.0, 1e-300, MOST, MOST + 1, -1e-300, 10**400, math.inf, math.nan, "", None]
)
def test_a_number_without_bounds_of_its_own_is_neither_negative_nor_huge(value):
    number = isinstance(value, (int, float))
    assert fits(value, float, {}) == (number and 0 <= value <= MOST)


@pytest.mark.parametrize(
    "kind",
    [
        TakeSettings,
        TrainingSettings,
        AutoencoderConfig,
        AutoencoderTraining,
        CriticConfig,
        DiffusionTraining,
        UNetConfig,
    ],
)
def test_every_default_of_ours_lies_within_its_own_bounds(kind):
    for entry, type_ in fields_of(kind):
        if entry.default is not MISSING:
            assert fits(entry.default, type_, entry.metadata), entry.name
            assert wanted(type_, entry.metadata)
