"""Progressive distillation: a student does in one step what its teacher does in two.

Taught in chapter 13. A stage halves the number of steps, and its student is the teacher of the next
one (Salimans and Ho 2022). The first teacher is the trained network with guidance, which its
student takes over (Meng et al. 2023): a student asks once a step, not twice.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from bassnb.checkpoints import System, load_pretrained, save_pretrained, weights_fingerprint
from bassnb.collections.latents import fingerprint
from bassnb.collections.pairs import Pairs
from bassnb.composer.world import World
from bassnb.denoiser import Denoise, guided_denoiser
from bassnb.diffusion import add_noise, alpha_beta, draw_noise, eps_from_c
from bassnb.errors import BassnbError
from bassnb.plans import scaled
from bassnb.sampling import PAPER_STEPS
from bassnb.schedules import DiffusionTraining
from bassnb.settings import TrainingSettings
from bassnb.training.diffusion import MODEL_FILES, assemble
from bassnb.training.diffusion_trainer import DiffusionTrainer, train
from bassnb.training.loop import open_accelerator
from bassnb.training.run_folder import check_run
from bassnb.training.sources import open_pairs

STEPS = 4000  # of all stages together
RATE = 0.25  # of the learning rate of the training, for the student begins as its teacher


def stages_to(steps: int, start: int = PAPER_STEPS) -> tuple[int, ...]:
    """Steps of the student in each stage: 32, 16, 8, 4 for 4.

    Raises
    ------
    BassnbError
        If halving `start` does not lead there.
    """
    stages, left = [], start
    while left > max(steps, 1) and left % 2 == 0:
        left //= 2
        stages.append(left)
    if not stages or left != steps:
        raise BassnbError(f"halving {start} does not lead to {steps} steps; give 1, 2, 4, 8, ...")
    return tuple(stages)


def student_plan(trained: DiffusionTraining) -> DiffusionTraining:
    """The schedule of a student; its moving average is short, for it becomes the next teacher."""
    rate = RATE * trained.learning_rate
    return replace(trained, steps=STEPS, warmup=100, drop=0.0, learning_rate=rate, ema=0.99)


def two_steps(denoise: Denoise, z: Tensor, t: Tensor, steps: int) -> Tensor:
    """The estimate with which one step of DDIM arrives where two half ones of the teacher do.

    With ``z''`` at ``t'' = t - 1 / steps``, two equations ``z = alpha c + beta eps`` and ``z'' =
    alpha'' c + beta'' eps`` are solved for c (Salimans and Ho 2022, appendix G):

        c = (z'' - (beta'' / beta) z) / (alpha'' - (beta'' / beta) alpha)

    Parameters
    ----------
    z : Tensor (B, C, L)
    t : Tensor (B,), times k / steps with k from 1 to `steps`

    Returns
    -------
    c : Tensor (B, C, L)
    """
    middle, end = t - 0.5 / steps, (t - 1 / steps).clamp(min=0)
    there = z
    for before, after in ((t, middle), (middle, end)):
        c = denoise(there, before)
        there = add_noise(c, eps_from_c(there, c, before), after)
    (alpha, beta), (alpha_end, beta_end) = (
        (rate[:, None, None] for rate in alpha_beta(time)) for time in (t, end)
    )
    ratio = beta_end / beta
    return (there - ratio * z) / (alpha_end - ratio * alpha)


def distillation_loss(
    model: Callable[[Tensor, Tensor, Tensor], Tensor],
    c_y: Tensor,
    c_x: Tensor,
    *,
    teacher: nn.Module,
    steps: int,
    guidance: float,
    phi: float = 0.0,
    generator: torch.Generator,
    drop: float = 0.0,
    times: str = "",
    share: tuple[int, int] = (0, 1),
) -> Tensor:
    """``E || G(z_t, t, c_x) - v ||^2``, where v belongs to the estimate of `two_steps`.

    The times are those of a sampler with `steps` steps; other parameters as in
    `bassnb.diffusion.diffusion_loss`.
    """

    def on_grid(batch: int, source: torch.Generator) -> Tensor:
        k = torch.randint(1, steps + 1, (batch,), generator=source, device=source.device)
        return k / steps

    t, eps, keep = draw_noise(c_y, on_grid, drop, generator, share)
    z, mix = add_noise(c_y, eps, t), c_x * keep[:, None, None]
    with torch.no_grad():
        c = two_steps(guided_denoiser(teacher, mix, guidance, phi), z, t, steps)
        alpha, beta = (rate[:, None, None] for rate in alpha_beta(t))
        v = (alpha * z - c) / beta
    return (model(z, t, mix).float() - v.float()).square().mean()


def stage_of(step: int, steps: int, stages: int) -> int:
    """The number of the stage to which a step belongs, both from 0; a training has so many `steps`."""
    return min(step * stages // steps, stages - 1)


class Distiller(DiffusionTrainer):
    """Student, its moving average and its teacher; the stage follows from the step alone.

    Parameters
    ----------
    network : the first teacher, with which the student begins
    stages : see `stages_to`
    guidance, phi : of the first teacher
    """

    def __init__(
        self,
        network: nn.Module,
        plan: DiffusionTraining,
        accelerator: Accelerator,
        seed: int,
        *,
        stages: tuple[int, ...],
        guidance: float,
        phi: float = 0.0,
        **options,
    ):
        student = copy.deepcopy(network).requires_grad_(True)
        super().__init__(student, plan, accelerator, seed, **options)
        self.teacher = copy.deepcopy(network).requires_grad_(False).to(accelerator.device)
        self.stages, self.guidance, self.phi = stages, guidance, phi

    def modules(self) -> dict[str, nn.Module]:
        """The modules that a checkpoint holds; the teacher changes, too."""
        return {**super().modules(), "teacher": self.teacher}

    def step(self, c_y: Tensor, c_x: Tensor, k: int) -> dict[str, Tensor]:
        """One update; at the first step of a stage the student becomes the teacher before."""
        stage, before = (stage_of(n, self.plan.steps, len(self.stages)) for n in (k, k - 1))
        if k and stage != before:
            for network in (self.teacher, self.bare):
                network.load_state_dict(self.average.state_dict())
        first = stage == 0
        self.objective = partial(
            distillation_loss,
            teacher=self.teacher,
            steps=self.stages[stage],
            guidance=self.guidance if first else 1.0,
            phi=self.phi if first else 0.0,
        )
        return super().step(c_y, c_x, k)


def train_distilled(
    source: str, folder: str | Path, settings: TrainingSettings = TrainingSettings(), *, to: int = 4
) -> System:
    """Distil the network of a model to `to` steps; leave a model folder in `folder`/pretrained.

    Its defaults are the student's: so many steps of DDIM, and no guidance, which it has learned.

    Parameters
    ----------
    settings : how to train; see `bassnb.training.diffusion.train_diffusion`

    Raises
    ------
    BassnbError
        As `train_diffusion`, or if halving 64 steps does not lead to `to`.
    """
    stages_to(to)  # before any work
    check_run(folder, MODEL_FILES, [source, settings.data, settings.latents])
    accelerator = open_accelerator(settings.device, settings.precision)
    system = load_pretrained(source, device=accelerator.device)
    plan = student_plan(system.preset.diffusion_training)
    plan = scaled(plan, settings.total_steps)
    coders = (system.mix_autoencoder, system.bass_autoencoder)
    world = World(system.preset.world, settings.soundfont or ())
    pairs, _ = open_pairs(plan, settings, system.stem, coders, accelerator, world)
    return distil(system, pairs, plan, folder, accelerator, settings, to=to, source=source)


def distil(
    system: System,
    pairs: Pairs,
    plan: DiffusionTraining,
    folder: str | Path,
    accelerator: Accelerator,
    settings: TrainingSettings,
    *,
    to: int,
    source: str,
) -> System:
    """The student of the network of `system`, with the autoencoders of its teacher.

    Parameters
    ----------
    pairs : latents of basses and mixes, from the autoencoders of `system`
    to, source : steps of the student, and the name of the teacher for the run folder
    """
    coders, stages = (system.mix_autoencoder, system.bass_autoencoder), stages_to(to)
    teacher = {key: system.defaults[key] for key in ("guidance", "phi")}
    trainer = Distiller(
        system.unet,
        plan,
        accelerator,
        settings.seed,
        stages=stages,
        **teacher,
        compile=settings.compile,
        accumulate=settings.accumulate,
    )
    config = {
        "seed": settings.seed,
        "teacher": {"model": source, "weights": weights_fingerprint(system.unet), **teacher},
        "stages": stages,
        "plan": {"steps": plan.steps, "batch": plan.batch, "learning_rate": plan.learning_rate},
        "encoders": fingerprint(*coders),
    }
    _, average = train(trainer, pairs, folder, config, settings)
    student = assemble(system.preset, *coders, average, system.stem)
    student.defaults = {"guidance": 1.0, "phi": 0.0, "steps": to}
    if accelerator.is_main_process:
        save_pretrained(student, Path(folder) / "pretrained")
    return student
