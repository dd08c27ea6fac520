"""A drum kit on the General MIDI keys: from an analogue drum machine to something like skins.

Taught in chapter 10.
"""

from __future__ import annotations

import numpy as np

from bassnb.composer.engines.percussion import (
    burst,
    falling_sine,
    membrane,
    metal,
    mixed,
    ringing,
)
from bassnb.composer.engines.tones import Tone, Values

DEFAULTS = {
    "kick_hertz": 50.0,
    "kick_drop": 3.0,  # the kick begins at (1 + drop) times its frequency
    "kick_drop_time": 0.02,  # seconds
    "kick_decay": 0.12,
    "kick_click": 0.2,
    "snare_hertz": 185.0,
    "snare_decay": 0.08,
    "snare_wires": 0.7,  # level of the noise
    "snare_colour": 6000.0,  # Hz: its upper corner
    "hat_hertz": 420.0,
    "hat_colour": 7000.0,  # Hz: lower corner of hi-hats and cymbals
    "hat_decay": 0.025,
    "open_decay": 0.15,
    "squares": 0.5,  # metal: 0 noise, 1 square waves
    "cymbal_decay": 0.5,
    "tom_hertz": 1.0,  # factor of all toms and hand drums
    "tom_decay": 0.12,
    "skin": 0.3,  # level of the higher modes of the drumheads
    "clap_decay": 0.07,
    "drive": 0.0,
}
_TOMS = {41: 82, 43: 98, 45: 118, 47: 140, 48: 165, 50: 195}  # key -> Hz
_HANDS = {60: 420, 61: 290, 62: 330, 63: 300, 64: 200}  # bongos and congas
_HATS, _OPEN = (42, 44), 46
_LEVELS = {36: 1.0, 38: 0.8, 39: 0.8, 37: 0.6, 42: 0.4, 46: 0.4, 51: 0.35, 49: 0.5, 70: 0.35}


def chokes(key: int) -> tuple[int, ...]:
    """Keys that a stroke ends: each hi-hat ends the open one."""
    return (_OPEN,) if key in (*_HATS, _OPEN) else ()


def play(values: Values, tone: Tone) -> np.ndarray:
    """One stroke (1, n) float32; a key without a drum gives (1, 0).

    A drum rings until it has died away, however long its key is held.
    """
    key = _LIKE.get(tone.key, tone.key)
    if key in _TOMS or key in _HANDS:
        wave = _tom(values, tone, key)
    elif key in _DRUMS:
        wave = _DRUMS[key](values, tone)
    else:
        return np.zeros((1, 0), np.float32)
    if values["drive"]:
        wave = np.tanh((1.0 + values["drive"]) * wave)
    wave = wave * np.linspace(1.0, 0.0, len(wave), dtype=np.float32) ** 0.1
    return np.float32(_LEVELS.get(key, 0.6)) * wave[None]


def _kick(values: Values, tone: Tone) -> np.ndarray:
    drop = values["kick_drop"] * (0.6 + 0.4 * tone.force)
    body = falling_sine(values["kick_hertz"], drop, values["kick_drop_time"], values["kick_decay"])
    click = burst(tone.rng, 800.0, 5000.0, 0.004)
    return mixed(body, np.float32(values["kick_click"] * tone.force) * click)


def _snare(values: Values, tone: Tone) -> np.ndarray:
    body = membrane(values["snare_hertz"], 0.5, 0.6 * values["snare_decay"], values["skin"])
    colour = values["snare_colour"] * (0.5 + 0.5 * tone.force)
    wires = burst(tone.rng, 500.0, colour, values["snare_decay"])
    share = np.float32(values["snare_wires"])
    return mixed((1 - share) * body, share * 0.5 * wires)


def _side(values: Values, tone: Tone) -> np.ndarray:
    knock = burst(tone.rng, 300.0, 8000.0, 0.008)
    return 3.0 * ringing(knock, 8.5 * values["snare_hertz"], 4.0) + 0.3 * knock


def _clap(values: Values, tone: Tone) -> np.ndarray:
    hands = [burst(tone.rng, 700.0, 4000.0, decay) for decay in (0.006, 0.006, 0.006)]
    late = burst(tone.rng, 700.0, 3500.0, values["clap_decay"])
    gaps = np.cumsum(tone.rng.uniform(350, 550, 4).astype(int))
    waves = [
        np.concatenate([np.zeros(gap, np.float32), wave]) for gap, wave in zip(gaps, [*hands, late])
    ]
    return 0.8 * mixed(*waves)


def _metal(decay: str, factor: float, colour: float = 1.0, hertz: float = 1.0):
    """A cymbal whose decay is `factor` times the value named."""

    def play_metal(values: Values, tone: Tone) -> np.ndarray:
        length = factor * values[decay] * tone.rng.uniform(0.92, 1.08)
        low = min(colour * values["hat_colour"], 12000.0)
        return metal(tone.rng, hertz * values["hat_hertz"], low, length, values["squares"])

    return play_metal


def _ride(values: Values, tone: Tone) -> np.ndarray:
    wash = _metal("cymbal_decay", 0.8, 0.6, 1.3)(values, tone)
    ping = falling_sine(7.3 * values["hat_hertz"], 0.0, 0.01, 0.09)
    return mixed(wash, np.float32(0.25) * ping)


def _shaker(values: Values, tone: Tone) -> np.ndarray:
    return 0.7 * burst(tone.rng, 0.7 * values["hat_colour"], 11000.0, 0.03, attack=0.012)


def _tambourine(values: Values, tone: Tone) -> np.ndarray:
    jingle = metal(tone.rng, 2.6 * values["hat_hertz"], 6000.0, 0.08, values["squares"])
    return mixed(jingle, 0.5 * burst(tone.rng, 4000.0, 9000.0, 0.03))


def _cowbell(values: Values, tone: Tone) -> np.ndarray:
    tones = [falling_sine(hertz, 0.0, 0.01, 0.06) for hertz in (540.0, 800.0, 1620.0)]
    return mixed(*(np.tanh(2.0 * wave) * level for wave, level in zip(tones, (0.5, 0.5, 0.15))))


def _wood(hertz: float):
    """Claves and wood blocks."""

    def play_wood(values: Values, tone: Tone) -> np.ndarray:
        knock = 0.2 * burst(tone.rng, 500.0, 6000.0, 0.003)
        return mixed(falling_sine(hertz * values["tom_hertz"], 0.05, 0.01, 0.02), knock)

    return play_wood


def _tom(values: Values, tone: Tone, key: int) -> np.ndarray:
    hertz = values["tom_hertz"] * (_TOMS.get(key) or _HANDS[key])
    decay = values["tom_decay"] * (1.0 if key in _TOMS else 0.6)
    knock = burst(tone.rng, 300.0, 3000.0, 0.006)
    return mixed(membrane(hertz, 0.4, decay, values["skin"]), 0.15 * tone.force * knock)


_LIKE = {35: 36, 40: 38, 44: 42, 57: 49, 55: 49, 52: 49, 53: 51, 59: 51, 69: 70, 82: 70}
_DRUMS = {
    36: _kick,
    37: _side,
    38: _snare,
    39: _clap,
    42: _metal("hat_decay", 1.0),
    46: _metal("open_decay", 1.0),
    49: _metal("cymbal_decay", 1.0, 0.5),
    51: _ride,
    54: _tambourine,
    56: _cowbell,
    70: _shaker,
    75: _wood(2400.0),
    76: _wood(1100.0),
    77: _wood(800.0),
}
