"""Rules of guidance that came after the paper, on the same songs with the same noise.

Plain guidance and the paper's rescale stand beside guidance in an interval, adaptive projected
guidance and, where a weaker copy of the network is there, autoguidance. A grid of weights and
numbers of steps shows the landscape on a few songs. Verdicts come from one contrast for each rule,
fixed before looking (`QUESTIONS`), on all songs.

Taught in chapter 12.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from bassnb.accompanist import Accompanist
from bassnb.checkpoints import SHIPPED, load_early, load_pretrained
from bassnb.denoiser import autoguided_denoiser
from bassnb.errors import BassnbError
from bassnb.level import peak
from bassnb.metrics.statistics import centre, decided, figure, summary
from bassnb.sampling import ddim
from bassnb.studies.measured import Takes, gains, measured
from bassnb.studies.stage import Stage, set_stage
from bassnb.studies.takes import sample_latents, starts
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
STEPS = 16  # of the contrasts
# rule -> what it should improve, and at which weight; for autoguidance one that its authors use
QUESTIONS = {
    "rescale": ("level", 8.0),
    "interval": ("distance", 8.0),
    "apg": ("level", 8.0),
    "apg in the interval": ("distance", 8.0),
    AUTO: ("distance", 2.0),
}
ANOTHER = 10_000  # added to the seed of a song for its second take
QUICK = {
    "songs": 4,
    "grid": 2,
    "reference": 12,
    "seconds": 4.0,
    "resamples": 50,
    "weights": (1.0, 8.0),
    "counts": (4, 16),
}


@dataclass(frozen=True)
class Cell:
    """Takes of one rule, weight and number of steps, one for each song; arrays are (songs,)."""

    takes: Takes
    loudest: np.ndarray  # peak of the decoded sound in dB
    variety: np.ndarray | None = None  # difference of two takes: 1 if they have nothing in common

    def report(self, score: Callable[[np.ndarray], dict]) -> dict:
        """The distance, and means with intervals of all else."""
        others = {"peak": self.loudest, "variety": self.variety}
        return {
            **self.takes.report(score),
            **{key: summary(array) for key, array in others.items() if array is not None},
        }


def run(
    accompanist: Accompanist,
    *,
    songs: int = 100,
    grid: int = 8,
    reference: int = 200,
    weights: tuple[float, ...] = WEIGHTS,
    counts: tuple[int, ...] = COUNTS,
    weak: str | None = None,
    progress: bool = False,
    **staging: Any,
) -> dict:
    """Each rule at all weights and numbers of steps, and one contrast of each on more songs.

    Parameters
    ----------
    songs, grid : of the contrasts, and of the grid, which takes the first of them
    weak : a model whose U-Net is a weaker copy, made for the same latents; None takes what the
        model folder of `accompanist` has, see `bassnb.checkpoints.load_early`. Without one there
        is no autoguidance.
    staging : ``seconds``, ``embedding`` and ``resamples`` of `bassnb.studies.stage.set_stage`

    Returns
    -------
    dict, JSON-ready
        ``rules``: name -> settings. ``cells``: name -> K -> w -> a report. ``contrasts``: name ->
        its ``question`` and weight, the reports of the ``rule`` and of ``plain`` guidance, and
        how much better the rule is: nearer to true basses (``distance``), higher ``mark``, nearer
        to their ``level``, more ``variety``, each with its verdict. ``calls``: name -> evaluations
        of the network for one song.
    """
    stage = set_stage(accompanist, songs, reference, progress=progress, **staging)
    other = weaker(accompanist, weak)
    names = [*RULES, *([AUTO] if other is not None else [])]
    few = stage.first(grid)
    cells: dict[tuple[str, int, float], Cell] = {}
    for name, count, w in tqdm(
        list(itertools.product(names, counts, weights)), desc="rules", disable=not progress
    ):
        if w == 1 and name != PLAIN:  # without guidance all rules are one
            cells[name, count, w] = cells[PLAIN, count, w]
        else:
            cells[name, count, w] = cell_of(few, takes_of(few, name, count, w, other))
    few_score, score = few.scorer(), stage.scorer()
    plain = {w: with_variety(stage, PLAIN, w, None) for w in {w for _, w in QUESTIONS.values()}}
    return {
        **stage.setting,
        "grid": grid,
        "rules": {name: RULES.get(name, {}) for name in names},
        "cells": {
            name: {
                str(k): {f"{w:g}": cells[name, k, w].report(few_score) for w in weights}
                for k in counts
            }
            for name in names
        },
        "contrasts": {
            name: contrast(name, with_variety(stage, name, w, other), plain[w], score)
            for name, (_, w) in QUESTIONS.items()
            if name in names
        },
        "steps": STEPS,
        "calls": {name: calls(name, STEPS) for name in names},
        "true": {name: row.report() for name, row in stage.true_rows().items()},
    }


# -- the weaker copy -------------------------------------------------------------------------------


def weaker(accompanist: Accompanist, source: str | None) -> UNet1d | None:
    """The U-Net of another model, or an early one of this model, on its device; None if none is
    there.

    Raises
    ------
    BassnbError
        If its latents are not those of this model.
    """
    device = str(accompanist.device)
    if source is None:
        known = os.path.isdir(accompanist.name) or (SHIPPED / accompanist.name).is_dir()
        return load_early(accompanist.name, device=device) if known else None
    system = load_pretrained(source, device=device).eval()
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


# -- takes -----------------------------------------------------------------------------------------


def takes_of(
    stage: Stage, name: str, count: int, w: float, weak: UNet1d | None, more: int = 0
) -> Tensor:
    """Latents (songs, 32, L) of a rule, with the noise of each song's seed plus `more`."""
    seeds = [one.song.seed + more for one in stage.found]
    if name != AUTO or weak is None:
        chosen = {"phi": 0.0, "sampler": "ddim", "steps": count, "guidance": w, **RULES[name]}
        return sample_latents(stage.accompanist, stage.c_x, seeds, **chosen)
    unet = stage.accompanist.system.unet
    return torch.cat(
        [
            ddim(autoguided_denoiser(unet, weak, c_x, w), z, count)
            for c_x, z in starts(stage.accompanist, stage.c_x, seeds)
        ]
    )


def cell_of(stage: Stage, latents: Tensor) -> Cell:
    """The figures of takes with these latents."""
    waves = stage.waves(latents)
    return Cell(
        measured(stage, latents, waves), 20 * np.log10([max(peak(wave), 1e-4) for wave in waves])
    )


def with_variety(stage: Stage, name: str, w: float, weak: UNet1d | None) -> Cell:
    """A cell of a contrast; a second take of each song says how much they vary."""
    first, second = (takes_of(stage, name, STEPS, w, weak, more) for more in (0, ANOTHER))
    spread = (first.std((1, 2)) + second.std((1, 2))) / 2
    variety = (first - second).std((1, 2)) / (2**0.5 * spread)
    return replace(cell_of(stage, first), variety=variety.cpu().numpy())


# -- what is reported ------------------------------------------------------------------------------


def contrast(name: str, rule: Cell, plain: Cell, score: Callable[[np.ndarray], dict]) -> dict:
    """By how much a rule is better than plain guidance, song by song; see `run`."""
    question, w = QUESTIONS[name]
    level = np.abs(plain.takes.level - 1) - np.abs(rule.takes.level - 1)
    found = {**gains(rule.takes, plain.takes), "level": summary(level)}
    if rule.variety is not None and plain.variety is not None:
        found["variety"] = summary(rule.variety - plain.variety)
    return {
        "question": question,
        "guidance": w,
        **{key: decided(gain, 0.0) for key, gain in found.items()},
        "rule": rule.report(score),
        "plain": plain.report(score),
    }


def calls(name: str, steps: int) -> int:
    """Evaluations of a network for one song: two a step where guidance acts, otherwise one."""
    low = 0.5 if "interval" in name else 0.0
    return sum(2 if 1 - k / steps >= low else 1 for k in range(steps))


def headline(report: dict) -> str:
    """The line worth reading."""
    return ", ".join(
        f"{name}: {found['question']} {figure(centre(found[found['question']]), '+.2f')} "
        f"({found[found['question']]['verdict']})"
        for name, found in report["contrasts"].items()
    )
