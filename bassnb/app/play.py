"""What the page does with its controls: sounds in, takes out, as files. Taught in chapter 11."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from bassnb.accompanist import Accompanist
from bassnb.audio import read_audio, write_audio
from bassnb.errors import BassnbError
from bassnb.take import Accompaniment

MOST_BYTES = 50 * 2**20  # of an uploaded file
LONGEST = 600.0  # seconds of an uploaded file
FILES = ("keep", "line")  # settings that are uploaded


@dataclass(frozen=True)
class Played:
    """The files of a take."""

    bass: Path
    together: Path
    settings: Path
    midi: Path | None = None


def play(
    accompanist: Accompanist,
    folder: Path,
    mix: str | None,
    style: str | None,
    count: int,
    settings: dict,
    step: Callable[[int, int], None],
) -> list[Played]:
    """Play takes to an uploaded mix and write them into a folder.

    Parameters
    ----------
    mix, style : paths of uploads; None if nothing was uploaded
    count : number of takes
    settings : of the accompanist; those of `FILES` are paths of uploads
    step : called after each step of the sampler; raises to stop

    Raises
    ------
    BassnbError
        If something cannot be used. Its sentence calls uploads by their names, not their paths.
    """
    try:
        if not mix:
            raise BassnbError("there is no mix yet; upload one first")
        sounds = {"mix": uploaded(mix), "style": None if not style else uploaded(style)}
        for name in FILES:
            if settings.get(name):
                bounded(Path(settings[name]))
        takes = accompanist.takes(
            sounds["mix"], count, style=sounds["style"], callback=step, **settings
        )
        names = {
            name: Path(path).name for name, path in {"mix": mix, "style": style}.items() if path
        }
        names |= {name: Path(settings[name]).name for name in FILES if settings.get(name)}
        return [
            written(dataclasses.replace(take, settings={**take.settings, **names}), folder)
            for take in takes
        ]
    except (BassnbError, OSError) as error:
        raise BassnbError(
            without_paths(str(error), mix, style, *map(settings.get, FILES))
        ) from None


def uploaded(path: str) -> Tensor:
    """An upload as sound (2, N).

    Raises
    ------
    BassnbError
        If it is too large, too long, or no audio.
    """
    bounded(Path(path))
    return read_audio(path, name=Path(path).name, longest=LONGEST)


def bounded(path: Path) -> None:
    """Refuse an upload that is too large."""
    if path.stat().st_size > MOST_BYTES:
        raise BassnbError(
            f"{path.name} is larger than {MOST_BYTES >> 20} MB; give a shorter or a compressed file"
        )


def written(take: Accompaniment, folder: Path) -> Played:
    """The files of a take, named after its seed."""
    stem = f"bass-seed-{take.settings['seed']}"
    bass = take.save(folder / f"{stem}.flac")
    together = write_audio(folder / f"{stem}-with-mix.flac", take.mix_with())
    return Played(bass, together, bass.with_suffix(".json"))


def without_paths(text: str, *paths: str | None) -> str:
    """A sentence in which uploads have their names alone."""
    for path in filter(None, paths):
        text = text.replace(str(path), Path(path).name)
    return text
