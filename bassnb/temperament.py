"""Equal temperament: MIDI keys and frequencies, in octaves of twelve semitones about A4 = 440 Hz.

f = 440 Hz x 2^((k - 69) / 12), and its inverse. Used wherever a pitch is played or measured;
chapter 9 teaches how pitch is measured.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np

CONCERT_PITCH = 440.0  # Hz of A4
A4 = 69  # its MIDI key

Number = TypeVar("Number", float, np.ndarray)


def hertz_of_key(key: Number) -> Number:
    """Frequency in Hz of a MIDI key, which may lie between two; an array gives an array."""
    return CONCERT_PITCH * 2.0 ** ((key - A4) / 12)


def key_of_hertz(hertz: Number) -> Number:
    """MIDI key, mostly between two, of a frequency in Hz above 0; an array gives an array."""
    return A4 + 12 * np.log2(hertz / CONCERT_PITCH)
