"""What time and carriers do to a sound: unsteady pitch, crackle, lost treble, noise, hum.

Taught in chapter 10.
"""

from __future__ import annotations

import numpy as np
from scipy.signal import butter, lfilter, sosfilt

from bassnb.composer.amplifier import loudness_of, peak_of
from bassnb.composer.score import Effects

_SECTIONS = ("wow", "flutter", "band", "bits", "crackle", "noise", "hum", "offset")
_WOW, _FLUTTER = 0.7, 7.3  # cycles a second
_CLICK = 0.3  # height of a click relative to the loudness
_HARMONICS = (1.0, 0.5, 0.6, 0.2, 0.25)  # of the hum
_MAINS = 50.0  # Hz


def wear_out(wave: np.ndarray, effects: Effects, sample_rate: int) -> None:
    """Apply wow and flutter, band, bits, crackle, noise, hum and offset to (2, N), in place."""
    if not any(getattr(effects, name) for name in _SECTIONS):
        return
    rng = np.random.default_rng(effects.seed)
    loudness, peak = loudness_of(wave), peak_of(wave)
    if effects.wow or effects.flutter:
        waver(wave, effects.wow, effects.flutter, float(rng.uniform()), sample_rate)
    if effects.band and effects.band < 0.49 * sample_rate:
        wave[:] = sosfilt(butter(6, effects.band, fs=sample_rate, output="sos"), wave, axis=-1)
    if effects.bits and peak:
        step = np.float32(peak / 2 ** (effects.bits - 1))
        wave[:] = np.round(wave / step) * step
    if effects.crackle:
        wave += np.float32(_CLICK * loudness) * _clicks(
            rng, wave.shape[1], effects.crackle, sample_rate
        )
    if effects.noise:
        hiss = rng.standard_normal(wave.shape, dtype=np.float32)
        wave += np.float32(loudness * 10.0 ** (-effects.noise / 20.0)) * hiss
    if effects.hum:
        wave += np.float32(loudness * 10.0 ** (-effects.hum / 20.0)) * _hum(
            wave.shape[1], sample_rate
        )
    if effects.offset:
        wave += np.float32(effects.offset * peak)


def waver(wave: np.ndarray, wow: float, flutter: float, phase: float, sample_rate: int) -> None:
    """Read a wave (2, N) at a speed that changes by up to so many cents, in place.

    A speed of 1 + d cos(2 pi f t) reads at t + d / (2 pi f) sin(2 pi f t).
    """
    time = np.arange(wave.shape[1]) / sample_rate
    place = time.copy()
    for cents, rate in ((wow, _WOW), (flutter, _FLUTTER)):
        depth = (2.0 ** (cents / 1200.0) - 1.0) / (2 * np.pi * rate)
        place += depth * np.sin(2 * np.pi * (rate * time + phase))
    read_at(wave, place * sample_rate)


def read_at(wave: np.ndarray, place: np.ndarray) -> None:
    """Replace a wave (2, N) by its values at places (N,) in samples: cubic interpolation."""
    place = np.clip(place, 0.0, wave.shape[1] - 1.0)
    index = place.astype(np.intp)
    x = (place - index).astype(np.float32)
    for row in wave:
        padded = np.concatenate([row[:1], row, row[-1:], row[-1:]])
        a, b, c, d = (padded[k:].take(index) for k in range(4))
        inner = x * (3 * (b - c) + d - a) + 2 * a - 5 * b + 4 * c - d
        row[:] = b + np.float32(0.5) * x * (x * inner + c - a)


def _clicks(rng: np.random.Generator, samples: int, rate: float, sample_rate: int) -> np.ndarray:
    """Clicks of a record (samples,) float32, `rate` a second, most of them soft."""
    out = np.zeros(samples, np.float32)
    count = rng.poisson(rate * samples / sample_rate)
    places = rng.integers(samples, size=count)
    out[places] = rng.choice([-1.0, 1.0], count) * rng.exponential(1.0, count)
    return lfilter([1.0, -0.4], [1.0, -0.6], out).astype(np.float32)


def _hum(samples: int, sample_rate: int) -> np.ndarray:
    """The mains and its harmonics (samples,) float32 with a power of about 1."""
    time = np.arange(samples) / sample_rate
    turns = np.outer(np.arange(1, len(_HARMONICS) + 1) * _MAINS, time)
    return (np.array(_HARMONICS) @ np.sin(2 * np.pi * turns)).astype(np.float32)
