"""Cost against length, batch, number of steps and threads, for the plots of the page."""

from __future__ import annotations

from functools import partial

import torch

from bassnb.accompanist import Accompanist
from bassnb.checkpoints import System
from benchmarks.end_to_end import song
from benchmarks.sampler import inputs
from benchmarks.settings import Settings
from benchmarks.timing import interleaved, ratio, spread

SAMPLER = {"guidance": 2.5, "sampler": "ddim"}
THREAD_STEPS = 16  # K for the comparison of threads


def over_length(player: Accompanist, settings: Settings) -> list[dict]:
    """Seconds of computing for each second of music, whole takes."""
    jobs = {
        length: partial(player, song(length), steps=settings.steps, **SAMPLER)
        for length in settings.lengths
    }
    taken = interleaved(jobs, 1)
    return [{"x": length, **spread([t / length for t in times])} for length, times in taken.items()]


def over_batch(system: System, settings: Settings) -> list[dict]:
    """Milliseconds of one network evaluation for each sample of the batch."""
    z, c_x = inputs(system, settings.seconds)
    jobs = {
        batch: partial(
            system.unet, z.repeat(batch, 1, 1), torch.full((batch,), 0.5), c_x.repeat(batch, 1, 1)
        )
        for batch in settings.batches
    }
    taken = interleaved(jobs, settings.brief_repeats)
    return [
        {"x": batch, **spread([1000 * t / batch for t in times])} for batch, times in taken.items()
    ]


def over_steps(player: Accompanist, settings: Settings) -> list[dict]:
    """Seconds of a whole take against K."""
    mix = song(settings.seconds)
    taken = interleaved(
        {count: partial(player, mix, steps=count, **SAMPLER) for count in settings.counts}, 1
    )
    return [{"x": count, **spread(times)} for count, times in taken.items()]


def over_threads(player: Accompanist, settings: Settings) -> list[dict]:
    """Speed of a take with n threads over that with one.

    n doubles up to the threads of this run.
    """
    most, mix = torch.get_num_threads(), song(settings.seconds)
    numbers = sorted({2**k for k in range(most.bit_length())} | {most})

    def take(threads: int) -> None:
        torch.set_num_threads(threads)
        player(mix, steps=THREAD_STEPS, **SAMPLER)

    try:
        taken = interleaved({number: partial(take, number) for number in numbers}, settings.repeats)
    finally:
        torch.set_num_threads(most)
    return [{"x": number, **ratio(taken[1], times)} for number, times in taken.items()]


def measure(player: Accompanist, settings: Settings) -> dict:
    """Lists of points {"x", "median", "low", "high"}."""
    with torch.inference_mode():
        batch = over_batch(player.system, settings)
    return {
        "length_steps": settings.steps,
        "length": over_length(player, settings),
        "batch": batch,
        "steps": over_steps(player, settings),
        "threads": over_threads(player, settings),
    }
