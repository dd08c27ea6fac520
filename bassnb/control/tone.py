"""A plain bass tone that follows contours of pitch and loudness: what a line is played with before
it is encoded. Taught in chapter 11.

Additive synthesis: harmonics k = 1, 2, ... of amplitude 1 / k^slope. It need not sound well, since
only its encoding is used, and that is noised.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bassnb.presets import SAMPLE_RATE

HOP = 256  # samples between two points of a contour, 5.8 ms
HARMONICS = 12
HIGHEST = 3000.0  # Hz: no harmonic lies above
SLOPE = 1.5
ATTACK, DECAY, RELEASE = 0.006, 1.2, 0.04  # seconds; the decay is to 1 / e


def tone(hertz: np.ndarray, amplitude: np.ndarray, samples: int) -> np.ndarray:
    """A harmonic tone.

    Parameters
    ----------
    hertz, amplitude : arrays (T,), at every `HOP` samples; where there is no pitch, an amplitude of
        0 and any frequency

    Returns
    -------
    wave : array (samples,), float64
    """
    at = np.arange(samples) / HOP
    points = np.arange(len(hertz))
    frequency, loud = (np.interp(at, points, contour) for contour in (hertz, amplitude))
    phase = 2 * np.pi * np.cumsum(frequency) / SAMPLE_RATE
    wave = np.zeros(samples)
    for k in range(1, HARMONICS + 1):
        wave += np.where(k * frequency < HIGHEST, np.sin(k * phase) / k**SLOPE, 0.0)
    return loud * wave


def contours_of_notes(
    notes: Sequence[tuple[float, float, float, float]], samples: int, cents: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Contours of plucked notes, of which a later one ends an earlier one.

    Parameters
    ----------
    notes : (onset s, offset s, pitch in semitones, velocity 0 to 1), by onset
    cents : by which all of them are sharp

    Returns
    -------
    hertz, amplitude : arrays (T,), see `tone`
    """
    count = samples // HOP + 2
    hertz, amplitude = np.full(count, 55.0), np.zeros(count)
    for onset, offset, pitch, velocity in notes:
        first, stop = (round(time * SAMPLE_RATE / HOP) for time in (onset, offset))
        age = np.arange(max(min(stop, count) - first, 0)) * HOP / SAMPLE_RATE
        remains = np.maximum((offset - onset) - age, 0)
        shape = (
            np.minimum(age / ATTACK, 1) * np.exp(-age / DECAY) * np.minimum(remains / RELEASE, 1)
        )
        hertz[first:] = 440 * 2 ** ((pitch + cents / 100 - 69) / 12)
        amplitude[first:] = 0
        amplitude[first : first + len(age)] = velocity * shape
    return hertz, amplitude
