"""Which guidance and phi suit a model: tried on validation songs (section 3.4).

Taught in chapters 6 and 9.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
from tqdm import tqdm

from bassnb.accompanist import Accompanist
from bassnb.composer.examples import Example, examples
from bassnb.metrics.match import MEASURES, compare, transcribe
from bassnb.metrics.statistics import (
    COINCIDE,
    UNKNOWN,
    mean_of,
    normalised_score,
    score_in_words,
    summary,
)
from bassnb.studies.marks import Marks, column, floor_marks
from bassnb.studies.takes import single_take, through_autoencoder

WEIGHTS = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0)
PHIS = (0.0, 0.7)
QUICK = {"songs": 2, "seconds": 8.0, "steps": 8, "weights": (1.0, 4.0), "phis": (0.0, 0.7)}


def guidance_pairs(
    weights: tuple[float, ...], phis: tuple[float, ...]
) -> list[tuple[float, float]]:
    """All (guidance, phi), but weight 1 only once: without guidance there is nothing to rescale."""
    return [(w, phi) for w, phi in itertools.product(weights, phis) if w != 1 or phi == phis[0]]


def run(
    accompanist: Accompanist,
    *,
    weights: tuple[float, ...] = WEIGHTS,
    phis: tuple[float, ...] = PHIS,
    songs: int = 32,
    split: str = "validation",
    seconds: float = 24.0,
    seed0: int = 0,
    steps: int = 32,
    progress: bool = True,
) -> dict:
    """Try pairs of guidance and phi on validation songs, never on the songs of the match study.

    Returns
    -------
    dict, JSON-ready
        ``table``: for each pair the normalised score of every measure, their mean, and by how much
        that of the pair with the highest mean is higher, ``behind``, with its interval; ``gain``:
        what the strongest guidance, with the first phi, has more than weight 1, with its interval;
        ``best``: the weakest guidance that is not clearly behind: beyond it, guidance makes all
        takes alike, and FAD rises, for nothing that these songs show.
    """
    studied: list[Example] = list(examples(split, songs, seconds=seconds, seed0=seed0))
    ceilings = [transcribe(through_autoencoder(accompanist, example.bass)) for example in studied]
    floor = floor_marks(ceilings, [example.song for example in studied])
    ceiling = [compare(take, example.song) for take, example in zip(ceilings, studied)]
    table: list[dict] = []
    taken: list[list[Marks]] = []
    for weight, phi in tqdm(
        guidance_pairs(weights, phis), desc="guidance and phi", disable=not progress
    ):
        marks = marks_of_takes(accompanist, studied, guidance=weight, phi=phi, steps=steps)
        scores = {
            k: normalised_score(*(column(row, k).mean() for row in (marks, floor, ceiling)))
            for k in MEASURES
        }
        taken.append(marks)
        table.append(
            {
                "guidance": weight,
                "phi": phi,
                "normalised_score": scores,
                "mean": mean_of(list(scores.values())),
            }
        )
    most = max(range(len(table)), key=lambda k: table[k]["mean"])
    for row, marks in zip(table, taken):
        row["behind"] = gain_over(taken[most], marks, floor, ceiling)
    best = weakest_sufficient(table)
    by_pair = {(row["guidance"], row["phi"]): marks for row, marks in zip(table, taken)}
    plain, strong = (by_pair.get((weight, phis[0])) for weight in (1, max(weights)))
    gain = gain_over(strong, plain, floor, ceiling) if plain and strong else UNKNOWN
    return {
        "preset": accompanist.system.preset.name,
        "split": split,
        "songs": songs,
        "seed0": seed0,
        "seconds": seconds,
        "steps": steps,
        "table": table,
        "gain": dict(gain),
        "best": {key: best[key] for key in ("guidance", "phi", "mean")},
    }


def gain_over(
    marks: list[Marks], plain: list[Marks], floor: list[Marks], ceiling: list[Marks]
) -> dict:
    """Mean over the measures of the normalised score that `marks` have more than `plain`.

    The 95 % interval is that over songs, with floor and ceiling as they are.
    """
    gains = []
    for k in MEASURES:
        span = column(ceiling, k).mean() - column(floor, k).mean()
        scale = 1 / span if abs(span) > COINCIDE else math.nan
        gains.append(scale * (column(marks, k) - column(plain, k)))
    return summary(np.mean(gains, axis=0))


def marks_of_takes(
    accompanist: Accompanist, studied: list[Example], **settings: float
) -> list[Marks]:
    """The marks of one take for each song, with the song's seed."""
    marks = []
    for example in studied:
        take = single_take(accompanist, example.mix, seed=example.song.seed, **settings)
        marks.append(compare(transcribe(take), example.song))
    return marks


def weakest_sufficient(table: list[dict]) -> dict:
    """The row of the weakest guidance that is not clearly behind; all are where nothing is known."""
    level = [row for row in table if not row["behind"]["low"] > 0]
    return min(level, key=lambda row: (row["guidance"], -row["mean"]))


def headline(report: dict) -> str:
    """The line worth reading."""
    best = report["best"]
    return f"best guidance {best['guidance']:g} with phi {best['phi']:g} ({score_in_words(best)})"
