"""Commands for studies with songs and basses that the generator did not make.

Heavy modules are imported inside the commands.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from bassnb.commands.examine import examine
from bassnb.commands.options import Device, Force, Model, Results, Songs

FETCHED = Path("cache/foreign")  # the default of both studies
Fetched = Annotated[
    Optional[Path],
    typer.Option(help="Folder that book/foreign_basses.sh has filled: cache/foreign."),
]
SecondSoundFont = Annotated[
    Optional[Path], typer.Option(envvar="BASSNB_SOUNDFONT", help="A second SoundFont.")
]


def foreign_sources(
    folders: Optional[list[Path]], soundfont: Optional[Path]
) -> tuple[dict, list[str]]:
    """Options of a study for what the generator did not make, and the paths that it reads."""
    places = [str(place) for place in folders or []]
    font = str(soundfont) if soundfont else None
    return {"folder": places or None, "soundfont": font}, [*places, *([font] if font else [])]


def evaluate_foreign_command(
    model: Model = "classroom",
    songs: Annotated[
        Optional[int], typer.Option(min=1, help="Most basses of a group; by default all.")
    ] = None,
    seconds: Annotated[
        Optional[float],
        typer.Option(min=1.0, max=600.0, help="Most of a bass that is used: 8."),
    ] = None,
    fetched: Fetched = None,
    folder: Annotated[
        Optional[list[Path]],
        typer.Option(help="Recorded basses, a group of their own; may be given several times."),
    ] = None,
    soundfont: SecondSoundFont = None,
    out: Results = None,
    device: Device = "auto",
    force: Force = False,
) -> None:
    """Basses that the generator did not make, through the bass autoencoder."""
    foreign, inputs = foreign_sources(folder, soundfont)
    options = {"songs": songs, "seconds": seconds, "fetched": fetched, **foreign}
    examine("foreign", model, device, out, force, [str(fetched or FETCHED), *inputs], **options)


def evaluate_control_command(
    model: Model = "classroom",
    songs: Songs = None,
    foreign: Annotated[
        Optional[int], typer.Option(min=2, help="Number of written pieces of the transfer set.")
    ] = None,
    soundfont: SecondSoundFont = None,
    out: Results = None,
    device: Device = "auto",
    force: Force = False,
) -> None:
    """What a player decides: chords, regions, a line of his own, loops, notes."""
    options, inputs = foreign_sources(None, soundfont)
    chosen = {"songs": songs, "foreign": foreign, "soundfont": options["soundfont"]}
    examine("control", model, device, out, force, inputs, **chosen)


def evaluate_transfer_command(
    model: Model = "classroom",
    songs: Annotated[Optional[int], typer.Option(min=1, help="Most songs of a family: 6.")] = None,
    seconds: Annotated[
        Optional[float], typer.Option(min=2.0, max=600.0, help="Length of an excerpt: 24.")
    ] = None,
    steps: Annotated[Optional[int], typer.Option(min=1, help="Sampler steps: 64.")] = None,
    fetched: Fetched = None,
    folder: Annotated[
        Optional[list[Path]],
        typer.Option(help="MIDI, MusicXML, or a collection of stems; may be given several times."),
    ] = None,
    soundfont: SecondSoundFont = None,
    family: Annotated[
        Optional[list[str]], typer.Option(help="Only this family; may be given several times.")
    ] = None,
    split: Annotated[
        Optional[str],
        typer.Option(help="Only this split of collections of stems: test, for example."),
    ] = None,
    out: Results = None,
    device: Device = "auto",
    force: Force = False,
) -> None:
    """Foreign songs: other metres, textures, composers, instruments, and recordings."""
    foreign, inputs = foreign_sources(folder, soundfont)
    chosen = {"songs": songs, "seconds": seconds, "steps": steps, "fetched": fetched}
    options = {**chosen, **foreign, "family": family or None, "split": split}
    examine("transfer", model, device, out, force, [str(fetched or FETCHED), *inputs], **options)
