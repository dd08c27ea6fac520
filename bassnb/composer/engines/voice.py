"""A sung line: pulses of the glottis through formants that move from vowel to vowel.

Frequencies of the vowels after G. Peterson and H. Barney, "Control methods used in a study of the
vowels", Journal of the Acoustical Society of America, 1952, rounded. Taught in chapter 10.
"""

from __future__ import annotations

import numpy as np
from scipy.signal import lfilter

from bassnb.composer.engines.filters import CONTROL, band_pass, moving
from bassnb.composer.engines.subtractive import saw
from bassnb.composer.engines.tones import (
    ENVELOPE,
    PITCH,
    Tone,
    Values,
    envelope,
    noise,
    phase_of,
    pitch_curve,
)
from bassnb.presets import SAMPLE_RATE

# Hz of four formants: a, e, i, o, u, and the neutral vowel
VOWELS = np.array(
    [
        (730, 1090, 2440, 3400),
        (530, 1840, 2480, 3500),
        (270, 2290, 3010, 3700),
        (570, 840, 2410, 3300),
        (300, 870, 2240, 3200),
        (490, 1350, 1690, 3300),
    ],
    float,
)
_LEVELS = (1.0, 0.7, 0.35, 0.2)
_WIDTHS = (80.0, 100.0, 140.0, 200.0)  # Hz
DEFAULTS = {
    **ENVELOPE,
    **PITCH,
    "attack": 0.04,
    "sustain": 0.8,
    "size": 1.0,  # factor of all formants: above 1 a smaller throat
    "effort": 1200.0,  # Hz: where the pulse begins to fall by another 6 dB an octave
    "touch": 1.0,  # octaves that full velocity adds to that
    "breath": 0.03,
    "moves": 0.15,  # seconds from one vowel to the next
    "low": 0.3,  # level of the pulse beside the formants
}


def play(values: Values, tone: Tone) -> np.ndarray:
    """One tone (1, n) float32."""
    shape = envelope(values, tone.held)
    samples = len(shape)
    hertz = pitch_curve(values, tone, samples)
    phase = phase_of(hertz, samples)
    source = saw(phase - np.floor(phase), np.asarray(hertz) / SAMPLE_RATE)
    corner = values["effort"] * 2.0 ** (values["touch"] * (tone.force - 0.7))
    pole = np.exp(-2 * np.pi * corner / SAMPLE_RATE)
    source = lfilter([1 - pole], [1, -pole], source).astype(np.float32)
    source += values["breath"] * noise(tone.rng, samples, 500.0)
    first, last = VOWELS[tone.rng.integers(len(VOWELS), size=2)] * values["size"]
    time = np.arange(0, samples, CONTROL) / SAMPLE_RATE
    share = np.clip(time / max(values["moves"], 1e-3) - 0.3, 0.0, 1.0)
    wave = values["low"] * source
    for begin, end, level, width in zip(first, last, _LEVELS, _WIDTHS, strict=True):
        quality = end / width
        wave = (
            wave
            + level * moving(source[None], begin + share * (end - begin), quality, band_pass)[0]
        )
    return (wave * shape)[None].astype(np.float32)
