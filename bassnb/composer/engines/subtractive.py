"""Subtractive synthesis: oscillators rich in harmonics through a low-pass filter that moves.

The oscillators' steps are smoothed by a polynomial over two samples (polyBLEP), which takes most of
the aliasing: V. Valimaki and A. Huovilainen, "Antialiasing oscillators in subtractive synthesis",
IEEE Signal Processing Magazine, 2007. Taught in chapter 10.
"""

from __future__ import annotations

import numpy as np

from bassnb.composer.engines.filters import CONTROL, moving
from bassnb.composer.engines.tones import (
    ENVELOPE,
    PITCH,
    Tone,
    Values,
    envelope,
    noise,
    phase_of,
    pitch_curve,
    sine,
)
from bassnb.presets import SAMPLE_RATE

DEFAULTS = {
    **ENVELOPE,
    **PITCH,
    # levels of the oscillators
    "saw": 1.0,
    "square": 0.0,
    "triangle": 0.0,
    "sine": 0.0,
    "sub": 0.0,  # a sine one octave below
    "noise": 0.0,
    "duty": 0.5,  # share of the period that the square is high
    "voices": 1.0,  # copies of saw and square, spread over
    "spread": 0.0,  # cents to either side
    "interval": 0.0,  # semitones of a second saw and square
    "second": 0.0,  # and its level
    "width": 0.0,  # how far the copies are placed to the sides
    # the filter
    "cutoff": 1000.0,  # Hz at key 40
    "tracking": 0.5,  # octaves that the cutoff moves for an octave of the key
    "sweep": 0.0,  # octaves that its envelope adds
    "sweep_attack": 0.001,  # seconds
    "sweep_decay": 0.2,
    "touch": 1.0,  # octaves that full velocity adds
    "resonance": 0.0,  # dB
    "poles": 2.0,  # 2 or 4
    "drive": 0.0,  # saturation after the filter
}


def play(values: Values, tone: Tone) -> np.ndarray:
    """One tone (C, n) float32, with two channels if the copies are placed to the sides."""
    shape = envelope(values, tone.held)
    wave = _oscillators(values, tone, len(shape))
    wave = _filtered(values, tone, wave)
    if values["drive"]:
        wave = np.tanh((1 + values["drive"]) * wave) / np.float32(np.tanh(1 + values["drive"]))
    return wave * shape


def _oscillators(values: Values, tone: Tone, samples: int) -> np.ndarray:
    hertz = pitch_curve(values, tone, samples)
    phase = phase_of(hertz, samples)
    count = round(values["voices"])
    out = np.zeros((2 if values["width"] and count > 1 else 1, samples), np.float32)
    for place in np.linspace(-1.0, 1.0, count) if count > 1 else np.zeros(1):
        ratio = 2.0 ** (values["spread"] * place / 1200.0)
        begin = tone.rng.uniform() if count > 1 else 0.0
        wave = _edged(values, ratio * phase + begin, ratio * hertz / SAMPLE_RATE)
        if values["second"]:
            up = ratio * 2.0 ** (values["interval"] / 12.0)
            other = _edged(values, up * phase + tone.rng.uniform(), up * hertz / SAMPLE_RATE)
            wave = wave + values["second"] * other
        sides = np.array([[1 - values["width"] * place], [1 + values["width"] * place]])
        out += (sides[: len(out)] if len(out) == 2 else 1.0) * wave / np.sqrt(count)
    if values["sine"]:
        out += values["sine"] * sine(phase)
    if values["sub"]:
        out += values["sub"] * sine(0.5 * phase)
    if values["noise"]:
        out += 0.3 * values["noise"] * noise(tone.rng, samples)
    return out


def _edged(values: Values, phase: np.ndarray, step) -> np.ndarray:
    """Saw, square and triangle at a phase in cycles (n,), `step` cycles a sample."""
    phase = phase - np.floor(phase)
    wave = np.zeros(len(phase), np.float32)
    if values["saw"]:
        wave += values["saw"] * saw(phase, step)
    if values["square"]:
        wave += values["square"] * pulse(phase, step, values["duty"])
    if values["triangle"]:
        wave += values["triangle"] * (4.0 * np.abs(phase - 0.5) - 1.0)
    return wave


def saw(phase: np.ndarray, step: float | np.ndarray) -> np.ndarray:
    """A rising saw from -1 to 1 at phases (n,) in [0, 1), `step` cycles a sample."""
    wave = (2.0 * phase - 1.0).astype(np.float32)
    steps = np.broadcast_to(step, phase.shape)
    after = np.flatnonzero(phase < steps)
    x = phase[after] / steps[after]
    wave[after] -= 2 * x - x * x - 1
    before = np.flatnonzero(phase > 1.0 - steps)
    x = (phase[before] - 1.0) / steps[before]
    wave[before] -= x * x + 2 * x + 1
    return wave


def pulse(phase: np.ndarray, step: float | np.ndarray, duty: float) -> np.ndarray:
    """A pulse without direct current: the difference of two saws."""
    later = phase + duty
    return saw(later - np.floor(later), step) - saw(phase, step)


def _filtered(values: Values, tone: Tone, wave: np.ndarray) -> np.ndarray:
    time = np.arange(0, wave.shape[1], CONTROL) / SAMPLE_RATE
    octaves = values["tracking"] * (tone.key - 40) / 12 + values["touch"] * (tone.force - 0.7)
    octaves += 0.1 * tone.rng.uniform(-1, 1)
    rising = np.minimum(time / values["sweep_attack"], 1.0)
    falls = np.exp(-np.maximum(time - values["sweep_attack"], 0.0) / values["sweep_decay"])
    cutoff = values["cutoff"] * 2.0 ** (octaves + values["sweep"] * rising * falls)
    quality = 10.0 ** (values["resonance"] / 20.0) / np.sqrt(2.0)
    wave = moving(wave, np.maximum(cutoff, 30.0), quality)
    if values["poles"] > 2:
        wave = moving(wave, np.maximum(cutoff, 30.0), np.sqrt(0.5))
    return wave * np.float32(10.0 ** (-values["resonance"] / 40.0))
