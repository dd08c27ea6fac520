"""What every training shares: the run folder, learning rate, moving average, progress, checkpoints,
the stop on NaN.

Every random draw of a training comes from `(seed, step)`, never from a state that runs along;
therefore weights, optimiser moments and the step number are all that a checkpoint needs to continue
exactly.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from accelerate import Accelerator
from torch import nn

from bassnb.errors import BassnbError


def open_accelerator(device: str = "auto", precision: str = "no") -> Accelerator:
    """Where and how exactly to compute: `device` auto, cpu or cuda; `precision` no, bf16 or fp16.

    Raises
    ------
    BassnbError
        If there is no such device here, or no such precision.
    """
    if device not in ("auto", "cpu", "cuda") or (
        device == "cuda" and not torch.cuda.is_available()
    ):
        raise BassnbError(f"there is no device {device!r} here; use cpu, or auto")
    if precision not in ("no", "bf16", "fp16"):
        raise BassnbError(f"precision is {precision!r}; choose no, bf16 or fp16")
    return Accelerator(cpu=device == "cpu", mixed_precision=precision)


def learning_rate(
    step: int,
    start: int,
    end: int,
    base: float,
    warmup: int,
    plateau: float = 0.6,
    final: float = 0.02,
) -> float:
    """Learning rate of `step` among the steps [start, end) of a stage.

    Linear warm-up over `warmup` steps; `base` until the share `plateau` of the steps; then a cosine
    to `final` times `base`.
    """
    done = (step - start) / max(end - start, 1)
    anneal = 1.0
    if done > plateau:
        anneal = final + (1 - final) * 0.5 * (
            1 + math.cos(math.pi * (done - plateau) / (1 - plateau))
        )
    return base * min(1.0, (step - start + 1) / max(warmup, 1)) * anneal


@torch.no_grad()
def update_ema(average: nn.Module, model: nn.Module, decay: float, step: int) -> None:
    """average <- decay * average + (1 - decay) * model, with a smaller decay in the first steps."""
    decay = min(decay, (1 + step) / (10 + step))
    torch._foreach_lerp_(list(average.parameters()), list(model.parameters()), 1 - decay)
    for mine, other in zip(average.buffers(), model.buffers()):
        mine.copy_(other)


@torch.no_grad()
def average_gradients(accelerator: Accelerator, module: nn.Module) -> None:
    """Give every process the mean of all processes' gradients; nothing to do where there is one
    process.

    A model that is called as a whole gets this from accelerate. Training calls the parts of an
    autoencoder (encoder, decoder, synthesis) one by one, and for those it has to be done by hand,
    or each process would train a model of its own.
    """
    gradients = [p.grad for p in module.parameters() if p.grad is not None]
    if accelerator.num_processes == 1 or not gradients:
        return
    mean = accelerator.reduce(torch.cat([g.flatten() for g in gradients]), reduction="mean")
    torch._foreach_copy_(
        gradients,
        [m.view_as(g) for m, g in zip(mean.split([g.numel() for g in gradients]), gradients)],
    )


def compile_in_place(*networks: nn.Module) -> None:
    """Let torch write kernels for these networks at their first call; their weights, names and
    copies stay as they are.

    It pays on a GPU, where the operations between two convolutions are limited by memory and one
    kernel then does what many did: about a minute at the start, and again whenever the shape of a
    batch changes. It needs a C++ compiler. Results differ by rounding, so exact resuming holds from
    compiled to compiled and from plain to plain.

    Tried: training on a CPU, in float32 and under bf16 autocast; each network is one graph without
    a break. Not tried: a GPU. CUDA graphs (mode="reduce-overhead") are not used here: the critics
    answer three times in one step, and a replayed graph writes over its former answers.
    `benchmarks/gpu.py` measures what they give to the U-Net, which answers once.
    """
    for network in networks:
        network.compile()


def step_seed(seed: int, step: int, stream: int = 0) -> int:
    """One 63-bit seed for each (seed, step, stream), well mixed."""
    return int(np.random.SeedSequence([seed, step, stream]).generate_state(1, np.uint64)[0]) >> 1


def parts_of_batch(batch: int, accelerator: Accelerator, accumulate: int) -> int:
    """In how many equal parts a batch is computed: one after the other in each process, and side by
    side.

    Raises
    ------
    BassnbError
        If the batch cannot be divided so.
    """
    parts = accelerator.num_processes * accumulate
    if accumulate < 1 or batch % parts:
        raise BassnbError(
            f"a batch of {batch} cannot be divided among {accelerator.num_processes} processes in {accumulate} parts each; "
            f"choose numbers whose product divides {batch}"
        )
    return parts


def check_best(best: bool, held_out: object) -> None:
    """Refuse `--best` before the first step where there is nothing to validate with.

    Raises
    ------
    BassnbError
        If the best weights are asked for and `held_out` is None.
    """
    if best and held_out is None:
        raise BassnbError(
            "without songs for validation nobody can tell which weights are the best; leave out --best"
        )
