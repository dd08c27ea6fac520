"""A folder of songs: a bass for each of them, and on the next call only for those that have changed."""

from __future__ import annotations

import hashlib
import json
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from bassnb import __version__
from bassnb.accompanist import Accompanist
from bassnb.checkpoints import weights_fingerprint
from bassnb.collections.names import SUFFIXES, UNREAD
from bassnb.containers import ffmpeg
from bassnb.control.request import Request
from bassnb.errors import BassnbError
from bassnb.outputs import checksum, json_object, listed_in, place, write_settings
from bassnb.settings import number_of_takes
from bassnb.take import check_takes, numbered, several

AUDIO = {*SUFFIXES, *UNREAD, *ffmpeg.SUFFIXES}
REQUEST = "request"  # key in the settings of a take: a hash of all that it was made from


@dataclass(frozen=True)
class Song:
    """A song of a folder, and the files for its bass, for both together and for the notes."""

    mix: Path
    out: Path
    with_mix: Path | None = None
    midi: Path | None = None

    @property
    def targets(self) -> list[Path]:
        """The files that are wanted, as if there were one take."""
        return [path for path in (self.out, self.with_mix, self.midi) if path is not None]

    def files(self, count: int) -> list[list[Path]]:
        """The files of each of `count` takes, that of the bass first."""
        return [list(files) for files in zip(*(numbered(path, count) for path in self.targets))]


@dataclass(frozen=True)
class Outcome:
    """What became of a song.

    Attributes
    ----------
    song : Song
    written : files; none if it was left as it is, or failed
    error : why it has no bass; None if it has one
    """

    song: Song
    written: tuple[Path, ...] = ()
    error: Exception | None = None


def accompany_folder(
    accompanist: Accompanist,
    songs: Iterable[Song],
    *,
    inputs: Iterable = (),
    style=None,
    variations: int = 1,
    progress: bool = False,
    force: bool = False,
    **settings,
) -> Iterator[Outcome]:
    """Play bass to every song, one after the other; a song that fails does not stop the others.

    A song is left as it is if its takes are there, unchanged since, and were made from the same
    sounds, settings and weights.

    Parameters
    ----------
    songs : see `planned`
    inputs : what is read besides mix and style, and never written to: the folder, the model
    style, variations, force, settings : see `Accompanist.accompany_file`
    progress : show a bar that counts songs

    Yields
    ------
    Outcome : of each song, in their order

    Raises
    ------
    BassnbError
        Before the first song, if a setting is out of its range or the style cannot be used.
    """
    songs, count, styles = list(songs), number_of_takes(variations), several(style)
    accompanist.settings(**vars(Request.of(count, settings).take))
    if style is not None:
        accompanist.encode_style(style)
    options = {"style": style, "variations": count, "force": force, **settings}
    weights = weights_fingerprint(accompanist.system)
    for song in tqdm(songs, desc="songs", unit="song", disable=not progress):
        try:
            wanted = [song.with_mix is not None, song.midi is not None]
            asked = [weights, accompanist.precision, settings, *wanted]
            request = fingerprint(*asked, *map(contents, [song.mix, *styles]))
            if is_done(song, count, request):
                yield Outcome(song)
                continue
            read = [song.mix, *styles, *inputs]
            for path in song.targets:
                path.parent.mkdir(parents=True, exist_ok=True)
            more = {"with_mix": song.with_mix, "midi": song.midi}
            check_takes(song.out, variations=count, inputs=read, force=force, **more)
            written = accompanist.accompany_file(song.mix, song.out, **more, **options)
            for files in song.files(count):
                beside = files[0].with_suffix(".json")
                write_settings(beside, {**json_object(beside), REQUEST: request}, files)
            yield Outcome(song, tuple(written))
        except (BassnbError, OSError) as error:
            yield Outcome(song, error=error)


def planned(
    folder: Path,
    out: Path,
    with_mix: Path | None = None,
    midi: Path | None = None,
    *,
    suffix: str = ".wav",
) -> list[Song]:
    """The songs of a folder and of the folders in it, in natural order, and where their basses go:
    into a folder of the same structure, under the same names.

    Of two songs that differ only in their suffix, `a.wav` and `a.mp3`, it stays in the name:
    `a.wav.flac` and `a.mp3.flac`. Hidden files are left out, and so is what lies in the folders
    that are written to.

    Raises
    ------
    BassnbError
        If there is no song, or two of the folders are one.
    """
    targets = [path for path in (out, with_mix, midi) if path is not None]
    for path in targets:
        if path.exists() and not path.is_dir():
            raise BassnbError(f"{path} is a file, but {folder} is a folder; give a folder")
    if len({place(path) for path in (folder, *targets)}) <= len(targets):
        raise BassnbError(
            f"songs of {folder} and files to write cannot share a folder; choose another name"
        )
    mixes = songs_in(folder, leave_out=targets)
    if not mixes:
        raise BassnbError(f"{folder} holds no sound file; give a folder with WAV, FLAC, Ogg or MP3")
    shared = Counter(map(same_name, mixes))

    def target(mix: Path, where: Path, suffix: str) -> Path:
        name = mix.name if shared[same_name(mix)] > 1 else mix.stem
        return where / mix.parent.relative_to(folder) / f"{name}{suffix}"

    return [
        Song(
            mix,
            target(mix, out, suffix),
            None if with_mix is None else target(mix, with_mix, suffix),
            None if midi is None else target(mix, midi, ".mid"),
        )
        for mix in mixes
    ]


def songs_in(folder: Path, leave_out: Iterable[Path] = ()) -> list[Path]:
    """Files with a suffix of audio or film below a folder, in natural order: 2 before 10.

    Parameters
    ----------
    leave_out : folders whose files do not count
    """
    found, left = [], {place(path) for path in leave_out}
    for name, folders, files in os.walk(folder):
        here = Path(name)
        folders[:] = [one for one in folders if one[0] != "." and place(here / one) not in left]
        found += [
            here / one for one in files if one[0] != "." and Path(one).suffix.lower() in AUDIO
        ]
    return sorted(found, key=natural)


def natural(path: Path) -> list[list]:
    """The parts of a path as texts and numbers in turn, to be sorted by."""
    parts = [re.split("([0-9]+)", part.casefold()) for part in path.parts]
    return [[int(one) if i % 2 else one for i, one in enumerate(part)] for part in parts]


def same_name(path: Path) -> tuple[Path, str]:
    """What two files share that would get the same name with another suffix."""
    return path.parent, unicodedata.normalize("NFC", path.stem).casefold()


# -- what a take was made from ---------------------------------------------------------------------


def fingerprint(*parts) -> str:
    """A hash of what a take is made from; where a dictionary among `parts` names a file, of that
    file too.
    """
    text = json.dumps([__version__, *parts, *files_among(parts)], sort_keys=True, default=str)
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def files_among(parts: Iterable) -> Iterator[str]:
    """Checksums of the files that are named by the values of dictionaries among `parts`."""
    for part in parts:
        for value in part.values() if isinstance(part, dict) else ():
            if isinstance(value, (str, os.PathLike)) and os.path.isfile(value):
                yield checksum(Path(value))


def contents(source) -> str | None:
    """The checksum of a file; None where no source is given."""
    return None if source is None else checksum(Path(source))


def is_done(song: Song, count: int, request: str) -> bool:
    """Whether all takes of a song are there, made from the same, and unchanged."""

    def done(files: list[Path]) -> bool:
        beside = files[0].with_suffix(".json")
        same = json_object(beside).get(REQUEST) == request
        return same and all(path.is_file() and listed_in(beside)(path) for path in files)

    return all(map(done, song.files(count)))
