"""From settings to the input of the network, and into the settings of the take; refusals before any
work.
"""

import json

import pytest
import torch

from bassnb.accompanist import Accompanist
from bassnb.audio import write_audio
from bassnb.checkpoints import System
from bassnb.control.wish import Wish, mix_with_pad
from bassnb.errors import BassnbError
from bassnb.presets import SAMPLE_RATE, get_preset
from bassnb.settings import ControlSettings
from bassnb.tracks import Track
from tests.refusals import assert_sentence


@pytest.fixture(scope="module")
def accompanist():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        system = System(get_preset("smoke"))
        with torch.no_grad():
            for parameter in system.parameters():  # layers that start at zero must speak too
                parameter.add_(0.02 * torch.randn(parameter.shape))
    return Accompanist(system.requires_grad_(False), name="random")


@pytest.fixture(scope="module")
def mix():
    return 0.1 * torch.randn(2, 6 * SAMPLE_RATE, generator=torch.Generator().manual_seed(0))


def wish(mix, **settings):
    control, track = ControlSettings(**settings), Track.of(lambda: [mix])
    found = Wish.of(control)
    return found.on(track, control) if found else None


def test_text_lies_on_the_bars_of_the_tempo(mix):
    spans, facts = wish(mix, chords="Am F", tempo=120, first_beat=0.5, meter=3)
    assert [(round(s.end, 4), s.chord.text) for s in spans] == [
        (2.0, "Am"),
        (3.5, "F"),
        (5.0, "Am"),
        (6.0, "F"),
    ]
    assert facts["beats"] == {"tempo": 120.0, "first_beat": 0.5, "meter": 3, "confidence": None}


def test_without_a_tempo_the_beats_are_estimated(mix):
    spans, facts = wish(mix, chords="Am F")
    assert 0 <= facts["beats"]["confidence"] <= 1 and spans[-1].end == 6.0


def test_files(mix, tmp_path):
    (tmp_path / "song.txt").write_text("| Am | F |")
    (tmp_path / "song.lab").write_text("1 2 A:min\n")
    spans, _ = wish(mix, chords=str(tmp_path / "song.txt"), tempo=120)
    assert [s.chord.text for s in spans] == ["Am", "F", "Am"]
    spans, facts = wish(mix, chords=str(tmp_path / "song.lab"))
    assert [(s.start, s.end) for s in spans] == [(1, 2)] and not facts


def test_a_key_is_one_chord_for_the_whole_song(mix):
    (span,), facts = wish(mix, key="A minor")
    assert (span.start, span.end) == (0, 6) and not facts


def test_nothing_is_wished():
    assert Wish.of(ControlSettings()) is None


@pytest.mark.parametrize(
    "settings, named",
    [
        ({"chords": "Am Hm7"}, "Hm7"),
        ({"chords": ""}, "no chord"),
        ({"chords": "missing.lab"}, "missing.lab"),
        ({"chords": "missing.mid"}, "missing.mid"),
        ({"key": "H minor"}, "H minor"),
        ({"chords": "C", "key": "C"}, "key"),
        ({"chord_level": 3.0}, "chord_level"),
        ({"bars_per_chord": 2.0}, "bars_per_chord"),
        ({"bars_per_chord": 2.0, "chords": "| C |"}, "bars_per_chord"),
        ({"bars_per_chord": 2.0, "chords": "song.lab"}, "bars_per_chord"),
    ],
)
def test_what_is_refused(settings, named):
    with pytest.raises(BassnbError) as refusal:
        Wish.of(ControlSettings(**settings))
    assert_sentence(refusal.value, named)


@pytest.mark.parametrize(
    "settings", [{"tempo": 5}, {"tempo": float("nan")}, {"meter": 0}, {"first_beat": -1}]
)
def test_settings_out_of_range(settings):
    with pytest.raises(BassnbError) as refusal:
        ControlSettings(**settings)
    assert_sentence(refusal.value, next(iter(settings)))


def test_the_pad_follows_a_song_that_was_brought_to_440_hz(mix):
    control = ControlSettings(key="C")
    track = Track.of(lambda: [mix])
    longer = Track.of(lambda: [torch.nn.functional.pad(mix, (0, 6000), value=0.1)])
    mixed, facts = mix_with_pad(Wish.of(control), control, track, longer)
    assert mixed.length == longer.length and facts["chord_level"] > 0


def test_chords_change_the_take_and_not_the_mix(accompanist, mix):
    settings = {"steps": 2, "tuning": 440, "seed": 1}
    plain = accompanist(mix, **settings)
    led = accompanist(mix, chords="Am F", tempo=120, **settings)
    other = accompanist(mix, chords="C Eb", tempo=120, **settings)
    assert not torch.equal(plain.audio, led.audio) and not torch.equal(other.audio, led.audio)
    assert torch.equal(plain.mix, led.mix)
    again = {key: led.settings[key] for key in ("chords", "tempo", "chord_level")}
    assert again == {"chords": "Am F", "tempo": 120, "chord_level": again["chord_level"]}
    assert torch.equal(accompanist(mix, **again, **settings).audio, led.audio)


def test_a_file_hears_what_its_samples_hear(accompanist, mix, tmp_path):
    settings = {"steps": 2, "tuning": 440, "chords": "Am F", "tempo": 120}
    path = write_audio(tmp_path / "mix.wav", mix)
    (written,) = accompanist.accompany_file(path, tmp_path / "bass.wav", **settings)
    assert json.loads((tmp_path / "bass.json").read_text())["chords"] == "Am F"
    ours, theirs = accompanist(path, **settings).latents, accompanist(mix, **settings).latents
    assert written.is_file() and torch.allclose(ours, theirs, atol=1e-3)


def test_no_file_of_refused_chords(accompanist, mix, tmp_path):
    path = write_audio(tmp_path / "mix.wav", mix)
    for settings in (
        {"chords": "Am H"},
        {"key": "H"},
        {"chords": "C", "tempo": 60, "first_beat": 7},
    ):
        with pytest.raises(BassnbError):
            accompanist.accompany_file(path, tmp_path / "bass.wav", **settings)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["mix.wav"]


def test_the_file_of_chords_is_never_overwritten(accompanist, mix, tmp_path):
    path = write_audio(tmp_path / "mix.wav", mix)
    labels = tmp_path / "bass.lab"
    labels.write_text("0 1 C\n")
    with pytest.raises(BassnbError):
        accompanist.accompany_file(path, tmp_path / "bass.lab", chords=str(labels), force=True)
    assert labels.read_text() == "0 1 C\n"
