"""What all commands share: how they answer errors, and the options that several of them have. Taught in chapter 8."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Optional

import typer
from typer.core import TyperGroup

from bassnb.errors import BassnbError

Model = Annotated[str, typer.Option(help="A shipped model, a model folder, or a hub id owner/name.")]
Device = Annotated[str, typer.Option(help="auto, cpu or cuda.")]
Seed = Annotated[int, typer.Option(min=0, help="The same seed gives the same result.")]
Songs = Annotated[Optional[int], typer.Option(min=2, help="Number of songs; each examination has its own default.")]
Results = Annotated[Optional[Path], typer.Option(help="JSON file to write; by default results/<name>.json.")]
PresetName = Annotated[str, typer.Option(help="smoke, classroom or paper.")]
Cache = Annotated[Path, typer.Option(help="Folder for what is made once: rendered songs, latents, the index of a collection.")]
Collection = Annotated[Path, typer.Argument(help="Folder of a collection of stems, in any layout that the book lists.")]
Stem = Annotated[str, typer.Option(help="The stem to be played: bass, drums, or any other name in the collection.")]
Autoencoder = Annotated[str, typer.Option(help="Run folder of the trained autoencoder, or a model whose autoencoder is taken.")]
WithoutMusdb = Annotated[bool, typer.Option(help="Leave out the songs of MedleyDB that MUSDB18 holds as well.")]


class OneSentence(TyperGroup):
    """A command group that answers a user's error with one sentence and exit status 2."""

    def invoke(self, ctx):
        """Run the command; see the class."""
        try:
            return super().invoke(ctx)
        except BassnbError as error:
            sentence = str(error)
        except BrokenPipeError:
            raise  # the reader of a pipe left: click ends quietly
        except OSError as error:
            sentence = f"{error.filename or 'a file'} cannot be used ({error.strerror or error}); choose another place"
        typer.echo(" ".join(sentence.split()), err=True)
        raise typer.Exit(2)


def group(help: str, **options) -> typer.Typer:
    """A typer group in the style of this command line: one-sentence errors, plain help."""
    plain = {"pretty_exceptions_enable": False, "rich_markup_mode": None}
    return typer.Typer(cls=OneSentence, help=help, no_args_is_help=True, **plain, **options)


def shows_progress() -> bool:
    """Bars are for people: only where standard error is a terminal."""
    return sys.stderr.isatty()
