"""Means with confidence intervals, and the normalised score between floor and ceiling.

Taught in chapter 9.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtrit

RESAMPLES = 2000
COINCIDE = 1e-9  # of floor and ceiling: a smaller difference of two means is an error of rounding
UNKNOWN = {"mean": float("nan"), "low": float("nan"), "high": float("nan")}
HOLDS, FAILS, UNDECIDED = VERDICTS = ("holds", "does not hold", "undecided")


def normalised_score(value: ArrayLike, floor: ArrayLike, ceiling: ArrayLike) -> np.ndarray:
    """(value - floor) / (ceiling - floor), nan where the two coincide; of numbers, or element by
    element.

    It is 0 at the floor and 1 at the ceiling.
    """
    span = np.subtract(ceiling, floor)
    return np.subtract(value, floor) / np.where(np.abs(span) > COINCIDE, span, np.nan)


def mean_of(values: ArrayLike) -> float:
    """Mean of the figures that are not nan; nan if there is none."""
    figures = np.asarray(values, dtype=float)
    figures = figures[~np.isnan(figures)]
    return float(figures.mean()) if figures.size else float("nan")


def bootstrap(
    statistic: Callable[..., np.ndarray], *samples: np.ndarray, seed: int = 0
) -> tuple[float, float]:
    """95 % percentile interval of a statistic, songs resampled with replacement.

    Parameters
    ----------
    statistic : callable
        Takes one array (draws, songs) per sample and gives one number for each draw, such as the
        mean over the last axis.
    samples : arrays (songs,)
        Figures of the *same* songs in the same order: one draw picks the same songs from all of
        them, so that a difference between rows is not blurred by the difference between songs.
    seed : int

    Returns
    -------
    low, high : float
        nan for a single song, which has no spread.
    """
    if len(samples[0]) < 2:
        return float("nan"), float("nan")
    rng = np.random.default_rng(seed)
    songs = len(samples[0])
    draws = rng.integers(0, songs, size=(RESAMPLES, songs))
    values = statistic(*(sample[draws] for sample in samples))
    # a draw in which floor and ceiling coincide has no score
    found = values[~np.isnan(values)]
    if not found.size:
        return float("nan"), float("nan")
    low, high = np.percentile(found, [2.5, 97.5])
    return float(low), float(high)


def summary(values: ArrayLike, *, seed: int = 0) -> dict:
    """Mean over songs and its 95 % interval: {"mean", "low", "high"}.

    Songs without a figure (nan) are left out.

    The interval is nan if one song is left, the mean too if none is.
    """
    mean, low, high = _interval(lambda songs: songs.mean(-1), values, seed)
    return {"mean": mean, "low": low, "high": high}


def median_summary(values: ArrayLike, *, seed: int = 0) -> dict:
    """Median over songs and its 95 % interval: {"value", "low", "high"}; otherwise as `summary`."""
    median, low, high = _interval(lambda songs: np.median(songs, -1), values, seed)
    return {"value": median, "low": low, "high": high}


def student_summary(values: ArrayLike) -> dict:
    """Mean and its 95 % interval by Student's t: {"mean", "low", "high"}.

    For a few independent values, such as one for each seed of a training: resampling three of them
    would make the interval too narrow (chapter 9). It is nan for a single value.
    """
    figures = np.asarray(values, dtype=float)
    mean, count = float(figures.mean()), len(figures)
    if count < 2:
        return {"mean": mean, "low": float("nan"), "high": float("nan")}
    half = stdtrit(count - 1, 0.975) * figures.std(ddof=1) / math.sqrt(count)
    return {"mean": mean, "low": float(mean - half), "high": float(mean + half)}


def _interval(
    statistic: Callable[..., np.ndarray], values: ArrayLike, seed: int
) -> tuple[float, float, float]:
    """A statistic of the songs that have a figure, and its 95 % interval; nan if none has."""
    figures = np.asarray(values, dtype=float)
    figures = figures[~np.isnan(figures)]
    if not figures.size:
        return (float("nan"),) * 3
    return float(statistic(figures)), *bootstrap(statistic, figures, seed=seed)


def normalised_score_summary(
    values: np.ndarray, floor: np.ndarray, ceiling: np.ndarray, *, seed: int = 0
) -> dict:
    """Normalised score of means, with its 95 % interval: {"mean", "low", "high"}.

    Songs for which one of the three is nan are left out. The interval is nan if one song is left,
    the mean too if none is.
    """

    def statistic(*rows: np.ndarray) -> np.ndarray:
        return normalised_score(*(row.mean(-1) for row in rows))

    rows = np.array([values, floor, ceiling], dtype=float)
    values, floor, ceiling = rows[:, ~np.isnan(rows).any(0)]
    if not values.size:
        return dict(UNKNOWN)
    low, high = bootstrap(statistic, values, floor, ceiling, seed=seed)
    return {"mean": float(statistic(values, floor, ceiling)), "low": low, "high": high}


# -- verdicts --------------------------------------------------------------------------------------


def verdict(row: dict, *, least: float = -math.inf, most: float = math.inf) -> str:
    """Whether a quantity lies between two bounds, decided by its 95 % interval.

    Parameters
    ----------
    row : holds ``low`` and ``high``, the ends of the interval
    least, most : bounds, which belong to what is claimed

    Returns
    -------
    One of `VERDICTS`: ``holds`` if the whole interval lies between the bounds, ``does not hold`` if
    none of it does, and ``undecided`` otherwise, also if there is no interval.
    """
    if not has_interval(row):
        return UNDECIDED
    low, high = row["low"], row["high"]
    if least <= low and high <= most:
        return HOLDS
    return FAILS if high < least or low > most else UNDECIDED


def decided(row: dict, goal: float, *, at_most: bool = False) -> dict:
    """A figure with its interval, beside what was asked of it beforehand, and its `verdict`."""
    said = verdict(row, most=goal) if at_most else verdict(row, least=goal)
    return {"goal": goal, **row, "verdict": said}


def exact(value: float) -> dict:
    """The row of a figure that has no interval because nothing in it is drawn."""
    return {"mean": value, "low": value, "high": value}


# -- figures in words ------------------------------------------------------------------------------


def known(value: float | None) -> bool:
    """Whether there is a figure: None, as JSON has it, nan and infinity are none."""
    return value is not None and math.isfinite(value)


def has_interval(row: dict) -> bool:
    """Whether a row has both ends of an interval."""
    return known(row["low"]) and known(row["high"])


def centre(row: dict) -> float | None:
    """Mean of a `summary`, or value of a distance."""
    return row["mean"] if "mean" in row else row["value"]


def figure(value: float | None, form: str) -> str:
    """A figure in a format such as ".0%"; "no figure" if there is none.

    A value that rounds to 0 has no minus sign.
    """
    if not known(value):
        return "no figure"
    text = format(value, form)
    return text if re.search("[1-9]", text) else format(0.0, form)


def between(row: dict, form: str) -> str:
    """The 95 % interval of a row in words, also if a single song has none."""
    if not known(centre(row)):
        return "no interval"
    if not has_interval(row):
        return "one song: no interval"
    return f"{figure(row['low'], form)} to {figure(row['high'], form)}"


def with_interval(row: dict, form: str) -> str:
    """A row in words: "52% [41% to 63%]", "52% [one song: no interval]", or "no figure"."""
    return figure(centre(row), form) + (
        f" [{between(row, form)}]" if "low" in row and known(centre(row)) else ""
    )


def score_in_words(row: dict) -> str:
    """A `normalised_score_summary` in words: "score 52% [41% to 63%]"."""
    return (
        f"score {with_interval(row, '.0%')}"
        if known(centre(row))
        else "no score: floor and ceiling coincide"
    )
