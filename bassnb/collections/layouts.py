"""How collections of stems lie on disk: one function for each, all with the same answer. Taught in
chapter 10.

A layout looks at a folder and says which songs are in it: which files add up to which stem, and to
which split a song belongs. Nothing is read but names and small text files. `find_songs` tries all
layouts and takes the first that fits. Hidden files, resource forks of macOS (`._bass.wav`) and
folders `__MACOSX` are ignored without a word; what else is not used is listed by
`bassnb.collections.unused`.

Readers such as mirdata and musdb are not used: they want checksums of complete downloads or a fixed
home folder, decode whole files, and know none of the private folders; what is needed of a layout
fits on a screen.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from bassnb.collections.names import (
    SUFFIXES,
    UNREAD,
    WHOLE,
    chosen_takes,
    is_stem,
    is_whole,
    plain_name,
    split_name,
    stem_name,
)
from bassnb.collections.official import MEDLEYDB_IN_MUSDB, MUSDB_VALIDATION, SLAKH_LAST, plain
from bassnb.collections.stem_metadata import described_stems, first_text
from bassnb.errors import DataError
from bassnb.files import name_bytes

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class SongFiles:
    """One song: its `name`, its `split`, the files that add up to each stem, and the file of the
    whole, if there is one.

    A `problem` says why a song that is there cannot be used.
    """

    name: str
    split: str
    stems: dict[str, tuple[Path, ...]]
    mix: Path | None = None
    problem: str = ""


@dataclass(frozen=True)
class Layout:
    """A way to lay out songs: its `name`, what it `looks_for`, where its `splits` come from, and
    the function that finds.
    """

    name: str
    looks_for: str
    splits: str
    find: Callable[[Path], list[SongFiles]]


# -- helpers ---------------------------------------------------------------------------------------


def folders(place: Path) -> list[Path]:
    """Folders in a folder, by name; none where there is no such folder. Hidden ones do not count."""
    return (
        sorted(path for path in place.iterdir() if path.is_dir() and not ignored(path))
        if place.is_dir()
        else []
    )


def ignored(path: Path) -> bool:
    """Hidden files and folders, and what macOS puts beside the files of an archive."""
    return path.name.startswith(".") or path.name == "__MACOSX"


def audio(place: Path, named: Callable[[str], str] = stem_name) -> dict[str, Path]:
    """Audio files in a folder, in the order of their paths, by their names without suffix as
    `named` compares them.

    Of files with the same name the one counts whose suffix comes first in `SUFFIXES`. A name that
    `named` would make that of another file stays as it is: beside "vocals" a "vocal" is another
    stem.
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
    """Folders of splits, whichever of their usual names they have: "valid", "val" and "dev" are
    validation.
    """
    return [(split, place) for place in folders(root) if (split := split_name(place.name))]


def song_places(root: Path) -> list[tuple[str, Path]]:
    """Folders in the folders of the splits, or, where none of those holds any, in `root` itself
    with the split "".
    """
    inside = [(split, place) for split, group in split_folders(root) for place in folders(group)]
    return inside or [("", place) for place in folders(root)]


def drawn_split(name: str) -> str:
    """Eight of ten songs train, one validates, one tests: by a hash of the name, so that new songs
    move no old one.
    """
    number = int(hashlib.sha256(name_bytes(name)).hexdigest(), 16) % 10
    return "validation" if number == 8 else "test" if number == 9 else "train"


# -- layouts ---------------------------------------------------------------------------------------


def musdb(root: Path) -> list[SongFiles]:
    """MUSDB18-HQ; validation songs are fourteen of "train"."""
    songs = []
    for split, place in (
        (split, place) for split, group in split_folders(root) for place in folders(group)
    ):
        files = audio(place)
        # a mixture and one stem: see `song_folders`
        if "mixture" not in files or len(set(files) - {"mixture"}) < 2:
            continue
        mix = files.pop("mixture")
        known = place.name in MUSDB_VALIDATION
        songs.append(
            SongFiles(
                place.name,
                "validation" if known else split,
                {n: (p,) for n, p in files.items()},
                mix,
            )
        )
    return songs


def slakh(root: Path) -> list[SongFiles]:
    """Slakh2100-redux with its folders of splits, the flat layout, and BabySlakh. "omitted" repeats
    songs: never used.
    """
    songs = []
    for known, place in song_places(root):
        number = re.fullmatch(r"Track(\d{5})", place.name)
        if not number or not (place / "metadata.yaml").is_file():
            continue
        split = known or next(
            (name for name, last in SLAKH_LAST.items() if int(number[1]) <= last), "test"
        )
        try:
            stems, problem = slakh_stems(place), ""
        except DataError as error:
            stems, problem = {}, str(error)
        songs.append(
            SongFiles(
                place.name, split, stems, next(iter(pick(audio(place), WHOLE)), None), problem
            )
        )
    return songs


def slakh_stems(place: Path) -> dict[str, tuple[Path, ...]]:
    """Stems by their class of instrument. What the metadata say was rendered is not always there:
    files decide.
    """
    files, stems = audio(place / "stems"), {}
    for facts in described_stems(place / "metadata.yaml"):
        if path := files.get(stem_name(facts["key"])):
            name = stem_name(first_text(facts.get("inst_class"), "other"))
            stems[name] = (*stems.get(name, ()), path)
    return stems


def moisesdb(root: Path) -> list[SongFiles]:
    """MoisesDB: a folder for each stem, no mixture, files of several lengths."""
    songs = []
    for place in folders(root / "moisesdb_v0.1") or folders(root):
        stems = {stem_name(inner.name): tuple(audio(inner).values()) for inner in folders(place)}
        if (place / "data.json").is_file():
            songs.append(
                SongFiles(
                    place.name, drawn_split(place.name), {n: p for n, p in stems.items() if p}
                )
            )
    return songs


def medleydb(root: Path) -> list[SongFiles]:
    """MedleyDB: instruments are in a YAML file; those whose name ends in "bass" are basses."""
    songs = []
    for place in folders(root / "Audio") or folders(root):
        metadata = place / f"{place.name}_METADATA.yaml"
        if not metadata.is_file():
            continue
        mix = place / f"{place.name}_MIX.wav"
        try:
            stems, problem = medleydb_stems(place, metadata), ""
        except DataError as error:
            stems, problem = {}, str(error)
        songs.append(
            SongFiles(
                place.name, drawn_split(place.name), stems, mix if mix.is_file() else None, problem
            )
        )
    return songs


def medleydb_stems(place: Path, metadata: Path) -> dict[str, tuple[Path, ...]]:
    """Stems by their instrument; all kinds of basses are one stem."""
    stems: dict[str, tuple[Path, ...]] = {}
    # the metadata may name any other
    files = {path.name: path for path in (place / f"{place.name}_STEMS").glob("*")}
    for facts in described_stems(metadata):
        name = stem_name(first_text(facts.get("instrument"), "other"))
        name = "bass" if re.search(r"\bbass$", name) else name
        filename = facts.get("filename")
        if path := files.get(filename) if isinstance(filename, str) else None:
            stems[name] = (*stems.get(name, ()), path)
    return stems


def jamendo(root: Path) -> list[SongFiles]:
    """MTG-Jamendo: whole songs without stems, for the autoencoder of mixes."""
    numbered = [place for place in folders(root) if re.fullmatch(r"\d\d", place.name)]
    return [
        SongFiles(f"{place.name}/{name}", drawn_split(name), {}, path)
        for place in numbered
        for name, path in audio(place).items()
        if re.fullmatch(r"\d+", name)
    ]


def song_folders(root: Path) -> list[SongFiles]:
    """One folder for each song, one file for each stem; also what `bassnb songs` writes."""
    songs = []
    for split, place in song_places(root):
        files = audio(place)
        mixes = pick(files, WHOLE)
        stems = {name: (path,) for name, path in files.items() if name not in WHOLE}
        if not stems or len(files) < 2:
            continue
        # a stem and all the others together, or everything
        if mixes and sum(not is_whole(name) for name in stems) < 2:
            stems["others"], mixes = (mixes[0],), []
        own = re.match(rf"({'|'.join(SPLITS)})-", place.name)
        where = split or (own[1] if own else drawn_split(place.name))
        songs.append(SongFiles(place.name, where, stems, mixes[0] if mixes else None))
    return songs


def parallel_folders(root: Path) -> list[SongFiles]:
    """One folder for each stem, in which a song has the same file name."""
    groups: dict[str, dict[str, dict[str, Path]]] = {}
    for split, place in song_places(root):
        groups.setdefault(split, {})[stem_name(place.name)] = audio(place, plain_name)
    if not reads_as_parallel(
        [
            (stem, name)
            for stems in groups.values()
            for stem, files in stems.items()
            for name in files
        ]
    ):
        return []
    songs = []
    for split, stems in groups.items():
        for name in sorted({name for files in stems.values() for name in files}):
            paths = {stem: (files[name],) for stem, files in stems.items() if name in files}
            songs.append(SongFiles(name, split or drawn_split(name), paths))
    return [song for song in songs if len(song.stems) > 1]


def reads_as_parallel(files: list[tuple[str, str]]) -> bool:
    """Whether folders are stems and files songs, of files (folder, name), rather than the other way
    round.

    A song may be called "Piano" or "Bass". So both readings are tried: the one counts under which
    more files have the name of a stem. If both explain as many, it is the one that has a bass;
    else, folders are songs.
    """
    sides = [[pair[side] for pair in files] for side in (0, 1)]
    folders_, names = [(sum(map(is_stem, side)), "bass" in map(stem_name, side)) for side in sides]
    return folders_ > names


def pick(files: dict[str, Path], names: Iterable[str]) -> list[Path]:
    """Those of `files` that have one of these names, in the order of the names."""
    return [files[name] for name in names if name in files]


BY_NAME = "by a hash of the name, 8 : 1 : 1"
LAYOUTS = (  # from the most to the least particular
    Layout(
        "MUSDB18-HQ",
        "{train,test}/<song>/{mixture,bass,drums,…}.wav",
        "official, 14 songs for validation",
        musdb,
    ),
    Layout(
        "Slakh2100-redux, BabySlakh",
        "[{train,validation,test}/]TrackNNNNN/{metadata.yaml,stems/S00.flac}",
        "folders, or official numbers; BabySlakh by a hash",
        slakh,
    ),
    Layout("MedleyDB", "[Audio/]<A_T>/{<A_T>_METADATA.yaml,<A_T>_STEMS/…}", BY_NAME, medleydb),
    Layout("MoisesDB", "[moisesdb_v0.1/]<id>/{data.json,<stem>/<id>.wav}", BY_NAME, moisesdb),
    Layout("MTG-Jamendo", "NN/<id>.mp3, mixes only", BY_NAME, jamendo),
    Layout("parallel folders", "{bass,others,…}/<song>.wav", BY_NAME, parallel_folders),
    Layout(
        "song folders",
        "[{train,validation,test}/]<song>/{bass,drums,…}.wav",
        "folders, or " + BY_NAME,
        song_folders,
    ),
)


def find_songs(root: str | Path, *, without_musdb: bool = False) -> tuple[Layout, list[SongFiles]]:
    """The songs of a collection, whatever its layout.

    Parameters
    ----------
    root : folder
    without_musdb : leave out the songs of MedleyDB that MUSDB18 holds too, so that none is trained
        on and tested with

    Returns
    -------
    layout, songs : the layout that fits, and its songs in the order of their names

    Raises
    ------
    DataError
        If there is no such folder, or no layout finds a song in it.
    """
    root = Path(root)
    if not root.is_dir():
        raise DataError(f"{root} is no folder; give the folder of a collection of stems")
    for layout in LAYOUTS:
        songs = layout.find(root)
        if without_musdb:
            songs = [song for song in songs if plain(song.name) not in MEDLEYDB_IN_MUSDB]
        if songs:
            return layout, sorted(
                map(with_one_take, with_all_splits(songs)), key=lambda song: song.name
            )
    looked = "; ".join(f"{layout.name}: {layout.looks_for}" for layout in LAYOUTS)
    unread = [path for path in root.rglob("*") if path.suffix.lower() in UNREAD]
    also = (
        f"; {len(unread)} files such as {unread[0].name} are not read, convert them to WAV or FLAC"
        if unread
        else ""
    )
    raise DataError(f"{root} holds no songs in a layout that is known; looked for {looked}{also}")


def with_all_splits(songs: list[SongFiles]) -> list[SongFiles]:
    """The songs as they are, or split by a hash where an official split leaves a part of a
    collection without any.
    """
    if {song.split for song in songs} == {"train"} and len(songs) > 1:
        return [replace(song, split=drawn_split(song.name)) for song in songs]
    return songs


def with_one_take(song: SongFiles) -> SongFiles:
    """The song with one take of each performance: see `bassnb.collections.names.chosen_takes`."""
    chosen = chosen_takes(song.stems)
    return replace(
        song, stems={chosen[name]: paths for name, paths in song.stems.items() if chosen[name]}
    )
