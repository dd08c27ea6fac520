"""The rescale where it should matter most: strong guidance and few steps, on many songs.

At t = 1 the network sees noise alone, and its estimate of the latents is c = -v: strong guidance
makes it w times too large, and with few steps nothing later corrects that (Lin et al. 2024). So a
difference that 24 songs in 32 steps leave undecided (`bassnb.studies.rescale`) is asked for here
with more songs, at weights up to 20, and in 4, 16 and 64 steps. The rescale is applied to the
estimate of the latents, as the paper writes it, and to v, as many implementations do.

Taught in chapter 9.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from bassnb.accompanist import Accompanist
from bassnb.denoiser import Denoise, guided_denoiser
from bassnb.diffusion import c_from_v
from bassnb.guidance import classifier_free_guidance, rescale
from bassnb.metrics.statistics import decided, figure, summary
from bassnb.sampling import ddim
from bassnb.studies.measured import levels
from bassnb.studies.stage import Row, Stage, farther, set_stage
from bassnb.studies.takes import starts
from bassnb.windows import Network

PHI = 0.7  # section 3.4
NONE, ON_C, ON_V = "no rescale", "on c", "on v"
PLACES = (NONE, ON_C, ON_V)
WEIGHTS = (8.0, 20.0)
COUNTS = (4, 16, 64)
QUICK = {
    "songs": 8,
    "reference": 24,
    "seconds": 6.0,
    "resamples": 50,
    "counts": (4, 16),
}


@dataclass(frozen=True)
class Cell:
    """Takes of one method, weight and number of steps: their distance, and the standard deviation
    of their latents (songs,), 1 for real basses.
    """

    row: Row
    level: np.ndarray

    def report(self) -> dict:
        """``distance`` and ``level``, with their intervals."""
        return {"distance": self.row.report(), "level": summary(self.level)}


def run(
    accompanist: Accompanist,
    *,
    songs: int = 300,
    reference: int = 300,
    weights: tuple[float, ...] = WEIGHTS,
    counts: tuple[int, ...] = COUNTS,
    progress: bool = False,
    **staging: Any,
) -> dict:
    """Takes with phi = 0.7 against takes without a rescale, of the same songs with the same noise.

    Returns
    -------
    dict, JSON-ready
        ``cells``: place -> K -> w -> ``distance`` and ``level``. ``contrasts``: place -> K -> w -> by
        how much the rescale lowered the ``distance`` and brought the ``level`` nearer to that of
        real basses, each with its verdict. ``true``: true bass and autoencoder.
    """
    stage = set_stage(accompanist, songs, reference, progress=progress, **staging)
    cells = {
        (place, count, w): cell_of(stage, place, count, w)
        for place, count, w in tqdm(
            list(itertools.product(PLACES, counts, weights)), desc="rescale", disable=not progress
        )
    }

    def table(entry, places: tuple[str, ...]) -> dict:
        return {
            place: {str(k): {f"{w:g}": entry(place, k, w) for w in weights} for k in counts}
            for place in places
        }

    return {
        **stage.setting,
        "phi": PHI,
        "weights": list(weights),
        "counts": list(counts),
        "cells": table(lambda *cell: cells[cell].report(), PLACES),
        "contrasts": table(
            lambda place, k, w: contrast(cells[NONE, k, w], cells[place, k, w]), PLACES[1:]
        ),
        "true": {name: row.report() for name, row in stage.true_rows().items()},
    }


def cell_of(stage: Stage, place: str, count: int, w: float) -> Cell:
    """The figures of takes of all songs, with the noise of their seeds."""
    unet, seeds = stage.accompanist.system.unet, [one.song.seed for one in stage.found]
    latents = torch.cat(
        [
            ddim(denoiser(unet, c_x, w, place), z, count)
            for c_x, z in starts(stage.accompanist, stage.c_x, seeds)
        ]
    )
    return Cell(stage.takes(latents), levels(latents))


def denoiser(unet: Network, c_x: Tensor, w: float, place: str) -> Denoise:
    """Guidance rescaled in one of `PLACES`; c_x (B, 64, L) are the mixes."""
    if place != ON_V:
        return guided_denoiser(unet, c_x, w, PHI if place == ON_C else 0.0)
    both = torch.cat([c_x, torch.zeros_like(c_x)])

    def denoise(z: Tensor, t: Tensor) -> Tensor:
        v_cond, v_uncond = unet(torch.cat([z, z]), torch.cat([t, t]), both).chunk(2)
        v = rescale(classifier_free_guidance(v_cond, v_uncond, w), v_cond, PHI)
        return c_from_v(z, v, t)

    return denoise


def contrast(plain: Cell, rescaled: Cell) -> dict:
    """By how much takes with the rescale are nearer to true basses, in sound and in level."""
    nearer = np.abs(plain.level - 1) - np.abs(rescaled.level - 1)
    return {
        "distance": decided(farther(plain.row, rescaled.row), 0.0),
        "level": decided(summary(nearer), 0.0),
    }


def headline(report: dict) -> str:
    """The line worth reading."""
    w = f"{report['weights'][0]:g}"
    return f"phi = {PHI:g} at w = {w}: " + ", ".join(
        f"K = {k} level {found[w]['level']['verdict']}, FAD {figure(found[w]['distance']['value'], '+.1f')} "
        f"({found[w]['distance']['verdict']})"
        for k, found in report["contrasts"][ON_C].items()
    )
