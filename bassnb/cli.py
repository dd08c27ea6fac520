"""The command `bassnb`: parse, call the package, print. All that it does, Python can do as well.

Every error that a user can cause is a `BassnbError` or an `OSError`; both become one sentence on
standard error and exit status 2 in one place, `bassnb.commands.options.OneSentence`. Anything else
is a bug: a sentence that asks for a report, and exit status 1. `bassnb --debug` shows the traceback
of either. Heavy imports happen inside the commands, so that `bassnb --help` does not wait for
torch.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Annotated, Optional

import typer

from bassnb.commands.data import data_commands
from bassnb.commands.evaluate import evaluate_app
from bassnb.commands.options import (
    Device,
    Force,
    Model,
    group,
    model_files,
    shows_progress,
    takes,
)
from bassnb.commands.train import train_app
from bassnb.settings import ControlSettings, TakeSettings

app = group("A bass line for your mix, by latent diffusion.", add_completion=False)
app.add_typer(data_commands)
app.add_typer(train_app, name="train")
app.add_typer(evaluate_app, name="evaluate")


@app.callback()
def main(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """A bass line for your mix, by latent diffusion."""


@app.command()
@takes(TakeSettings)
@takes(ControlSettings, to="control")
def accompany(
    mix: Annotated[
        Path, typer.Argument(help="Audio file, or a folder of them; - is standard input.")
    ],
    out: Annotated[
        Path,
        typer.Option(
            help="File or folder for the bass, settings in a .json beside it; - is standard output."
        ),
    ],
    style: Annotated[
        Optional[list[Path]],
        typer.Option(help="A bass recording whose timbre is wanted; of several, their mean."),
    ] = None,
    variations: Annotated[
        int, typer.Option(help="Number of takes; several get -1, -2 ... in their names.")
    ] = 1,
    with_mix: Annotated[
        Optional[Path], typer.Option(help="File or folder for mix and bass together.")
    ] = None,
    format: Annotated[
        Optional[str],
        typer.Option(help="wav, flac, ogg or mp3: in a folder and on standard output; wav."),
    ] = None,
    midi: Annotated[
        Optional[Path],
        typer.Option(help="MIDI file or folder for the notes, with the tempo of the mix."),
    ] = None,
    model: Model = "classroom",
    device: Device = "auto",
    precision: Annotated[
        str,
        typer.Option(
            help="no, bf16 (recent GPUs; large models on recent CPUs) or fp16 (older GPUs)."
        ),
    ] = "no",
    force: Force = False,
    *,
    settings: TakeSettings,
    control: ControlSettings,
) -> None:
    """Play bass to MIX, exactly as long as MIX, which may last for hours.

    MIX may be a folder, and OUT then is one too: every song in it gets a bass of the same name.
    A second run plays only what is new or has changed. A single - stands for standard input and
    standard output.
    """
    from bassnb.accompanist import Accompanist
    from bassnb.commands.accompany import accompany_any
    from bassnb.control.progression import chord_file

    options = {
        "with_mix": with_mix,
        "midi": midi,
        "style": style[0] if style and len(style) == 1 else style or None,
        "variations": variations,
        "force": force,
        **vars(settings),
        **vars(control),
    }
    own = [control.keep, control.line, chord_file(control.chords)]
    inputs = [*(style or []), *own, *model_files(model)]
    load = functools.partial(Accompanist.from_pretrained, model, device=device, precision=precision)
    accompany_any(mix, out, format, load, inputs, options)


@app.command("app")
def page(
    model: Model = "classroom",
    device: Device = "auto",
    precision: Annotated[str, typer.Option(help="no, or bf16.")] = "no",
    host: Annotated[
        str, typer.Option(help="Address to listen at; the default is for this machine alone.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen at.")] = 7860,
) -> None:
    """Open a page with every control of accompany in it, for a browser and for HARP."""
    from bassnb.extras import need

    need("app")
    from bassnb.accompanist import Accompanist

    accompanist = Accompanist.from_pretrained(model, device=device, precision=precision)
    from bassnb.app.page import launch, make_app

    launch(make_app(accompanist), host=host, port=port)


@app.command()
def info(
    model: Model = "classroom",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print the size and geometry of a model."""
    from bassnb.checkpoints import load_pretrained, weights_fingerprint
    from bassnb.presets import SAMPLE_RATE, TIME_RATIO

    system = load_pretrained(model)
    parts = {
        name: sum(p.numel() for p in part.parameters()) for name, part in system.named_children()
    }
    facts = {
        "model": model,
        "preset": system.preset.name,
        "stem": system.stem,
        "weights": weights_fingerprint(system),
        "sample_rate": SAMPLE_RATE,
        "samples_per_latent": TIME_RATIO,
        "latents_per_second": round(SAMPLE_RATE / TIME_RATIO, 3),
        "mix_channels": system.preset.mix.latent_channels,
        "bass_channels": system.preset.bass.latent_channels,
        "parameters": {**parts, "total": sum(parts.values())},
        "defaults": system.defaults,
    }
    if as_json:
        typer.echo(json.dumps(facts, indent=1))
        return
    for key, value in facts.items():
        inner = value.items() if isinstance(value, dict) else [("", value)]
        for name, figure in inner:
            text = f"{figure:,}" if isinstance(figure, int) and isinstance(value, dict) else figure
            typer.echo(f"{' '.join(filter(None, (key, name))).replace('_', ' '):<32}{text}")


@app.command()
def songs(
    out: Annotated[
        Path,
        typer.Option(help="Folder; every song gets a folder of FLAC stems and song.json in it."),
    ],
    count: Annotated[int, typer.Option(min=1, help="Number of songs.")] = 8,
    seed: Annotated[
        int, typer.Option(min=0, help="Seed of the first song; the others follow.")
    ] = 0,
    split: Annotated[str, typer.Option(help="train, validation or test.")] = "train",
    seconds: Annotated[float, typer.Option(min=1.0, max=3600.0, help="Length of a song.")] = 24.0,
    world: Annotated[
        Optional[str],
        typer.Option(help="soundfont, or wide: synthesized sounds too, and busier basses."),
    ] = None,
    force: Force = False,
) -> None:
    """Compose and render songs with their ground truth."""
    from tqdm import tqdm

    from bassnb.extras import need

    need("songs")
    from bassnb.composer.render import song_outputs, write_song
    from bassnb.composer.songs import compose
    from bassnb.composer.world import DEFAULT, World
    from bassnb.outputs import check_outputs

    def folder_of(number: int) -> Path:
        return out / f"{split}-{number:06d}"

    numbers, played = range(seed, seed + count), World(world) if world else DEFAULT
    there = (folder for folder in map(folder_of, numbers) if folder.exists())
    check_outputs((output for folder in there for output in song_outputs(folder)), force=force)
    for number in tqdm(numbers, desc="songs", disable=not shows_progress()):
        folder = folder_of(number)
        write_song(compose(number, split=split, seconds=seconds, world=played), folder)
        typer.echo(folder)


@app.command()
def export(
    model: Annotated[str, typer.Argument(help="A shipped model, a model folder, or a hub id.")],
    out: Annotated[Path, typer.Option(help="Folder for the ONNX files and model.json.")],
    force: Force = False,
) -> None:
    """Write MODEL for programs without Python, such as web pages and plugins, as ONNX graphs."""
    from bassnb.extras import need

    need("export")
    from bassnb.export import DESCRIPTION
    from bassnb.export import export as write

    for name, difference in write(model, out, force=force).items():
        typer.echo(f"{out / name}  differs from torch by at most {difference:.1e}")
    typer.echo(out / DESCRIPTION)
