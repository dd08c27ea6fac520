"""`bassnb index` and `bassnb encode`: contents of a collection of stems, and its latents."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from bassnb.commands.options import (
    Autoencoder,
    Cache,
    Collection,
    Device,
    PresetName,
    Seed,
    Stem,
    WithoutMusdb,
    shows_progress,
)

data_commands = typer.Typer()


@data_commands.command()
def index(
    data: Collection,
    stem: Stem = "bass",
    cache: Cache = Path("cache"),
    without_musdb: WithoutMusdb = False,
) -> None:
    """Analyse a collection of stems, and list what it holds, and what is left out, and why."""
    from bassnb.extras import need

    need("train")
    from bassnb.collections.stems import survey

    for line in survey(data, stem, cache, without_musdb=without_musdb, progress=shows_progress()):
        typer.echo(line)


@data_commands.command()
def encode(
    data: Collection,
    out: Annotated[Path, typer.Option(help="Folder for the cache of latents.")],
    mix: Autoencoder = "classroom",
    bass: Autoencoder = "classroom",
    preset: PresetName = "classroom",
    stem: Stem = "bass",
    versions: Annotated[
        int, typer.Option(min=1, max=64, help="Of each stretch: as recorded, and changed ones.")
    ] = 4,
    seconds: Annotated[
        Optional[float],
        typer.Option(min=2.0, max=600.0, help="Of a stretch, by default the preset's."),
    ] = None,
    cache: Cache = Path("cache"),
    seed: Seed = 0,
    device: Device = "auto",
    without_musdb: WithoutMusdb = False,
) -> None:
    """Encode a collection of stems once, for `train diffusion --latents`.

    What is there already is kept.
    """
    from bassnb.extras import need

    need("train")
    from bassnb.collections.encoding import CachePlan, encode_splits
    from bassnb.collections.stems import open_splits
    from bassnb.plans import load_preset
    from bassnb.training.diffusion import load_autoencoders
    from bassnb.training.loop import open_accelerator

    chosen, accelerator = load_preset(preset), open_accelerator(device)
    plan = CachePlan(seconds or chosen.diffusion_training.song_seconds, versions, seed)
    autoencoders = load_autoencoders(chosen, mix, bass, accelerator.device)
    progress = shows_progress() and accelerator.is_main_process
    with accelerator.main_process_first():
        songs = [
            split
            for split in open_splits(
                data, stem, cache, without_musdb=without_musdb, progress=progress
            )
            if split
        ]
    mixes, stems = autoencoders
    manifest = encode_splits(songs, mixes, stems, out, plan, accelerator, progress=progress)
    if accelerator.is_main_process:
        typer.echo(manifest)
