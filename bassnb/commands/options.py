"""What all commands share: how they answer errors, and the options that several of them have."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import inspect
import os
import signal
import sys
import threading
import typing
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Optional

import typer
from typer.core import TyperGroup

from bassnb.checked import Checked, alternatives, fields_of
from bassnb.errors import BassnbError

Model = Annotated[
    str, typer.Option(help="A shipped model, a model folder, or a hub id owner/name.")
]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or mps (Apple).")]
Seed = Annotated[int, typer.Option(min=0, help="The same seed gives the same result.")]
Songs = Annotated[
    Optional[int],
    typer.Option(min=2, help="Number of songs; each examination has its own default."),
]
Results = Annotated[
    Optional[Path], typer.Option(help="JSON file to write; by default results/<name>.json.")
]
RunFolder = Annotated[
    Path, typer.Option("--run", help="Folder for checkpoints, curves and the finished weights.")
]
PresetName = Annotated[
    str, typer.Option(help="smoke, classroom, studio or paper, or a JSON file of one.")
]
Cache = Annotated[
    Path,
    typer.Option(
        help="Folder for what is made once: rendered songs, latents, the index of a collection."
    ),
]
Collection = Annotated[
    Path, typer.Argument(help="Folder of a collection of stems, in any layout that the book lists.")
]
Stem = Annotated[
    str,
    typer.Option(help="The stem to be played: bass, drums, or any other name in the collection."),
]
Autoencoder = Annotated[
    str,
    typer.Option(
        help="Run folder of the trained autoencoder, or a model whose autoencoder is taken."
    ),
]
Force = Annotated[
    bool, typer.Option("--force", help="Replace files that bassnb did not write; never an input.")
]
WithoutMusdb = Annotated[
    bool, typer.Option(help="Leave out the songs of MedleyDB that MUSDB18 holds as well.")
]


class OneSentence(TyperGroup):
    """A command group that answers errors with one sentence: a user's with exit status 2, a bug
    with 1.

    With `--debug` both trace back. A request to end (SIGTERM) ends a command as Ctrl-C does, so
    that nothing half-written stays behind.
    """

    def invoke(self, ctx):
        """Run the command; see the class."""
        prepare_output()
        try:
            with ended_by_request():
                return super().invoke(ctx)
        except Exception as error:
            # typer itself answers Ctrl-C, the reader of a pipe that left, and what has an exit
            # status: wrong options, say.
            answered = isinstance(error, (typer.Abort, BrokenPipeError)) or hasattr(
                error, "exit_code"
            )
            if answered or ctx.find_root().params.get("debug"):
                raise
            sentence, status = explained(error)
        typer.echo(" ".join(sentence.split()), err=True)
        raise typer.Exit(status)


def prepare_output() -> None:
    """Any name of a file can be printed, and a standard error that nobody opened is no reason to
    fail.
    """
    with contextlib.suppress(AttributeError):  # of None, and of streams that are no files
        sys.stdout.reconfigure(  # type: ignore[union-attr]  # an AttributeError is expected
            errors="surrogateescape"
            if sys.stdout.encoding.lower() == "utf-8"
            else "backslashreplace"
        )
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")


def explained(error: Exception) -> tuple[str, int]:
    """A sentence about an error, and the exit status of the command."""
    if isinstance(error, BassnbError):
        return str(error), 2
    if isinstance(error, OSError):
        return (
            f"{error.filename or 'a file'} cannot be used ({error.strerror or error}); choose another place",
            2,
        )
    what = f"{type(error).__name__}: {error}"[:300]
    return (
        f"bassnb met an error that it does not know ({what}); please report what bassnb --debug prints with the same command",
        1,
    )


@contextlib.contextmanager
def ended_by_request() -> Iterator[None]:
    """Within it SIGTERM unwinds the program, as Ctrl-C does; signals are for the main thread alone."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def group(help: str, **options) -> typer.Typer:
    """A typer group in the style of this command line: one-sentence errors, plain help."""
    return typer.Typer(
        cls=OneSentence,
        help=help,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        **options,
    )


def model_files(model: str) -> list[Path]:
    """The files that a local or shipped model is read from, if it is one."""
    from bassnb.checkpoints import SHIPPED
    from bassnb.stored import CONFIG, WEIGHTS

    return [
        folder / name for folder in (Path(model), SHIPPED / model) for name in (WEIGHTS, CONFIG)
    ]


def shows_progress() -> bool:
    """Bars are for people: only where standard error is a terminal."""
    return sys.stderr.isatty()


def takes(
    settings: type[Checked], *, leave_out: tuple[str, ...] = (), to: str = "settings"
) -> Callable:
    """Decorate a command so that each field of a class of settings becomes an option: its type,
    default and help.

    The command gets all of them together as its argument `to`; fields in `leave_out` keep their
    defaults.
    """

    def decorate(command: Callable) -> Callable:
        options = [
            as_option(*entry) for entry in fields_of(settings) if entry[0].name not in leave_out
        ]
        names = [option.name for option in options]
        own = inspect.signature(command, eval_str=True)
        others = [parameter for parameter in own.parameters.values() if parameter.name != to]

        @functools.wraps(command)
        def with_options(**values):
            chosen = {name: values.pop(name) for name in names}
            chosen = {
                name: (tuple(v) or None) if isinstance(v, list) else v for name, v in chosen.items()
            }
            return command(**{to: settings(**chosen)}, **values)

        signature = own.replace(parameters=[*others, *options])
        hints = {name: parameter.annotation for name, parameter in signature.parameters.items()}
        setattr(with_options, "__signature__", signature)  # noqa: B010, a name that mypy lacks
        with_options.__annotations__ = hints
        del with_options.__wrapped__  # whose signature is another one
        return with_options

    return decorate


def as_option(entry: dataclasses.Field, accepted) -> inspect.Parameter:
    """A field of a class of settings as a parameter that typer understands; one that may hold a
    tuple can be given repeatedly.
    """
    kinds, default = alternatives(accepted), entry.default
    path, flag = os.PathLike in kinds, accepted is bool
    several = [typing.get_args(one)[0] for one in kinds if typing.get_origin(one) is tuple]
    single = Path if path else next(one for one in kinds if one is not type(None))
    single = list[several[0]] if several else single  # type: ignore[valid-type, assignment]
    names = (f"--{entry.name.replace('_', '-')}",) if flag else ()
    option = typer.Option(*names, help=entry.metadata["help"])
    kind = Optional[single] if type(None) in kinds else single
    annotation = Annotated[kind, option]  # type: ignore[valid-type]  # made at run time
    default = Path(str(default)) if path and default is not None else default
    return inspect.Parameter(
        entry.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
    )
