"""Settings with types and bounds, stated once: the command line, the panel, the pages and every
check read them here.

A class of settings is a frozen dataclass that derives from `Checked`. The type of a field is its
annotation; `setting` adds its bounds or choices and the sentence that the command line and the
panel show.
"""

from __future__ import annotations

import dataclasses
import os
import types
import typing
from dataclasses import MISSING

from bassnb.errors import BassnbError

MOST = 10_000_000  # of any number without a bound of its own
MOST_ENTRIES = 64  # of a list


def setting(
    default=MISSING,
    *,
    low: float = 0,
    high: float = MOST,
    usual: float | None = None,
    choices: tuple[str, ...] = (),
    words: str = "",
    help: str = "",
):
    """A field of a `Checked` dataclass.

    Parameters
    ----------
    default : value of the field when it is not given; without one it must be given
    low, high : bounds of a number, or of each number of a tuple, both included
    usual : upper end of a slider for it; None is `high`
    choices : the texts that the field may hold; none means any
    words : what the field takes, for an error; by default made from its type and bounds
    help : one sentence for the command line and the panel
    """
    usual = high if usual is None else usual
    facts = {"low": low, "high": high, "usual": usual, "choices": choices}
    return dataclasses.field(default=default, metadata={**facts, "words": words, "help": help})


@dataclasses.dataclass(frozen=True)
class Checked:
    """A dataclass whose fields have the types and bounds that they state, wherever their values
    come from.

    Raises
    ------
    BassnbError
        Naming the first field whose value does not fit, and what would.
    """

    def __post_init__(self):
        for entry, kind in fields_of(type(self)):
            value = getattr(self, entry.name)
            if not fits(value, kind, entry.metadata):
                raise BassnbError(
                    f"{entry.name} is {value!r:.60}; give {wanted(kind, entry.metadata)}"
                )


def fields_of(settings: type) -> tuple[tuple[dataclasses.Field, typing.Any], ...]:
    """Every field of a class of settings with its resolved type."""
    kinds = typing.get_type_hints(settings)
    return tuple((entry, kinds[entry.name]) for entry in dataclasses.fields(settings))


def alternatives(kind) -> tuple:
    """The types of a union, `int | None` for example, or the one type that `kind` is."""
    union = typing.get_origin(kind) in (typing.Union, types.UnionType)
    return typing.get_args(kind) if union else (kind,)


def fits(value, kind, facts: typing.Mapping) -> bool:
    """Whether `value` has the type `kind` and lies within the bounds in `facts`, the metadata of a
    `setting`.
    """
    return any(_fits_one(value, one, facts) for one in alternatives(kind))


def _fits_one(value, kind, facts: typing.Mapping) -> bool:
    if typing.get_origin(kind) is tuple:
        inner = typing.get_args(kind)[0]
        return (
            isinstance(value, tuple)
            and 0 < len(value) <= MOST_ENTRIES
            and all(fits(one, inner, facts) for one in value)
        )
    if kind in (int, float):
        number = isinstance(value, int if kind is int else (int, float)) and not isinstance(
            value, bool
        )
        # false of NaN, too
        return number and facts.get("low", 0) <= value <= facts.get("high", MOST)
    if kind is str:
        return isinstance(value, str) and (not facts.get("choices") or value in facts["choices"])
    return isinstance(value, (str, os.PathLike) if kind is os.PathLike else kind)


def wanted(kind, facts: typing.Mapping) -> str:
    """What a field takes, in words."""
    if facts.get("words"):
        return facts["words"]
    if typing.get_origin(kind) is tuple:
        return (
            f"a list of 1 to {MOST_ENTRIES} values, each {wanted(typing.get_args(kind)[0], facts)}"
        )
    kind = next(one for one in alternatives(kind) if one is not type(None))
    if kind in (int, float):
        return f"a{' whole' if kind is int else ''} number from {facts.get('low', 0):g} to {facts.get('high', MOST):g}"
    if kind is str and facts.get("choices"):
        return "one of " + ", ".join(facts["choices"])
    return {bool: "true or false", str: "a text"}.get(kind, "a path")
