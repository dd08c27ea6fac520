"""What every training shares: the run folder, learning rate, moving average, progress, checkpoints, the stop on NaN.

Every random draw of a training comes from `(seed, step)`, never from a state that runs along; therefore weights,
optimiser moments and the step number are all that a checkpoint needs to continue exactly.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.utils.tensorboard import SummaryWriter
from tqdm import tqdm

from bassnb.checkpoints import load_state, save_state, write_json
from bassnb.errors import BassnbError

STATE = "state.safetensors"
SAVE_SECONDS = 180


class TrainingError(BassnbError):
    """A training that cannot start or cannot go on."""


def learning_rate(step: int, start: int, end: int, base: float, warmup: int) -> float:
    """Linear warm-up, a plateau, and a cosine to 2 % of `base` over the last 40 % of steps [start, end)."""
    done = (step - start) / max(end - start, 1)
    anneal = 1.0 if done < 0.6 else 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * (done - 0.6) / 0.4))
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
    """Give every process the mean of all processes' gradients; nothing to do where there is one process.

    A model that is called as a whole gets this from accelerate. Training calls the parts of an autoencoder (encoder,
    decoder, synthesis) one by one, and for those it has to be done by hand, or each process would train a model of its own.
    """
    gradients = [p.grad for p in module.parameters() if p.grad is not None]
    if accelerator.num_processes == 1 or not gradients:
        return
    mean = accelerator.reduce(torch.cat([g.flatten() for g in gradients]), reduction="mean")
    torch._foreach_copy_(gradients, [m.view_as(g) for m, g in zip(mean.split([g.numel() for g in gradients]), gradients)])


def compile_in_place(*networks: nn.Module) -> None:
    """Let torch write kernels for these networks at their first call; their weights, names and copies stay as they are.

    It pays on a GPU, where the operations between two convolutions are limited by memory and one kernel then does what
    many did: about a minute at the start, and again whenever the shape of a batch changes. It needs a C++ compiler. Results
    differ by rounding, so exact resuming holds from compiled to compiled and from plain to plain.

    Tried: training on a CPU, in float32 and under bf16 autocast; each network is one graph without a break. Not tried: a
    GPU. CUDA graphs (mode="reduce-overhead") are not used here: the critics answer three times in one step, and a replayed
    graph writes over its former answers. `benchmarks/gpu.py` measures what they give to the U-Net, which answers once.
    """
    for network in networks:
        network.compile()


def step_seed(seed: int, step: int, stream: int = 0) -> int:
    """One 63-bit seed for each (seed, step, stream), well mixed."""
    return int(np.random.SeedSequence([seed, step, stream]).generate_state(1, np.uint64)[0] >> 1)


class Run:
    """A run folder with its accelerator, log, and exact checkpoints.

    Parameters
    ----------
    folder : holds state.safetensors (to resume), log.jsonl (curves), tensorboard/ and, at the end, the model
    modules, optimizers : by name; everything that changes during the training
    config : JSON-ready; a resumed run must have the same
    resume : go on from state.safetensors if it is there; without it a folder that holds a run is refused
    """

    def __init__(self, folder, accelerator: Accelerator, modules: dict[str, nn.Module],
                 optimizers: dict[str, torch.optim.Optimizer], config: dict, *, resume: bool):  # fmt: skip
        self.folder, self.accelerator, self.config = Path(folder), accelerator, json.loads(json.dumps(config))
        self.modules, self.optimizers, self.step = modules, optimizers, 0
        state = self.folder / STATE
        if state.exists() and not resume:
            raise TrainingError(f"{self.folder} already holds a training; add --resume or choose another folder")
        if state.exists():
            meta = load_state(state, modules, optimizers)
            if meta["config"] != self.config:
                raise TrainingError(f"{self.folder} was trained with another configuration; choose another folder")
            self.step = meta["step"]
        self.folder.mkdir(parents=True, exist_ok=True)
        self.writer = SummaryWriter(self.folder / "tensorboard") if accelerator.is_main_process else None
        self.saved = time.monotonic()

    def log(self, values: dict[str, float]) -> None:
        """Append scalars to log.jsonl and TensorBoard."""
        if not self.writer:
            return
        with open(self.folder / "log.jsonl", "a", encoding="utf-8") as file:
            file.write(json.dumps({"step": self.step, **{k: round(v, 6) for k, v in values.items()}}) + "\n")
        for name, value in values.items():
            self.writer.add_scalar(name, value, self.step)

    def save(self) -> None:
        """Write the training state, atomically; only the main process does."""
        if self.accelerator.is_main_process:
            save_state(self.folder / STATE, self.modules, self.optimizers, {"step": self.step, "config": self.config})
        self.saved = time.monotonic()

    def steps(self, total: int, step: Callable[[int], dict[str, Tensor]], *, describe: str, log_every: int = 50,
              validate: Callable[[], dict[str, float]] | None = None, validate_every: int = 1000) -> None:  # fmt: skip
        """Call `step(k)` for k up to `total`, with a progress bar, logs, validation and checkpoints.

        Raises
        ------
        TrainingError
            At the first loss that is not finite, naming the step; the last checkpoint stays as it was.
        """
        bar = tqdm(total=total, initial=self.step, desc=describe, disable=not self.writer, mininterval=1.0)
        unchecked: dict[int, Tensor] = {}  # a look at every loss would make a GPU wait: look at many at once
        while self.step < total:
            losses = step(self.step)
            unchecked[self.step] = torch.stack(list(losses.values())).sum()
            self.step += 1
            bar.update()
            if self.step % log_every == 0 or self.step == total:
                self.check_losses(unchecked)
                values = {name: float(value) for name, value in losses.items()}
                bar.set_postfix({k: f"{v:.3f}" for k, v in values.items()}, refresh=False)
                self.log(values)
            if validate and self.writer and (self.step % validate_every == 0 or self.step == total):
                self.log(validate())
            if time.monotonic() - self.saved > SAVE_SECONDS or self.step == total:
                self.check_losses(unchecked)
                self.save()
        bar.close()

    def check_losses(self, unchecked: dict[int, Tensor]) -> None:
        """Stop at the first loss that is not finite, before such weights replace a good checkpoint; else forget them.

        nan.json then says which batch it was: `step_seed(seed, step)` draws it again.
        """
        steps = list(unchecked)
        bad = (~torch.stack([unchecked[k] for k in steps]).isfinite()).nonzero() if steps else []
        unchecked.clear()
        if not len(bad):
            return
        step, seed = steps[int(bad[0])], self.config.get("seed", 0)
        write_json(self.folder / "nan.json", {"step": step, "seed": seed, "batch_seed": step_seed(seed, step),
                                              "config": self.config})  # fmt: skip
        raise TrainingError(
            f"the loss is no longer a number at step {step}; see {self.folder / 'nan.json'}, lower the learning rate and "
            f"resume from the last checkpoint"
        )
