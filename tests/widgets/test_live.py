"""The dials of a live panel as HTML: their names and bounds, refusals, and a notebook without a page."""

import dataclasses
import json

import pytest

from bassnb.checkpoints import load_pretrained
from bassnb.errors import BassnbError
from bassnb.settings import TakeSettings
from bassnb.widgets import Live, live
from bassnb.widgets.listen import STATIC
from bassnb.widgets.live import CHOICES, CONTROLS, SLIDERS, SONGS, START, STYLES, VIEWS
from tests.web.conftest import ROOT
from tests.widgets.test_listen import Tags


@pytest.fixture
def page(monkeypatch, tmp_path):
    """As in a chapter of the book that is being built."""
    monkeypatch.setenv(STATIC, str(tmp_path))


@pytest.mark.parametrize("view", VIEWS)
def test_each_control_has_a_name_its_bounds_and_its_first_value(page, view):
    shown = live(
        "jazz", controls=CONTROLS, view=view, guidance=2.5, seed=7, style="pick", seconds=4
    )
    tags = Tags(shown.html)
    dials = {x["data-setting"]: x for x in tags.all("input") if "data-setting" in x}
    assert dials.pop("chords")["value"] == ""
    assert {name: float(dial["value"]) for name, dial in dials.items()} == {
        **{name: START[name] for name in ("steps", "phi", "strength")},
        **{"guidance": 2.5, "seed": 7},
    }
    for name, (_, low, high, step) in SLIDERS.items():
        assert [float(dials[name][key]) for key in ("min", "max", "step")] == [low, high, step]
    chosen = [option.get("value") for option in tags.all("option") if "selected" in option]
    assert chosen == ["jazz", "pick", None, None]  # and the first rule, and the first interval
    selects = [x["data-setting"] for x in tags.all("select")]
    assert selects == ["song", "style", *CHOICES]
    assert [x["data-file"] for x in tags.all("input") if x.get("type") == "file"] == [
        "song",
        "style",
    ]
    (panel,) = (json.loads(x["data-live"]) for x in tags.all("div") if "data-live" in x)
    assert (panel["song"], panel["view"], panel["seconds"]) == ("jazz", view, 4)
    assert panel["settings"]["sampler"] == "dpm++"


def test_a_page_opened_as_a_file_has_a_sentence_and_loads_nothing(page):
    shown = live(controls=("seed",))
    assert "make serve" in " ".join(Tags(shown.html).words)
    assert [
        x for tag in ("audio", "img", "script") for x in Tags(shown.html).all(tag) if "src" in x
    ] == []


def test_a_notebook_has_one_sentence_and_no_script(monkeypatch):
    monkeypatch.delenv(STATIC, raising=False)
    shown = live(controls=("guidance", "phi"), view="line")
    assert isinstance(shown, Live) and shown.names == ("guidance", "phi")
    assert Tags(shown.html).tags == [("p", {}), ("code", {})]
    assert "guidance, phi" in " ".join(Tags(shown.html).words)


@pytest.mark.parametrize("name", CHOICES)
def test_what_can_be_chosen_is_a_setting_of_takes(name):
    _, known = CHOICES[name]
    assert START[name] == known[0]
    for value in known:
        assert getattr(TakeSettings.of(**{name: value}), name) == value


def test_songs_and_styles_are_those_of_the_site():
    samples = ROOT / "data_samples"
    mixes = [path.parent.name for path in samples.glob("*/mix.flac")]
    assert sorted(SONGS) == sorted([*mixes, "drums"])
    assert list(STYLES) == sorted(path.stem for path in (samples / "styles").glob("*.flac"))


def test_dials_begin_at_the_defaults_of_the_shipped_model():
    defaults = load_pretrained("classroom").defaults
    assert {name: START[name] for name in defaults} == defaults


def test_dials_have_the_bounds_of_the_settings():
    bounds = {field.name: field.metadata for field in dataclasses.fields(TakeSettings)}
    for name, (_, low, high, _) in SLIDERS.items():
        assert low == bounds[name]["low"]
        if name == "steps":  # more would take a page minutes
            assert high <= bounds[name]["usual"]
        else:
            assert high == bounds[name]["high"]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"song": "waltz", "controls": ()}, "there is no song 'waltz' on a page; use one of pop, "),
        ({"controls": ("tempo",)}, "there is no control 'tempo' on a page; use one of song, "),
        ({"controls": (), "view": "roll"}, "there is no view 'roll' on a page; use one of sound, "),
        ({"controls": (), "style": "tuba"}, "there is no style 'tuba' on a page; use one of "),
        ({"controls": (), "guidance": 21}, "guidance is 21; give "),
    ],
)
def test_what_a_page_does_not_have_is_refused_everywhere(given, sentence):
    with pytest.raises(BassnbError, match=sentence):
        live(**given)
