"""Drawbar organ: nine sines a key, a click, percussion, and a rotor. Taught in chapter 10."""

from __future__ import annotations

import numpy as np

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
    times,
)
from bassnb.presets import SAMPLE_RATE

RATIOS = (0.5, 1.5, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0)  # 16', 5 1/3', 8', 4' ... 1'
DEFAULTS = {
    **ENVELOPE,
    **PITCH,
    "decay": 10.0,
    "sustain": 1.0,
    **{f"bar{number}": level for number, level in enumerate((0.3, 0, 1, 0.5, 0.2, 0, 0, 0, 0))},
    "percussion": 0.0,  # level of the third harmonic that dies away
    "click": 0.0,
    "rotor": 0.0,  # depth of tremolo
    "rotor_rate": 6.0,  # cycles a second
    "drive": 0.0,
}
_SIZE = 8192


def play(values: Values, tone: Tone) -> np.ndarray:
    """One tone (1, n) float32."""
    shape = envelope(values, tone.held)
    phase = phase_of(pitch_curve(values, tone, len(shape)), len(shape))
    half = 0.5 * phase
    place = (half - np.floor(half)) * _SIZE
    index = place.astype(np.intp)
    table = _table(values, tone.hertz)
    wave = table[index] + (place - index).astype(np.float32) * np.diff(table)[index]
    if values["percussion"]:
        wave += values["percussion"] * sine(3.0 * phase) * np.exp(times(len(wave)) * -8)
    if values["rotor"]:
        turn = values["rotor_rate"] / SAMPLE_RATE * np.arange(len(wave)) + tone.rng.uniform()
        wave *= 1.0 + values["rotor"] * sine(turn)
    if values["drive"]:
        wave = np.tanh((1 + values["drive"]) * wave)
    wave = wave * shape
    if values["click"]:
        click = min(round(0.006 * SAMPLE_RATE), len(wave))
        fade = np.linspace(1, 0, click, dtype=np.float32)
        wave[:click] += values["click"] * noise(tone.rng, click, 500.0) * fade
    return wave[None]


def _table(values: Values, hertz: float) -> np.ndarray:
    """Two periods of the drawbars' sum, and the first sample again: (8193,) float32."""
    turn = np.arange(_SIZE + 1) / _SIZE * 2.0
    table = np.zeros(_SIZE + 1, np.float32)
    levels = [values[f"bar{number}"] for number in range(len(RATIOS))]
    for level, ratio in zip(levels, RATIOS, strict=True):
        if level and ratio * hertz < 0.45 * SAMPLE_RATE:
            table += level * sine(ratio * turn)
    return table / np.float32(max(np.sqrt(np.sum(np.square(levels))), 1e-6))
