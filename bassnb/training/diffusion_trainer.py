"""One step of the training of the diffusion network, and the loop over all steps.

Taught in chapter 10.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from bassnb.collections.pairs import Pairs
from bassnb.diffusion import diffusion_loss
from bassnb.schedules import DiffusionTraining
from bassnb.settings import TrainingSettings
from bassnb.training.ahead import Ahead
from bassnb.training.loop import (
    compile_in_place,
    learning_rate,
    parts_of_batch,
    step_seed,
    update_ema,
)
from bassnb.training.run import Run


def fit(
    unet: nn.Module,
    pairs: Pairs,
    plan: DiffusionTraining,
    folder: str | Path,
    accelerator: Accelerator,
    config: dict,
    settings: TrainingSettings,
    *,
    objective: Callable[..., Tensor] = diffusion_loss,
    validate: Callable[[nn.Module], dict[str, float]] | None = None,
) -> tuple[nn.Module, nn.Module]:
    """Train a new network on pairs of latents; returns it and the moving average of its weights.

    Parameters
    ----------
    config : JSON-ready, with the "seed" of all draws; a resumed run must have the same
    objective : called like `diffusion_loss`
    settings : only `resume`, `steps`, `compile`, `accumulate`, `best` and `save_minutes` are read
        here
    validate : called with the moving average every 500 steps and at the end
    """
    parts_of_batch(plan.batch, accelerator, settings.accumulate)
    trainer = DiffusionTrainer(
        unet,
        plan,
        accelerator,
        config["seed"],
        objective=objective,
        compile=settings.compile,
        accumulate=settings.accumulate,
    )
    return train(trainer, pairs, folder, config, settings, validate=validate)


def train(
    trainer: DiffusionTrainer,
    pairs: Pairs,
    folder: str | Path,
    config: dict,
    settings: TrainingSettings,
    *,
    validate: Callable[[nn.Module], dict[str, float]] | None = None,
) -> tuple[nn.Module, nn.Module]:
    """All steps of a trainer on pairs of latents; parameters and result as in `fit`."""
    accelerator, plan = trainer.accelerator, trainer.plan
    run = Run(
        folder,
        accelerator,
        trainer.modules(),
        {"adamw": trainer.optimizer},
        config,
        resume=settings.resume,
        best="validation_v",
        save_minutes=settings.save_minutes,
    )
    share = (accelerator.process_index, accelerator.num_processes)

    def draw(k: int) -> tuple[Tensor, ...]:
        return pairs.batch(step_seed(config["seed"], k), plan.batch, plan.latents, share=share)

    with Ahead(draw, accelerator.device) as batches:
        run.steps(
            min(settings.steps or plan.steps, plan.steps),
            lambda k: trainer.step(*pairs.latents(*batches(k)), k),
            describe="diffusion",
            validate_every=500,
            validate=validate and (lambda: validate(trainer.average)),
        )
    if settings.best:
        run.take_best()
    return trainer.bare, trainer.average


class DiffusionTrainer:
    """Network, moving average, optimiser, and one training step on a batch of latents."""

    def __init__(
        self,
        unet: nn.Module,
        plan: DiffusionTraining,
        accelerator: Accelerator,
        seed: int,
        *,
        objective: Callable[..., Tensor] = diffusion_loss,
        compile: bool = False,
        accumulate: int = 1,
    ):
        self.plan, self.accelerator, self.seed, self.objective = plan, accelerator, seed, objective
        self.accumulate = accumulate
        if compile:
            compile_in_place(unet)
        fused = accelerator.device.type == "cuda"  # all weights in one kernel
        optimizer = torch.optim.AdamW(
            unet.parameters(),
            lr=plan.learning_rate,
            betas=plan.betas,
            weight_decay=plan.weight_decay,
            fused=fused,
        )
        self.model, self.optimizer = accelerator.prepare(unet, optimizer)
        self.bare = accelerator.unwrap_model(self.model)
        self.average = copy.deepcopy(self.bare).requires_grad_(False)

    def modules(self) -> dict[str, nn.Module]:
        """The modules that a checkpoint holds."""
        return {"model": self.bare, "average": self.average}

    def step(self, c_y: Tensor, c_x: Tensor, k: int) -> dict[str, Tensor]:
        """One update on c_y (B, 32, L) and c_x (B, 64, L) in step k; returns the loss, detached."""
        plan = self.plan
        parts = zip(c_y.chunk(self.accumulate), c_x.chunk(self.accumulate))
        loss = torch.stack(
            [self.part(*latents, k, number) for number, latents in enumerate(parts)]
        ).mean()
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(
                k, 0, plan.steps, plan.learning_rate, plan.warmup, plan.plateau, plan.final_rate
            )
        self.accelerator.clip_grad_norm_(self.model.parameters(), plan.clip)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        update_ema(self.average, self.bare, plan.ema, k)
        return {"v": loss}

    def part(self, c_y: Tensor, c_x: Tensor, k: int, number: int) -> Tensor:
        """Backward for part `number` of this process's batch; returns its loss, detached."""
        accelerator, accumulate = self.accelerator, self.accumulate
        share = (
            accelerator.process_index * accumulate + number,
            accelerator.num_processes * accumulate,
        )
        # Drawn on the device: a million normal numbers from the CPU would take as long as a step of
        # `paper` on a GPU.
        generator = torch.Generator(accelerator.device).manual_seed(step_seed(self.seed, k, 1000))
        last = number == accumulate - 1  # processes exchange their gradients once
        with nullcontext() if last else accelerator.no_sync(self.model):
            with accelerator.autocast():
                loss = self.objective(
                    self.model,
                    c_y,
                    c_x,
                    generator=generator,
                    drop=self.plan.drop,
                    times=self.plan.times,
                    share=share,
                )
            accelerator.backward(loss / accumulate)
        return loss.detach()
