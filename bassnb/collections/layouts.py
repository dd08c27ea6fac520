"""Layouts of collections of stems on disk: one function for each, all with the same result.

A layout finds the songs in a folder: which files add up to which stem, and to which split a song
belongs. Only names and small text files are read. `find_songs` uses the first layout that fits.

Readers such as mirdata and musdb are not used: they need checksums of complete downloads or a fixed
home folder, decode whole files, and do not support private folders. Taught in chapter 10.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bassnb.collections.names import (
    UNREAD,
    WHOLE,
    is_stem,
    is_whole,
    plain_name,
    stem_name,
)
from bassnb.collections.official import MEDLEYDB_IN_MUSDB, MUSDB_VALIDATION, SLAKH_LAST, plain
from bassnb.collections.song_files import (
    SPLITS,
    SongFiles,
    audio,
    drawn_split,
    folders,
    pick,
    song_places,
    split_folders,
    with_all_splits,
    with_one_take,
)
from bassnb.collections.stem_metadata import described_stems, first_text
from bassnb.errors import DataError


@dataclass(frozen=True)
class Layout:
    """One layout.

    Attributes
    ----------
    name : of the collection or kind of folder
    looks_for : pattern of its paths
    splits : source of its splits
    find : function from a folder to the songs in it
    """

    name: str
    looks_for: str
    splits: str
    find: Callable[[Path], list[SongFiles]]


# -- helpers ---------------------------------------------------------------------------------------


# -- layouts ---------------------------------------------------------------------------------------


def musdb(root: Path) -> list[SongFiles]:
    """MUSDB18-HQ; validation songs are fourteen of "train"."""
    songs = []
    for split, place in (
        (split, place) for split, group in split_folders(root) for place in folders(group)
    ):
        files = audio(place)
        # Folders of a mixture and one stem are left to `song_folders`.
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
    """Slakh2100-redux with its folders of splits, the flat layout, and BabySlakh.

    The folder "omitted" repeats songs and is never used.
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
    """Stems by class of instrument; files that are listed but missing are skipped."""
    files = audio(place / "stems")
    stems: dict[str, tuple[Path, ...]] = {}
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
    """MedleyDB: a YAML file lists the instruments; those whose name ends in "bass" are basses."""
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
    # Only these files count: the metadata may name any path.
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
        # One stem beside a mix: the mix may be the others alone or everything.
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
    pairs = [(stem, name) for stems in groups.values() for stem in stems for name in stems[stem]]
    if not reads_as_parallel(pairs):
        return []
    songs = []
    for split, stems in groups.items():
        for name in sorted({name for files in stems.values() for name in files}):
            paths = {stem: (files[name],) for stem, files in stems.items() if name in files}
            songs.append(SongFiles(name, split or drawn_split(name), paths))
    return [song for song in songs if len(song.stems) > 1]


def reads_as_parallel(files: list[tuple[str, str]]) -> bool:
    """Whether, of files (folder, name), folders are stems and files songs, not the reverse.

    A song may be called "Piano" or "Bass", so both interpretations are tried. The one counts under
    which more files have the name of a stem; of two equal ones, the one that has a bass; otherwise
    folders are songs.
    """
    sides = [[pair[side] for pair in files] for side in (0, 1)]
    folders_, names = [(sum(map(is_stem, side)), "bass" in map(stem_name, side)) for side in sides]
    return folders_ > names


BY_NAME = "by a hash of the name, 8 : 1 : 1"
LAYOUTS = (  # from the most to the least specific
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
    without_musdb : leave out the songs of MedleyDB that MUSDB18 holds too, so that no song is in
        the training data of one and the test data of the other

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
