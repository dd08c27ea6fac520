"""Three-band equaliser: low shelf, bell, high shelf.

Coefficients: R. Bristow-Johnson, "Cookbook formulae for audio equalizer biquad filter
coefficients". Taught in chapter 10.
"""

from __future__ import annotations

import numpy as np
from scipy.signal import sosfilt

from bassnb.composer.score import Effects


def equalise(wave: np.ndarray, effects: Effects, sample_rate: int) -> None:
    """Run a wave (2, N) through the bands whose gain is not 0 dB, in place."""
    sections = []
    if effects.low_gain:
        sections.append(shelf(effects.low_hertz, effects.low_gain, sample_rate, high=False))
    if effects.mid_gain:
        sections.append(bell(effects.mid_hertz, effects.mid_gain, effects.mid_quality, sample_rate))
    if effects.high_gain:
        sections.append(shelf(effects.high_hertz, effects.high_gain, sample_rate, high=True))
    if sections:
        wave[:] = sosfilt(np.array(sections), wave, axis=-1)


def bell(hertz: float, gain: float, quality: float, sample_rate: int) -> np.ndarray:
    """Second-order section (6,) that changes a band by `gain` dB."""
    root, omega = 10.0 ** (gain / 40.0), 2 * np.pi * hertz / sample_rate
    alpha, cosine = np.sin(omega) / (2 * quality), np.cos(omega)
    section = np.array(
        [1 + alpha * root, -2 * cosine, 1 - alpha * root]
        + [1 + alpha / root, -2 * cosine, 1 - alpha / root]
    )
    return section / section[3]


def shelf(hertz: float, gain: float, sample_rate: int, *, high: bool) -> np.ndarray:
    """Second-order section (6,) that changes all below, or all above, by `gain` dB."""
    root, omega = 10.0 ** (gain / 40.0), 2 * np.pi * hertz / sample_rate
    slope, cosine = np.sqrt(2 * root) * np.sin(omega), np.cos(omega)
    sign = 1 if high else -1  # the two shelves differ in the sign of the cosine
    up, down = root + 1, root - 1
    section = np.array(
        [
            root * (up + sign * down * cosine + slope),
            -2 * sign * root * (down + sign * up * cosine),
            root * (up + sign * down * cosine - slope),
            up - sign * down * cosine + slope,
            2 * sign * (down - sign * up * cosine),
            up - sign * down * cosine - slope,
        ]
    )
    return section / section[3]
