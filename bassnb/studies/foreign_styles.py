"""Style references that the generator did not make: does a take sound like its own reference?

Takes of composed songs are grounded with each of the recorded basses of
`bassnb.studies.foreign_basses` that hold a phrase. The embedding of a take is compared with that of
its own reference and with those of the others: chance is 1/2 for a pair, and one in their number
for the nearest of all. Part of the study of style; taught in chapter 9.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from bassnb.accompanist import Accompanist
from bassnb.composer.examples import Example
from bassnb.metrics.contrastive import encode_waves
from bassnb.metrics.statistics import summary
from bassnb.metrics.style import euclidean_distance, style_embedding
from bassnb.studies.foreign_basses import Bass, recorded_basses
from bassnb.studies.takes import decode_takes

GROUPS = ("real stem", "electronic loops")
SONGS = 8  # of the study's; each has a take for every reference
SECONDS = 8.0  # most of a reference


def foreign_references(fetched: Path) -> list[Bass]:
    """The basses of `GROUPS` that `book/foreign_basses.sh` has fetched; empty without any."""
    there = [group for group in GROUPS if (fetched / group).is_dir()]
    return [
        bass
        for group in there
        for bass in recorded_basses(group, fetched / group, SECONDS, None, {})
    ]


def nearer_shares(takes: np.ndarray, references: np.ndarray) -> tuple[float, float]:
    """Embeddings (R, d) of takes and of their references, in the same order.

    Returns
    -------
    pairs : share of the other references that are farther from a take than its own, mean over takes
    nearest : share of takes whose own reference is the nearest of all
    """
    distances = np.array([[euclidean_distance(a, b) for b in references] for a in takes])
    own = np.diag(distances)[:, None]
    others = ~np.eye(len(takes), dtype=bool)
    return float((own < distances)[others].mean()), float(
        (distances.argmin(1) == range(len(takes))).mean()
    )


def foreign_rows(
    accompanist: Accompanist,
    songs: Sequence[Example],
    references: Sequence[Bass],
    strengths: Sequence[float],
    *,
    steps: int,
) -> dict | None:
    """The shares of `nearer_shares`, song by song, at each strength.

    Returns
    -------
    dict or None without two references
        ``references``: their names; ``songs``; ``strengths``: strength -> ``pairs`` and
        ``nearest`` with 95 % intervals over songs; strength 0 is without grounding.
    """
    if len(references) < 2:
        return None
    system, bandwidth = accompanist.system, accompanist.system.preset.bass.bandwidth
    anchors = np.stack([style_embedding(bass.wave, bandwidth=bandwidth) for bass in references])
    means = torch.cat(
        [
            encode_waves(system.bass_autoencoder, [bass.wave]).mean(-1, keepdim=True)
            for bass in references
        ]
    )

    mixes = [encode_waves(system.mix_autoencoder, [example.mix]) for example in songs]

    def shares(example: Example, c_x: Tensor, strength: float) -> tuple[float, float]:
        seeds = [example.song.seed] * len(references)
        latents: Tensor = accompanist.sample(c_x, seeds, mean=means, steps=steps, strength=strength)
        waves = decode_takes(accompanist, latents, example.mix.shape[-1])
        points = np.stack([style_embedding(wave, bandwidth=bandwidth) for wave in waves])
        return nearer_shares(points, anchors)

    def row(strength: float) -> dict:
        pairs, nearest = np.array(
            [shares(example, c_x, strength) for example, c_x in zip(songs, mixes, strict=True)]
        ).T
        return {"pairs": summary(pairs), "nearest": summary(nearest)}

    return {
        "references": [f"{bass.group}: {bass.name}" for bass in references],
        "songs": len(songs),
        "strengths": {f"{strength:g}": row(strength) for strength in (0.0, *strengths)},
    }
