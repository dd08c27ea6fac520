"""Blind tests: the data of the page, what it hides, and refusals.

The scores are tested in a browser.
"""

import json
import re

import pytest
import torch

from bassnb.audio import read_audio
from bassnb.errors import AudioError, BassnbError
from bassnb.level import loudness
from bassnb.widgets import BlindTest, blind_test
from bassnb.widgets.listen import STATIC
from tests.widgets.test_listen import Tags, tone

PAIRS = [
    {"critic": tone(110), "plain": tone(220, seconds=1)},
    {"plain": tone(330, 2), "critic": tone(440, 2, level=0.02)},
]


def embedded(shown):
    (test,) = [attrs["data-test"] for attrs in Tags(shown.html).all("div") if "data-test" in attrs]
    return json.loads(test)


def test_both_sounds_of_every_pair_in_the_order_of_the_names(monkeypatch, tmp_path):
    monkeypatch.setenv(STATIC, str(tmp_path))
    test = embedded(blind_test(PAIRS))
    assert test["names"] == ["critic", "plain"] and (test["kind"], test["trials"]) == ("abx", 10)
    for pair, frequencies, seconds in zip(test["pairs"], [(110, 220), (440, 330)], [1.5, 2.0]):
        assert pair["seconds"] == seconds
        for url, frequency in zip(pair["urls"], frequencies):
            sound = read_audio(tmp_path / url.rsplit("/", 1)[1])
            # equally long: length gives nothing away
            assert sound.shape[-1] / 44_100 == pytest.approx(seconds, abs=0.06)
            spectrum = torch.fft.rfft(sound.mean(0)).abs()
            assert float(spectrum.argmax()) * 44_100 / sound.shape[-1] == pytest.approx(
                frequency, abs=1
            )


def test_loudness_gives_nothing_away(monkeypatch, tmp_path):
    monkeypatch.setenv(STATIC, str(tmp_path))
    blind_test(PAIRS[1:])
    one, other = (loudness(read_audio(path)) for path in tmp_path.iterdir())
    assert one == pytest.approx(other, abs=0.2)
    raw = blind_test(PAIRS[1:], loudness_match=False)
    levels = [
        loudness(read_audio(tmp_path / url.rsplit("/", 1)[1]))
        for url in embedded(raw)["pairs"][0]["urls"]
    ]
    assert levels[0] - levels[1] == pytest.approx(20, abs=1)


def test_no_visible_word_and_no_file_says_which_is_which(monkeypatch, tmp_path):
    monkeypatch.setenv(STATIC, str(tmp_path))
    page = Tags(blind_test(PAIRS, title="Listen").html)
    assert page.all("audio") == []  # made by the script, after the draw
    labels = [
        " ".join(str(value) for name, value in attrs.items() if name != "data-test")
        for _, attrs in page.tags
    ]
    assert not any(
        "critic" in label or "plain" in label.replace("bl-plain", "") for label in labels
    )
    assert all(re.fullmatch(r"[0-9a-f]{20}\.mp3", path.name) for path in tmp_path.iterdir())


@pytest.mark.parametrize(
    ("kind", "sounds", "answers"),
    [
        ("abx", ["A", "B", "X"], ["X is A", "X is B"]),
        ("ab", ["A", "B"], ["I prefer A", "I prefer B"]),
    ],
)
def test_buttons_of_both_kinds(kind, sounds, answers):
    words = [word for word in Tags(blind_test(PAIRS, kind=kind).html).words if word.strip()]
    assert [word for word in words if word in sounds] == sounds and [
        w for w in words if w in answers
    ] == answers


def test_without_scripts_a_sentence_says_why_there_is_nothing():
    shown = blind_test(PAIRS, question="Which has more air?")
    assert (
        isinstance(shown, BlindTest)
        and "needs scripts" in shown.html
        and "Which has more air?" in shown.html
    )
    style = re.search(r"<style>(.*?)</style>", shown.html, re.S)[1]
    assert (
        ".bl-test { display: none; }" in style
        and "[data-ready] .bl-test { display: block; }" in style
    )
    assert not re.search(r"\sid=|https?://|@import|url\(", shown.html)


def test_what_people_write_is_text_not_markup():
    evil = "</script><img src=x onerror=alert(1)>'\""
    page = blind_test([{evil: tone(), "b": tone(55)}], title=evil, question=evil)
    assert Tags(page.html).all("img") == [] and embedded(page)["names"] == [evil, "b"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pairs": []}, "no pair"),
        ({"pairs": [{"a": tone()}]}, "'a'; give the same two names"),
        (
            {"pairs": [*PAIRS, {"critic": tone(), "other": tone()}]},
            "'critic', 'other'; give the same two names",
        ),
        ({"kind": "mushra"}, "no test of kind 'mushra'"),
        ({"trials": 0}, "trials is 0; give a whole number from 1 to 100"),
        ({"trials": 2.5}, "trials is 2.5"),
    ],
)
def test_refusals_are_one_sentence_that_helps(change, message):
    with pytest.raises(BassnbError, match=message) as error:
        blind_test(**{"pairs": PAIRS, **change})
    assert "\n" not in str(error.value)


def test_a_sound_that_is_not_audio_is_named():
    with pytest.raises(AudioError, match="sound 'b'"):
        blind_test([{"a": tone(), "b": torch.zeros(2, 0)}])
