"""Fréchet distance against guidance, for several phi (figure 2, right).

Taught in chapter 9.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

import numpy as np
from tqdm import tqdm

from bassnb.accompanist import Accompanist
from bassnb.metrics.frechet import centred_interval
from bassnb.metrics.statistics import figure
from bassnb.studies.measured import levels
from bassnb.studies.stage import Row, Stage, farther, set_stage

WEIGHTS = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0)  # w of figure 2, right
PHIS = (0.0, 0.25, 0.5, 0.75, 1.0)
STRONG = 2.5  # w above which the paper sees the rescale lower the distance
QUICK = {
    "songs": 8,
    "reference": 24,
    "seconds": 6.0,
    "resamples": 50,
    "steps": 8,
    "weights": (1.0, 2.0, 6.0),
    "phis": (0.0, 0.5, 1.0),
}


def run(
    accompanist: Accompanist,
    *,
    songs: int = 24,
    reference: int = 200,
    steps: int = 32,
    weights: tuple[float, ...] = WEIGHTS,
    phis: tuple[float, ...] = PHIS,
    progress: bool = False,
    **staging: Any,
) -> dict:
    """Fréchet distance of conditional takes against guidance w, for several phi (figure 2, right).

    Parameters
    ----------
    phis : the first one is what the others are compared with; the paper's is 0, no rescale
    staging : ``seconds``, ``embedding`` and ``resamples`` of `bassnb.studies.stage.set_stage`

    Returns
    -------
    dict, JSON-ready; phi and w are texts in the formats of `key`
        ``rows``: true bass and autoencoder. ``distance``: phi -> w -> a row. ``gain``: phi -> w ->
        by how much the rescale lowered the distance, song by song. ``gain_strong``: phi -> the mean
        of that over all w above 2.5. ``spread``: phi -> w -> standard deviation of the latents, 1
        for real basses.
    """
    stage = set_stage(accompanist, songs, reference, progress=progress, **staging)
    pairs = tqdm(
        list(itertools.product(weights, phis)), desc="guidance and phi", disable=not progress
    )
    rows, spread = rows_and_spread(stage, pairs, steps)

    def by_phi(function, chosen: tuple[float, ...]) -> dict[str, dict]:
        return {key(phi): {key(w): function(w, phi) for w in weights} for phi in chosen}

    return {
        **stage.setting,
        "steps": steps,
        "weights": list(weights),
        "phis": list(phis),
        "strong": STRONG,
        "rows": {name: row.report() for name, row in stage.true_rows().items()},
        "distance": by_phi(lambda w, phi: rows[w, phi].report(), phis),
        "gain": by_phi(lambda w, phi: farther(rows[w, phis[0]], rows[w, phi]), phis[1:]),
        "gain_strong": {key(phi): gain_above(rows, phi, phis[0], STRONG) for phi in phis[1:]},
        "spread": by_phi(lambda w, phi: float(spread[w, phi].mean()), phis),
    }


def rows_and_spread(
    stage: Stage, pairs: Iterable[tuple[float, float]], steps: int
) -> tuple[dict[tuple[float, float], Row], dict[tuple[float, float], np.ndarray]]:
    """A row, and the standard deviations of the latents (songs,), of each pair (w, phi)."""
    rows: dict[tuple[float, float], Row] = {}
    spread: dict[tuple[float, float], np.ndarray] = {}
    for w, phi in pairs:
        same = next((pair for pair in rows if w == pair[0] == 1), None)
        if same:  # without guidance there is nothing to rescale
            rows[w, phi], spread[w, phi] = rows[same], spread[same]
            continue
        latents = stage.latents(steps=steps, guidance=w, phi=phi)
        rows[w, phi], spread[w, phi] = stage.takes(latents), levels(latents)
    return rows, spread


def key(number: float) -> str:
    """A weight or a phi as a key of JSON: 2 and 0.25."""
    return f"{number:g}"


def gain_above(
    rows: dict[tuple[float, float], Row], phi: float, without: float, weight: float
) -> dict | None:
    """Mean over all w above `weight` of how much phi lowered the distance.

    None if there is no such w.
    """
    pairs = [(rows[w, without], row) for (w, p), row in rows.items() if p == phi and w > weight]
    if not pairs:
        return None
    value = float(np.mean([before.value - after.value for before, after in pairs]))
    return centred_interval(
        value, np.mean([before.draws - after.draws for before, after in pairs], axis=0)
    )


def headline(report: dict) -> str:
    """The line worth reading."""
    gains = {phi: gain["value"] for phi, gain in report["gain_strong"].items() if gain}
    return "strong guidance, lower by " + ", ".join(
        f"{figure(gain, '.1f')} with phi {phi}" for phi, gain in gains.items()
    )
