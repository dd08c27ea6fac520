"""How few steps are enough? Two samplers at several numbers of steps.

All takes of a song begin with the same noise and have the model's own guidance. The Fréchet
distance to true basses and the match with the song are compared with those of 64 steps of DDIM,
the paper's choice; the latents with those of 512 steps, which are near the limit that both samplers
share. Each sampler is also run once at the times of the other, so that the gain of its order can be
told from that of its spacing.

Taught in chapter 5.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import Tensor
from tqdm import tqdm

from bassnb.accompanist import Accompanist
from bassnb.metrics.match import MEASURES, compare, transcribe
from bassnb.metrics.statistics import figure, summary
from bassnb.studies.stage import Stage, farther, set_stage
from bassnb.studies.takes import sample_latents

Walk = tuple[str, int] | tuple[str, int, str]  # sampler, steps, spacing if not the sampler's own

SPACINGS = {"even": 1, "quadratic": 2}  # the power of `bassnb.sampling.pairs_of_times`
LIMIT: Walk = ("ddim", 512)
OTHER_SEEDS = 10_000  # added to the seeds of the songs, for takes from other noise
WALKS: tuple[Walk, ...] = (
    ("ddim", 64),
    ("ddim", 24),
    ("ddim", 12),
    ("ddim", 12, "quadratic"),
    ("ddim", 8),
    ("dpm++", 16),
    ("dpm++", 12),
    ("dpm++", 12, "even"),
    ("dpm++", 8),
    ("dpm++", 6),
)
QUICK = {
    "songs": 8,
    "reference": 24,
    "seconds": 6.0,
    "resamples": 50,
    "limit": ("ddim", 64),
    "walks": (("ddim", 64), ("ddim", 12), ("dpm++", 12)),
}


def run(
    accompanist: Accompanist,
    *,
    songs: int = 32,
    reference: int = 200,
    walks: tuple[Walk, ...] = WALKS,
    limit: Walk = LIMIT,
    progress: bool = False,
    **staging: Any,
) -> dict:
    """Distance and match of conditional takes for pairs of a sampler and a number of steps.

    Parameters
    ----------
    walks : sampler, steps and, if not the sampler's own, a spacing of `SPACINGS`; match and
        distance of all others are compared with those of the first
    limit : the walk whose latents stand for the limit of many steps
    staging : ``seconds``, ``embedding`` and ``resamples`` of `bassnb.studies.stage.set_stage`

    Returns
    -------
    dict, JSON-ready
        ``rows``: for each walk, called "ddim 64" or "ddim 12, quadratic", its ``sampler``,
        ``steps``, ``distance`` (a row of the Fréchet study), ``match`` (mean of every measure) and
        ``apart`` (root mean square of the difference of its latents to those of the limit, 1 for
        real basses). For all but the first also ``farther`` (distance) and ``lost`` (match, and
        the ``mean`` over the measures), both less that of the first, song by song.
        ``seeds_apart``: the same difference for the first walk with another seed, a control.
    """
    stage = set_stage(accompanist, songs, reference, progress=progress, **staging)
    found, end = {}, walked(stage, limit)
    for walk in tqdm(walks, desc="samplers", disable=not progress):
        latents = walked(stage, walk)
        waves = stage.waves(latents)
        found[walk] = latents, stage.ruler.row(waves), marks(stage, waves)
    first_latents, first_row, first_marks = found[walks[0]]
    rows = {}
    for walk, (latents, row, match) in found.items():
        rows[name_of(walk)] = shown = {
            "sampler": walk[0],
            "steps": walk[1],
            "distance": row.report(),
            "match": {key: summary(column) for key, column in match.items()},
            "apart": difference(latents, end),
        }
        if walk != walks[0]:
            shown["farther"] = farther(row, first_row)
            shown["lost"] = {
                key: summary(first_marks[key] - column) for key, column in match.items()
            }
    settings: dict = {key: accompanist.settings()[key] for key in ("guidance", "phi")}
    compared: dict = {"than": name_of(walks[0]), "limit": name_of(limit)}
    compared["seeds_apart"] = difference(walked(stage, walks[0], OTHER_SEEDS), first_latents)
    return {**stage.setting, **settings, **compared, "rows": rows}


def walked(stage: Stage, walk: Walk, seeds: int = 0) -> Tensor:
    """Latents (songs, 32, L) of a take for each song; `seeds` is added to the seed of its noise."""
    sampler, steps, *spacing = walk
    return sample_latents(
        stage.accompanist,
        stage.c_x,
        [one.song.seed + seeds for one in stage.found],
        sampler=sampler,
        steps=steps,
        power=SPACINGS[spacing[0]] if spacing else None,
    )


def name_of(walk: Walk) -> str:
    """ "ddim 64", or "ddim 12, quadratic" at times that are not the sampler's own."""
    sampler, steps, *spacing = walk
    return ", ".join([f"{sampler} {steps}", *spacing])


def difference(latents: Tensor, others: Tensor) -> float:
    """Root mean square of the difference; independent basses have about 1.4."""
    return float((latents - others).square().mean().sqrt())


def marks(stage: Stage, waves: list[Tensor]) -> dict[str, np.ndarray]:
    """Measures of the match and their mean, an array (songs,) of each."""
    found = [
        compare(transcribe(wave), one.song) for wave, one in zip(waves, stage.found, strict=True)
    ]
    columns = {key: np.array([mark[key] for mark in found]) for key in MEASURES}
    return {**columns, "mean": np.nanmean(list(columns.values()), axis=0)}


def headline(report: dict) -> str:
    """The line worth reading."""
    return ", ".join(
        f"{name}: {figure(row['distance']['value'], '.1f')}" for name, row in report["rows"].items()
    )
