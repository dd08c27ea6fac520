"""Frequency modulation: sines that move the phase of sines.

With carrier c, modulators m and indices I(t): y = sin(c + I2(t) sin(m2 + I3(t) sin(m3))).
J. Chowning, "The synthesis of complex audio spectra by means of frequency modulation", Journal of
the AES, 1973. Taught in chapter 10.
"""

from __future__ import annotations

import numpy as np

from bassnb.composer.engines.tones import (
    ENVELOPE,
    PITCH,
    Tone,
    Values,
    envelope,
    phase_of,
    pitch_curve,
    sine,
    times,
)

DEFAULTS = {
    **ENVELOPE,
    **PITCH,
    "ratio2": 1.0,  # frequency of the first modulator over that of the carrier
    "ratio3": 2.0,
    "index2": 2.0,  # modulation in radians when struck with full force
    "index3": 0.0,
    "index_decay": 0.3,  # seconds
    "index_sustain": 0.2,  # share of the index that stays
    "touch": 1.0,  # exponent of the velocity in the index
    "feedback": 0.0,  # radians that the first modulator moves itself
    "sub": 0.0,  # level of a sine one octave below
}
_ROUNDS = 2  # of the fixed-point iteration that stands for feedback


def play(values: Values, tone: Tone) -> np.ndarray:
    """One tone (1, n) float32."""
    shape = envelope(values, tone.held)
    phase = phase_of(pitch_curve(values, tone, len(shape)), len(shape))
    fall = np.exp(times(len(shape)) / np.float32(-values["index_decay"]))
    strength = values["index_sustain"] + (1 - values["index_sustain"]) * fall
    strength *= tone.force ** values["touch"] / (2 * np.pi)  # in cycles per radian
    moved = values["ratio2"] * phase
    if values["index3"]:
        moved = moved + values["index3"] * strength * sine(values["ratio3"] * phase)
    modulator = sine(moved)
    if values["feedback"]:
        for _ in range(_ROUNDS):
            modulator = sine(moved + values["feedback"] / (2 * np.pi) * modulator)
    wave = sine(phase + values["index2"] * strength * modulator)
    if values["sub"]:
        wave += values["sub"] * sine(0.5 * phase)
    return (wave * shape)[None]
