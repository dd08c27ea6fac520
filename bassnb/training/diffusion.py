"""Training of the diffusion network on pairs of latents (sections 3.2 and 4 of the paper).

Taught in chapter 10.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Protocol

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from bassnb.autoencoder import Autoencoder
from bassnb.checkpoints import (
    AUTOENCODER,
    CONFIG,
    WEIGHTS,
    System,
    load_pretrained,
    load_strictly,
    read_json,
    read_tensors,
    save_pretrained,
)
from bassnb.collections.cache import CachedPairs, cached_splits
from bassnb.collections.latents import LatentDataset, encode_songs, fingerprint
from bassnb.collections.pairs import LivePairs, MixedPairs, Pairs
from bassnb.collections.stems import open_splits
from bassnb.composer.world import DEFAULT, World
from bassnb.diffusion import diffusion_loss
from bassnb.errors import BassnbError
from bassnb.plans import with_steps
from bassnb.presets import DiffusionTraining, Preset
from bassnb.settings import TrainingSettings
from bassnb.training.ahead import Ahead
from bassnb.training.loop import (
    check_best,
    check_composed,
    compile_in_place,
    learning_rate,
    open_accelerator,
    parts_of_batch,
    step_seed,
    update_ema,
)
from bassnb.training.run import Run, check_run
from bassnb.unet import UNet1d

# what a finished training leaves in its run folder
MODEL_FILES = (f"pretrained/{WEIGHTS}", f"pretrained/{CONFIG}")


def load_autoencoders(
    preset: Preset, mix: str | Path, bass: str | Path, device: str | torch.device = "cpu"
) -> tuple[Autoencoder, Autoencoder]:
    """The trained autoencoders of mix and stem, ready for inference.

    Parameters
    ----------
    mix, bass : the run folder of a training, or a model (a shipped name, a folder, a hub id) whose
        autoencoder is taken
    """
    loaded = []
    for role, source in (("mix", mix), ("bass", bass)):
        path = Path(source) / "model.safetensors"
        autoencoder = Autoencoder(getattr(preset, role))
        if path.is_file() and read_json(path.with_name("config.json")).get("model") == AUTOENCODER:
            state = read_tensors(path)[0]
        else:
            state = getattr(load_pretrained(source), f"{role}_autoencoder").state_dict()
        load_strictly(autoencoder, state, str(source))
        loaded.append(autoencoder.to(device).eval().requires_grad_(False))
    return loaded[0], loaded[1]


def train_diffusion(
    preset: Preset,
    folder: str | Path,
    settings: TrainingSettings = TrainingSettings(),
    *,
    mix: str | Path,
    bass: str | Path,
    stem: str = "bass",
) -> System:
    """Train the U-Net and leave the whole system as a model folder in `folder`/pretrained.

    Parameters
    ----------
    settings : how to train. The pairs come from `data`, a collection encoded while the training
        runs, from `latents`, or by default from generated songs, encoded and kept in `cache`. With
        `start` the schedule starts anew.
    mix, bass : the autoencoders of mix and stem, see `load_autoencoders`
    stem : of the collection, that is to be played

    Raises
    ------
    CheckpointError
        If an autoencoder is missing or of another preset.
    DataError
        If there is nothing to learn from in `data` or `latents`, or the latents are those of other
        encoders.
    BassnbError
        If the folder holds another training or files that no training wrote, or the loss is not
        finite.
    """
    check_run(
        folder,
        MODEL_FILES,
        [mix, bass, settings.data, settings.latents, settings.start],
    )
    preset = with_steps(preset, "diffusion", settings.total_steps)
    plan = preset.diffusion_training
    accelerator = open_accelerator(settings.device, settings.precision)
    autoencoders = load_autoencoders(preset, mix, bass, accelerator.device)
    world = World(preset.world, settings.soundfont or ())
    pairs, held_out = open_pairs(plan, settings, stem, autoencoders, accelerator, world)
    check_best(settings.best, held_out)
    torch.manual_seed(settings.seed)  # initial weights only
    unet = UNet1d(preset.unet)
    if settings.start:
        load_strictly(unet, load_pretrained(settings.start).unet.state_dict(), settings.start)
    config = {
        "seed": settings.seed,
        "shape": asdict(preset.unet),
        "plan": asdict(plan),
        "start": settings.start,
        "encoders": fingerprint(*autoencoders),
        **world.facts(),
        **({"data": pairs.facts()} if pairs.facts() else {}),
    }

    def validate(average: nn.Module) -> dict[str, float]:
        assert held_out is not None  # `fit` does not call it without songs
        return validation_losses(average, held_out, plan.latents, accelerator.device)

    _, average = fit(
        unet,
        pairs,
        plan,
        folder,
        accelerator,
        config,
        settings,
        validate=validate if held_out else None,
    )
    system = assemble(preset, *autoencoders, average, stem)
    if accelerator.is_main_process:
        save_pretrained(system, Path(folder) / "pretrained")
    return system


def open_pairs(
    plan: DiffusionTraining,
    settings: TrainingSettings,
    stem: str,
    autoencoders: tuple[Autoencoder, Autoencoder],
    accelerator: Accelerator,
    world: World,
) -> tuple[Pairs, Pairs | None]:
    """Pairs to train with and to validate with.

    The second is None where a collection is too small for a validation split. Composed songs beside
    those of a collection are for training alone.

    Raises
    ------
    BassnbError
        If `data` and `latents` are both given, or generated songs do not have the stem.
    """
    if settings.data and settings.latents:
        raise BassnbError(
            "the pairs come from a collection or from a cache of latents; name one of them"
        )
    recorded = recorded_pairs(plan, settings, stem, autoencoders, accelerator)
    check_composed(settings.composed, recorded)
    if recorded and not settings.composed:
        return recorded
    if stem != "bass":
        raise BassnbError(
            f"generated songs have no {stem} to be played; name a collection of stems"
        )
    composed = latent_pairs(plan, autoencoders, settings.cache, accelerator, world)
    if recorded is None:
        return composed
    return MixedPairs(composed[0], recorded[0], settings.composed), recorded[1]


def recorded_pairs(
    plan: DiffusionTraining,
    settings: TrainingSettings,
    stem: str,
    autoencoders: tuple[Autoencoder, Autoencoder],
    accelerator: Accelerator,
) -> tuple[Pairs, Pairs | None] | None:
    """The pairs of `latents` or `data`, for training and validation; None where neither is given."""
    if settings.latents:
        folder, encoders = Path(settings.latents), fingerprint(*autoencoders)
        train, *held_out = (
            CachedPairs(folder, split=split, encoders=encoders, target=stem)
            for split in cached_splits(folder)
        )
        train.check(plan.latents)
        return train, held_out[0] if held_out else None
    if settings.data is not None:
        with accelerator.main_process_first():  # one process reads, the others find the index
            train_songs, held_out_songs = open_splits(
                Path(settings.data),
                stem,
                Path(settings.cache),
                without_musdb=settings.without_musdb,
                progress=accelerator.is_main_process,
            )
        unseen = LivePairs(held_out_songs, *autoencoders) if held_out_songs else None
        return LivePairs(train_songs, *autoencoders), unseen
    return None


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


class SongPlan(Protocol):
    """The part of a training plan that says which latents it needs."""

    @property
    def songs(self) -> int:
        """Number of training songs."""

    @property
    def song_seconds(self) -> float:
        """Length of each."""

    @property
    def submixes(self) -> int:
        """Random sub-mixes encoded for each song."""


def latent_pairs(
    plan: SongPlan,
    autoencoders: tuple[Autoencoder, Autoencoder],
    cache: str | os.PathLike,
    accelerator: Accelerator,
    world: World = DEFAULT,
) -> tuple[LatentDataset, LatentDataset]:
    """Latents of the training songs and of up to 100 validation songs, encoded where missing.

    `plan` says how many songs, how long, and how many sub-mixes of each; the judge's plan serves as
    well. Where there are several processes, each encodes its share of the shards.
    """
    mix, bass = autoencoders
    shards = [
        encode_songs(
            mix,
            bass,
            Path(cache),
            split=split,
            count=count,
            seconds=plan.song_seconds,
            submixes=plan.submixes,
            world=world,
            worker=accelerator.process_index,
            workers=accelerator.num_processes,
        )
        for split, count in (("train", plan.songs), ("validation", min(plan.songs, 100)))
    ]
    accelerator.wait_for_everyone()
    return LatentDataset.load(shards[0]), LatentDataset.load(shards[1])


def assemble(
    preset: Preset,
    mix_autoencoder: Autoencoder,
    bass_autoencoder: Autoencoder,
    unet: nn.Module,
    stem: str = "bass",
) -> System:
    """A system with copies of three trained parts, which plays `stem`."""
    system = System(preset, stem=stem)
    for part, trained in (
        (system.mix_autoencoder, mix_autoencoder),
        (system.bass_autoencoder, bass_autoencoder),
        (system.unet, unet),
    ):
        part.load_state_dict(trained.state_dict())
    return system


@torch.no_grad()
def validation_losses(
    model: nn.Module, pairs: Pairs, length: int, device: torch.device
) -> dict[str, float]:
    """v-loss on fixed crops, times and noise of held-out songs, with the mix and without it."""
    c_y, c_x = pairs.latents(
        *(part.to(device) for part in pairs.batch(step_seed(0, 0), 64, length))
    )
    losses = {}
    for name, drop in (("validation_v", 0.0), ("validation_v_unconditional", 1.0)):
        losses[name] = float(
            diffusion_loss(model, c_y, c_x, generator=torch.Generator().manual_seed(0), drop=drop)
        )
    return losses
