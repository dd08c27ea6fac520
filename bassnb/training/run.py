"""A run folder: steps, curves and checkpoints of one training, safe against interruption.

Taught in chapter 10.

The folder holds state.safetensors, from which a training resumes bit for bit; best.safetensors, the
weights with the lowest validation loss so far; log.jsonl and tensorboard/, the curves; and at the
end the finished weights. Each new state replaces the one before in one step, so a training that is
killed at any moment, also while it writes, resumes from a whole checkpoint, and its curves are
those of a training that was never interrupted.
"""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.utils.tensorboard import SummaryWriter
from tqdm import tqdm

from bassnb.errors import BassnbError
from bassnb.stored import load_strictly, read_tensors, write_json, write_tensors
from bassnb.training.loop import step_seed
from bassnb.training.run_folder import BEST, LOG, NAN, STATE, tidy
from bassnb.training.states import load_state, save_state

LOG_EVERY = 50  # steps
# in the errors of gloo and NCCL when another process has ended
LOST = ("Connection reset", "Connection closed", "Broken pipe", "NCCL")


class Run:
    """A run folder with its accelerator, log, and exact checkpoints.

    Parameters
    ----------
    folder : see the head of this file
    modules, optimizers : by name; everything that changes during the training. The weights worth
        keeping are those of the module "average", or else "model".
    config : JSON-ready; a resumed run must have the same
    resume : go on from state.safetensors if it is there; without it a folder that holds a run is
        refused
    best : the entry of the validation whose lowest value marks the best weights
    save_minutes : between two checkpoints, at least

    Raises
    ------
    BassnbError
        If the folder holds a training and `resume` is not set, or holds one with another
        configuration.
    """

    def __init__(
        self,
        folder,
        accelerator: Accelerator,
        modules: dict[str, nn.Module],
        optimizers: dict[str, torch.optim.Optimizer],
        config: dict,
        *,
        resume: bool,
        best: str | None = None,
        save_minutes: float = 3.0,
    ):
        self.folder, self.accelerator, self.config = (
            Path(folder),
            accelerator,
            json.loads(json.dumps(config)),
        )
        self.modules, self.optimizers, self.step, self.watched = modules, optimizers, 0, best
        self.best: dict | None = None  # its step and value
        state = self.folder / STATE
        if state.exists() and not resume:
            raise BassnbError(
                f"{self.folder} already holds a training; add --resume or choose another folder"
            )
        if state.exists():
            meta = load_state(state, modules, optimizers)
            if meta.get("config") != self.config:
                raise BassnbError(
                    f"{self.folder} was trained with another configuration; choose another folder"
                )
            self.step, self.best = meta["step"], meta.get("best")
            if accelerator.scaler and meta.get("scaler"):
                accelerator.scaler.load_state_dict(meta["scaler"])
        accelerator.wait_for_everyone()  # all processes read before the first one writes
        self.writer = None
        if accelerator.is_main_process:
            self.folder.mkdir(parents=True, exist_ok=True)
            tidy(self.folder, self.step)
            self.writer = SummaryWriter(self.folder / "tensorboard", purge_step=self.step + 1)
        self.saved, self.saved_step = time.monotonic(), self.step
        self.save_seconds = 60 * save_minutes

    # -- the loop ----------------------------------------------------------------------------------

    def steps(
        self,
        total: int,
        step: Callable[[int], dict[str, Tensor]],
        *,
        describe: str,
        validate: Callable[[], dict[str, float]] | None = None,
        validate_every: int = 1000,
    ) -> None:
        """Call `step(k)` up to `total`, with progress bar, logs, validation and checkpoints.

        Raises
        ------
        BassnbError
            At the first loss that is not finite, naming the step; when it is asked to stop (Ctrl-C,
            or SIGTERM, which schedulers send), after a last checkpoint; when the folder cannot be
            written, or another process of the training has ended. An existing checkpoint stays
            whole.
        """
        bar = tqdm(
            total=total, initial=self.step, desc=describe, disable=not self.writer, mininterval=1.0
        )
        # reading every loss would make a GPU wait: many are read at once
        unchecked: list[dict[str, Tensor]] = []
        with self.explained(), interruption() as asked, bar:
            while self.step < total:
                unchecked.append(step(self.step))
                self.step += 1
                bar.update()
                validates = validate and (self.step % validate_every == 0 or self.step == total)
                stops = asked.is_set() and self.accelerator.num_processes == 1
                if self.step % LOG_EVERY == 0 or self.step == total or validates or stops:
                    values, stops = self.look_at(unchecked, asked.is_set())
                    bar.set_postfix({k: f"{v:.3f}" for k, v in values.items()}, refresh=False)
                    self.log(values)
                    if validates and validate and self.writer:
                        self.keep_best(validate())
                    due = time.monotonic() - self.saved >= self.save_seconds
                    if stops or self.step == total or due:
                        self.save()
                if stops and self.step < total:
                    raise BassnbError(
                        f"stopped at step {self.step} of {total}, which is saved in {self.folder}; --resume goes on"
                    )

    def look_at(
        self, unchecked: list[dict[str, Tensor]], asked: bool
    ) -> tuple[dict[str, float], bool]:
        """Means over all processes of the last losses, and whether any process was asked to stop.

        All processes call this in the same steps, get the same numbers and decide alike. At the
        first loss that is not finite the training ends, before such weights replace a good
        checkpoint; nan.json names the batch: `step_seed(seed, step)` draws it again.
        """
        first, names = self.step - len(unchecked), sorted(unchecked[-1])
        sums = torch.stack(
            [torch.stack(list(losses.values())).sum().float() for losses in unchecked]
        )
        last = torch.stack([unchecked[-1][name].float() for name in names])
        flag = torch.full_like(sums[:1], asked)
        mean = self.accelerator.reduce(torch.cat([flag, last, sums]), reduction="mean").cpu()
        unchecked.clear()
        bad = (~mean[1 + len(names) :].isfinite()).nonzero()
        if len(bad):
            self.report_nan(first + int(bad[0]))
        return {name: float(value) for name, value in zip(names, mean[1:])}, bool(mean[0] > 0)

    def report_nan(self, step: int) -> None:
        """End the training at a loss that is not finite."""
        seed = self.config.get("seed", 0)
        if self.writer:
            write_json(
                self.folder / NAN,
                {
                    "step": step,
                    "seed": seed,
                    "batch_seed": step_seed(seed, step),
                    "config": self.config,
                },
            )
        raise BassnbError(
            f"the loss is no longer a number at step {step}; see {self.folder / NAN}, lower the learning rate and "
            f"resume from the last checkpoint"
        )

    @contextmanager
    def explained(self):
        """Turn errors of the disk and of other processes into one sentence."""
        try:
            yield
        except OSError as error:
            raise BassnbError(
                f"{self.folder} cannot be written at step {self.step} ({error.strerror or error}); {self.kept()}: free some "
                f"space there and resume"
            ) from None
        except RuntimeError as error:
            if self.accelerator.num_processes == 1 or not any(word in str(error) for word in LOST):
                raise
            raise BassnbError(
                f"another process of this training ended at step {self.step}; {self.kept()}: start all of them again with "
                f"--resume"
            ) from None

    def kept(self) -> str:
        """What the training can be resumed from, for messages."""
        return (
            f"the checkpoint of step {self.saved_step} is whole"
            if self.saved_step
            else "there is no checkpoint yet"
        )

    # -- what is written ---------------------------------------------------------------------------

    def log(self, values: dict[str, float]) -> None:
        """Append scalars to log.jsonl and TensorBoard."""
        if not self.writer:
            return
        with open(self.folder / LOG, "a", encoding="utf-8") as file:
            file.write(
                json.dumps({"step": self.step, **{k: round(v, 6) for k, v in values.items()}})
                + "\n"
            )
        for name, value in values.items():
            self.writer.add_scalar(name, value, self.step)

    def kept_weights(self) -> nn.Module:
        """The module whose weights are worth keeping."""
        return self.modules["average" if "average" in self.modules else "model"]

    def keep_best(self, values: dict[str, float]) -> None:
        """Log a validation, and keep the weights if it is the best so far."""
        self.log(values)
        if self.watched and (self.best is None or values[self.watched] < self.best["value"]):
            self.best = {"step": self.step, "value": values[self.watched]}
            write_tensors(
                self.folder / BEST,
                self.kept_weights().state_dict(),
                {"best": json.dumps(self.best)},
            )

    def take_best(self) -> None:
        """Give the module that is kept, in every process, the weights of the best validation.

        Raises
        ------
        BassnbError
            If there was no validation.
        """
        self.accelerator.wait_for_everyone()  # the first process alone validates
        if not (self.folder / BEST).is_file():
            raise BassnbError(
                f"{self.folder} has no validation yet, so no best weights; leave out --best"
            )
        load_strictly(
            self.kept_weights(), read_tensors(self.folder / BEST)[0], str(self.folder / BEST)
        )

    def save(self) -> None:
        """Write the training state, atomically; only the main process does."""
        if self.accelerator.is_main_process:
            scaler = self.accelerator.scaler  # of fp16: the factor by which losses are scaled
            meta = {
                "step": self.step,
                "config": self.config,
                "best": self.best,
                "scaler": scaler and scaler.state_dict(),
            }
            save_state(self.folder / STATE, self.modules, self.optimizers, meta)
        self.saved, self.saved_step = time.monotonic(), self.step


@contextmanager
def interruption():
    """Event set by Ctrl-C and SIGTERM instead of ending the process.

    A second Ctrl-C ends it at once.
    """
    asked = threading.Event()

    def ask(number, frame):
        if asked.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        asked.set()

    if threading.current_thread() is not threading.main_thread():
        yield asked  # only the main thread may handle signals
        return
    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
