"""Fréchet distance of takes to the true basses of other songs (section 5).

Taught in chapter 9.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from torch import Tensor

from bassnb.accompanist import Accompanist
from bassnb.level import to_level
from bassnb.metrics.frechet import interval_of_distance, spectral_embedding
from bassnb.metrics.kernel import kernel_distance
from bassnb.metrics.rule import rule_bass
from bassnb.metrics.statistics import figure
from bassnb.presets import SAMPLE_RATE
from bassnb.studies.stage import Ruler, Stage, embedded_reference, set_stage

QUICK = {"songs": 8, "reference": 24, "seconds": 6.0, "resamples": 50, "steps": 8}


def run(
    accompanist: Accompanist,
    *,
    songs: int = 48,
    reference: int = 200,
    steps: int = 64,
    progress: bool = False,
    **staging: Any,
) -> dict:
    """Fréchet distance of takes to the true basses of other songs.

    Parameters
    ----------
    songs : at least 8 for the extrapolation to infinitely many takes
    reference : songs whose true basses are the reference
    staging : ``seconds``, ``embedding`` and ``resamples`` of `bassnb.studies.stage.set_stage`

    Returns
    -------
    dict, JSON-ready
        ``rows``: ``true`` bass, the same through the ``autoencoder``, ``generated`` with the
        model's own guidance, ``unconditional``, and what the ``rule`` plays; each has ``value``,
        ``low``, ``high``, ``infinity`` (None below 8 songs) and the ``kernel`` distance. ``ratio``: generated over
        autoencoder, with its interval over songs. ``full_band``: with the embedding "spectral" the
        same rows with bands up to 22 kHz, beyond what the model synthesises; otherwise None.
    """
    stage = set_stage(accompanist, songs, reference, progress=progress, **staging)
    waves = {
        "true": [to_level(one.bass) for one in stage.found],
        "autoencoder": stage.decoded,
        "generated": stage.waves(stage.latents(steps=steps)),
        "unconditional": stage.waves(stage.latents(steps=steps, guidance=0.0)),
        "rule": [to_level(rule_bass(one.mix)) for one in stage.found],
    }
    points = {name: stage.ruler.points(takes) for name, takes in waves.items()}
    rows = {name: stage.ruler.row_of(items) for name, items in points.items()}
    ours, best = rows["generated"], rows["autoencoder"]
    ratio = interval_of_distance(
        ours.value / max(best.value, 1e-9), ours.draws / best.draws.clip(1e-9)
    )
    spectral = stage.setting["embedding"] == "spectral"
    return {
        **stage.setting,
        "steps": steps,
        "rows": {
            name: {**row.report(), "kernel": kernel_distance(points[name], stage.ruler.truth)}
            for name, row in rows.items()
        },
        "ratio": ratio,
        "full_band": full_band_rows(waves, stage) if spectral else None,
    }


def full_band_rows(waves: dict[str, list[Tensor]], stage: Stage) -> dict[str, dict]:
    """The rows of waves (2, N) in an embedding of all frequencies that 44.1 kHz can hold."""
    embed = partial(spectral_embedding, bandwidth=SAMPLE_RATE / 2)
    count, seconds = (stage.setting[key] for key in ("reference", "seconds"))
    truth = embedded_reference(embed, count, seconds)
    ruler = Ruler(embed, truth, stage.ruler.resamples)
    return {name: ruler.row(takes).report() for name, takes in waves.items()}


def headline(report: dict) -> str:
    """The line worth reading."""
    return ", ".join(
        f"{name} {figure(row['value'], '.1f')}" for name, row in report["rows"].items()
    )
