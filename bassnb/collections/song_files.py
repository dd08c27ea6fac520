"""Which files are a song: one song of a collection, and what all layouts need to find it.

Hidden files, resource forks of macOS (`._bass.wav`) and folders `__MACOSX` are ignored silently;
other unused files are listed by `bassnb.collections.unused`. Taught in chapter 10.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from bassnb.collections.names import (
    SUFFIXES,
    chosen_takes,
    plain_name,
    split_name,
    stem_name,
)
from bassnb.files import name_bytes

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class SongFiles:
    """Files of one song.

    Attributes
    ----------
    name : of the song
    split : "train", "validation" or "test"
    stems : files that add up to each stem
    mix : file of the whole, None if there is none
    problem : why the song cannot be used, "" if it can
    """

    name: str
    split: str
    stems: Mapping[str, tuple[Path, ...]]
    mix: Path | None = None
    problem: str = ""


def folders(place: Path) -> list[Path]:
    """Folders in a folder by name, without hidden ones; none if it does not exist."""
    return (
        sorted(path for path in place.iterdir() if path.is_dir() and not ignored(path))
        if place.is_dir()
        else []
    )


def ignored(path: Path) -> bool:
    """Hidden files and folders, and what macOS puts beside the files of an archive."""
    return path.name.startswith(".") or path.name == "__MACOSX"


def audio(place: Path, named: Callable[[str], str] = stem_name) -> dict[str, Path]:
    """Audio files in a folder by name, in the order of their paths.

    Names are those without suffix after `named`. Of files with the same name the one counts whose
    suffix comes first in `SUFFIXES`. A name that `named` would turn into that of another file stays
    as it is: beside "vocals" a "vocal" is another stem.
    """
    paths = sorted(place.iterdir()) if place.is_dir() else []
    paths = [path for path in paths if path.suffix.lower() in SUFFIXES and not ignored(path)]
    plain = {plain_name(path.stem) for path in paths}
    found: dict[str, Path] = {}
    for path in sorted(paths, key=lambda path: SUFFIXES.index(path.suffix.lower())):
        own, name = plain_name(path.stem), named(path.stem)
        found.setdefault(own if name in plain else name, path)
    return dict(sorted(found.items(), key=lambda item: item[1]))


def split_folders(root: Path) -> list[tuple[str, Path]]:
    """Folders of splits under any of their usual names, see `split_name`."""
    return [(split, place) for place in folders(root) if (split := split_name(place.name))]


def song_places(root: Path) -> list[tuple[str, Path]]:
    """Folders in the folders of splits; if there are none, those in `root` with split ""."""
    inside = [(split, place) for split, group in split_folders(root) for place in folders(group)]
    return inside or [("", place) for place in folders(root)]


def drawn_split(name: str) -> str:
    """The split of a song by a hash of its name, in proportions 8 : 1 : 1.

    New songs do not change the split of others.
    """
    number = int(hashlib.sha256(name_bytes(name)).hexdigest(), 16) % 10
    return "validation" if number == 8 else "test" if number == 9 else "train"


def pick(files: dict[str, Path], names: Iterable[str]) -> list[Path]:
    """Those of `files` that have one of `names`, in the order of `names`."""
    return [files[name] for name in names if name in files]


def with_all_splits(songs: list[SongFiles]) -> list[SongFiles]:
    """The songs unchanged, or split by a hash where all of several songs belong to "train"."""
    if {song.split for song in songs} == {"train"} and len(songs) > 1:
        return [replace(song, split=drawn_split(song.name)) for song in songs]
    return songs


def with_one_take(song: SongFiles) -> SongFiles:
    """The song with one take of each performance, see `bassnb.collections.names.chosen_takes`."""
    chosen = chosen_takes(song.stems)
    return replace(
        song, stems={chosen[name]: paths for name, paths in song.stems.items() if chosen[name]}
    )
