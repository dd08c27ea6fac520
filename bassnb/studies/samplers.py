"""How few steps are enough? Two samplers at several numbers of steps.

All takes of a song begin with the same noise and have the model's own guidance. What is compared
with 64 steps of DDIM, the paper's choice, is the Fréchet distance to true basses, the match with
the song, and how far apart the latents are.

Taught in chapter 5.
"""

from __future__ import annotations

import numpy as np
from torch import Tensor
from tqdm import tqdm

from bassnb.accompanist import Accompanist
from bassnb.metrics.match import MEASURES, compare, transcribe
from bassnb.metrics.statistics import figure, summary
from bassnb.studies.stage import SECONDS, Stage, farther, set_stage
from bassnb.studies.takes import decode_takes

WALKS = (
    ("ddim", 64),
    ("ddim", 24),
    ("ddim", 12),
    ("ddim", 8),
    ("dpm++", 16),
    ("dpm++", 12),
    ("dpm++", 8),
    ("dpm++", 6),
)
QUICK = {
    "songs": 8,
    "reference": 24,
    "seconds": 6.0,
    "resamples": 50,
    "walks": (("ddim", 64), ("ddim", 12), ("dpm++", 12)),
}


def run(
    accompanist: Accompanist,
    *,
    songs: int = 48,
    reference: int = 200,
    seconds: float = SECONDS,
    walks: tuple[tuple[str, int], ...] = WALKS,
    embedding: str = "spectral",
    resamples: int = 200,
    progress: bool = False,
) -> dict:
    """Distance and match of conditional takes for pairs of a sampler and a number of steps.

    Parameters
    ----------
    walks : pairs; the first is what the others are compared with

    Returns
    -------
    dict, JSON-ready
        ``rows``: for each pair, called "ddim 64", its ``sampler``, ``steps``, ``distance`` (a row
        of the Fréchet study) and ``match`` (mean of every measure). For all but the first also
        ``farther`` (distance), ``lost`` (match, and the ``mean`` over the measures), both less that
        of the first, song by song, and ``apart`` (root mean square of the difference of the
        latents, 1 for real basses).
    """
    stage = set_stage(
        accompanist,
        songs=songs,
        reference=reference,
        seconds=seconds,
        name=embedding,
        resamples=resamples,
        progress=progress,
    )
    found = {}
    for sampler, steps in tqdm(walks, desc="samplers", disable=not progress):
        latents = stage.latents(sampler=sampler, steps=steps)
        waves = decode_takes(accompanist, latents, stage.found[0].mix.shape[-1])
        found[sampler, steps] = latents, stage.ruler.row(waves), marks(stage, waves)
    first_latents, first_row, first_marks = found[walks[0]]
    rows = {}
    for (sampler, steps), (latents, row, match) in found.items():
        rows[f"{sampler} {steps}"] = shown = {
            "sampler": sampler,
            "steps": steps,
            "distance": row.report(),
            "match": {key: summary(column) for key, column in match.items()},
        }
        if (sampler, steps) != walks[0]:
            shown["farther"] = farther(row, first_row)
            shown["lost"] = {
                key: summary(first_marks[key] - column) for key, column in match.items()
            }
            shown["apart"] = float((latents - first_latents).square().mean().sqrt())
    settings = {key: accompanist.settings()[key] for key in ("guidance", "phi")}
    return {**stage.setting, **settings, "than": "{} {}".format(*walks[0]), "rows": rows}


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
