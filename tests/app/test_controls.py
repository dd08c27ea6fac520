"""The controls of the page: one for each setting, and what becomes of what is entered."""

import dataclasses

import pytest

from bassnb.app.controls import controls_of
from bassnb.app.harp import description
from bassnb.control.request import Request
from bassnb.errors import BassnbError
from bassnb.settings import ControlSettings, TakeSettings


@pytest.fixture
def controls(accompanist):
    return {one.name: one for group in controls_of(accompanist).values() for one in group}


def test_every_setting_has_one_control(controls):
    fields = {f.name for kind in (TakeSettings, ControlSettings) for f in dataclasses.fields(kind)}
    assert set(controls) == fields
    for one in controls.values():
        assert len(one.info) > 10 and one.kind in ("slider", "toggle", "choice", "text", "file")


def test_kinds_and_first_values(controls, accompanist):
    kinds = {name: one.kind for name, one in controls.items()}
    expected = {"guidance": "slider", "loop": "toggle", "sampler": "choice", "seed": "text"}
    assert kinds.items() >= {**expected, "keep": "file", "line": "file", "chords": "text"}.items()
    guidance = controls["guidance"]
    assert guidance.value == accompanist.settings()["guidance"]
    assert (guidance.low, guidance.high, guidance.step) == (0, 10, 0.1)
    assert controls["sampler"].value == "dpm++" and controls["steps"].value == ""


def test_what_the_page_shows_first_is_accepted(controls):
    Request.of(1, {name: one.setting(one.value) for name, one in controls.items()})


@pytest.mark.parametrize(
    "name, typed, becomes",
    [
        ("steps", "", None),
        ("steps", " 12 ", 12),
        ("seed", "", 0),
        ("tempo", "96.5", 96.5),
        ("tuning", "432", "432"),
        ("chords", "", None),
        ("chords", "Am F C G", "Am F C G"),
        ("region", "bars 9-12", "bars 9-12"),
        ("region", "1-2\n\n 5-6 ", ("1-2", "5-6")),
        ("loop", True, True),
        ("guidance", 3.5, 3.5),
        ("line", None, None),
        ("line", "/tmp/x.mid", "/tmp/x.mid"),
    ],
)
def test_what_is_entered_becomes_a_setting(name, typed, becomes, controls):
    found = controls[name].setting(typed)
    assert found == becomes and type(found) is type(becomes)


@pytest.mark.parametrize("name, typed", [("tempo", "fast"), ("steps", "1.5"), ("seed", "1e400")])
def test_what_is_no_number_is_refused_by_the_settings(name, typed, controls):
    with pytest.raises(BassnbError, match=name):
        Request.of(1, {name: controls[name].setting(typed)})


@pytest.mark.evidence("no-file-by-text")
@pytest.mark.parametrize("text", ["/etc/passwd.txt", "song.lab", "../x.MID"])
def test_no_file_of_the_machine_can_be_named(text, controls):
    with pytest.raises(BassnbError, match="chords"):
        controls["chords"].setting(text)


def test_the_description_for_harp_follows_the_order_of_the_inputs(controls):
    found = description(list(controls.values()))
    assert [entry["label"] for entry in found["inputs"][2:]] == [
        one.label for one in controls.values()
    ]
    kinds = {entry["label"]: entry["type"] for entry in found["inputs"] + found["outputs"]}
    assert (
        kinds.items()
        >= {
            "Mix": "audio_track",
            "Line": "midi_track",
            "Guidance": "slider",
            "Sampler": "dropdown",
            "Loop": "toggle",
            "Tempo": "text_box",
            "Notes": "midi_track",
        }.items()
    )
    assert found["inputs"][0]["required"] and not found["inputs"][1]["required"]
    assert set(found["card"]) == {"name", "description", "author", "tags"}
