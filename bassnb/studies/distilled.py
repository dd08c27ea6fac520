"""Few steps for real: a student of the shipped network in 4 steps, against its teacher in 64.

The student is distilled as `bassnb train distill` does it, guidance included, and then plays the
songs of the study from the same noise as its teacher. What is compared was fixed before looking,
see `QUESTIONS`.

Taught in chapter 13.
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from torch import Tensor
from tqdm import tqdm

from bassnb.accompanist import Accompanist
from bassnb.metrics.statistics import decided, figure, summary
from bassnb.schedules import DiffusionTraining
from bassnb.settings import TrainingSettings
from bassnb.studies.measured import Takes, gains, measured
from bassnb.studies.stage import set_stage
from bassnb.studies.variants import TRAINING

TO = 4  # steps of the student
STEPS = 2000  # of the training, all stages together
TEACHER, HASTY, PLAIN, STUDENT = (
    "teacher, 64 steps",
    "teacher, 4 steps",
    "teacher, 4 steps without guidance",
    "student, 4 steps",
)
CALLS = {TEACHER: 128, HASTY: 8, PLAIN: 4, STUDENT: 4}  # of the network, for one take
# how far below its teacher a student is still within the noise of a listener: in FAD, as a share of
# the teacher's, and in the mean of the measures of the match
MARGINS = {"distance": 0.1, "mark": 0.02}
QUESTIONS = {  # the first is at least as good as the second, but for the margin
    "4 steps of a student are as good as 64 of its teacher": (STUDENT, TEACHER, True),
    "4 steps of a student are better than 4 of its teacher": (STUDENT, HASTY, False),
    "a student has taken the guidance over": (STUDENT, PLAIN, False),
}
QUICK = {
    "folder": "",
    "cache": "",
    "songs": 4,
    "reference": 12,
    "seconds": 4.0,
    "resamples": 50,
    "training_steps": 8,
    "pool": 2,
}


def run(
    accompanist: Accompanist,
    *,
    folder: str | Path = "runs/distilled",
    cache: str | Path = "cache",
    songs: int = 100,
    reference: int = 200,
    training_steps: int = STEPS,
    pool: int = TRAINING.songs,
    submixes: int = TRAINING.submixes,
    progress: bool = False,
    **staging: Any,
) -> dict:
    """Distance, normalised score and level of a student and of its teacher.

    Parameters
    ----------
    folder : of the training, which goes on where it was; "" takes one that is thrown away
    cache : for the latents of the training songs, those of `flow`; "" puts them in `folder`
    training_steps, pool, submixes : steps of the training, and the songs that it draws from
    staging : ``seconds``, ``embedding`` and ``resamples`` of `bassnb.studies.stage.set_stage`

    Returns
    -------
    dict, JSON-ready
        ``rows``: player -> ``distance``, ``score``, ``level`` (standard deviation of the latents),
        ``apart`` (root mean square of the difference of its latents to those of the teacher in 64
        steps) and ``calls`` of the network. ``contrasts``: question -> ``distance`` and ``mark``,
        each with its verdict. ``curve``: losses of the training.
    """
    with TemporaryDirectory() as scratch:
        place = Path(folder or scratch)
        plan = replace(TRAINING, songs=pool, submixes=submixes)
        pairs_at = Path(cache or place / "latents")
        student, training, curve = trained(accompanist, plan, training_steps, place, pairs_at)
    stage = set_stage(accompanist, songs, reference, progress=progress, **staging)
    own = {key: accompanist.settings()[key] for key in ("guidance", "phi")}
    players = {
        TEACHER: (accompanist, {**own, "steps": 64}),
        HASTY: (accompanist, {**own, "steps": 4}),
        PLAIN: (accompanist, {"guidance": 1.0, "phi": 0.0, "steps": 4}),
        STUDENT: (student, {}),
    }
    latents, found = {}, {}
    for name, (player, settings) in tqdm(players.items(), desc="distilled", disable=not progress):
        playing = replace(stage, accompanist=player)
        latents[name] = playing.latents(**settings)
        found[name] = measured(playing, latents[name])
    score = stage.scorer()
    return {
        **stage.setting,
        **own,
        "training": training,
        "rows": {
            name: {
                **takes.report(score),
                "apart": summary(apart(latents[name], latents[TEACHER])),
                "calls": CALLS[name],
            }
            for name, takes in found.items()
        },
        "contrasts": {
            question: contrast(found[first], found[second], within=within)
            for question, (first, second, within) in QUESTIONS.items()
        },
        "true": {name: row.report() for name, row in stage.true_rows().items()},
        "curve": curve,
    }


def trained(
    accompanist: Accompanist, plan: DiffusionTraining, steps: int, folder: Path, cache: Path
) -> tuple[Accompanist, dict, list[dict]]:
    """The student, the schedule and the curve of its training; songs and batches are those of `plan`."""
    from bassnb.plans import scaled
    from bassnb.studies.flow_training import composed_pairs
    from bassnb.training.diffusion import MODEL_FILES
    from bassnb.training.distillation import distil, student_plan
    from bassnb.training.loop import open_accelerator
    from bassnb.training.run_folder import LOG, check_run

    check_run(folder, MODEL_FILES)
    system = accompanist.system
    drawn = ("batch", "latents", "songs", "submixes", "song_seconds")
    whole = student_plan(system.preset.diffusion_training)
    schedule = scaled(replace(whole, **{name: getattr(plan, name) for name in drawn}), steps)
    student = distil(
        system,
        composed_pairs(accompanist, plan, cache),
        schedule,
        folder,
        open_accelerator(accompanist.device.type),
        TrainingSettings(resume=True),
        to=TO,
        source=accompanist.name,
    )
    log = folder / LOG
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    curve = [json.loads(line) for line in lines]
    return Accompanist(student.to(accompanist.device)), asdict(schedule), curve


def apart(latents: Tensor, others: Tensor) -> np.ndarray:
    """Root mean square (songs,) of the difference of latents (songs, d, L)."""
    return (latents - others).square().mean((1, 2)).sqrt().cpu().numpy()


def contrast(first: Takes, second: Takes, *, within: bool) -> dict:
    """By how much the first takes are nearer to true basses, and match better; with verdicts.

    `within` a margin of `MARGINS` they may also be worse.
    """
    least = {"distance": -MARGINS["distance"] * second.row.value, "mark": -MARGINS["mark"]}
    return {
        key: decided(gain, least[key] if within else 0.0)
        for key, gain in gains(first, second).items()
    }


def headline(report: dict) -> str:
    """The line worth reading."""
    rows = report["rows"]
    return ", ".join(
        f"{name}: FAD {figure(row['distance']['value'], '.1f')}, "
        f"score {figure(row['score']['mean'], '.0%')}"
        for name, row in rows.items()
    )
