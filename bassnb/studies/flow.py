"""v against rectified flow at equal budget, in few steps and many, with Euler and Heun.

Two small networks are trained on the same latents, in the same order and with the same draws of the
noise level; only the question that they are asked differs. Both are sampled on the straight line
(`bassnb.flow.integrate`), where steps of DDIM are steps of Euler at other times. What is compared
was fixed before looking, see `QUESTIONS`.

Taught in chapter 13.
"""

from __future__ import annotations

import itertools
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import Tensor, nn
from tqdm import tqdm

from bassnb.accompanist import Accompanist
from bassnb.flow import Velocity, integrate, line_time, shifted_times, velocity_from_v
from bassnb.guidance import classifier_free_guidance
from bassnb.metrics.statistics import decided, figure
from bassnb.studies.flow_training import check_folders, trained
from bassnb.studies.measured import Takes, gains, measured
from bassnb.studies.stage import Stage, set_stage
from bassnb.studies.takes import starts
from bassnb.studies.variants import TRAINING, UNET

PLAN = replace(TRAINING, times="noisy")
GUIDANCE = 4.0
COUNTS = (1, 2, 4, 8, 12, 64)
# which network, and whether its steps are even on the circle or on the line
SETUPS = {
    "v, times of the circle": ("v", "circle"),
    "v, times of the line": ("v", "line"),
    "flow, times of the line": ("flow", "line"),
}
METHODS = ("euler", "heun")
V, V_ON_LINE, FLOW = SETUPS
Cell = tuple[str, str, int]  # one of `SETUPS`, method, steps
QUESTIONS: dict[str, tuple[Cell, Cell]] = {  # the first is better than the second
    "flow matching in 64 steps": ((FLOW, "euler", 64), (V, "euler", 64)),
    "flow matching in 8 steps": ((FLOW, "euler", 8), (V, "euler", 8)),
    "even times on the line, one network, 8 steps": ((V_ON_LINE, "euler", 8), (V, "euler", 8)),
    "Heun in 4 steps for Euler in 8, as many calls": ((FLOW, "heun", 4), (FLOW, "euler", 8)),
}
QUICK = {
    "folder": "",
    "cache": "",
    "songs": 4,
    "grid": 2,
    "reference": 12,
    "seconds": 4.0,
    "resamples": 50,
    "training_steps": 4,
    "pool": 2,
    "counts": (4, 8, 64),
}


def run(
    accompanist: Accompanist,
    *,
    folder: str | Path = "runs/flow",
    cache: str | Path = "cache",
    songs: int = 100,
    grid: int = 12,
    reference: int = 200,
    training_steps: int = PLAN.steps,
    pool: int = PLAN.songs,
    submixes: int = PLAN.submixes,
    counts: tuple[int, ...] = COUNTS,
    progress: bool = False,
    **staging: Any,
) -> dict:
    """Distance, normalised score and level of both networks on both roads.

    Parameters
    ----------
    songs, grid : of the contrasts, and of all cells, which take the first of them
    folder : of the two trainings, which go on where they were; "" takes one that is thrown away
    cache : for the latents of the training songs, those of the ablations; "" puts them in `folder`
    training_steps, pool, submixes : steps of each training, and the songs that it draws from
    staging : ``seconds``, ``embedding`` and ``resamples`` of `bassnb.studies.stage.set_stage`

    Returns
    -------
    dict, JSON-ready
        ``cells``: setup -> method -> K -> ``distance``, ``score``, ``level`` and ``calls`` of the
        network. ``contrasts``: question -> ``distance`` and ``mark``, each with its verdict.
    """
    if folder:
        check_folders(Path(folder))
    stage = set_stage(accompanist, songs, reference, progress=progress, **staging)
    plan = replace(PLAN, steps=training_steps, songs=pool, submixes=submixes)
    with TemporaryDirectory() as scratch:
        place = Path(folder or scratch)
        networks = trained(accompanist, UNET, plan, place, Path(cache or place / "latents"))
    few = stage.first(grid)
    cells: dict[Cell, Takes] = {
        (setup, method, count): takes_of(few, networks, setup, method, count)
        for setup, method, count in tqdm(
            list(itertools.product(SETUPS, METHODS, counts)),
            desc="flow matching",
            disable=not progress,
        )
    }
    asked = {question: pair for question, pair in QUESTIONS.items() if cells.keys() >= set(pair)}
    compared = {
        cell: takes_of(stage, networks, *cell)
        for cell in tqdm(
            dict.fromkeys(itertools.chain(*asked.values())),
            desc="contrasts",
            disable=not progress,
        )
    }
    score = few.scorer()
    return {
        **stage.setting,
        "grid": grid,
        "training": {"unet": asdict(UNET), **asdict(plan)},
        "guidance": GUIDANCE,
        "cells": {
            setup: {
                method: {
                    str(k): {
                        **cells[setup, method, k].report(score),
                        "calls": k * (1 + (method == "heun")),
                    }
                    for k in counts
                }
                for method in METHODS
            }
            for setup in SETUPS
        },
        "contrasts": {
            question: {
                key: decided(gain, 0.0)
                for key, gain in gains(compared[first], compared[second]).items()
            }
            for question, (first, second) in asked.items()
        },
        "true": {name: row.report() for name, row in stage.true_rows().items()},
    }


# -- sampling --------------------------------------------------------------------------------------


def guided_velocity(network: nn.Module, ask: str, c_x: Tensor, guidance: float) -> Velocity:
    """Direction ``u(x, s)`` on the line, guided; c_x (B, 64, L) are the mixes.

    Guidance may be applied to u as well as to c: its weights add up to 1 (chapter 6).
    """
    both = torch.cat([c_x, torch.zeros_like(c_x)])

    def answers(z: Tensor, t: Tensor) -> Tensor:
        return network(z, t, both)

    field = velocity_from_v(answers) if ask == "v" else answers

    def velocity(x: Tensor, s: Tensor) -> Tensor:
        cond, uncond = field(torch.cat([x, x]), torch.cat([s, s])).chunk(2)
        return classifier_free_guidance(cond, uncond, guidance)

    return velocity


def times_of(road: str, steps: int) -> Tensor:
    """Times s (K + 1,) from 1 to 0: even on the line, or where DDIM is with even t on the circle."""
    even = shifted_times(steps)
    return even if road == "line" else line_time(even)


def takes_of(
    stage: Stage, networks: dict[str, nn.Module], setup: str, method: str, count: int
) -> Takes:
    """The figures of takes of all songs, with the noise of their seeds."""
    ask, road = SETUPS[setup]
    times, seeds = times_of(road, count), [one.song.seed for one in stage.found]
    drawn = []
    for c_x, x in starts(stage.accompanist, stage.c_x, seeds):
        field = guided_velocity(networks[ask], ask, c_x, GUIDANCE)
        drawn.append(integrate(field, x, times, heun=method == "heun"))
    return measured(stage, torch.cat(drawn))


def headline(report: dict) -> str:
    """The line worth reading."""
    return ", ".join(
        f"{question}: nearer by {figure(found['distance']['value'], '+.1f')}"
        for question, found in report["contrasts"].items()
    )
