"""The command `bassnb accompany` for a file, a folder, and the standard streams."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO

import typer
from tqdm import tqdm

from bassnb.accompanist import Accompanist
from bassnb.audio import SUBTYPES
from bassnb.batch import accompany_folder, planned
from bassnb.commands.options import explained, shows_progress
from bassnb.errors import AudioError, BassnbError
from bassnb.take import check_takes

STREAM = "-"  # in place of a name: standard input or output
STDIN = "standard input"
MOST_BYTES = 2**32  # of standard input, as much as a WAV file can hold
MOVED = 2**20  # bytes at a time


def accompany_any(
    mix: Path,
    out: Path,
    form: str | None,
    load: Callable[[], Accompanist],
    inputs: Iterable,
    options: dict,
) -> None:
    """Accompany a file, every file of a folder, or standard input; everything is checked before the
    model is loaded.

    Parameters
    ----------
    form : format of files in a folder and of standard output, None for WAV
    load : gives the accompanist
    inputs : further files that are read
    options : of `Accompanist.accompany_file`

    Raises
    ------
    BassnbError
        If something cannot be read or written.
    """
    suffix = suffix_of(form)
    if mix.is_dir():
        return accompany_all(mix, out, suffix, load, inputs, options)
    if STREAM in (str(mix), str(out)):
        return accompany_stream(mix, out, suffix, load, inputs, options)
    if form is not None:
        raise BassnbError(
            f"--format is for a folder and for standard output; the suffix of {out} chooses the format"
        )
    for path in accompany_one(mix, out, load, inputs, options):
        typer.echo(path)


def suffix_of(form: str | None) -> str:
    """The suffix of a format."""
    suffix = ".wav" if form is None else f".{form.lower()}"
    if suffix not in SUBTYPES:
        known = ", ".join(one[1:] for one in SUBTYPES)
        raise BassnbError(f"there is no format {form!r:.60}; choose one of {known}")
    return suffix


def accompany_one(
    mix: Path, out: Path, load: Callable, inputs: Iterable, options: dict, **more
) -> list[Path]:
    """Accompany one file; the files that were written."""
    names = ("with_mix", "variations", "midi", "force")
    planned_files = {name: options[name] for name in names}
    check_takes(out, inputs=[mix, *inputs], **planned_files)
    return load().accompany_file(mix, out, progress=shows_progress(), **options, **more)


def accompany_all(
    folder: Path, out: Path, suffix: str, load: Callable, inputs: Iterable, options: dict
) -> None:
    """Accompany every song of a folder: the files on standard output, the rest on standard error.

    Raises
    ------
    typer.Exit
        With status 2, if a song failed.
    """
    if str(out) == STREAM or out.suffix.lower() in SUBTYPES:
        raise BassnbError(f"{folder} is a folder; give a folder as --out, not {out}")
    options = dict(options)
    songs = planned(folder, out, options.pop("with_mix"), options.pop("midi"), suffix=suffix)
    played, failed = 0, 0
    outcomes = accompany_folder(
        load(), songs, inputs=[folder, *inputs], progress=shows_progress(), **options
    )
    for outcome in outcomes:
        played += bool(outcome.written)
        for path in outcome.written:
            say(path)
        if outcome.error is not None:
            failed += 1
            sentence = " ".join(explained(outcome.error)[0].split())
            about = "" if str(outcome.song.mix) in sentence else f"{outcome.song.mix}: "
            say(about + sentence, err=True)
    left = len(songs) - played - failed
    typer.echo(
        f"{len(songs)} songs: {played} played, {left} left as they are, {failed} failed", err=True
    )
    if failed:
        raise typer.Exit(2)


def say(text, *, err: bool = False) -> None:
    """Print a line above the progress bar."""
    with tqdm.external_write_mode():
        typer.echo(text, err=err)


def accompany_stream(
    mix: Path, out: Path, suffix: str, load: Callable, inputs: Iterable, options: dict
) -> None:
    """Accompany standard input, or write to standard output, or both.

    Both pass through files in a temporary folder: a mix is read several times, and the head of a
    sound file is written last. On standard output is nothing but the sound.
    """
    sends = str(out) == STREAM
    if sends and options["variations"] != 1:
        raise BassnbError(
            f"{options['variations']} takes cannot go to {STREAM}; give a file as --out"
        )
    target = stream(sys.stdout, "standard output", "redirect it into a file") if sends else None
    with tempfile.TemporaryDirectory() as scratch:
        more = {}
        if str(mix) == STREAM:
            mix, more = received(Path(scratch)), {"name": STDIN}
        path = Path(scratch) / f"bass{suffix}" if sends else out
        written = accompany_one(mix, path, load, inputs, options, **more)
        if target is None:
            for one in written:
                typer.echo(one)
            return
        with open(path, "rb") as file:
            shutil.copyfileobj(file, target, MOVED)
        target.flush()


def stream(text, name: str, remedy: str) -> BinaryIO:
    """The bytes behind a standard stream.

    Raises
    ------
    BassnbError
        If it is closed, or a terminal.
    """
    if text is None or text.closed:
        raise BassnbError(f"{name} is closed; give the name of a file")
    if text.isatty():
        raise BassnbError(f"{name} is a terminal; {remedy}, or give the name of a file")
    return text.buffer


def received(folder: Path) -> Path:
    """Standard input as a file in `folder`.

    Raises
    ------
    AudioError
        If it holds more than `MOST_BYTES`.
    """
    source, size = stream(sys.stdin, STDIN, "send a sound file into it"), 0
    path = folder / "mix"
    with open(path, "wb") as file:
        while block := source.read(MOVED):
            size += len(block)
            if size > MOST_BYTES:
                raise AudioError(f"{STDIN} holds more than {MOST_BYTES >> 30} GB; give a file")
            file.write(block)
    return path
