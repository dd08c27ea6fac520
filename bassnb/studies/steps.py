"""Fréchet distance against the number of sampler steps (figure 2, left).

Taught in chapter 9.
"""

from __future__ import annotations

from typing import Any

from tqdm import tqdm

from bassnb.accompanist import Accompanist
from bassnb.metrics.statistics import figure
from bassnb.studies.stage import farther, set_stage

COUNTS = (1, 2, 4, 8, 16, 32, 64, 128)  # K of figure 2, left
BEST = 64  # the K that the paper found best
QUICK = {"songs": 8, "reference": 24, "seconds": 6.0, "resamples": 50, "counts": (1, 8, 64)}


def run(
    accompanist: Accompanist,
    *,
    songs: int = 48,
    reference: int = 200,
    counts: tuple[int, ...] = COUNTS,
    progress: bool = False,
    **staging: Any,
) -> dict:
    """Fréchet distance of unconditional takes against the number K of sampler steps.

    This is figure 2, left.

    Returns
    -------
    dict, JSON-ready
        ``rows``: true bass and autoencoder. ``steps``: a row for each K. ``farther``: how much
        farther each K is than K = 64 (or the largest K, if 64 is not among them: ``than``), song by
        song; below 0 it is nearer.
    """
    stage = set_stage(accompanist, songs, reference, progress=progress, **staging)
    rows = {}
    for k in tqdm(counts, desc="numbers of steps", disable=not progress):
        rows[k] = stage.takes(stage.latents(steps=k, guidance=0.0))
    than = BEST if BEST in rows else max(rows)
    return {
        **stage.setting,
        "counts": list(counts),
        "than": than,
        "rows": {name: row.report() for name, row in stage.true_rows().items()},
        "steps": {str(k): row.report() for k, row in rows.items()},
        "farther": {str(k): farther(row, rows[than]) for k, row in rows.items() if k != than},
    }


def headline(report: dict) -> str:
    """The line worth reading."""
    return ", ".join(f"K {k}: {figure(row['value'], '.1f')}" for k, row in report["steps"].items())
