"""Drum kits and instruments for chords, pads and melodies, drawn at random.

Taught in chapter 10.
"""

from __future__ import annotations

import numpy as np

from bassnb.composer.draws import Drawn, sometimes, spread


def draw_drums(rng: np.random.Generator) -> Drawn:
    """A kit; `electronic` decides how far skins and metal are those of a drum machine."""
    electronic = float(rng.random())
    long = rng.random() < 0.15 * (electronic > 0.5)
    return "drums", {
        "kick_hertz": spread(rng, 38, 75),
        "kick_drop": float(rng.uniform(0.5, 6)),
        "kick_drop_time": spread(rng, 0.006, 0.05),
        "kick_decay": spread(rng, 0.2, 0.5) if long else spread(rng, 0.05, 0.2),
        "kick_click": spread(rng, 0.02, 0.6),
        "snare_hertz": float(rng.uniform(140, 260)),
        "snare_decay": spread(rng, 0.03, 0.16),
        "snare_wires": float(rng.uniform(0.4, 0.95)),
        "snare_colour": spread(rng, 2500, 14000),
        "hat_hertz": spread(rng, 280, 620),
        "hat_colour": spread(rng, 3500, 10000),
        "hat_decay": spread(rng, 0.01, 0.06),
        "open_decay": spread(rng, 0.07, 0.35),
        "squares": electronic * float(rng.uniform(0.3, 1.0)),
        "cymbal_decay": spread(rng, 0.25, 1.0),
        "tom_hertz": spread(rng, 0.7, 1.4),
        "tom_decay": spread(rng, 0.06, 0.25),
        "skin": (1 - electronic) * float(rng.uniform(0.2, 0.9)),
        "clap_decay": spread(rng, 0.03, 0.14),
        "drive": sometimes(rng, 0.4, 0.2, 3.0),
    }


def _any(rng: np.random.Generator, draws) -> Drawn:
    return draws[int(rng.integers(len(draws)))](rng)


def draw_chords(rng: np.random.Generator) -> Drawn:
    """Keys, guitars and stabs."""
    return _any(rng, (_electric_piano, _electric_piano, _guitar, _guitar, _organ, _stab, _fm_keys))


def draw_pad(rng: np.random.Generator) -> Drawn:
    """Sounds that rise slowly and stay."""
    return _any(rng, (_warm_pad, _warm_pad, _warm_pad, _choir, _organ))


def draw_melody(rng: np.random.Generator) -> Drawn:
    """Leads, voices, plucked strings and bells."""
    return _any(rng, (_lead, _lead, _voice, _guitar, _electric_piano, _fm_keys))


def _electric_piano(rng: np.random.Generator) -> Drawn:
    return "bell", {
        "detune": 2.0,
        "attack": spread(rng, 0.001, 0.006),
        "decay": spread(rng, 0.3, 2.0),
        "release": spread(rng, 0.05, 0.4),
        "partials": float(rng.integers(3, 13)),
        "stretch": float(rng.uniform(1.0, 1.02)),
        "odd": sometimes(rng, 0.3, 0.5, 1.0),
        "slope": float(rng.uniform(0.8, 2.2)),
        "damping": float(rng.uniform(0.3, 1.2)),
        "knock": spread(rng, 0.01, 0.2),
    }


def _guitar(rng: np.random.Generator) -> Drawn:
    return "string", {
        "detune": 2.0,
        "position": float(rng.uniform(0.08, 0.4)),
        "hollow": float(rng.uniform(0, 0.8)),
        "brightness": spread(rng, 800, 7000),
        "decay": spread(rng, 0.8, 6.0),
        "bright_decay": spread(rng, 0.2, 2.0),
        "tone": spread(rng, 2500, 14000),
        "finger": spread(rng, 0.005, 0.1),
        "body": sometimes(rng, 0.5, 0.3, 2.0),
        "body_hertz": float(rng.uniform(90, 130)),
        "release": spread(rng, 0.05, 0.3),
        "vibrato": sometimes(rng, 0.2, 3, 10),
    }


def _organ(rng: np.random.Generator) -> Drawn:
    return "organ", {
        **{f"bar{number}": sometimes(rng, 0.55, 0.1, 1.0) for number in range(9)},
        "bar2": float(rng.uniform(0.5, 1.0)),
        "attack": spread(rng, 0.004, 0.05),
        "release": spread(rng, 0.03, 0.2),
        "percussion": sometimes(rng, 0.3, 0.2, 0.8),
        "click": sometimes(rng, 0.4, 0.01, 0.06),
        "rotor": sometimes(rng, 0.5, 0.05, 0.3),
        "rotor_rate": float(rng.choice([0.8, 6.5])),
        "vibrato": sometimes(rng, 0.4, 2, 12),
        "vibrato_rate": float(rng.uniform(5.5, 7)),
        "drive": sometimes(rng, 0.3, 0.2, 1.5),
    }


def _stab(rng: np.random.Generator) -> Drawn:
    return "subtractive", {
        "square": sometimes(rng, 0.4, 0.2, 1.0),
        "voices": float(rng.integers(1, 4)),
        "spread": spread(rng, 3, 18),
        "width": float(rng.uniform(0.2, 0.9)),
        "attack": spread(rng, 0.001, 0.02),
        "decay": spread(rng, 0.1, 1.0),
        "sustain": sometimes(rng, 0.5, 0.1, 0.7),
        "release": spread(rng, 0.05, 0.4),
        "cutoff": spread(rng, 400, 6000),
        "sweep": sometimes(rng, 0.7, 0.3, 3.0),
        "sweep_decay": spread(rng, 0.05, 0.5),
        "resonance": sometimes(rng, 0.5, 0, 9),
    }


def _fm_keys(rng: np.random.Generator) -> Drawn:
    return "fm", {
        "detune": 2.0,
        "attack": spread(rng, 0.001, 0.01),
        "decay": spread(rng, 0.3, 2.0),
        "sustain": sometimes(rng, 0.3, 0.1, 0.8),
        "release": spread(rng, 0.05, 0.5),
        "ratio2": float(rng.choice([1.0, 2.0, 3.0, 4.0, 7.0])),
        "index2": spread(rng, 0.3, 3.0),
        "index_decay": spread(rng, 0.05, 0.8),
        "index_sustain": float(rng.uniform(0, 0.5)),
        "feedback": sometimes(rng, 0.3, 0.1, 0.8),
    }


def _warm_pad(rng: np.random.Generator) -> Drawn:
    return "subtractive", {
        "square": sometimes(rng, 0.3, 0.2, 0.8),
        "triangle": sometimes(rng, 0.4, 0.3, 1.0),
        "voices": float(rng.integers(2, 4)),
        "spread": spread(rng, 4, 16),
        "width": float(rng.uniform(0.3, 1.0)),
        "attack": spread(rng, 0.08, 0.7),
        "decay": 3.0,
        "sustain": float(rng.uniform(0.6, 1.0)),
        "release": spread(rng, 0.2, 1.0),
        "cutoff": spread(rng, 300, 4000),
        "sweep": sometimes(rng, 0.4, 0.3, 2.0),
        "sweep_attack": 0.5,
        "sweep_decay": spread(rng, 0.5, 3.0),
        "resonance": sometimes(rng, 0.4, 0, 6),
        "noise": sometimes(rng, 0.3, 0.01, 0.1),
    }


def _choir(rng: np.random.Generator) -> Drawn:
    engine, values = _voice(rng)
    return engine, {**values, "attack": spread(rng, 0.1, 0.5), "release": 0.4, "glide": 0.0}


def _voice(rng: np.random.Generator) -> Drawn:
    return "voice", {
        "attack": spread(rng, 0.015, 0.12),
        "release": spread(rng, 0.05, 0.2),
        "size": float(rng.uniform(0.9, 1.3)),
        "effort": spread(rng, 500, 3500),
        "breath": spread(rng, 0.005, 0.15),
        "moves": spread(rng, 0.05, 0.5),
        "glide": sometimes(rng, 0.7, 0.04, 0.15),
        "vibrato": float(rng.uniform(5, 45)),
        "vibrato_rate": float(rng.uniform(4.8, 6.5)),
        "vibrato_delay": spread(rng, 0.15, 0.6),
    }


def _lead(rng: np.random.Generator) -> Drawn:
    main = ("saw", "square", "triangle")[int(rng.integers(3))]
    return "subtractive", {
        **{name: float(name == main) for name in ("saw", "square", "triangle")},
        "duty": float(rng.uniform(0.15, 0.5)),
        "voices": float(rng.choice([1, 1, 2, 3])),
        "spread": spread(rng, 3, 15),
        "width": float(rng.uniform(0, 0.6)),
        "attack": spread(rng, 0.002, 0.05),
        "decay": spread(rng, 0.2, 2.0),
        "sustain": float(rng.uniform(0.3, 1.0)),
        "release": spread(rng, 0.04, 0.4),
        "cutoff": spread(rng, 600, 7000),
        "sweep": sometimes(rng, 0.5, 0.3, 2.5),
        "resonance": sometimes(rng, 0.5, 0, 9),
        "glide": sometimes(rng, 0.4, 0.03, 0.12),
        "vibrato": sometimes(rng, 0.6, 4, 25),
    }
