"""Plucked basses drawn at random: electric ones and the double bass. Taught in chapter 10."""

from __future__ import annotations

import numpy as np

from bassnb.composer.draws import Drawn, sometimes, spread


def _electric(rng: np.random.Generator) -> dict[str, float]:
    """What all electric basses have in common."""
    return {
        "detune": float(rng.uniform(0, 2.5)),
        "position": float(rng.uniform(0.08, 0.35)),
        "pickup": float(rng.uniform(0.05, 0.25)),
        "hollow": float(rng.uniform(0.2, 0.95)),
        "tilt": spread(rng, 1.0, 12.0),
        "decay": spread(rng, 1.5, 9.0),
        "bright_decay": spread(rng, 0.25, 4.0),
        "stiffness": float(rng.uniform(0.0, 0.35)),
        "beating": sometimes(rng, 0.4, 0.1, 0.5),
        "touch": float(rng.uniform(0.5, 1.8)),
        "tone": spread(rng, 900.0, 12000.0),
        "tone_peak": float(rng.uniform(0.0, 5.0)),
        "release": spread(rng, 0.025, 0.2),
        "thump": spread(rng, 0.002, 0.06),
    }


def finger(rng: np.random.Generator) -> Drawn:
    """Electric bass, plucked with the fingers."""
    return "string", {
        **_electric(rng),
        "attack": spread(rng, 0.001, 0.02),
        "brightness": spread(rng, 500, 4500),
        "finger": spread(rng, 0.005, 0.1),
        "buzz": sometimes(rng, 0.3, 0.1, 0.6),
    }


def pick(rng: np.random.Generator) -> Drawn:
    """Electric bass, plucked with a pick near the bridge."""
    return "string", {
        **_electric(rng),
        "position": float(rng.uniform(0.04, 0.18)),
        "brightness": spread(rng, 2000, 9000),
        "finger": spread(rng, 0.04, 0.25),
        "slap": sometimes(rng, 0.3, 0.05, 0.3),
        "buzz": sometimes(rng, 0.3, 0.1, 0.6),
    }


def slap(rng: np.random.Generator) -> Drawn:
    """Electric bass, struck with the thumb or popped."""
    return "string", {
        **_electric(rng),
        "brightness": spread(rng, 2000, 9000),
        "bright_decay": spread(rng, 0.4, 3.0),
        "tone": spread(rng, 4000, 15000),
        "slap": float(rng.uniform(0.1, 0.7)),
        "buzz": float(rng.uniform(0.2, 1.2)),
        "touch": float(rng.uniform(1.0, 2.2)),
    }


def muted(rng: np.random.Generator) -> Drawn:
    """Electric bass under the palm or a foam mute."""
    return "string", {
        **_electric(rng),
        "brightness": spread(rng, 400, 3000),
        "decay": spread(rng, 0.35, 1.2),
        "bright_decay": spread(rng, 0.06, 0.4),
        "finger": spread(rng, 0.01, 0.15),
    }


def upright(rng: np.random.Generator) -> Drawn:
    """Double bass, plucked."""
    return "string", {
        "detune": float(rng.uniform(0, 2.5)),
        "position": float(rng.uniform(0.15, 0.4)),
        "hollow": float(rng.uniform(0.0, 0.2)),
        "attack": spread(rng, 0.001, 0.03),
        "brightness": spread(rng, 350, 2500),
        "decay": spread(rng, 0.8, 3.5),
        "bright_decay": spread(rng, 0.06, 0.4),
        "beating": sometimes(rng, 0.7, 0.1, 0.6),
        "tone": spread(rng, 1500, 8000),
        "finger": spread(rng, 0.03, 0.25),
        "slap": sometimes(rng, 0.2, 0.05, 0.3),
        "body": float(rng.uniform(0.5, 3.0)),
        "body_hertz": float(rng.uniform(55, 115)),
        "release": spread(rng, 0.04, 0.25),
        "thump": spread(rng, 0.005, 0.08),
        "vibrato": sometimes(rng, 0.3, 3, 12),
    }


def fretless(rng: np.random.Generator) -> Drawn:
    """Electric bass without frets: it slides and sings."""
    return "string", {
        **_electric(rng),
        "brightness": spread(rng, 500, 3000),
        "buzz": float(rng.uniform(0.2, 0.8)),
        "glide": sometimes(rng, 0.6, 0.03, 0.12),
        "vibrato": float(rng.uniform(3, 14)),
        "vibrato_rate": float(rng.uniform(3.5, 6)),
    }
