"""Notes to sound: in tune, in time, the same bytes each time, with any SoundFont."""

import numpy as np
import pytest

from bassnb.composer import soundfont as sf
from bassnb.composer import synth
from bassnb.composer.songs import BASS_PROGRAMS, Note
from bassnb.composer.synth import SAMPLE_RATE, play, soundfont_path
from bassnb.errors import DataError
from tests.composer.tiny_soundfont import ROOT, span, write_soundfont

LOOPED = {sf.MODE: 1, sf.SAMPLE: 0}


def semitones_off(wave, pitch):
    """Mean deviation of harmonics 1 to 4 of a tone from `pitch`, weighted by strength."""
    spectrum = np.abs(np.fft.rfft(wave * np.hanning(len(wave)), 1 << 18))
    hertz = np.arange(len(spectrum)) * SAMPLE_RATE / (1 << 18)
    strengths, offsets = [], []
    for harmonic in range(1, 5):
        wanted = harmonic * 440.0 * 2 ** ((pitch - 69) / 12)
        near = np.flatnonzero(np.abs(np.log2(hertz[1:] / wanted)) < 0.5 / 12) + 1
        best = near[spectrum[near].argmax()]
        strengths.append(spectrum[best])
        offsets.append(12 * np.log2(hertz[best] / wanted))
    return float(np.average(offsets, weights=strengths))


@pytest.mark.parametrize("program", BASS_PROGRAMS)
def test_every_bass_is_in_tune(program):
    for pitch in (28, 33, 40, 47, 55):  # measured: every bass within .05 of a semitone
        wave = play([Note(0.0, 1.5, pitch, 100)], program, 2 * SAMPLE_RATE, tuning=0.1).mean(axis=0)
        assert abs(semitones_off(wave[SAMPLE_RATE // 5 : SAMPLE_RATE], pitch) - 0.1) < 0.1


@pytest.mark.parametrize("program", [33, 38])
def test_notes_start_when_written(program):
    notes = [Note(0.25, 0.5, 40, 100), Note(1.0, 1.2, 33, 100)]
    wave = np.abs(play(notes, program, 2 * SAMPLE_RATE)).max(axis=0)
    assert wave[: round(0.25 * SAMPLE_RATE)].max() == 0
    assert wave[round(0.25 * SAMPLE_RATE) : round(0.26 * SAMPLE_RATE)].max() > 1e-3
    assert wave[round(1.0 * SAMPLE_RATE) : round(1.01 * SAMPLE_RATE)].max() > 1e-3


def test_a_missing_soundfont_is_named_with_the_remedy(monkeypatch):
    monkeypatch.setattr(synth, "find_spec", lambda name: None)
    with pytest.raises(DataError, match="bassnb\\[songs\\]"):
        soundfont_path()


@pytest.fixture
def tiny(tmp_path):
    return str(write_soundfont(tmp_path / "tiny.sf2", [LOOPED]))


def test_same_notes_same_bytes_in_any_order_and_whatever_was_played_before():
    notes = [Note(0.1 * k, 0.1 * k + 0.3, 40 + 3 * k, 60 + 8 * k) for k in range(8)]
    first = play(notes, 33, 2 * SAMPLE_RATE)
    play(notes, 0, SAMPLE_RATE, is_drum=True)
    np.testing.assert_array_equal(play(notes[::-1], 33, 2 * SAMPLE_RATE), first)
    assert first.shape == (2, 2 * SAMPLE_RATE) and first.dtype == np.float32


def test_a_foreign_soundfont_is_played_as_it_is(tiny):
    wave = play([Note(0.0, 1.0, ROOT, 127)], 40, SAMPLE_RATE, soundfont=tiny, tuning=0.5)[0]
    assert abs(semitones_off(wave, ROOT) - 0.5) < 0.02
    np.testing.assert_array_equal(
        play([Note(0.0, 1.0, ROOT, 127)], 0, SAMPLE_RATE, soundfont=tiny, tuning=0.5)[0], wave
    )


def test_tuning_leaves_drums_alone(tiny):
    notes = [Note(0.0, 0.5, ROOT, 100)]
    drums = [play(notes, 0, SAMPLE_RATE, is_drum=True, tuning=t, soundfont=tiny) for t in (0, 1)]
    np.testing.assert_array_equal(*drums)


def test_a_note_ends_where_its_pitch_is_struck_again(tiny):
    long, after = Note(0.0, 0.8, ROOT, 100), Note(0.3, 0.5, ROOT, 100)
    cut = Note(0.0, 0.3, ROOT, 100)
    expected = play([cut, after], 0, SAMPLE_RATE, soundfont=tiny)
    np.testing.assert_array_equal(play([long, after], 0, SAMPLE_RATE, soundfont=tiny), expected)
    other = Note(0.3, 0.5, ROOT + 1, 100)  # another pitch ends nothing
    both = play([long, other], 0, SAMPLE_RATE, soundfont=tiny)
    assert np.abs(both[:, round(0.6 * SAMPLE_RATE) : round(0.7 * SAMPLE_RATE)]).max() > 0.1


def test_no_notes_and_keys_without_a_zone_are_silence(tmp_path, tiny):
    assert not play([], 0, 100, soundfont=tiny).any()
    low = write_soundfont(tmp_path / "low.sf2", [{sf.KEYS: span(0, 40), **LOOPED}])
    assert not play([Note(0.0, 1.0, 41, 100)], 0, 1000, soundfont=str(low)).any()


def test_notes_after_the_end_are_left_out(tiny):
    assert not play([Note(1.0, 2.0, ROOT, 100)], 0, SAMPLE_RATE, soundfont=tiny).any()
    assert play([Note(0.0, 2.0, ROOT, 100)], 0, 0, soundfont=tiny).shape == (2, 0)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(DataError, match="none.sf2 is missing"):
        play([], 0, 100, soundfont=str(tmp_path / "none.sf2"))


def test_the_closed_hi_hat_ends_the_open_one():
    open_hat, closed = Note(0.0, 0.1, 46, 100), Note(0.3, 0.4, 42, 1)
    free = play([open_hat], 0, SAMPLE_RATE, is_drum=True)
    choked = play([open_hat, closed], 0, SAMPLE_RATE, is_drum=True)
    part = slice(round(0.35 * SAMPLE_RATE), round(0.5 * SAMPLE_RATE))
    assert choked[:, part].std() < 0.05 * free[:, part].std()
