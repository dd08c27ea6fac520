"""Notes of basses whose notes are known: repeated, legato, slides, octaves, very low ones."""

import numpy as np
import pytest
import torch

from bassnb.control.notes import PIECE, Note, notes_of, pitch_of
from bassnb.presets import SAMPLE_RATE
from bassnb.take import Accompaniment


def plucked(notes, seconds=3.0, harmonics=8, decay=0.6):
    """Notes (start, end, midi, gain) as decaying sums of harmonics, Tensor (2, N)."""
    t = np.arange(round(SAMPLE_RATE * seconds)) / SAMPLE_RATE
    wave = np.zeros_like(t)
    for start, end, midi, gain in notes:
        here = (t >= start) & (t < end + 0.03)
        own = t[here] - start
        hertz = 440 * 2 ** ((midi - 69) / 12)
        sound = sum(np.sin(2 * np.pi * hertz * k * own) / k for k in range(1, harmonics + 1))
        fade = np.clip((end + 0.03 - t[here]) / 0.03, 0, 1)
        wave[here] += gain * sound * np.exp(-own / decay) * fade
    return torch.from_numpy(np.stack([wave, wave])).float()


def glide(midi, seconds=1.6):
    """A tone without attacks whose pitch (N,) is `midi`, with ends that fade."""
    t = np.arange(round(SAMPLE_RATE * seconds)) / SAMPLE_RATE
    hertz = 440 * 2 ** ((midi(t) - 69) / 12)
    phase = 2 * np.pi * np.cumsum(hertz) / SAMPLE_RATE
    wave = 0.2 * sum(np.sin(k * phase) / k for k in range(1, 7))
    wave *= np.clip(t / 0.02, 0, 1) * np.clip((seconds - t) / 0.05, 0, 1)
    silence = np.zeros(SAMPLE_RATE // 4)
    wave = np.concatenate([silence, wave, silence])
    return torch.from_numpy(np.stack([wave, wave])).float()


def heard(wave, cents=0.0):
    return notes_of(lambda: [wave], cents)


def assert_notes(found, expected, tolerance=0.04):
    """Every (start, end, midi) is there, and nothing else."""
    assert [note.pitch for note in found] == [midi for _, _, midi, *_ in expected]
    for note, (start, end, *_) in zip(found, expected):
        assert note.onset == pytest.approx(start, abs=tolerance)
        assert note.offset == pytest.approx(end, abs=0.08)


LINE = [(0.1, 0.45, 28, 0.1), (0.6, 0.9, 40, 0.1), (1.0, 1.4, 33, 0.1), (1.5, 1.6, 45, 0.1)]


def test_a_line_with_rests():
    assert_notes(heard(plucked(LINE)), LINE)


def test_repeated_notes_are_several():
    notes = [(0.1 + 0.25 * i, 0.3 + 0.25 * i, 36, 0.1) for i in range(8)]
    assert_notes(heard(plucked(notes)), notes)


def test_sixteenths_have_pitches():
    notes = [(0.1 + 0.11 * i, 0.19 + 0.11 * i, 33 + 2 * (i % 5), 0.1) for i in range(12)]
    assert_notes(heard(plucked(notes)), notes)


@pytest.mark.parametrize("midi", [23, 25, 28])
def test_very_low_notes(midi):
    notes = [(0.2, 0.8, midi, 0.1), (1.0, 1.8, midi + 12, 0.1)]
    assert_notes(heard(plucked(notes)), notes)


def test_a_weak_fundamental_is_no_octave_error():
    t = np.arange(round(0.4 * SAMPLE_RATE)) / SAMPLE_RATE
    for midi in (28, 33, 40, 52):
        hertz = 440 * 2 ** ((midi - 69) / 12)
        levels = {1: 0.05, 2: 1.0, 3: 0.6, 4: 0.4, 5: 0.2}
        wave = sum(gain * np.sin(2 * np.pi * hertz * k * t) for k, gain in levels.items())
        assert pitch_of(wave) == pytest.approx(midi, abs=0.2)


def test_a_resonance_of_the_attack_is_not_the_pitch():
    t = np.arange(round(0.3 * SAMPLE_RATE)) / SAMPLE_RATE
    hertz = 440 * 2 ** ((41 - 69) / 12)
    string = sum(np.sin(2 * np.pi * hertz * k * t) / k for k in range(1, 9))
    thump = 2.0 * np.sin(2 * np.pi * 0.8 * hertz * t) * np.exp(-t / 0.08)
    assert pitch_of(string + thump) == pytest.approx(41, abs=0.3)


def test_a_legato_is_two_notes():
    found = heard(glide(lambda t: np.where(t < 0.8, 36.0, 41.0)))
    assert [note.pitch for note in found] == [36, 41]
    assert found[1].onset == pytest.approx(1.05, abs=0.07)


def test_a_quick_slide_arrives_at_one_note():
    slide = heard(glide(lambda t: 36 + 4 * np.clip((t - 0.7) / 0.1, 0, 1)))
    assert [note.pitch for note in slide] == [36, 40]


def test_a_vibrato_is_one_note():
    found = heard(glide(lambda t: 40 + 0.3 * np.sin(2 * np.pi * 5 * t)))
    assert [note.pitch for note in found] == [40]


def test_velocity_grows_with_level():
    notes = [(0.1 + 0.4 * i, 0.4 + 0.4 * i, 36, 0.02 * 1.4**i) for i in range(7)]
    velocities = [note.velocity for note in heard(plucked(notes, 3.2))]
    assert len(velocities) == 7 and (np.diff(velocities) > 0).all()
    # the law of General MIDI: 40 log10(v / 127)
    assert velocities[4] / velocities[2] == pytest.approx(1.4, rel=0.05)


def test_level_does_not_matter():
    wave = plucked(LINE)
    assert heard(wave) == heard(wave / 16)


def test_the_tuning_of_the_song_is_taken_off():
    sharp = [(start, end, midi + 0.4, gain) for start, end, midi, gain in LINE]
    assert [note.pitch for note in heard(plucked(sharp), 40.0)] == [midi for _, _, midi, _ in LINE]


def test_silence_and_noise_have_no_notes():
    assert heard(torch.zeros(2, SAMPLE_RATE)) == ()
    assert notes_of(lambda: []) == ()
    noise = torch.randn(2, SAMPLE_RATE, generator=torch.Generator().manual_seed(0))
    assert len(heard(0.1 * noise)) <= 1


def test_blocks_of_any_size_and_borders_of_pieces_change_nothing():
    rng = np.random.default_rng(0)
    seconds = 2.2 * PIECE / SAMPLE_RATE
    starts = np.arange(0.2, seconds - 0.3, 0.3)
    notes = [(s, s + 0.25, int(p), 0.1) for s, p in zip(starts, rng.integers(28, 52, len(starts)))]
    wave = plucked(notes, seconds)
    whole = heard(wave)
    assert_notes(whole, notes)
    assert notes_of(lambda: wave.split(100_001, -1)) == whole
    # cut at the beginning, so that other pieces are read: later notes stay what they are
    cut = 100 * 256
    later = [n for n in heard(wave[:, cut:]) if n.onset > 1]
    same = [n for n in whole if n.onset > 1 + cut / SAMPLE_RATE]
    assert [note.pitch for note in later] == [note.pitch for note in same]
    onsets = [note.onset + cut / SAMPLE_RATE for note in later]
    assert np.allclose(onsets, [note.onset for note in same], atol=0.007)


def test_a_take_has_notes():
    take = Accompaniment(plucked(LINE), torch.zeros(2, 1), torch.zeros(32, 1), {"tuning": 0.0})
    assert take.notes() == heard(take.audio) and isinstance(take.notes()[0], Note)
