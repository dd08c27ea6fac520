"""`bassnb train`: one command for each part of the system.

Heavy modules are imported inside the commands.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bassnb.commands.options import Autoencoder, Model, PresetName, RunFolder, Stem, group, takes
from bassnb.settings import TrainingSettings

NOT_FOR_JUDGES = tuple(
    "data latents without_musdb start total_steps composed precision compile accumulate best".split()
)
train_app = group("Train one part of the system; --resume continues exactly.")


def echo_once(path: Path) -> None:
    """Print a path from the main process only."""
    from accelerate import PartialState

    if PartialState().is_main_process:
        typer.echo(path)


@train_app.command("autoencoder")
@takes(TrainingSettings, leave_out=("latents",))
def train_autoencoder_command(
    stem: Annotated[str, typer.Option(help="mix or bass; with --data any stem of the collection.")],
    run: RunFolder,
    preset: PresetName = "classroom",
    *,
    settings: TrainingSettings,
) -> None:
    """Train the autoencoder of the mix or of a stem, on generated songs or a collection."""
    from bassnb.plans import load_preset
    from bassnb.training.autoencoder import train_autoencoder

    train_autoencoder(load_preset(preset), stem, run, settings)
    echo_once(run / "model.safetensors")


@train_app.command("diffusion")
@takes(TrainingSettings)
def train_diffusion_command(
    run: RunFolder,
    mix: Autoencoder = "classroom",
    bass: Autoencoder = "classroom",
    stem: Stem = "bass",
    preset: PresetName = "classroom",
    *,
    settings: TrainingSettings,
) -> None:
    """Train the diffusion network, on generated songs or a collection."""
    from bassnb.plans import load_preset
    from bassnb.training.diffusion import train_diffusion

    train_diffusion(load_preset(preset), run, settings, mix=mix, bass=bass, stem=stem)
    echo_once(run / "pretrained")


@train_app.command("distill")
@takes(TrainingSettings, leave_out=("start", "best"))
def train_distill_command(
    run: RunFolder,
    model: Model = "classroom",
    to: Annotated[
        int, typer.Option(min=1, max=32, help="Sampler steps of the student: 1, 2, 4, 8, ...")
    ] = 4,
    *,
    settings: TrainingSettings,
) -> None:
    """Distil a model to few sampler steps, with its guidance."""
    from bassnb.training.distillation import train_distilled

    train_distilled(model, run, settings, to=to)
    echo_once(run / "pretrained")


@train_app.command("judge")
@takes(TrainingSettings, leave_out=NOT_FOR_JUDGES)
def train_judge_command(
    run: RunFolder, model: Model = "classroom", *, settings: TrainingSettings
) -> None:
    """Train the judge of `evaluate contrastive` on latents of a model's encoders."""
    from bassnb.checkpoints import load_pretrained
    from bassnb.training.contrastive import train_contrastive

    train_contrastive(load_pretrained(model), run, settings)
    echo_once(run / "judge.safetensors")
