"""Training of the diffusion network on pairs of latents (sections 3.2 and 4 of the paper).

Taught in chapter 10.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import torch
from torch import nn

from bassnb.autoencoder import Autoencoder
from bassnb.checkpoints import AUTOENCODER, System, load_pretrained, save_pretrained
from bassnb.collections.latents import fingerprint
from bassnb.collections.pairs import Pairs
from bassnb.composer.world import World
from bassnb.diffusion import diffusion_loss
from bassnb.plans import with_steps
from bassnb.presets import Preset
from bassnb.settings import TrainingSettings
from bassnb.stored import CONFIG, WEIGHTS, load_strictly, read_json, read_tensors
from bassnb.training.diffusion_trainer import fit
from bassnb.training.loop import check_best, open_accelerator, step_seed
from bassnb.training.run_folder import check_run
from bassnb.training.sources import open_pairs
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
