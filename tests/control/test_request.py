"""What a call asks for: checked together, named for the settings, refused in one sentence."""

import json
from pathlib import Path

import pytest
import torch

from bassnb.control.request import FREEDOM, Request
from bassnb.errors import BassnbError
from bassnb.settings import ControlSettings, TakeSettings, chosen
from tests.refusals import assert_sentence


def test_settings_go_to_their_class():
    take, control = chosen({"seed": 3, "loop": True}, TakeSettings, ControlSettings)
    assert take.seed == 3 and control.loop and control.keep is None
    with pytest.raises(BassnbError, match="no setting 'louder'") as error:
        Request.of(1, {"louder": 1})
    assert_sentence(error.value, "guidance", "region")


def test_facts_hold_what_is_set_and_can_be_written():
    request = Request.of(2, {"seed": 5, "keep": Path("a.wav"), "region": ["1-2", "bar 3"]})
    assert request.seeds == range(5, 7)
    assert request.facts == {"keep": "a.wav", "region": ["1-2", "bar 3"]}
    assert Request.of(1, {}).facts == {} and Request.of(1, {}).freedom == 1
    line = Request.of(1, {"line": torch.zeros(2, 9)})
    assert line.facts == {"line": "array", "freedom": FREEDOM}
    bound = Request.of(1, {"line": "hum.wav", "freedom": 0})
    assert bound.freedom == 0 and bound.facts == {"line": "hum.wav", "freedom": 0}
    json.dumps(line.facts)


@pytest.mark.parametrize(
    "settings, named",
    [
        ({"region": "1-2"}, "keep"),
        ({"region": [], "keep": "a.wav"}, "region"),
        ({"region": ["1-2", 3], "keep": "a.wav"}, "region"),
        ({"region": "x", "keep": "a.wav"}, "'x'"),
        ({"freedom": 0.5}, "line"),
        ({"freedom": -0.1, "line": "a.wav"}, "freedom"),
        ({"loop": "yes"}, "loop"),
        ({"loop": True, "keep": "a.wav"}, "loop"),
    ],
)
def test_refusals(settings, named):
    with pytest.raises(BassnbError) as error:
        Request.of(1, settings)
    assert_sentence(error.value, named)
