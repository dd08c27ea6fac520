"""An embedding of a mix together with its bass that describes how the two relate.

An embedding of the sum that describes its colour, such as
`bassnb.metrics.frechet.spectral_embedding`, cannot tell a bass that fits from one that does not:
both add the same colour. What changes is the relation of low to high. So this one measures only
that, of the sum and at one level of bass and mix: which intervals lie between the low and the high
pitches, whatever the key, and whether low and high sounds begin together, whatever the tempo. It
has no weights.

Taught in chapter 9.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from bassnb.level import to_level
from bassnb.presets import SAMPLE_RATE
from bassnb.spectral import stft
from bassnb.temperament import key_of_hertz

# 372 ms, so that neighbouring notes are resolved at 60 Hz; every 50 ms
WINDOW, HOP = 16_384, 2205
# Hz: the bass with its second harmonics; the chords above it
LOW, HIGH = (60.0, 170.0), (300.0, 2000.0)
RISE_WINDOW, RISE_HOP, RISE_BINS = 2048, 441, 256  # 46 ms every 10 ms, to 5.5 kHz
LOW_RISE, HIGH_RISE = slice(0, 6), slice(20, RISE_BINS)  # to 130 Hz; above 430 Hz
LAGS = (-12, -8, -4, -2, 0, 2, 4, 8, 12)  # in frames of 10 ms
PATCH = 4.0  # seconds
DIMENSIONS = 12 + len(LAGS)


@lru_cache(maxsize=2)
def folding(low: float, high: float) -> np.ndarray:
    """Matrix (12, WINDOW // 2 + 1) that sums bins into pitch classes, C first.

    Only bins between the two frequencies count.
    """
    frequency = np.arange(WINDOW // 2 + 1) * SAMPLE_RATE / WINDOW
    bins = np.flatnonzero((frequency > low) & (frequency < high))
    pitch = key_of_hertz(frequency[bins])
    below = np.floor(pitch).astype(int)
    matrix = np.zeros((12, len(frequency)))
    matrix[below % 12, bins] = 1 - (pitch - below)
    matrix[(below + 1) % 12, bins] = pitch - below
    return matrix


def interval_profile(wave: Tensor) -> np.ndarray:
    """How much of the high pitches lies k semitones above the low ones: array (12, T).

    The input is a wave (N,); a frame is 50 ms.

    p[k] = sum over c of low[c] high[c + k], pitch classes taken modulo 12, both chromagrams brought
    to length 1.
    """
    magnitude = stft(wave, WINDOW, HOP).abs().numpy()
    low, high = np.sqrt(folding(*LOW) @ magnitude**2), folding(*HIGH) @ magnitude
    low, high = (x / (np.linalg.norm(x, axis=0) + 1e-3) for x in (low, high))
    return np.stack([(low * np.roll(high, -k, axis=0)).sum(0) for k in range(12)])


def rises(wave: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """How much low and how much high sound begins, arrays (T,), a frame each 10 ms, of wave (N,)."""
    level = torch.log1p(10 * stft(wave, RISE_WINDOW, RISE_HOP, RISE_BINS).abs()).numpy()
    rise = np.maximum(np.diff(level, axis=1, prepend=level[:, :1]), 0)
    return rise[LOW_RISE].mean(0), rise[HIGH_RISE].mean(0)


def lagged_correlation(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Correlation of x[t] with y[t + lag], arrays (T,), for each of `LAGS`."""
    x, y = x - x.mean(), y - y.mean()
    length = np.linalg.norm(x) * np.linalg.norm(y) + 1e-6
    shifted = (
        (x[max(0, -lag) : len(x) - max(0, lag)], y[max(0, lag) : len(y) - max(0, -lag)])
        for lag in LAGS
    )
    return np.array([np.dot(*pair) for pair in shifted]) / length


def relation_embedding(mix: Tensor, bass: Tensor) -> np.ndarray:
    """Intervals and common onsets of low and high in the sum of a mix and a bass.

    Both are brought to one level first.

    Parameters
    ----------
    mix, bass : Tensor (2, N), 44.1 kHz

    Returns
    -------
    array (frames, 21): one frame for each whole 4 s, one if there are fewer: the mean interval
    profile (12), then the correlation of low and high rises at lags of -120 ... 120 ms (9)
    """
    wave = (to_level(mix) + to_level(bass)).mean(0)
    patches = max(int(wave.shape[-1] / SAMPLE_RATE / PATCH), 1)
    profile, (low, high) = interval_profile(wave), rises(wave)
    cut = [
        np.array_split(x[..., : x.shape[-1] // patches * patches], patches, axis=-1)
        for x in (profile, low, high)
    ]
    return np.stack(
        [
            np.concatenate([p.mean(1), lagged_correlation(x, y)])
            for p, x, y in zip(*cut, strict=True)
        ]
    )
