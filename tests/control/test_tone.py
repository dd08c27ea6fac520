"""The plain tone: the pitch that is asked for, harmonics below a limit, silence where there is none."""

import numpy as np
import pytest

from bassnb.control.tone import HIGHEST, HOP, contours_of_notes, tone
from bassnb.presets import SAMPLE_RATE


def spectrum(wave):
    return np.abs(np.fft.rfft(wave * np.hanning(len(wave)))), np.fft.rfftfreq(
        len(wave), 1 / SAMPLE_RATE
    )


@pytest.mark.parametrize("hertz", [41.2, 97.9, 440.0])
def test_pitch_and_harmonics(hertz):
    points = SAMPLE_RATE // HOP + 2
    wave = tone(np.full(points, hertz), np.ones(points), SAMPLE_RATE)
    heights, frequencies = spectrum(wave)
    assert len(wave) == SAMPLE_RATE and frequencies[heights.argmax()] == pytest.approx(hertz, abs=1)
    second = heights[np.abs(frequencies - 2 * hertz).argmin() + np.arange(-1, 2)].max()
    assert second / heights.max() == pytest.approx(2**-1.5, rel=0.2)
    assert heights[frequencies > HIGHEST + 50].max() < 1e-3 * heights.max()


def test_notes_become_contours():
    notes = [(0.1, 0.5, 33, 1.0), (0.6, 2.0, 45, 0.5), (0.9, 1.0, 40, 1.0)]
    hertz, amplitude = contours_of_notes(notes, SAMPLE_RATE, cents=100)
    at = lambda seconds: round(seconds * SAMPLE_RATE / HOP)  # noqa: E731
    assert not amplitude[: at(0.1)].any() and not amplitude[at(0.51) : at(0.6)].any()
    assert hertz[at(0.3)] == pytest.approx(58.27, abs=0.01)  # A1 and a semitone
    assert hertz[at(0.8)] == pytest.approx(116.54, abs=0.01)
    assert amplitude[at(0.13)] == pytest.approx(2 * amplitude[at(0.63)], rel=0.02)
    # the last note ends the one before
    assert amplitude[at(0.95)] > 0.5 and not amplitude[at(1.0) :].any()


def test_silence():
    assert not tone(np.full(9, 100.0), np.zeros(9), 2000).any()
    assert not contours_of_notes([], 5000)[1].any()
