"""Struck bars, bells and electric pianos: partials that die away, each at its own pace.

Taught in chapter 10.
"""

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

DEFAULTS = {
    **ENVELOPE,
    **PITCH,
    "sustain": 0.0,
    "partials": 6.0,
    "stretch": 1.0,  # exponent of the partials' numbers: 1 harmonic, above 1 stretched
    "odd": 0.0,  # 1 leaves out the even partials
    "slope": 1.2,  # exponent of the fall of the partials' levels
    "damping": 0.6,  # exponent of the fall of the partials' durations
    "touch": 0.8,  # how much a soft touch weakens the high partials
    "knock": 0.1,  # level of the noise of the stroke
}


def play(values: Values, tone: Tone) -> np.ndarray:
    """One tone (1, n) float32."""
    shape = envelope(values, tone.held)
    phase = phase_of(pitch_curve(values, tone, len(shape)), len(shape))
    time = times(len(shape))
    wave, total = np.zeros(len(shape), np.float32), 0.0
    slope = values["slope"] + values["touch"] * (1.0 - tone.force)
    for number in range(1, round(values["partials"]) + 1):
        ratio = number ** values["stretch"]
        if ratio * tone.hertz > 0.4 * SAMPLE_RATE:
            break
        level = number**-slope * (1.0 - values["odd"] * (number % 2 == 0))
        level *= tone.rng.uniform(0.8, 1.2)
        faster = (number ** values["damping"] - 1.0) / max(values["decay"], 1e-3)
        audible = min(len(wave), round(9.0 / max(faster, 1e-3) * SAMPLE_RATE))
        fall = np.exp(time[:audible] * np.float32(-faster))
        wave[:audible] += np.float32(level) * fall * sine(ratio * phase[:audible])
        total += level
    wave *= shape / np.float32(max(total, 1e-6))
    if values["knock"]:
        count = min(round(0.03 * SAMPLE_RATE), len(wave))
        fall = np.exp(-time[:count] * 200) * np.linspace(1, 0, count, dtype=np.float32)
        wave[:count] += values["knock"] * tone.force * noise(tone.rng, count, 200, 4000) * fall
    return wave[None]
