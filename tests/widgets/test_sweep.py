"""Sliders over takes: the grid is complete, every sound is at its setting, and refusals."""

import html
import json
import re

import pytest
import torch

from bassnb.audio import read_audio
from bassnb.errors import AudioError, BassnbError
from bassnb.level import loudness
from bassnb.widgets import Sweep, sweep
from bassnb.widgets.listen import STATIC, TARGET
from tests.widgets.test_listen import Tags, tone

GRID = {
    (w, phi): tone(55 * (1 + w + 4 * phi), level=0.1 + 0.1 * phi)
    for phi in (0.0, 0.5)
    for w in (2, 0, 1)
}
DIALS = ("guidance w", "phi")


def sliders(page):
    return [attrs for attrs in page.all("input") if "data-values" in attrs]


def test_one_slider_per_parameter_with_its_values_in_order():
    page = Tags(sweep(GRID, parameters=DIALS).html)
    first, second = sliders(page)
    assert (first["aria-label"], json.loads(first["data-values"]), first["max"]) == (
        "guidance w",
        ["0", "1", "2"],
        "2",
    )
    assert (second["aria-label"], json.loads(second["data-values"])) == ("phi", ["0", "0.5"])
    # the first take given
    assert (first["value"], first["aria-valuetext"], second["value"]) == ("2", "2", "0")
    assert all(attrs["type"] == "range" for attrs in page.all("input"))


def test_pictures_and_players_stand_in_the_order_of_the_grid(monkeypatch, tmp_path):
    monkeypatch.setenv(STATIC, str(tmp_path))
    shown = sweep(GRID, parameters=DIALS)
    page = Tags(shown.html)
    assert shown.names[:3] == (
        "guidance w 0, phi 0",
        "guidance w 0, phi 0.5",
        "guidance w 1, phi 0",
    )
    assert [audio["aria-label"] for audio in page.all("audio")] == list(shown.names)
    for audio, image, (w, phi) in zip(page.all("audio"), page.all("img"), sorted(GRID)):
        frequency = 55 * (1 + w + 4 * phi)
        sound = read_audio(tmp_path / audio["src"].rsplit("/", 1)[1])
        spectrum = torch.fft.rfft(sound.mean(0)).abs()
        assert float(spectrum.argmax()) * 44_100 / sound.shape[-1] == pytest.approx(
            frequency, abs=1
        )
        assert int(re.search(r"near (\d+) Hz", image["alt"])[1]) == pytest.approx(
            frequency, rel=0.1
        )


def test_one_picture_is_visible_and_it_is_the_start():
    page = Tags(sweep(GRID, parameters=DIALS, start=(1, 0.5)).html)
    assert ["hidden" in image for image in page.all("img")] == [True, True, True, False, True, True]
    assert [slider["value"] for slider in sliders(page)] == ["1", "1"]


def test_one_parameter_takes_plain_values_of_any_kind():
    page = Tags(
        sweep({"slap": tone(), "finger": tone(55)}, parameters="style", start="finger").html
    )
    (slider,) = sliders(page)
    assert (
        json.loads(slider["data-values"]) == ["slap", "finger"]
        and slider["aria-valuetext"] == "finger"
    )
    assert json.loads(
        sliders(Tags(sweep({8: tone(), 2.5: tone()}, parameters=("K",)).html))[0]["data-values"]
    ) == [
        "2.5",
        "8",
    ]


def test_descriptions_stand_with_their_take():
    page = sweep({2: tone(), 4: tone()}, parameters="K", descriptions={4: "match 0.7 & more"}).html
    assert (
        "<strong>K 4</strong> <span>match 0.7 &amp; more</span>" in page
        and page.count("match 0.7") == 1
    )


def test_with_a_mix_each_take_has_a_second_sound_that_holds_both(monkeypatch, tmp_path):
    monkeypatch.setenv(STATIC, str(tmp_path))
    shown = sweep({2: tone(55), 4: tone(110)}, parameters="K", mix=tone(880, seconds=2))
    page = Tags(shown.html)
    assert [audio["aria-label"] for audio in page.all("audio")] == [
        "K 2, bass alone",
        "K 2, with the mix",
        "K 4, bass alone",
        "K 4, with the mix",
    ]
    assert shown.seconds == 2.0 and len(page.all("img")) == 2
    sounds = [read_audio(tmp_path / audio["src"].rsplit("/", 1)[1]) for audio in page.all("audio")]
    for wave, expected in zip(sounds, [{55}, {55, 880}, {110}, {110, 880}]):
        spectrum = torch.fft.rfft(wave[0, : 44_100 * 3 // 2]).abs()
        there = {
            hertz for hertz in (55, 110, 880) if spectrum[round(hertz * 1.5)] > 0.2 * spectrum.max()
        }
        assert there == expected
    assert "with the mix" in page.words and [b.get("aria-pressed") for b in page.all("button")] == [
        None,
        "true",
        "false",
    ]


def test_everything_that_can_be_chosen_has_one_loudness(monkeypatch, tmp_path):
    monkeypatch.setenv(STATIC, str(tmp_path))
    takes = {1: tone(level=0.01), 2: tone(220, level=0.3)}
    sweep(takes, parameters="K", mix=tone(880))
    levels = [loudness(read_audio(path)) for path in tmp_path.glob("*.mp3")]
    assert (
        len(levels) == 4
        and max(levels) - min(levels) < 0.3
        and max(levels) == pytest.approx(TARGET, abs=0.3)
    )
    assert "played at" not in sweep(takes, parameters="K", loudness_match=False).html


def test_what_people_write_is_text_not_markup():
    evil = '"><img src=x onerror=alert(1)>'
    page = sweep(
        {evil: tone(), "b": tone()}, parameters=evil, title=evil, descriptions={evil: evil}
    ).html
    parsed = Tags(page)
    assert len(parsed.all("img")) == 2 and not any(
        "onerror" in image for image in parsed.all("img")
    )
    assert json.loads(html.unescape(sliders(parsed)[0]["data-values"]))[0] == evil


def test_a_block_needs_nothing_from_outside_and_stays_small(monkeypatch, tmp_path):
    monkeypatch.setenv(STATIC, str(tmp_path))
    noise = torch.Generator().manual_seed(0)
    # the costliest pictures
    takes = {k: 0.2 * torch.randn(2, 441_000, generator=noise) for k in (1, 2, 4)}
    page = sweep(takes, parameters="K").html
    assert not re.search(r"\sid=|https?://|@import|url\(", page)
    style = re.search(r"<style>(.*?)</style>", page, re.S)[1]
    selectors = [rule.split("{")[0].strip() for rule in style.split("}") if "{" in rule]
    assert all(re.match(r"\.bassnb-(block|sweep)\b", selector) for selector in selectors)
    sizes = [path.stat().st_size for path in tmp_path.glob("*.webp")]
    assert len(sizes) == 3 and max(sizes) < 10_000 and min(sizes) > 1000


def test_it_is_a_block_of_a_notebook():
    shown = sweep({1: tone()}, parameters="K")
    assert isinstance(shown, Sweep) and shown._repr_html_() == shown.html
    assert repr(shown) == "Sweep(K 1; 1.5 s)"
    assert [audio["preload"] for audio in Tags(shown.html).all("audio")] == ["none"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"takes": {}, "parameters": "K"}, "no take"),
        ({"takes": {1: 0}, "parameters": ()}, "needs a parameter"),
        (
            {"takes": {1: 0, 2: 0}, "parameters": ("K", "w")},
            r"key 1 does not fit the 2 parameters 'K', 'w'",
        ),
        (
            {"takes": {(1, 2): 0}, "parameters": "K"},
            r"key \(1, 2\) does not fit the 1 parameter 'K'",
        ),
        (
            {"takes": {(1, 1): 0, (2, 2): 0}, "parameters": ("K", "w")},
            "no take for K 1, w 2; give all 4 combinations",
        ),
        ({"takes": {1: 0}, "parameters": "K", "start": 3}, "start 3 belongs to no take"),
        (
            {"takes": {1: 0}, "parameters": "K", "descriptions": {3: "x"}},
            "the description of 3 belongs to no take",
        ),
    ],
)
def test_refusals_are_one_sentence_that_helps(arguments, message):
    takes = {key: tone(seconds=0.5) for key in arguments.pop("takes")}
    with pytest.raises(BassnbError, match=message) as error:
        sweep(takes, **arguments)
    assert "\n" not in str(error.value)


def test_a_take_that_is_not_audio_is_named():
    with pytest.raises(AudioError, match="take 'K 2'"):
        sweep({1: tone(), 2: torch.full((2, 100), float("nan"))}, parameters="K")
