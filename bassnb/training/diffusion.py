"""Training of the diffusion network on pairs of latents (sections 3.2 and 4, taught in chapters 3 and 10)."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from bassnb.autoencoder import Autoencoder
from bassnb.checkpoints import System, load_pretrained, load_strictly, read_tensors, save_pretrained
from bassnb.data.latents import LatentDataset, encode_songs, fingerprint
from bassnb.diffusion import diffusion_loss
from bassnb.presets import DiffusionTraining, Preset
from bassnb.training.ahead import Ahead
from bassnb.training.loop import Run, compile_in_place, learning_rate, step_seed, update_ema
from bassnb.unet import UNet1d


def load_autoencoders(
    preset: Preset, mix: str | Path, bass: str | Path, device: str | torch.device = "cpu"
) -> list[Autoencoder]:
    """The trained autoencoders in the run folders `mix` and `bass`, ready for inference."""
    loaded = []
    for config, folder in ((preset.mix, mix), (preset.bass, bass)):
        path = Path(folder) / "model.safetensors"
        autoencoder = Autoencoder(config)
        load_strictly(autoencoder, read_tensors(path)[0], str(path))
        loaded.append(autoencoder.to(device).eval().requires_grad_(False))
    return loaded


def train_diffusion(
    preset: Preset, folder: str | Path, *, mix: str | Path, bass: str | Path, cache: str | Path = "cache",
    start: str | None = None, seed: int = 0, resume: bool = False, steps: int | None = None, device: str = "auto",
    precision: str = "no", compile: bool = False,
) -> System:  # fmt: skip
    """Train the U-Net and leave the whole system as a model folder in `folder`/pretrained.

    Parameters
    ----------
    mix, bass : run folders of the trained autoencoders
    cache : folder for the latents of the training songs, encoded first where they are missing
    start : begin with the network of this model (a shipped name, a local folder, a hub id) instead of random weights: the
        way to go on with other songs; the schedule starts anew
    steps : stop after that many of the preset's steps; resuming continues
    precision : "no", "bf16" or "fp16", as in accelerate
    compile : see `compile_in_place`; a training may be resumed with it or without it

    Raises
    ------
    CheckpointError
        If an autoencoder is missing or of another preset.
    TrainingError
        If the folder holds another training, or the loss is not finite.
    """
    plan = preset.diffusion_training
    accelerator = Accelerator(cpu=device == "cpu", mixed_precision=precision)
    autoencoders = load_autoencoders(preset, mix, bass, accelerator.device)
    pairs, held_out = latent_pairs(plan, autoencoders, cache, accelerator)
    torch.manual_seed(seed)  # initial weights only
    unet = UNet1d(preset.unet)
    if start:
        load_strictly(unet, load_pretrained(start).unet.state_dict(), start)
    config = {"seed": seed, "shape": asdict(preset.unet), "plan": asdict(plan), "start": start,
              "encoders": fingerprint(*autoencoders)}  # fmt: skip

    def validate(average: UNet1d) -> dict[str, float]:
        return validation_losses(average, held_out, plan.latents, accelerator.device)

    _, average = fit(unet, pairs, plan, folder, accelerator, config, resume=resume, steps=steps, validate=validate,
                     compile=compile)  # fmt: skip
    system = assemble(preset, *autoencoders, average)
    if accelerator.is_main_process:
        save_pretrained(system, Path(folder) / "pretrained")
    return system


def fit(
    unet: nn.Module, pairs: LatentDataset, plan: DiffusionTraining, folder: str | Path, accelerator: Accelerator, config: dict,
    *, resume: bool, steps: int | None = None, objective: Callable[..., Tensor] = diffusion_loss,
    validate: Callable[[nn.Module], dict[str, float]] | None = None, compile: bool = False,
) -> tuple[nn.Module, nn.Module]:  # fmt: skip
    """Train a freshly made network on pairs of latents; returns it and the moving average of its weights.

    Parameters
    ----------
    config : JSON-ready, with the "seed" of all draws; a resumed run must have the same
    objective : called like `diffusion_loss`
    validate : called with the average every 500 steps and at the end
    compile : see `compile_in_place`
    """
    trainer = DiffusionTrainer(unet, plan, accelerator, config["seed"], objective=objective, compile=compile)
    run = Run(folder, accelerator, trainer.modules(), {"adamw": trainer.optimizer}, config, resume=resume)
    size = plan.batch // accelerator.num_processes

    def draw(k: int) -> tuple[Tensor, Tensor]:
        return pairs.batch(step_seed(config["seed"], k, accelerator.process_index), size, plan.latents)

    with Ahead(draw, accelerator.device) as batches:
        run.steps(min(steps or plan.steps, plan.steps), lambda k: trainer.step(*batches(k), k), describe="diffusion",
                  validate_every=500, validate=validate and (lambda: validate(trainer.average)))  # fmt: skip
    return trainer.bare, trainer.average


class DiffusionTrainer:
    """Network, moving average, optimiser, and one training step on a batch of latents."""

    def __init__(
        self, unet: nn.Module, plan: DiffusionTraining, accelerator: Accelerator, seed: int,
        *, objective: Callable[..., Tensor] = diffusion_loss, compile: bool = False,
    ):  # fmt: skip
        self.plan, self.accelerator, self.seed, self.objective = plan, accelerator, seed, objective
        if compile:
            compile_in_place(unet)
        fused = accelerator.device.type == "cuda"  # all weights in one kernel
        optimizer = torch.optim.AdamW(
            unet.parameters(), lr=plan.learning_rate, betas=plan.betas, weight_decay=plan.weight_decay, fused=fused
        )
        self.model, self.optimizer = accelerator.prepare(unet, optimizer)
        self.bare = accelerator.unwrap_model(self.model)
        self.average = copy.deepcopy(self.bare).requires_grad_(False)

    def modules(self) -> dict[str, nn.Module]:
        """What a checkpoint holds."""
        return {"model": self.bare, "average": self.average}

    def step(self, c_y: Tensor, c_x: Tensor, k: int) -> dict[str, Tensor]:
        """One update on c_y (B, 32, L) and c_x (B, 64, L) in step k; returns the loss, detached."""
        plan, accelerator = self.plan, self.accelerator
        # Drawn on the device: a million normal numbers from the CPU would take as long as a step of `paper` on a GPU.
        generator = torch.Generator(accelerator.device).manual_seed(step_seed(self.seed, k, accelerator.process_index + 1000))
        with accelerator.autocast():
            loss = self.objective(self.model, c_y, c_x, generator=generator, drop=plan.drop, times=plan.times)
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(k, 0, plan.steps, plan.learning_rate, plan.warmup)
        self.optimizer.zero_grad(set_to_none=True)
        accelerator.backward(loss)
        accelerator.clip_grad_norm_(self.model.parameters(), plan.clip)
        self.optimizer.step()
        update_ema(self.average, self.bare, plan.ema, k)
        return {"v": loss.detach()}


def latent_pairs(
    plan: DiffusionTraining, autoencoders: list[Autoencoder], cache: str | Path, accelerator: Accelerator
) -> list[LatentDataset]:
    """Latents of the training songs and of up to 100 validation songs, encoded first where they are missing.

    `plan` says how many songs, how long, and how many sub-mixes of each; the judge's plan serves as well. Where there are
    several processes, each encodes its share of the shards.
    """
    share = dict(worker=accelerator.process_index, workers=accelerator.num_processes)
    shards = [encode_songs(*autoencoders, cache, split=split, count=count, seconds=plan.song_seconds,
                           submixes=plan.submixes, **share)
              for split, count in (("train", plan.songs), ("validation", min(plan.songs, 100)))]  # fmt: skip
    accelerator.wait_for_everyone()
    return [LatentDataset.load(paths) for paths in shards]


def assemble(preset: Preset, mix_autoencoder: Autoencoder, bass_autoencoder: Autoencoder, unet: UNet1d) -> System:
    """A system with copies of three trained parts."""
    system = System(preset)
    for part, trained in ((system.mix_autoencoder, mix_autoencoder), (system.bass_autoencoder, bass_autoencoder),
                          (system.unet, unet)):  # fmt: skip
        part.load_state_dict(trained.state_dict())
    return system


@torch.no_grad()
def validation_losses(model: UNet1d, pairs: LatentDataset, length: int, device: torch.device) -> dict[str, float]:
    """v-loss on fixed crops, times and noise of held-out songs, with the mix and without it."""
    c_y, c_x = (c.to(device) for c in pairs.batch(step_seed(0, 0), 64, length))
    losses = {}
    for name, drop in (("validation_v", 0.0), ("validation_v_unconditional", 1.0)):
        losses[name] = float(diffusion_loss(model, c_y, c_x, generator=torch.Generator().manual_seed(0), drop=drop))
    return losses
