"""How collections of stems lie on disk: one function for each, all with the same answer. Taught in chapter 10.

A layout looks at a folder and says which songs are in it: which files add up to which stem, and to which split a song
belongs. Nothing is read but names and small text files. `find_songs` tries all layouts and takes the first that fits.

Readers such as mirdata and musdb are not used: they want checksums of complete downloads or a fixed home folder, decode
whole files, and know none of the private folders; what is needed of a layout fits on a screen.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from bassnb.composer.score import DataError
from bassnb.files import name_bytes, read_bytes

LARGEST = 1_000_000  # bytes of one song's metadata
DEEPEST = 16  # levels of it
SAFE = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # plain data only, in C where that is built
SUFFIXES = (".wav", ".flac", ".ogg", ".mp3")
SPLITS = ("train", "validation", "test")
WHOLE = ("mix", "mixture")  # files that hold everything
STEM_NAMES = frozenset({"bass", "drums", "vocals", "guitar", "piano", "keys", "other", "others", *WHOLE})
SLAKH_LAST = {"train": 1500, "validation": 1875, "test": 2100}  # number of the last track of each split
# Fourteen of the hundred training songs, by the convention of the musdb package.
MUSDB_VALIDATION = frozenset({
    "Actions - One Minute Smile", "Alexander Ross - Goodbye Bolero", "ANiMAL - Rockshow",
    "Clara Berry And Wooldog - Waltz For My Victims", "Fergessen - Nos Palpitants", "James May - On The Line",
    "Johnny Lokke - Promises & Lies", "Leaf - Summerghost", "Meaxic - Take A Step", "Patrick Talbot - A Reason To Leave",
    "Skelpolu - Human Mistakes", "Traffic Experiment - Sirens", "Triviul - Angelsaint", "Young Griffo - Pennies",
})  # fmt: skip
# MedleyDB songs that MUSDB18 holds as well, as `plain` writes them: artist and title.
MEDLEYDB_IN_MUSDB = frozenset("""
    aclassiceducationnightowl aimeenorwichchild alexanderrossgoodbyebolero alexanderrossvelvetcurtain
    auctioneerourfuturefaces avalunawaterduct bigtroublesphantom celestialshoredieforus claraberryandwooldogairtraffic
    claraberryandwooldogstella claraberryandwooldogwaltzformyvictims creepoidoldtree dreamersoftheghettoheavylove
    facesonfilmwaitingforga grantspunchdrunk heladonegromitaddelmundo hezekiahjonesborrowedheart hopalongsistercities
    invisiblefamiliarsdisturbingwildlife lushlifetoynbeesuite matthewentwistledontyouever meaxictakeastep
    meaxicyoulisten musicdelta80srock musicdeltabeatles musicdeltabritpop musicdeltacountry1 musicdeltacountry2
    musicdeltadisco musicdeltagospel musicdeltagrunge musicdeltahendrix musicdeltapunk musicdeltareggae musicdeltarock
    musicdeltarockabilly nightpantherfire portstwillowstayeven secretmountainshighhorse snowminecurfews
    stevenclarkbounty strandofoaksspacestation sweetlightsyouletmedown thedistrictsvermont
    thescarletbrandlesfleursdumal thesosoglosemergency
""".split())


@dataclass(frozen=True)
class SongFiles:
    """One song: its `name`, its `split`, the files that add up to each stem, and the file of the whole, if there is one.

    A `problem` says why a song that is there cannot be used.
    """

    name: str
    split: str
    stems: dict[str, tuple[Path, ...]]
    mix: Path | None = None
    problem: str = ""


@dataclass(frozen=True)
class Layout:
    """A way to lay out songs: its `name`, what it `looks_for`, where its `splits` come from, and the function that finds."""

    name: str
    looks_for: str
    splits: str
    find: Callable[[Path], list[SongFiles]]


# -- helpers --------------------------------------------------------------------------------------------------------


def folders(place: Path) -> list[Path]:
    """Folders in a folder, by name; none where there is no such folder."""
    return sorted(path for path in place.iterdir() if path.is_dir()) if place.is_dir() else []


def audio(place: Path) -> dict[str, Path]:
    """Audio files in a folder, by their lower-case names without suffix."""
    paths = sorted(place.iterdir()) if place.is_dir() else []
    return {path.stem.lower(): path for path in paths if path.suffix.lower() in SUFFIXES and not path.name.startswith(".")}


def drawn_split(name: str) -> str:
    """Eight of ten songs train, one validates, one tests: by a hash of the name, so that new songs move no old one."""
    number = int(hashlib.sha256(name_bytes(name)).hexdigest(), 16) % 10
    return "validation" if number == 8 else "test" if number == 9 else "train"


def plain(name: str) -> str:
    """A name without anything that collections spell differently: "A Classic Education - NightOwl" and "AClassic..."."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def described_stems(path: Path) -> list[dict]:
    """What the mapping "stems" of a YAML file says of each stem; stray characters before it, as in Slakh, are passed over.

    Each entry is a mapping, with its own name under "key"; entries that are none are passed over.

    Raises
    ------
    DataError
        If the file cannot be read, or describes no stems.
    """
    try:
        text = read_bytes(path, LARGEST).decode(errors="replace")
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}); copy it again") from None
    start = re.search(r"^[^A-Za-z\n]{0,4}(?=\w+:)", text, re.MULTILINE)
    for candidate in (text, text[start.end() :] if start else "", text[1:]):
        try:
            content = flat_yaml(candidate)
        except (yaml.YAMLError, ValueError):  # PyYAML's own error, and Python's of dates that do not exist
            continue
        if isinstance(content, dict) and isinstance(content.get("stems"), dict):
            entries = {str(key): facts for key, facts in content["stems"].items() if isinstance(facts, dict)}
            return [{**facts, "key": key} for key, facts in sorted(entries.items())]
    raise DataError(f"{path} describes no stems; copy it again")


def flat_yaml(text: str):
    """A YAML document without deep nesting, with which the loader in C would take the whole program down."""
    depth = 0
    for event in yaml.parse(text, Loader=SAFE):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise yaml.YAMLError(f"more than {DEEPEST} levels")
    return yaml.load(text, Loader=SAFE)


def first_text(value, otherwise: str) -> str:
    """A text, or the first of a list of texts, in small letters."""
    value = value[0] if isinstance(value, list) and value else value
    return value.lower() if isinstance(value, str) and value else otherwise


# -- layouts --------------------------------------------------------------------------------------------------------


def musdb(root: Path) -> list[SongFiles]:
    """MUSDB18-HQ; validation songs are fourteen of "train"."""
    songs = []
    for split in ("train", "test"):
        for place in folders(root / split):
            files = audio(place)
            if "mixture" not in files:
                continue
            mix = files.pop("mixture")
            known = place.name in MUSDB_VALIDATION
            songs.append(SongFiles(place.name, "validation" if known else split, {n: (p,) for n, p in files.items()}, mix))
    return songs


def slakh(root: Path) -> list[SongFiles]:
    """Slakh2100-redux with its folders of splits, the flat layout, and BabySlakh. "omitted" repeats songs: never used."""
    places = [place for split in SPLITS for place in folders(root / split)] or folders(root)
    songs = []
    for place in places:
        number = re.fullmatch(r"Track(\d{5})", place.name)
        if not number or not (place / "metadata.yaml").is_file():
            continue
        split = place.parent.name if place.parent.name in SPLITS else next(
            (name for name, last in SLAKH_LAST.items() if int(number[1]) <= last), "test")  # fmt: skip
        try:
            stems, problem = slakh_stems(place), ""
        except DataError as error:
            stems, problem = {}, str(error)
        songs.append(SongFiles(place.name, split, stems, next(iter(pick(audio(place), WHOLE)), None), problem))
    return songs


def slakh_stems(place: Path) -> dict[str, tuple[Path, ...]]:
    """Stems by their class of instrument. What the metadata say was rendered is not always there: files decide."""
    files, stems = audio(place / "stems"), {}
    for facts in described_stems(place / "metadata.yaml"):
        if path := files.get(facts["key"].lower()):
            name = first_text(facts.get("inst_class"), "other")
            stems[name] = (*stems.get(name, ()), path)
    return stems


def moisesdb(root: Path) -> list[SongFiles]:
    """MoisesDB: a folder for each stem, no mixture, files of several lengths."""
    songs = []
    for place in folders(root / "moisesdb_v0.1") or folders(root):
        stems = {inner.name: tuple(audio(inner).values()) for inner in folders(place)}
        if (place / "data.json").is_file():
            songs.append(SongFiles(place.name, drawn_split(place.name), {n: p for n, p in stems.items() if p}))
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
        songs.append(SongFiles(place.name, drawn_split(place.name), stems, mix if mix.is_file() else None, problem))
    return songs


def medleydb_stems(place: Path, metadata: Path) -> dict[str, tuple[Path, ...]]:
    """Stems by their instrument; all kinds of basses are one stem."""
    stems: dict[str, tuple[Path, ...]] = {}
    files = {path.name: path for path in (place / f"{place.name}_STEMS").glob("*")}  # the metadata may name any other
    for facts in described_stems(metadata):
        name = first_text(facts.get("instrument"), "other")
        name = "bass" if re.search(r"\bbass$", name) else name
        filename = facts.get("filename")
        if path := files.get(filename) if isinstance(filename, str) else None:
            stems[name] = (*stems.get(name, ()), path)
    return stems


def jamendo(root: Path) -> list[SongFiles]:
    """MTG-Jamendo: whole songs without stems, for the autoencoder of mixes."""
    numbered = [place for place in folders(root) if re.fullmatch(r"\d\d", place.name)]
    return [SongFiles(f"{place.name}/{name}", drawn_split(name), {}, path)
            for place in numbered for name, path in audio(place).items() if re.fullmatch(r"\d+", name)]  # fmt: skip


def song_folders(root: Path) -> list[SongFiles]:
    """One folder for each song, one file for each stem; also what `bassnb songs` writes."""
    groups = [(split, folders(root / split)) for split in SPLITS]
    if not any(places for _, places in groups):
        groups = [("", folders(root))]
    songs = []
    for split, places in groups:
        for place in places:
            files = audio(place)
            mixes = pick(files, WHOLE)
            stems = {name: (path,) for name, path in files.items() if name not in WHOLE}
            if not stems or len(files) < 2:
                continue
            if len(stems) == 1 and mixes:  # a stem and all the others together
                stems["others"], mixes = (mixes[0],), []
            own = re.match(rf"({'|'.join(SPLITS)})-", place.name)
            where = split or (own[1] if own else drawn_split(place.name))
            songs.append(SongFiles(place.name, where, stems, mixes[0] if mixes else None))
    return songs


def parallel_folders(root: Path) -> list[SongFiles]:
    """One folder for each stem, in which a song has the same file name; one of the folders is called like a stem."""
    stems = {place.name.lower(): audio(place) for place in folders(root)}
    if not STEM_NAMES & stems.keys():
        return []
    names = sorted({name for files in stems.values() for name in files})
    songs = [SongFiles(name, drawn_split(name), {stem: (files[name],) for stem, files in stems.items() if name in files})
             for name in names]  # fmt: skip
    return [song for song in songs if len(song.stems) > 1]


def pick(files: dict[str, Path], names: Iterable[str]) -> list[Path]:
    """Those of `files` that have one of these names, in the order of the names."""
    return [files[name] for name in names if name in files]


BY_NAME = "by a hash of the name, 8 : 1 : 1"
LAYOUTS = (  # from the most to the least particular
    Layout("MUSDB18-HQ", "{train,test}/<song>/{mixture,bass,drums,…}.wav", "official, 14 songs for validation", musdb),
    Layout("Slakh2100-redux, BabySlakh", "[{train,validation,test}/]TrackNNNNN/{metadata.yaml,stems/S00.flac}",
           "folders, or official numbers; BabySlakh by a hash", slakh),
    Layout("MedleyDB", "[Audio/]<A_T>/{<A_T>_METADATA.yaml,<A_T>_STEMS/…}", BY_NAME, medleydb),
    Layout("MoisesDB", "[moisesdb_v0.1/]<id>/{data.json,<stem>/<id>.wav}", BY_NAME, moisesdb),
    Layout("MTG-Jamendo", "NN/<id>.mp3, mixes only", BY_NAME, jamendo),
    Layout("parallel folders", "{bass,others,…}/<song>.wav", BY_NAME, parallel_folders),
    Layout("song folders", "[{train,validation,test}/]<song>/{bass,drums,…}.wav", "folders, or " + BY_NAME, song_folders),
)  # fmt: skip


def find_songs(root: str | Path, *, without_musdb: bool = False) -> tuple[Layout, list[SongFiles]]:
    """The songs of a collection, whatever its layout.

    Parameters
    ----------
    root : folder
    without_musdb : leave out the songs of MedleyDB that MUSDB18 holds too, so that none is trained on and tested with

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
            return layout, sorted(with_all_splits(songs), key=lambda song: song.name)
    looked = "; ".join(f"{layout.name}: {layout.looks_for}" for layout in LAYOUTS)
    raise DataError(f"{root} holds no songs in a layout that is known; looked for {looked}")


def with_all_splits(songs: list[SongFiles]) -> list[SongFiles]:
    """The songs as they are, or split by a hash where an official split leaves a part of a collection without any."""
    if {song.split for song in songs} == {"train"} and len(songs) > 1:
        return [replace(song, split=drawn_split(song.name)) for song in songs]
    return songs
