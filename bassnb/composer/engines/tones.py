"""What all engines share: a tone to play, its envelope, the course of its pitch, and noise.

Taught in chapter 10.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter

from bassnb.presets import SAMPLE_RATE

Values = Mapping[str, float]
ENVELOPE = {"attack": 0.003, "decay": 1.0, "sustain": 0.5, "release": 0.06}
PITCH = {
    "detune": 0.0,  # cents that single tones may be off, at most
    "glide": 0.0,  # seconds in which the pitch comes from the tone before
    "drop": 0.0,  # semitones above its pitch where a tone begins
    "drop_time": 0.03,  # seconds
    "vibrato": 0.0,  # cents
    "vibrato_rate": 5.0,  # cycles a second
    "vibrato_delay": 0.3,  # seconds until it has its depth
}


@dataclass(frozen=True)
class Tone:
    """One tone to play.

    Attributes
    ----------
    key : MIDI number
    hertz : fundamental frequency
    before : that of the tone which this one follows without a rest, else `hertz`
    force : velocity, 0 to 1
    held : samples until the key is released, at least 1
    rng : what differs from tone to tone
    """

    key: int
    hertz: float
    before: float
    force: float
    held: int
    rng: np.random.Generator


def times(samples: int) -> np.ndarray:
    """Seconds (samples,) float32 since the start of a tone."""
    return np.arange(samples, dtype=np.float32) / np.float32(SAMPLE_RATE)


def envelope(values: Values, held: int) -> np.ndarray:
    """Loudness of a tone (n,) float32, from its attack until its release has ended at zero.

    After the attack it falls as sustain + (1 - sustain) exp(-t / decay).
    """
    attack = max(round(values["attack"] * SAMPLE_RATE), 1)
    rate = max(values["decay"], 1e-3)
    if values["sustain"] <= 0.0:  # nothing is left after seven time constants
        held = min(held, attack + round(7 * rate * SAMPLE_RATE))
    level = np.full(held, 1.0, np.float32)
    rising = (np.arange(1, attack + 1, dtype=np.float32) / np.float32(attack))[:held]
    level[: len(rising)] = rising
    fall = np.exp(times(max(held - attack, 0)) / np.float32(-rate))
    level[attack:] = values["sustain"] + (1.0 - values["sustain"]) * fall
    return np.concatenate([level, level[-1] * falling(values["release"])])


def falling(seconds: float) -> np.ndarray:
    """A release (n,) float32 from 1 to 0: exponential, and straight to zero at its end."""
    x = np.linspace(0.0, 1.0, max(round(seconds * SAMPLE_RATE), 64), dtype=np.float32)
    return np.exp(-4.0 * x) * (1.0 - x)


def pitch_curve(values: Values, tone: Tone, samples: int) -> float | np.ndarray:
    """Fundamental frequency in Hz: a number if it stays, else (samples,) float64."""
    hertz = tone.hertz * 2.0 ** (values["detune"] * tone.rng.uniform(-1, 1) / 1200.0)
    cents = np.zeros(1)
    time = np.arange(samples) / SAMPLE_RATE
    if values["glide"] and tone.before != tone.hertz:
        far = 1200.0 * np.log2(tone.before / tone.hertz)
        cents = cents + far * np.exp(-5.0 * time / values["glide"])
    if values["drop"]:
        cents = cents + 100.0 * values["drop"] * np.exp(-time / values["drop_time"])
    if values["vibrato"]:
        depth = values["vibrato"] * np.clip(time / values["vibrato_delay"] - 0.3, 0.0, 1.0)
        phase = values["vibrato_rate"] * time + tone.rng.uniform()
        cents = cents + depth * np.sin(2 * np.pi * phase)
    return hertz if len(cents) == 1 else hertz * 2.0 ** (cents / 1200.0)


def phase_of(hertz: float | np.ndarray, samples: int) -> np.ndarray:
    """Cycles (samples,) float64 since the start of a tone."""
    if np.ndim(hertz) == 0:
        return np.arange(samples) * (float(hertz) / SAMPLE_RATE)
    cycles = np.cumsum(hertz) / SAMPLE_RATE
    return cycles - cycles[:1]


def sine(phase: np.ndarray) -> np.ndarray:
    """sin(2 pi phase) in float32; the phase in cycles may be large."""
    return np.sin(np.float32(2 * np.pi) * (phase - np.floor(phase)).astype(np.float32))


def noise(rng: np.random.Generator, samples: int, low: float = 0.0, high: float = 0.0):
    """White noise (samples,) float32 of unit power, between two corners in Hz if they are given."""
    wave = rng.standard_normal(samples, dtype=np.float32)
    if high:
        pole = np.exp(-2 * np.pi * min(high / SAMPLE_RATE, 0.45))
        wave = lfilter([1 - pole], [1, -pole], wave) * np.sqrt((1 + pole) / (1 - pole))
    if low:
        pole = np.exp(-2 * np.pi * low / SAMPLE_RATE)
        wave = lfilter([(1 + pole) / 2, -(1 + pole) / 2], [1, -pole], wave)
    return wave.astype(np.float32)
