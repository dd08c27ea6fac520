"""Basses that the generator did not make, in groups, for the study of foreign basses.

They are for evaluation only: none is in the repository, and no model is trained on them.
`book/foreign_basses.sh` fetches the groups of `FETCHED` into a folder; other folders
of recordings are groups of their own. A group that is not there is left out with the reason.

Taught in chapter 9.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from bassnb.audio import read_audio
from bassnb.composer.synth import SAMPLE_RATE, play
from bassnb.errors import BassnbError, DataError
from bassnb.level import to_level
from bassnb.studies.autoencoder import basses_in_turn
from bassnb.studies.transfer_songs.cases import second_soundfont
from bassnb.studies.transfer_songs.notation import read_score
from bassnb.studies.transfer_songs.scorebook import pieces

OWN, REFERENCES, FONT = "own songs", "style references", "another SoundFont"
# folders that the script fills: what is in them
FETCHED = {
    "real stem": "the bass stem of a recorded song, played on a bass guitar",
    "electronic loops": "loops of synthesizers",
    "electronic notes": "single notes of synthesizers, some processed",
}
FETCH = "sh book/foreign_basses.sh"
STYLES = Path(__file__).parents[2] / "data_samples" / "styles"
SUFFIXES = {".wav", ".flac", ".ogg", ".mp3"}
SHORTEST = 1.0  # seconds: of a shorter sound neither pitch nor level is certain


@dataclass(frozen=True)
class Bass:
    """A bass with its `group` and `name`; `wave` is a Tensor (2, N) at the level of the model."""

    group: str
    name: str
    wave: Tensor


def foreign_basses(
    *,
    seconds: float,
    songs: int | None,
    fetched: Path,
    folders: Sequence[str | Path],
    soundfont: str | Path | None,
    skipped: dict[str, str],
) -> Iterator[Bass]:
    """The basses of all groups but the own songs, at most `songs` of a group.

    What cannot be used is entered in `skipped` with the reason, a group or a single file.

    Parameters
    ----------
    seconds : most of a bass that is used, from its beginning
    fetched : folder that `book/foreign_basses.sh` has filled
    folders : of recordings, each a group named like the folder
    soundfont : path; None takes the one that was fetched
    """
    places = [(name, fetched / name) for name in FETCHED]
    places += [
        (REFERENCES, STYLES),
        *((Path(path).absolute().name, Path(path)) for path in folders),
    ]
    for group, folder in places:
        if group in FETCHED and not folder.is_dir():
            skipped[group] = f"not fetched; run {FETCH}"
            continue
        try:
            yield from recorded_basses(group, folder, seconds, songs, skipped)
        except DataError as error:
            skipped[group] = str(error)
    font = second_soundfont(soundfont, fetched)
    if font:
        yield from played_basses(font, seconds, songs)
    else:
        skipped[FONT] = f"not fetched; run {FETCH}, or name a SoundFont with --soundfont"


def recorded_basses(
    group: str, folder: Path, seconds: float, songs: int | None, skipped: dict[str, str]
) -> Iterator[Bass]:
    """The sound files of a folder in the order of their names, each one bass.

    Raises
    ------
    DataError
        If the folder holds no sound file.
    """
    paths = sorted(path for path in folder.glob("*") if path.suffix.lower() in SUFFIXES)
    if not paths:
        raise DataError(f"{folder} holds no sound files; give a folder with WAV, FLAC, Ogg or MP3")
    count = 0
    for path in paths:
        if count == songs:
            return
        try:
            yield Bass(group, path.stem, prepared(read_audio(path), seconds))
            count += 1
        except BassnbError as error:
            skipped[f"{group}: {path.name}"] = str(error)


def prepared(wave: Tensor, seconds: float) -> Tensor:
    """The first `seconds` of a wave (2, N), at the level of the model.

    Raises
    ------
    DataError
        If it is silent or shorter than `SHORTEST`.
    """
    wave = to_level(wave[:, : round(seconds * SAMPLE_RATE)])
    if wave.shape[-1] < SHORTEST * SAMPLE_RATE or not wave.any():
        raise DataError(f"it is silent or shorter than {SHORTEST:g} s; give a longer recording")
    return wave


def played_basses(soundfont: str, seconds: float, songs: int | None) -> Iterator[Bass]:
    """The basses of the written pieces of the transfer set, played with a SoundFont."""
    for _, title, text in pieces()[:songs]:
        song = read_score(text, seconds)
        part = song.part("bass")
        assert part is not None  # every piece has one
        samples = round(song.duration * SAMPLE_RATE)
        sound = play(part.notes, part.program, samples, tuning=song.tuning, soundfont=soundfont)
        yield Bass(FONT, title, prepared(torch.from_numpy(sound), seconds))


def own_basses(songs: int, seconds: float, split: str = "test") -> Iterator[Bass]:
    """Basses of unseen composed songs, all bass sounds of the composer in turn."""
    for number, (timbre, wave) in enumerate(basses_in_turn(split, range(songs), seconds)):
        yield Bass(OWN, f"{number}, {timbre}", wave)
