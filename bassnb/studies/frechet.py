"""Fréchet distance of takes to the true basses of other songs (section 5).

Taught in chapter 9.
"""

from __future__ import annotations

from bassnb.accompanist import Accompanist
from bassnb.level import to_level
from bassnb.metrics.frechet import interval_of_distance
from bassnb.metrics.rule import rule_bass
from bassnb.metrics.statistics import figure
from bassnb.studies.stage import SECONDS, set_stage

QUICK = {"songs": 8, "reference": 24, "seconds": 6.0, "resamples": 50, "steps": 8}


def run(
    accompanist: Accompanist,
    *,
    songs: int = 48,
    reference: int = 200,
    seconds: float = SECONDS,
    steps: int = 64,
    embedding: str = "spectral",
    resamples: int = 200,
    progress: bool = False,
) -> dict:
    """Fréchet distance of takes to the true basses of other songs.

    Parameters
    ----------
    songs : at least 8 for the extrapolation to infinitely many takes
    reference : songs whose true basses are the reference
    embedding : a name in `LOADERS` of `bassnb.metrics.embeddings`

    Returns
    -------
    dict, JSON-ready
        ``rows``: ``true`` bass, the same through the ``autoencoder``, ``generated`` with the
        model's own guidance, ``unconditional``, and what the ``rule`` plays; each has ``value``,
        ``low``, ``high``, and ``infinity`` (None below 8 songs). ``ratio``: generated over
        autoencoder, with its interval over songs.
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
    rows = {
        **stage.true_rows(),
        "generated": stage.takes(stage.latents(steps=steps)),
        "unconditional": stage.takes(stage.latents(steps=steps, guidance=0.0)),
        "rule": stage.ruler.row([to_level(rule_bass(one.mix)) for one in stage.found]),
    }
    ours, best = rows["generated"], rows["autoencoder"]
    ratio = interval_of_distance(
        ours.value / max(best.value, 1e-9), ours.draws / best.draws.clip(1e-9)
    )
    return {
        **stage.setting,
        "steps": steps,
        "rows": {name: row.report() for name, row in rows.items()},
        "ratio": ratio,
    }


def headline(report: dict) -> str:
    """The line worth reading."""
    return ", ".join(
        f"{name} {figure(row['value'], '.1f')}" for name, row in report["rows"].items()
    )
