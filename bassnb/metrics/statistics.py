"""Means with an honest width, and how far a value lies on the way from floor to ceiling. Taught in chapter 9."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

RESAMPLES = 2000


def way(value: float, floor: float, ceiling: float) -> float:
    """(value - floor) / (ceiling - floor): 0 at the floor, 1 at the ceiling, nan where the two coincide."""
    return float((value - floor) / (ceiling - floor)) if ceiling != floor else float("nan")


def bootstrap(statistic: Callable[..., float], *samples: np.ndarray, seed: int = 0) -> tuple[float, float]:
    """95 % percentile interval of a statistic, songs resampled with replacement.

    Parameters
    ----------
    statistic : callable
        Takes one array (songs,) per sample and gives a number.
    samples : arrays (songs,)
        Figures of the *same* songs in the same order: one draw picks the same songs from all of them, so that a
        difference between rows is not blurred by the difference between songs.
    seed : int

    Returns
    -------
    low, high : float
    """
    rng = np.random.default_rng(seed)
    songs = len(samples[0])
    draws = rng.integers(0, songs, size=(RESAMPLES, songs))
    values = [statistic(*(sample[draw] for sample in samples)) for draw in draws]
    known = np.array(values)[~np.isnan(values)]  # a draw in which floor and ceiling coincide has no way
    if not known.size:
        return float("nan"), float("nan")
    low, high = np.percentile(known, [2.5, 97.5])
    return float(low), float(high)


def summary(values: np.ndarray, *, seed: int = 0) -> dict:
    """Mean over songs and its 95 % interval: {"mean", "low", "high"}. Songs that have no figure (nan) are left out."""
    values = np.asarray(values, dtype=float)
    values = values[~np.isnan(values)]
    if not values.size:
        return {"mean": float("nan"), "low": float("nan"), "high": float("nan")}
    low, high = bootstrap(np.mean, values, seed=seed)
    return {"mean": float(values.mean()), "low": low, "high": high}


def way_summary(values: np.ndarray, floor: np.ndarray, ceiling: np.ndarray, *, seed: int = 0) -> dict:
    """The way between the means of floor and ceiling with its 95 % interval over songs: {"mean", "low", "high"}.

    Songs for which one of the three is nan are left out.
    """

    def statistic(v: np.ndarray, f: np.ndarray, c: np.ndarray) -> float:
        return way(v.mean(), f.mean(), c.mean())

    rows = np.array([values, floor, ceiling], dtype=float)
    values, floor, ceiling = rows[:, ~np.isnan(rows).any(0)]
    if not values.size:
        return {"mean": float("nan"), "low": float("nan"), "high": float("nan")}
    low, high = bootstrap(statistic, values, floor, ceiling, seed=seed)
    return {"mean": statistic(values, floor, ceiling), "low": low, "high": high}
