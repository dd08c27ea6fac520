"""Numbers drawn at random for patches and channel strips. Taught in chapter 10."""

from __future__ import annotations

import numpy as np

Drawn = tuple[str, dict[str, float]]  # engine, values


def spread(rng: np.random.Generator, low: float, high: float) -> float:
    """A number between two positive ones, uniform in its logarithm."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def sometimes(rng: np.random.Generator, share: float, low: float, high: float) -> float:
    """A number between two, or 0 except in a share of the cases."""
    value = float(rng.uniform(low, high))
    return value if rng.random() < share else 0.0
