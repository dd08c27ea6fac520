"""Settings of a take and of a training: from keywords, from the command line, and in every file."""

import dataclasses
import json

import numpy as np
import pytest
import typer

from bassnb.cli import app
from bassnb.errors import BassnbError
from bassnb.settings import MOST_TAKES, TakeSettings, TrainingSettings, number_of_takes
from tests.commands import commands
from tests.refusals import assert_sentence


def test_numbers_of_numpy_become_numbers_that_json_can_write():
    made = TakeSettings.of(guidance=np.float32(2.5), steps=np.int64(8), seed=np.uint8(3))
    assert (made.guidance, made.steps, made.seed) == (2.5, 8, 3)
    assert json.loads(json.dumps(dataclasses.asdict(made)))["steps"] == 8


def test_an_unknown_setting_is_named_with_those_there_are():
    with pytest.raises(BassnbError) as error:
        TakeSettings.of(guidence=3)
    names = [entry.name for entry in dataclasses.fields(TakeSettings)]
    assert_sentence(error.value, "guidence", *names)


@pytest.mark.parametrize("value", [1, 7, MOST_TAKES, np.int64(3)])
def test_a_number_of_takes(value):
    assert number_of_takes(value) == int(value) and type(number_of_takes(value)) is int


@pytest.mark.parametrize("value", [0, -1, MOST_TAKES + 1, 1.0, "2", None, True, np.float64(2)])
def test_what_is_no_number_of_takes(value):
    with pytest.raises(BassnbError, match=str(MOST_TAKES)):
        number_of_takes(value)


@pytest.mark.parametrize(
    ("kind", "command", "elsewhere"),
    [
        (TakeSettings, "accompany", set()),
        (TrainingSettings, "train diffusion", set()),
        (TrainingSettings, "train autoencoder", {"latents"}),  # it learns from sound
    ],
)
def test_every_setting_has_an_option_with_its_help(kind, command, elsewhere):
    """One setting, one name, wherever it is set."""
    assert typer.main.get_command(app)
    options = {
        option.name: option for name, one in commands() if name == command for option in one.params
    }
    for entry in dataclasses.fields(kind):
        if entry.name not in elsewhere:
            assert entry.metadata["help"] in " ".join(options[entry.name].help.split()), entry.name


def test_a_slider_ends_within_the_bounds():
    for entry in dataclasses.fields(TakeSettings):
        assert entry.metadata["low"] <= entry.metadata["usual"] <= entry.metadata["high"]
