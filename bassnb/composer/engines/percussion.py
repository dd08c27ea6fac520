"""Building blocks of drums: falling sines, bursts of noise, and metal. Taught in chapter 10."""

from __future__ import annotations

import numpy as np
from scipy.signal import lfilter

from bassnb.composer.engines.filters import band_pass
from bassnb.composer.engines.tones import noise, sine, times
from bassnb.presets import SAMPLE_RATE

# Ratios of the six square waves of an analogue drum machine's cymbals.
_METAL = (1.0, 1.342, 1.2312, 1.6532, 1.9523, 2.1523)
_MEMBRANE = (1.0, 1.594, 2.136, 2.296, 2.653)  # modes of an ideal round membrane


def fade(decay: float, attack: float = 0.0005) -> np.ndarray:
    """An envelope (n,) float32 that falls with a time constant in seconds and ends at zero."""
    time = times(max(round(5 * decay * SAMPLE_RATE), 200))
    shape = np.exp(time / np.float32(-decay)) * np.minimum(time / np.float32(attack), 1.0)
    return shape * np.linspace(1.0, 0.0, len(shape), dtype=np.float32) ** 0.3


def falling_sine(hertz: float, drop: float, drop_time: float, decay: float) -> np.ndarray:
    """A sine whose pitch falls from (1 + drop) times its frequency: (n,) float32."""
    shape = fade(decay)
    time = np.arange(len(shape)) / SAMPLE_RATE
    cycles = hertz * (time + drop * drop_time * (1.0 - np.exp(-time / drop_time)))
    return sine(cycles) * shape


def membrane(hertz: float, drop: float, decay: float, modes: float) -> np.ndarray:
    """A falling sine and, at the level `modes`, the higher modes of a drumhead."""
    wave = falling_sine(hertz, drop, 0.03, decay)
    for number, ratio in enumerate(_MEMBRANE[1:], 1):
        if modes:
            mode = falling_sine(ratio * hertz, drop, 0.02, decay / (1 + number))
            wave[: len(mode)] += np.float32(modes / (1 + number)) * mode
    return wave


def burst(
    rng: np.random.Generator, low: float, high: float, decay: float, attack: float = 0.0005
) -> np.ndarray:
    """Noise between two corners in Hz that dies away: (n,) float32."""
    shape = fade(decay, attack)
    return noise(rng, len(shape), low, high) * shape


def metal(rng: np.random.Generator, hertz: float, low: float, decay: float, squares: float):
    """A cymbal (n,) float32: square waves against noise (`squares` from 0 to 1), above `low` Hz."""
    shape = fade(decay)
    wave = np.float32(1.0 - squares) * noise(rng, len(shape))
    if squares:
        cluster = sum(_square(ratio * hertz, rng, len(shape)) for ratio in _METAL)
        wave += np.float32(squares) * (cluster - np.float32(3.0))
    pole = np.exp(-2 * np.pi * low / SAMPLE_RATE)
    for _ in range(2):
        wave = lfilter([(1 + pole) / 2, -(1 + pole) / 2], [1, -pole], wave)
    return (wave * shape).astype(np.float32)


def _square(hertz: float, rng: np.random.Generator, samples: int) -> np.ndarray:
    """A square wave (samples,) of zeros and ones, from a phase that overflows at 2^32."""
    step = np.uint32(hertz / SAMPLE_RATE * 2**32)
    phase = np.arange(samples, dtype=np.uint32) * step + rng.integers(2**32, dtype=np.uint32)
    return (phase >> np.uint32(31)).astype(np.uint8)


def ringing(wave: np.ndarray, hertz: float, quality: float) -> np.ndarray:
    """A wave (n,) through one resonance."""
    return lfilter(*band_pass(hertz, quality), wave).astype(np.float32)


def mixed(*waves: np.ndarray) -> np.ndarray:
    """The sum (n,) of waves of different lengths."""
    out = np.zeros(max(map(len, waves)), np.float32)
    for wave in waves:
        out[: len(wave)] += wave
    return out
