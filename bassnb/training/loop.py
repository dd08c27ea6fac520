"""Functions that every training uses: devices, learning rate, moving average, seeds, checks.

Every random draw of a training comes from `(seed, step)`, never from the state of a generator;
therefore weights, optimiser moments and the step number are all that a checkpoint needs to continue
exactly.
"""

from __future__ import annotations

import math
from datetime import timedelta

import numpy as np
import torch
from accelerate import Accelerator, InitProcessGroupKwargs
from accelerate.state import AcceleratorState, GradientState, PartialState
from torch import nn

from bassnb.errors import BassnbError
from bassnb.precisions import check_precision

# that processes wait for one that renders or indexes songs; 10 min is the default of NCCL
PATIENCE = timedelta(hours=12)


def open_accelerator(device: str = "auto", precision: str = "no") -> Accelerator:
    """Accelerator for a device (auto, cpu or cuda) and a precision (no, bf16 or fp16).

    Accelerate keeps one device and one precision for a whole process. What an earlier training of
    the same kernel left is forgotten first; only processes that train together cannot change.

    Raises
    ------
    BassnbError
        If there is no such device here, no such precision, or not that one on this GPU; if
        processes that train together have begun with another device or precision.
    """
    if device not in ("auto", "cpu", "cuda") or (
        device == "cuda" and not torch.cuda.is_available()
    ):
        raise BassnbError(f"there is no device {device!r} here; use cpu, or auto")
    on_gpu = device != "cpu" and torch.cuda.is_available()
    check_precision(precision, "cuda" if on_gpu else "cpu")
    if PartialState._shared_state and PartialState().num_processes == 1:
        AcceleratorState._reset_state(reset_partial_state=True)
        GradientState._reset_state()
    patience = InitProcessGroupKwargs(timeout=PATIENCE)
    try:
        accelerator = Accelerator(
            cpu=device == "cpu", mixed_precision=precision, kwargs_handlers=[patience]
        )
    except ValueError:  # of accelerate, about a state that exists
        accelerator = None
    if accelerator is None or (accelerator.device.type == "cuda") != on_gpu:
        raise BassnbError(
            f"this process has begun on another device or with another precision than {device} "
            f"and {precision}; start it anew"
        )
    return accelerator


def learning_rate(
    step: int,
    start: int,
    end: int,
    base: float,
    warmup: int,
    plateau: float,
    final: float,
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
    """Replace the gradients in every process by their mean over all processes.

    A model that is called as a whole gets this from accelerate. Training calls the parts of an
    autoencoder (encoder, decoder, synthesis) one by one, and for those the mean has to be taken
    here; otherwise each process would train its own model.
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
    """Compile these networks at their first call.

    Their weights, names and copies stay as they are.

    It pays on a GPU, where the operations between two convolutions are limited by memory and one
    kernel then replaces many. It costs about a minute at the start, and again whenever the shape of
    a batch changes, and needs a C++ compiler. Results differ by rounding, so a training resumes
    exactly only if both runs are compiled or neither is.

    Tried: training on a CPU, in float32 and under bf16 autocast; each network is one graph without
    a break. Not tried: a GPU. CUDA graphs (mode="reduce-overhead") are not used here: the critics
    are called three times in one step, and a replayed graph overwrites its earlier outputs.
    `benchmarks/gpu.py` measures their effect on the U-Net, which is called once.
    """
    for network in networks:
        network.compile()


def step_seed(seed: int, step: int, stream: int = 0) -> int:
    """One 63-bit seed for each (seed, step, stream), well mixed."""
    return int(np.random.SeedSequence([seed, step, stream]).generate_state(1, np.uint64)[0]) >> 1


def parts_of_batch(batch: int, accelerator: Accelerator, accumulate: int) -> int:
    """Number of equal parts of a batch: over the processes, and one after the other in each.

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


def check_composed(composed: float, recorded: object) -> None:
    """Refuse a share of composed songs where there are no others.

    Raises
    ------
    BassnbError
        If there is a share and `recorded` is None.
    """
    if composed and recorded is None:
        raise BassnbError(
            f"composed is {composed}, but all songs are composed; give --data or --latents, "
            "or leave out --composed"
        )


def check_best(best: bool, held_out: object) -> None:
    """Refuse `--best` before the first step where there is nothing to validate with.

    Raises
    ------
    BassnbError
        If the best weights are asked for and `held_out` is None.
    """
    if best and held_out is None:
        raise BassnbError("--best needs songs for validation, and there are none; leave out --best")
