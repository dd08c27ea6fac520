"""Chorus and the tail of a room. Taught in chapter 10."""

from __future__ import annotations

import numpy as np
from scipy.signal import lfilter, oaconvolve

from bassnb.composer.score import Effects
from bassnb.composer.wear import read_at

_DULL = 3500.0  # Hz: corner of the walls' absorption
_FIRST = 0.012  # seconds until the tail begins


def chorus(wave: np.ndarray, effects: Effects, sample_rate: int) -> None:
    """Add a copy whose delay swings, in opposite directions left and right, in place.

    Delays of a few milliseconds give a flanger, longer ones a chorus.
    """
    time = np.arange(wave.shape[1]) / sample_rate
    swing = effects.chorus_depth * np.sin(2 * np.pi * effects.chorus_rate * time)
    delayed = wave.copy()
    for row, side in zip(delayed, (1.0, -1.0), strict=True):
        read_at(row[None], (time - effects.chorus_delay - side * swing) * sample_rate)
    wave += np.float32(effects.chorus) * delayed


def reverberate(wave: np.ndarray, level: float, decay: float, seed: int, sample_rate: int) -> None:
    """Add the tail of a room, in place: the wave convolved with noise that dies away.

    Parameters
    ----------
    wave : ndarray (2, N) float32
    level : of the tail relative to the wave
    decay : seconds in which it falls by 60 dB
    seed : of the noise
    """
    rng = np.random.default_rng(seed)
    samples = round(decay * sample_rate)
    tail = rng.standard_normal((2, samples), dtype=np.float32)
    tail *= np.exp(-6.9 * np.arange(samples, dtype=np.float32) / samples)
    pole = np.exp(-2 * np.pi * _DULL / sample_rate)
    tail = lfilter([1.0 - pole], [1.0, -pole], tail, axis=-1)
    tail *= level / np.sqrt(np.sum(tail**2, axis=1, keepdims=True))
    before = round(_FIRST * sample_rate)
    wet = oaconvolve(wave, tail, axes=1)[:, : max(wave.shape[1] - before, 0)]
    wave[:, before:] += wet.astype(np.float32)
