"""Filters of the engines: a resonant low-pass whose cutoff moves, and resonances that stay.

Coefficients of second-order sections by the bilinear transform: R. Bristow-Johnson, "Cookbook
formulae for audio equalizer biquad filter coefficients". Taught in chapter 10.
"""

from __future__ import annotations

import numpy as np
from scipy.signal import lfilter

from bassnb.presets import SAMPLE_RATE

CONTROL = 64  # samples between two values of a moving cutoff
_STEP = 0.03  # octaves that a cutoff moves before the filter follows
_HIGHEST = 18000.0  # Hz


def low_pass(hertz: float, quality: float) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients b, a of a two-pole low-pass; `quality` is the gain at the cutoff."""
    omega = 2 * np.pi * min(hertz, _HIGHEST) / SAMPLE_RATE
    alpha, cosine = np.sin(omega) / (2 * quality), np.cos(omega)
    b = np.array([0.5, 1.0, 0.5]) * (1 - cosine) / (1 + alpha)
    return b, np.array([1.0, -2 * cosine / (1 + alpha), (1 - alpha) / (1 + alpha)])


def band_pass(hertz: float, quality: float) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients b, a of a resonance with unit gain at its frequency."""
    omega = 2 * np.pi * min(hertz, _HIGHEST) / SAMPLE_RATE
    alpha, cosine = np.sin(omega) / (2 * quality), np.cos(omega)
    b = np.array([alpha, 0.0, -alpha]) / (1 + alpha)
    return b, np.array([1.0, -2 * cosine / (1 + alpha), (1 - alpha) / (1 + alpha)])


def moving(wave: np.ndarray, hertz: np.ndarray, quality: float, kind=low_pass) -> np.ndarray:
    """A filter whose frequency moves.

    Parameters
    ----------
    wave : (C, N)
    hertz : frequency at every 64th sample
    quality : see `low_pass`
    kind : function (hertz, quality) -> b, a

    Returns
    -------
    filtered : ndarray (C, N) float32
    """
    steps = np.round(np.log2(np.minimum(hertz, _HIGHEST)) / _STEP)
    edges = np.flatnonzero(np.diff(steps)) + 1
    out, state = np.empty(wave.shape, np.float32), np.zeros((len(wave), 2))
    for first, last in zip([0, *edges], [*edges, len(steps)], strict=True):
        end = wave.shape[1] if last == len(steps) else last * CONTROL
        part = slice(first * CONTROL, end)
        if part.start < wave.shape[1]:
            b, a = kind(2.0 ** (steps[first] * _STEP), quality)
            out[:, part], state = lfilter(b, a, wave[:, part], axis=-1, zi=state)
    return out


def resonances(wave: np.ndarray, peaks: list[tuple[float, float, float]]) -> np.ndarray:
    """Resonances (Hz, quality, gain) added to a wave (..., N), all of them in parallel."""
    out = wave.copy()
    for hertz, quality, gain in peaks:
        out += np.float32(gain) * lfilter(*band_pass(hertz, quality), wave, axis=-1)
    return out
