"""Basses drawn at random: strings, synthesizers and organs, from nearly a sine to very bright.

Taught in chapter 10.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bassnb.composer import bass_strings as strings
from bassnb.composer.draws import Drawn, sometimes, spread


def draw(rng: np.random.Generator) -> Drawn:
    """Engine and values of a bass."""
    names = list(KINDS)
    weights = np.array([KINDS[name][0] for name in names], float)
    return KINDS[names[int(rng.choice(len(names), p=weights / weights.sum()))]][1](rng)


def _shape(rng: np.random.Generator) -> dict[str, float]:
    """Loudness in time: plucked or sustained, soft or hard."""
    plucked = rng.random() < 0.4
    return {
        "attack": spread(rng, 0.001, 0.015) if rng.random() < 0.8 else spread(rng, 0.015, 0.06),
        "decay": spread(rng, 0.06, 0.5) if plucked else spread(rng, 0.2, 3.0),
        "sustain": sometimes(rng, 0.5, 0.0, 0.3) if plucked else float(rng.uniform(0.4, 1.0)),
        "release": spread(rng, 0.015, 0.25),
    }


def synth(rng: np.random.Generator) -> Drawn:
    """Subtractive synthesizer: one or two oscillators of any form."""
    main = ("saw", "square", "triangle")[int(rng.choice(3, p=(0.45, 0.4, 0.15)))]
    levels = {name: float(name == main) for name in ("saw", "square", "triangle")}
    other = ("saw", "square")[int(rng.integers(2))]
    levels[other] = levels[other] or sometimes(rng, 0.3, 0.2, 0.8)
    return "subtractive", {
        **_shape(rng),
        **levels,
        "duty": float(rng.uniform(0.15, 0.5)),
        "second": sometimes(rng, 0.4, 0.3, 1.0),
        "interval": float(rng.choice([0.06, 0.1, 12.0, 12.05, -12.0])),
        "sub": sometimes(rng, 0.2, 0.2, 0.9),
        "sine": sometimes(rng, 0.3, 0.2, 1.0),
        "noise": sometimes(rng, 0.15, 0.02, 0.2),
        "cutoff": spread(rng, 120, 6000),
        "tracking": float(rng.uniform(0, 1)),
        "sweep": sometimes(rng, 0.7, 0.3, 4.0),
        "sweep_decay": spread(rng, 0.03, 0.8),
        "sweep_attack": spread(rng, 0.001, 0.03),
        "touch": float(rng.uniform(0, 2)),
        "resonance": sometimes(rng, 0.6, 0, 12),
        "poles": float(rng.choice([2.0, 4.0])),
        "drive": sometimes(rng, 0.35, 0.2, 2.5),
        "glide": sometimes(rng, 0.15, 0.02, 0.1),
    }


def acid(rng: np.random.Generator) -> Drawn:
    """A squelching bass: high resonance and a fast sweep."""
    saw = float(rng.random() < 0.65)
    return "subtractive", {
        "saw": saw,
        "square": 1.0 - saw,
        "attack": spread(rng, 0.001, 0.004),
        "decay": spread(rng, 0.15, 1.5),
        "sustain": sometimes(rng, 0.6, 0.1, 0.7),
        "release": spread(rng, 0.01, 0.06),
        "cutoff": spread(rng, 120, 900),
        "tracking": float(rng.uniform(0, 0.5)),
        "sweep": float(rng.uniform(1.0, 4.5)),
        "sweep_decay": spread(rng, 0.05, 0.4),
        "touch": float(rng.uniform(0.5, 3)),
        "resonance": float(rng.uniform(9, 21)),
        "poles": 4.0,
        "drive": sometimes(rng, 0.6, 0.5, 4.0),
        "glide": sometimes(rng, 0.5, 0.03, 0.1),
    }


def reese(rng: np.random.Generator) -> Drawn:
    """Detuned saws that beat."""
    return "subtractive", {
        **_shape(rng),
        "sustain": float(rng.uniform(0.6, 1.0)),
        "voices": float(rng.integers(2, 6)),
        "spread": spread(rng, 4, 22),
        "width": sometimes(rng, 0.4, 0.2, 0.8),
        "sub": sometimes(rng, 0.3, 0.3, 1.0),
        "sine": sometimes(rng, 0.4, 0.3, 1.2),
        "cutoff": spread(rng, 200, 3500),
        "sweep": sometimes(rng, 0.3, 0.3, 2.0),
        "sweep_decay": spread(rng, 0.1, 1.0),
        "resonance": sometimes(rng, 0.4, 0, 8),
        "poles": float(rng.choice([2.0, 4.0])),
        "drive": sometimes(rng, 0.5, 0.3, 3.0),
    }


def sub(rng: np.random.Generator) -> Drawn:
    """Hardly more than a sine."""
    return "subtractive", {
        **_shape(rng),
        "saw": 0.0,
        "sine": 1.0,
        "triangle": sometimes(rng, 0.6, 0.1, 0.8),
        "square": sometimes(rng, 0.2, 0.05, 0.2),
        "cutoff": spread(rng, 200, 3000),
        "drive": sometimes(rng, 0.4, 0.2, 2.0),
        "glide": sometimes(rng, 0.3, 0.03, 0.15),
        "noise": sometimes(rng, 0.1, 0.01, 0.05),
    }


def long_kick(rng: np.random.Generator) -> Drawn:
    """The tuned bass drum of a drum machine: a sine that falls to its pitch and rings."""
    return "subtractive", {
        "saw": 0.0,
        "sine": 1.0,
        "attack": spread(rng, 0.001, 0.006),
        "decay": spread(rng, 0.25, 2.0),
        "sustain": 0.0,
        "release": spread(rng, 0.03, 0.4),
        "drop": float(rng.uniform(2, 24)),
        "drop_time": spread(rng, 0.006, 0.05),
        "cutoff": spread(rng, 800, 6000),
        "tracking": 0.0,
        "drive": sometimes(rng, 0.7, 0.3, 5.0),
        "noise": sometimes(rng, 0.2, 0.01, 0.05),
        "glide": sometimes(rng, 0.4, 0.04, 0.2),
    }


def modulated(rng: np.random.Generator) -> Drawn:
    """Frequency modulation: solid basses, knocking ones, and hollow ones."""
    return "fm", {
        **_shape(rng),
        "ratio2": float(rng.choice([0.5, 1.0, 1.0, 1.0, 2.0, 3.0, 4.0])),
        "ratio3": float(rng.choice([1.0, 2.0, 3.0, 5.0, 7.0])),
        "index2": spread(rng, 0.2, 7.0),
        "index3": sometimes(rng, 0.4, 0.2, 1.5),
        "index_decay": spread(rng, 0.03, 0.8),
        "index_sustain": float(rng.uniform(0, 0.7)),
        "touch": float(rng.uniform(0.3, 2.0)),
        "feedback": sometimes(rng, 0.4, 0.2, 1.2),
        "sub": sometimes(rng, 0.25, 0.3, 1.0),
    }


def drawbars(rng: np.random.Generator) -> Drawn:
    """The pedals of an organ, or a bass of organ tones as in house music."""
    bars = {f"bar{number}": sometimes(rng, 0.4, 0.05, 0.7) for number in range(1, 9)}
    plucked = rng.random() < 0.5
    return "organ", {
        **bars,
        "bar0": sometimes(rng, 0.4, 0.2, 1.0),
        "bar2": float(rng.uniform(0.7, 1.0)),
        "attack": spread(rng, 0.002, 0.015),
        "decay": spread(rng, 0.08, 0.5) if plucked else 10.0,
        "sustain": 0.0 if plucked else 1.0,
        "release": spread(rng, 0.02, 0.12),
        "percussion": sometimes(rng, 0.3, 0.2, 0.8),
        "click": sometimes(rng, 0.5, 0.01, 0.1),
        "rotor": sometimes(rng, 0.2, 0.05, 0.2),
        "drive": sometimes(rng, 0.4, 0.2, 2.0),
    }


def struck(rng: np.random.Generator) -> Drawn:
    """The low keys of an electric piano or a marimba."""
    return "bell", {
        "decay": spread(rng, 0.25, 2.0),
        "release": spread(rng, 0.03, 0.15),
        "attack": spread(rng, 0.001, 0.006),
        "partials": float(rng.integers(2, 13)),
        "odd": sometimes(rng, 0.3, 0.5, 1.0),
        "slope": float(rng.uniform(0.7, 2.0)),
        "damping": float(rng.uniform(0.3, 1.2)),
        "knock": spread(rng, 0.01, 0.3),
    }


KINDS: dict[str, tuple[float, Callable[[np.random.Generator], Drawn]]] = {
    "finger": (15, strings.finger),
    "pick": (10, strings.pick),
    "slap": (8, strings.slap),
    "muted": (5, strings.muted),
    "upright": (7, strings.upright),
    "fretless": (3, strings.fretless),
    "synth": (16, synth),
    "acid": (6, acid),
    "reese": (6, reese),
    "sub": (6, sub),
    "long_kick": (6, long_kick),
    "modulated": (7, modulated),
    "drawbars": (3, drawbars),
    "struck": (2, struck),
}
