"""Channel strips drawn at random: often clean, sometimes heavy. Taught in chapter 10."""

from __future__ import annotations

import numpy as np

from bassnb.composer.draws import sometimes, spread
from bassnb.composer.score import Effects
from bassnb.errors import DataError

# Shares of the parts of each role that have a section at all.
_SHARES: dict[str, dict[str, float]] = {
    "bass": dict(
        filter=0.2, amp=0.4, compress=0.5, eq=0.7, chorus=0.08, room=0.12, echo=0.02, wear=0.15
    ),
    "drums": dict(
        filter=0.1, amp=0.2, compress=0.5, eq=0.7, chorus=0.0, room=0.5, echo=0.03, wear=0.2
    ),
    "chords": dict(
        filter=0.25, amp=0.3, compress=0.3, eq=0.7, chorus=0.35, room=0.6, echo=0.2, wear=0.2
    ),
    "pad": dict(
        filter=0.3, amp=0.1, compress=0.2, eq=0.6, chorus=0.35, room=0.7, echo=0.15, wear=0.2
    ),
    "melody": dict(
        filter=0.15, amp=0.3, compress=0.4, eq=0.7, chorus=0.2, room=0.6, echo=0.4, wear=0.2
    ),
}
_STEPS = (2, 3, 4, 6)  # sixteenth notes between two echoes


def draw_strip(role: str, rng: np.random.Generator, step_seconds: float) -> Effects:
    """A channel strip for a part.

    Parameters
    ----------
    role : "bass", "drums", "chords", "pad" or "melody"
    rng : decides
    step_seconds : duration of a sixteenth note, of which echoes are multiples

    Raises
    ------
    DataError
        If there is no such role.
    """
    if role not in _SHARES:
        raise DataError(f"there is no role {role!r}; choose one of {', '.join(_SHARES)}")
    share = _SHARES[role]
    drawn: dict[str, float] = {}
    for name, draw in _SECTIONS.items():
        values = draw(role, rng)  # drawn in any case, so that sections do not depend on each other
        if rng.random() < share[name]:
            drawn |= values
    steps = _STEPS[int(rng.integers(len(_STEPS)))]
    if rng.random() < share["echo"]:
        drawn |= {"delay": steps * step_seconds, "feedback": float(rng.uniform(0.1, 0.45))}
    drawn["width"] = 1.0 if role != "bass" or rng.random() < 0.5 else float(rng.uniform(0, 1))
    rounded = {name: float(f"{value:.4g}") for name, value in drawn.items()}
    bits = int(rounded.pop("bits", 0))
    return Effects(**rounded, bits=bits, seed=int(rng.integers(2**31)))


def _filter(role: str, rng: np.random.Generator) -> dict[str, float]:
    lowest, highest = (500, 4000) if role == "bass" else (1500, 10000)
    return {"lowpass": spread(rng, lowest, highest)}


def _amp(role: str, rng: np.random.Generator) -> dict[str, float]:
    speaker = rng.random() < 0.6
    low, high = ((30, 70), (1500, 6000)) if role == "bass" else ((50, 150), (3000, 9000))
    return {
        "amp": spread(rng, 0.1, 3.0),
        "bias": sometimes(rng, 0.6, 0.0, 0.8),
        "cabinet_low": spread(rng, *low) if speaker else 0.0,
        "cabinet_high": spread(rng, *high) if speaker else 0.0,
    }


def _compress(role: str, rng: np.random.Generator) -> dict[str, float]:
    return {
        "ratio": spread(rng, 1.5, 12.0),
        "threshold": float(rng.uniform(-10, 6)),
        "attack": spread(rng, 0.001, 0.05),
        "release": spread(rng, 0.04, 0.4),
    }


def _eq(role: str, rng: np.random.Generator) -> dict[str, float]:
    gains = np.clip(rng.normal(0, 4.5, 3), -12, 12)
    middle = (150, 2500) if role == "bass" else (250, 4000)
    return {
        "low_gain": float(gains[0]),
        "mid_gain": float(gains[1]),
        "high_gain": float(gains[2]),
        "low_hertz": spread(rng, 60, 200),
        "mid_hertz": spread(rng, *middle),
        "high_hertz": spread(rng, 1500, 8000),
        "mid_quality": spread(rng, 0.4, 3.0),
    }


def _chorus(role: str, rng: np.random.Generator) -> dict[str, float]:
    flanger = rng.random() < 0.3
    delay = spread(rng, 0.001, 0.004) if flanger else spread(rng, 0.008, 0.025)
    rate = spread(rng, 0.15, 1.2)
    steady = 0.0012 / rate  # a deeper swing would be out of tune: 2 pi rate depth < 13 cents
    return {
        "chorus": float(rng.uniform(0.3, 0.8)),
        "chorus_delay": delay,
        "chorus_depth": min(float(rng.uniform(0.1, 0.6)) * delay, steady),
        "chorus_rate": rate,
    }


def _room(role: str, rng: np.random.Generator) -> dict[str, float]:
    most = 0.15 if role == "bass" else 0.5
    longest = 0.6 if role in ("bass", "drums") else 2.0
    tail = rng.random() < 0.7
    return {
        "room": float(rng.uniform(0.02, most)),
        "room_decay": spread(rng, 0.15, longest) if tail else 0.0,
    }


def _wear(role: str, rng: np.random.Generator) -> dict[str, float]:
    return {
        "wow": sometimes(rng, 0.4, 1.0, 8.0),
        "flutter": sometimes(rng, 0.3, 0.5, 3.0),
        "crackle": sometimes(rng, 0.2, 0.5, 12.0),
        "band": spread(rng, 5000, 16000) if rng.random() < 0.5 else 0.0,
        "bits": float(rng.integers(8, 13)) if rng.random() < 0.15 else 0.0,
        "noise": float(rng.uniform(36, 70)) if rng.random() < 0.6 else 0.0,
        "hum": float(rng.uniform(36, 60)) if rng.random() < 0.2 else 0.0,
        "offset": sometimes(rng, 0.15, -0.01, 0.01),
    }


_SECTIONS = {
    "filter": _filter,
    "amp": _amp,
    "compress": _compress,
    "eq": _eq,
    "chorus": _chorus,
    "room": _room,
    "wear": _wear,
}
