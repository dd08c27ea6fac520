"""What the page does with its controls: sounds in, takes out, as files."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from bassnb.accompanist import Accompanist
from bassnb.audio import read_audio, write_audio
from bassnb.control.beats import Beats
from bassnb.control.latents_file import latents_path
from bassnb.control.midi import beats_for_map
from bassnb.errors import BassnbError
from bassnb.settings import ControlSettings, TakeSettings, chosen
from bassnb.take import Accompaniment
from bassnb.tracks import Track

MOST_BYTES = 50 * 2**20  # of an uploaded file
LONGEST = 600.0  # seconds of an uploaded file
FILES = ("keep", "line")  # settings that are uploaded


@dataclass(frozen=True)
class Played:
    """The files of a take: its sound alone and with the mix, its notes, and what is needed to keep
    parts of it and to make it again.
    """

    bass: Path
    together: Path
    midi: Path
    latents: Path
    settings: Path


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
    given = {"mix": mix, "style": style, **{name: settings.get(name) for name in FILES}}
    uploads = {name: str(path) for name, path in given.items() if path}
    names = {name: Path(path).name for name, path in uploads.items()}
    try:
        if not mix:
            raise BassnbError("there is no mix yet; upload one first")
        for path in uploads.values():
            bounded(Path(path))
        wave, timbre = uploaded(mix), uploaded(style) if style else None
        takes = accompanist.takes(wave, count, style=timbre, callback=step, **settings)
        control = chosen(settings, TakeSettings, ControlSettings)[1]
        beats = beats_for_map(control, Track.of(lambda: [wave]))
        named = [dataclasses.replace(take, settings={**take.settings, **names}) for take in takes]
        return [written(take, beats, folder) for take in named]
    except (BassnbError, OSError) as error:
        text = str(error)
        for name, path in uploads.items():
            text = text.replace(path, names[name])
        raise BassnbError(text) from None


def uploaded(path: str) -> Tensor:
    """An upload as sound (2, N).

    Raises
    ------
    BassnbError
        If it is too long, or no audio.
    """
    return read_audio(path, name=Path(path).name, longest=LONGEST)


def bounded(path: Path) -> None:
    """Refuse an upload that is too large."""
    if path.stat().st_size > MOST_BYTES:
        raise BassnbError(
            f"{path.name} is larger than {MOST_BYTES >> 20} MB; give a shorter or a compressed file"
        )


def written(take: Accompaniment, beats: Beats | None, folder: Path) -> Played:
    """The files of a take, named after its seed."""
    stem = f"bass-seed-{take.settings['seed']}"
    midi = take.midi(folder / f"{stem}.mid", beats=beats)
    bass = take.save(folder / f"{stem}.flac")
    together = write_audio(folder / f"{stem}-with-mix.flac", take.mix_with())
    return Played(bass, together, midi, latents_path(bass), bass.with_suffix(".json"))
