"""A line of one's own: into the register of a bass, from audio and from MIDI, and how it is refused."""

import mido
import numpy as np
import pytest
import torch

from bassnb.audio import write_audio
from bassnb.control.line import fitted, line_track, midi_line, octaves, read_notes
from bassnb.control.tone import HOP, tone
from bassnb.errors import BassnbError, DataError
from bassnb.pitch import track_pitch
from bassnb.presets import SAMPLE_RATE
from bassnb.tracks import Track
from tests.refusals import assert_sentence

SECONDS = 3.0
SAMPLES = int(SECONDS * SAMPLE_RATE)


def sung(*pitches, seconds=SECONDS):
    """A voice-like tone that changes between pitches, with a vibrato; (2, N)."""
    samples = int(seconds * SAMPLE_RATE)
    points = samples // HOP + 2
    time = np.arange(points) * HOP / SAMPLE_RATE
    note = np.array(pitches)[
        np.minimum((time / seconds * len(pitches)).astype(int), len(pitches) - 1)
    ]
    hertz = 440 * 2 ** ((note + 0.2 * np.sin(2 * np.pi * 5.5 * time) - 69) / 12)
    return torch.from_numpy(0.2 * tone(hertz, np.ones(points), samples)).float().expand(2, -1)


def midi(path, notes, *, drum=False):
    """A file with notes (beat, beats, pitch) at 120 beats a minute."""
    track, last = mido.MidiTrack(), 0
    events = [(round(480 * a), "note_on", p) for a, _, p in notes]
    events += [(round(480 * (a + d)), "note_off", p) for a, d, p in notes]
    for tick, kind, pitch in sorted(events):
        track.append(
            mido.Message(kind, note=pitch, velocity=100, time=tick - last, channel=9 if drum else 0)
        )
        last = tick
    mido.MidiFile(tracks=[track]).save(path)
    return path


@pytest.fixture
def mix(noise):
    return Track.of(lambda: [noise(SAMPLES)])


def wave_of(track):
    return torch.cat(list(track.blocks()), -1)


def test_octaves():
    assert [octaves(m) for m in (28, 40, 48, 49, 60, 61, 72, 20, float("nan"))] == [
        0,
        0,
        0,
        -1,
        -1,
        -2,
        -2,
        1,
        0,
    ]


@pytest.mark.parametrize("pitches, lower", [((57, 59, 62), 12), ((69, 71, 74), 24)])
def test_a_voice_moves_down_by_octaves(mix, pitches, lower):
    track = line_track(sung(*pitches), SAMPLE_RATE, mix, 0.0)
    assert track.length == SAMPLES
    times, found = track_pitch(wave_of(track))
    for i, pitch in enumerate(pitches):
        inside = (times > i + 0.25) & (times < i + 0.75)
        assert np.nanmedian(found[inside]) == pytest.approx(pitch - lower, abs=0.3)


def test_a_bass_is_used_as_it_is(mix):
    wave = sung(33, 40)
    assert torch.equal(wave_of(line_track(wave, SAMPLE_RATE, mix, 0.0)), wave)


def test_a_recording_may_begin_or_end_a_little_early(mix):
    for seconds in (2.2, 3.8):
        wave = wave_of(line_track(sung(33, 40, seconds=seconds), SAMPLE_RATE, mix, 0.0))
        assert wave.shape == (2, SAMPLES)
    assert not fitted(torch.ones(2, 5), 8)[:, 5:].any()


def test_notes_of_midi_are_played_at_their_times_in_the_tuning_of_the_mix(mix, tmp_path):
    path = midi(tmp_path / "line.mid", [(0, 2, 60), (0, 2, 67), (2, 1, 62), (4, 1, 64)])
    assert [(a, p) for a, _, p, _ in read_notes(path)] == [(0, 60), (1, 62), (2, 64)]
    for cents in (0.0, 40.0):
        times, found = track_pitch(wave_of(line_track(path, SAMPLE_RATE, mix, cents)))
        for second, pitch in ((0.5, 48), (1.2, 50), (2.2, 52)):
            at = np.abs(times - second).argmin()
            assert found[at] == pytest.approx(pitch - 12 + cents / 100, abs=0.15)
        assert np.isnan(found[np.abs(times - 1.8).argmin()])


def test_refusals_are_sentences(mix, tmp_path, noise):
    (tmp_path / "not.mid").write_text("hello")
    midi(tmp_path / "drums.mid", [(0, 1, 40)], drum=True)
    midi(tmp_path / "late.mid", [(0, 1, 40), (20, 1, 40)])
    silent = write_audio(tmp_path / "silent.wav", torch.zeros(2, SAMPLES))
    for source, named in (
        (tmp_path / "not.mid", "not.mid"),
        (tmp_path / "none.mid", "none.mid"),
        (tmp_path / "none.wav", "none.wav"),
        (tmp_path / "drums.mid", "no notes"),
        (tmp_path / "late.mid", "longer than the mix"),
        (silent, "silent"),
        (noise(SAMPLES), "no clear pitch"),
        (sung(40, seconds=1.5), "1.5 s less"),
        (sung(40, seconds=5), "2.0 s more"),
    ):
        with pytest.raises(BassnbError) as error:
            line_track(source, SAMPLE_RATE, mix, 0.0)
        assert_sentence(error.value, named)
    with pytest.raises(DataError, match="longer"):
        midi_line(tmp_path / "late.mid", SAMPLES)


# -- with a model ----------------------------------------------------------------------------------


QUICK = {"steps": 3, "guidance": 2.0, "tuning": 0, "seed": 4}


@pytest.mark.parametrize("sampler", ["ddim", "dpm++"])
def test_freedom_from_the_line_to_no_line(accompanist, noise, sampler):
    mix, line, options = noise(SAMPLES), sung(33, 40), {**QUICK, "sampler": sampler}
    plain = accompanist(mix, **options)
    free = accompanist(mix, line=line, freedom=1.0, **options)
    assert torch.equal(free.audio, plain.audio) and torch.equal(free.latents, plain.latents)
    bound = accompanist(mix, line=line, freedom=0, **options)
    encoded = accompanist.bass_coder.encode(Track.of(lambda: [line]))[0]
    assert torch.equal(bound.latents, encoded)
    apart = [
        (accompanist(mix, line=line, freedom=f, **options).latents - encoded).square().mean()
        for f in (0.2, 0.5, 0.9)
    ]
    assert 0 < apart[0] < apart[1] < apart[2]
    usual = accompanist(mix, line=line, **options).settings
    assert usual["line"] == "array" and 0 < usual["freedom"] < 1


def test_a_line_inside_a_region(accompanist, noise):
    first = accompanist(noise(SAMPLES), **QUICK)
    new = accompanist(noise(SAMPLES), keep=first, region="1-2", line=sung(33), freedom=0.3, **QUICK)
    start, stop = (int(s * SAMPLE_RATE / 4096) for s in (1, 2))
    assert torch.equal(new.latents[:, :start], first.latents[:, :start])
    assert torch.equal(new.latents[:, stop:], first.latents[:, stop:])
    assert not torch.equal(new.latents[:, start:stop], first.latents[:, start:stop])


def test_freedom_without_a_line_is_refused(accompanist, noise):
    for options, named in (
        ({"freedom": 0.5}, "line"),
        ({"line": sung(40), "freedom": 1.5}, "freedom"),
    ):
        with pytest.raises(BassnbError) as error:
            accompanist(noise(SAMPLES), **options, **QUICK)
        assert_sentence(error.value, named)
