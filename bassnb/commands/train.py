"""`bassnb train`: one command for each part of the system. Heavy imports wait inside. Taught in chapter 10."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from bassnb.commands.options import Device, Model, Results, Seed, group, shows_progress

train_app = group("Train one part of the system; --resume continues exactly.")

PresetName = Annotated[str, typer.Option(help="smoke, classroom or paper.")]
RunFolder = Annotated[Path, typer.Option("--run", help="Folder for checkpoints, curves and the finished weights.")]
Cache = Annotated[Path, typer.Option(help="Folder for rendered songs and latents.")]
Steps = Annotated[Optional[int], typer.Option(min=1, help="Stop after so many of the preset's steps.")]
Resume = Annotated[bool, typer.Option(help="Continue the training in the run folder.")]
Precision = Annotated[str, typer.Option(help="no, bf16 or fp16.")]
Compile = Annotated[bool, typer.Option("--compile", help="Compile the networks first: a minute or two, for a GPU.")]


@train_app.command("autoencoder")
def train_autoencoder_command(
    stem: Annotated[str, typer.Option(help="mix or bass.")],
    run: RunFolder,
    preset: PresetName = "classroom",
    cache: Cache = Path("cache"),
    steps: Steps = None,
    resume: Resume = False,
    seed: Seed = 0,
    device: Device = "auto",
    precision: Precision = "no",
    compile: Compile = False,
) -> None:
    """Train the autoencoder of the mix or of the bass on generated songs."""
    from bassnb.presets import get_preset
    from bassnb.training.autoencoder import train_autoencoder

    train_autoencoder(get_preset(preset), stem, run, cache=cache, seed=seed, resume=resume, steps=steps, device=device,
                      precision=precision, compile=compile)  # fmt: skip
    typer.echo(run / "model.safetensors")


@train_app.command("diffusion")
def train_diffusion_command(
    mix: Annotated[Path, typer.Option(help="Run folder of the trained mix autoencoder.")],
    bass: Annotated[Path, typer.Option(help="Run folder of the trained bass autoencoder.")],
    run: RunFolder,
    preset: PresetName = "classroom",
    cache: Cache = Path("cache"),
    start: Annotated[Optional[str], typer.Option(help="Go on from the network of this model.")] = None,
    steps: Steps = None,
    resume: Resume = False,
    seed: Seed = 0,
    device: Device = "auto",
    precision: Precision = "no",
    compile: Compile = False,
) -> None:
    """Train the diffusion network between two trained autoencoders; leaves a model folder."""
    from bassnb.presets import get_preset
    from bassnb.training.diffusion import train_diffusion

    train_diffusion(get_preset(preset), run, mix=mix, bass=bass, cache=cache, start=start, seed=seed, resume=resume,
                    steps=steps, device=device, precision=precision, compile=compile)  # fmt: skip
    typer.echo(run / "pretrained")


@train_app.command("judge")
def train_judge_command(
    run: RunFolder, model: Model = "classroom", cache: Cache = Path("cache"), steps: Steps = None, resume: Resume = False,
    seed: Seed = 0, device: Device = "auto",
) -> None:  # fmt: skip
    """Train the judge of `evaluate contrastive` on latents of a model's encoders."""
    from bassnb.checkpoints import load_pretrained
    from bassnb.training.contrastive import train_contrastive

    train_contrastive(load_pretrained(model), run, cache=cache, seed=seed, resume=resume, steps=steps, device=device)
    typer.echo(run / "judge.safetensors")


@train_app.command("ablations")
def train_ablations_command(
    run: RunFolder, model: Model = "classroom", cache: Cache = Path("cache"), out: Results = None, device: Device = "auto"
) -> None:
    """Train small networks with one thing changed each, and mark them; what is there already is kept."""
    from bassnb.checkpoints import load_pretrained, write_json
    from bassnb.training.ablations import run_ablations

    report = run_ablations(load_pretrained(model), run, cache=cache, device=device, progress=shows_progress())
    command = f"bassnb train ablations --run {run} --model {model}"
    typer.echo(write_json(out or Path("results/ablations.json"), {"command": command, **report}))
