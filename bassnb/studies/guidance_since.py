"""Rules of guidance that came after the paper, on the same songs with the same noise.

Plain guidance and the paper's rescale stand beside guidance in an interval, adaptive projected
guidance and, where a weaker copy of the network is given, autoguidance: for several weights and
numbers of steps. What is compared is fixed before looking: at w = `STRONG` and K = `STEPS`, each
rule against plain guidance.

Taught in chapter 12.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from bassnb.accompanist import Accompanist
from bassnb.audio import peak
from bassnb.checkpoints import load_pretrained
from bassnb.denoiser import autoguided_denoiser
from bassnb.errors import BassnbError
from bassnb.metrics.match import MEASURES, compare, transcribe
from bassnb.metrics.statistics import figure, summary
from bassnb.sampling import ddim, initial_noise
from bassnb.studies.stage import SECONDS, Row, Stage, farther, set_stage
from bassnb.studies.takes import BATCH, decode_takes
from bassnb.unet import UNet1d

PLAIN = "cfg"
RULES: dict[str, dict] = {
    PLAIN: {},
    "rescale": {"phi": 0.7},
    "interval": {"guidance_interval": "0.5-1"},
    "apg": {"guidance_rule": "apg"},
    "apg in the interval": {"guidance_rule": "apg", "guidance_interval": "0.5-1"},
}
AUTO = "autoguidance"  # needs a weaker copy of the network
WEIGHTS = (1.0, 2.0, 4.0, 8.0, 20.0)
COUNTS = (4, 16, 64)
STRONG, STEPS = 8.0, 16  # of the contrast
QUICK = {
    "songs": 4,
    "reference": 12,
    "seconds": 4.0,
    "resamples": 50,
    "weights": (1.0, 8.0),
    "counts": (4, 16),
}


@dataclass(frozen=True)
class Cell:
    """Takes of one rule, weight and number of steps, one for each song."""

    row: Row
    marks: np.ndarray  # mean of the measures of the match, (songs,)
    level: np.ndarray  # standard deviation of the latents, (songs,)
    loudest: np.ndarray  # peak of the decoded sound in dB, (songs,)

    def report(self) -> dict:
        """The distance, and means with intervals of all else."""
        others = {"mark": self.marks, "level": self.level, "peak": self.loudest}
        return {
            "distance": self.row.report(),
            **{key: summary(column) for key, column in others.items()},
        }


def run(
    accompanist: Accompanist,
    *,
    songs: int = 100,
    reference: int = 200,
    seconds: float = SECONDS,
    weights: tuple[float, ...] = WEIGHTS,
    counts: tuple[int, ...] = COUNTS,
    weak: str | None = None,
    embedding: str = "spectral",
    resamples: int = 200,
    progress: bool = False,
) -> dict:
    """Distance, match, level and peak of each rule for all weights and numbers of steps.

    Parameters
    ----------
    weak : a model whose U-Net is a weaker copy, trained for less long on the same latents; without
        one there is no autoguidance

    Returns
    -------
    dict, JSON-ready
        ``rules``: name -> settings. ``cells``: name -> K -> w -> a report. ``contrast``: name ->
        at `STRONG` and `STEPS`, how much nearer the rule is than plain guidance (``distance``),
        how much higher its ``mark`` is, and how much nearer its ``level`` to that of true basses;
        above 0 the rule is better. ``calls``: name -> evaluations of the network of one song.
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
    other = None if weak is None else weaker(accompanist, weak)
    names = [*RULES, *([AUTO] if other is not None else [])]
    cells: dict[tuple[str, int, float], Cell] = {}
    for name, count, w in tqdm(
        list(itertools.product(names, counts, weights)), desc="rules", disable=not progress
    ):
        if w == 1 and name != PLAIN:  # without guidance all rules are one
            cells[name, count, w] = cells[PLAIN, count, w]
        else:
            cells[name, count, w] = cell_of(stage, takes_of(stage, name, count, w, other))
    return {
        **stage.setting,
        "rules": {name: RULES.get(name, {}) for name in names},
        "cells": {
            name: {str(k): {f"{w:g}": cells[name, k, w].report() for w in weights} for k in counts}
            for name in names
        },
        "contrast_at": {"guidance": STRONG, "steps": STEPS},
        "contrast": {
            name: contrast(cells[name, STEPS, STRONG], cells[PLAIN, STEPS, STRONG])
            for name in names[1:]
        },
        "calls": {name: calls(name, STEPS) for name in names},
        "true": {name: row.report() for name, row in stage.true_rows().items()},
    }


def weaker(accompanist: Accompanist, source: str) -> UNet1d:
    """The U-Net of another model, on the device of this one.

    Raises
    ------
    BassnbError
        If its latents are not those of this model.
    """
    system = load_pretrained(source, device=str(accompanist.device)).eval()
    own = accompanist.system
    parts = ("mix_autoencoder", "bass_autoencoder")
    if any(not same_weights(getattr(system, part), getattr(own, part)) for part in parts):
        raise BassnbError(
            f"{source} has other autoencoders than {accompanist.name}; "
            "give a model whose U-Net was trained on the same latents"
        )
    return system.unet


def same_weights(one: torch.nn.Module, other: torch.nn.Module) -> bool:
    """Whether two parts hold the same numbers, to the precision of their files."""
    mine, theirs = one.state_dict(), other.state_dict()
    return mine.keys() == theirs.keys() and all(
        tensor.shape == theirs[name].shape and torch.equal(tensor.half(), theirs[name].half())
        for name, tensor in mine.items()
    )


def takes_of(stage: Stage, name: str, count: int, w: float, weak: UNet1d | None) -> Tensor:
    """Latents (songs, 32, L) of a rule, with the noise of each song's seed."""
    if name != AUTO or weak is None:
        chosen = {"phi": 0.0, **RULES[name]}
        return stage.latents(sampler="ddim", steps=count, guidance=w, **chosen)
    unet = stage.accompanist.system.unet
    found = []
    for mixes, songs in zip(stage.c_x.split(BATCH), batches(stage.found)):
        shape = (unet.config.stem_channels, mixes.shape[-1])
        z = torch.stack([initial_noise(one.song.seed, shape, mixes.device) for one in songs])
        found.append(ddim(autoguided_denoiser(unet, weak, mixes, w), z, count))
    return torch.cat(found)


def batches(songs: list) -> list[list]:
    """Songs, `BATCH` at a time."""
    return [songs[first : first + BATCH] for first in range(0, len(songs), BATCH)]


def cell_of(stage: Stage, latents: Tensor) -> Cell:
    """The figures of takes with these latents."""
    waves = decode_takes(stage.accompanist, latents, stage.found[0].mix.shape[-1])
    found = [
        compare(transcribe(wave), one.song) for wave, one in zip(waves, stage.found, strict=True)
    ]
    marks = np.nanmean([[mark[key] for key in MEASURES] for mark in found], axis=1)
    return Cell(
        stage.ruler.row(waves),
        marks,
        latents.std((1, 2)).cpu().numpy(),
        20 * np.log10([max(peak(wave), 1e-4) for wave in waves]),
    )


def contrast(rule: Cell, plain: Cell) -> dict:
    """By how much a rule is better than plain guidance, song by song; see `run`."""
    return {
        "distance": farther(plain.row, rule.row),
        "mark": summary(rule.marks - plain.marks),
        "level": summary(np.abs(plain.level - 1) - np.abs(rule.level - 1)),
    }


def calls(name: str, steps: int) -> int:
    """Evaluations of the network for one song: two a step where guidance acts, otherwise one."""
    low = 0.5 if "interval" in name else 0.0
    return sum(2 if 1 - k / steps >= low else 1 for k in range(steps))


def headline(report: dict) -> str:
    """The line worth reading."""
    gains = {name: found["distance"]["value"] for name, found in report["contrast"].items()}
    return "strong guidance, nearer by " + ", ".join(
        f"{figure(gain, '.1f')} with {name}" for name, gain in gains.items()
    )
