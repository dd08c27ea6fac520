"""`bassnb train`: one command for each part of the system. Heavy imports wait inside. Taught in chapter 10."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from bassnb.commands.options import (
    Autoencoder,
    Cache,
    Device,
    Force,
    Model,
    PresetName,
    Results,
    Seed,
    Stem,
    WithoutMusdb,
    group,
    model_files,
    shows_progress,
)

train_app = group("Train one part of the system; --resume continues exactly.")

RunFolder = Annotated[Path, typer.Option("--run", help="Folder for checkpoints, curves and the finished weights.")]
Steps = Annotated[Optional[int], typer.Option(min=1, help="Stop after so many of the preset's steps.")]
Resume = Annotated[bool, typer.Option(help="Continue the training in the run folder.")]
Precision = Annotated[str, typer.Option(help="no, bf16 or fp16.")]
Data = Annotated[Optional[Path], typer.Option(help="Folder of a collection of stems; by default generated songs.")]
Accumulate = Annotated[int, typer.Option(min=1, help="Compute each batch in so many parts, to save memory.")]
Best = Annotated[bool, typer.Option("--best", help="Leave the weights of the best validation, not the last.")]
Compile = Annotated[bool, typer.Option("--compile", help="Compile the networks first: a minute or two, for a GPU.")]


def say(path: Path) -> None:
    """Print a path, once, however many processes train."""
    from accelerate import PartialState

    if PartialState().is_main_process:
        typer.echo(path)


@train_app.command("autoencoder")
def train_autoencoder_command(
    stem: Annotated[str, typer.Option(help="mix or bass; with --data any stem of the collection.")],
    run: RunFolder,
    data: Data = None,
    preset: PresetName = "classroom",
    cache: Cache = Path("cache"),
    steps: Steps = None,
    resume: Resume = False,
    seed: Seed = 0,
    device: Device = "auto",
    precision: Precision = "no",
    compile: Compile = False,
    accumulate: Accumulate = 1,
    best: Best = False,
    without_musdb: WithoutMusdb = False,
) -> None:
    """Train the autoencoder of the mix or of a stem, on generated songs or a collection."""
    from bassnb.presets import get_preset
    from bassnb.training.autoencoder import train_autoencoder

    train_autoencoder(get_preset(preset), stem, run, data=data, cache=cache, seed=seed, resume=resume, steps=steps,
                      device=device, precision=precision, compile=compile, accumulate=accumulate, best=best,
                      without_musdb=without_musdb)  # fmt: skip
    say(run / "model.safetensors")


@train_app.command("diffusion")
def train_diffusion_command(
    run: RunFolder,
    mix: Autoencoder = "classroom",
    bass: Autoencoder = "classroom",
    data: Data = None,
    latents: Annotated[Optional[Path], typer.Option(help="Cache that bassnb encode wrote, instead of --data.")] = None,
    stem: Stem = "bass",
    preset: PresetName = "classroom",
    cache: Cache = Path("cache"),
    start: Annotated[Optional[str], typer.Option(help="Go on from the network of this model.")] = None,
    steps: Steps = None,
    resume: Resume = False,
    seed: Seed = 0,
    device: Device = "auto",
    precision: Precision = "no",
    compile: Compile = False,
    accumulate: Accumulate = 1,
    best: Best = False,
    without_musdb: WithoutMusdb = False,
) -> None:
    """Train the diffusion network between two trained autoencoders, on generated songs or a collection."""
    from bassnb.presets import get_preset
    from bassnb.training.diffusion import train_diffusion

    train_diffusion(get_preset(preset), run, mix=mix, bass=bass, data=data, latents=latents, stem=stem, cache=cache,
                    start=start, seed=seed, resume=resume, steps=steps, device=device, precision=precision, compile=compile,
                    accumulate=accumulate, best=best, without_musdb=without_musdb)  # fmt: skip
    say(run / "pretrained")


@train_app.command("judge")
def train_judge_command(
    run: RunFolder, model: Model = "classroom", cache: Cache = Path("cache"), steps: Steps = None, resume: Resume = False,
    seed: Seed = 0, device: Device = "auto",
) -> None:  # fmt: skip
    """Train the judge of `evaluate contrastive` on latents of a model's encoders."""
    from bassnb.checkpoints import load_pretrained
    from bassnb.training.contrastive import train_contrastive

    train_contrastive(load_pretrained(model), run, cache=cache, seed=seed, resume=resume, steps=steps, device=device)
    say(run / "judge.safetensors")


@train_app.command("ablations")
def train_ablations_command(
    run: RunFolder, model: Model = "classroom", cache: Cache = Path("cache"), out: Results = None, device: Device = "auto",
    force: Force = False,
) -> None:  # fmt: skip
    """Train small networks with one thing changed each, and mark them; what is there already is kept."""
    from bassnb.checkpoints import load_pretrained, write_json
    from bassnb.outputs import Output, check_outputs, report_of
    from bassnb.training.ablations import run_ablations

    out = out or Path("results/ablations.json")
    check_outputs([Output(out, report_of("bassnb train ablations"))], model_files(model), force=force)
    report = run_ablations(load_pretrained(model), run, cache=cache, device=device, progress=shows_progress())
    command = f"bassnb train ablations --run {run} --model {model}"
    typer.echo(write_json(out, {"command": command, **report}))
