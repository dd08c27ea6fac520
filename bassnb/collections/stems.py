"""Recorded songs as folders of stems, and crops read from their files. Taught in chapter 10.

Only the seconds of a crop are read, never whole files. All stems of a crop have the same offset:
from independent offsets a model would learn that bass and mix are unrelated.
"""

from __future__ import annotations

import hashlib
import json
import math
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np
from torch import Tensor
from tqdm import tqdm

from bassnb.collections.change import Change, read_changed
from bassnb.collections.layouts import SPLITS, find_songs
from bassnb.collections.names import is_whole, stem_name
from bassnb.collections.stem_index import WHOLE, stem_index, unpacked
from bassnb.collections.unused import lines, unused
from bassnb.errors import AudioError, DataError
from bassnb.files import name_bytes
from bassnb.presets import SAMPLE_RATE

SILENT = -60  # dBFS: a second below is a rest
SOUNDING = 0.25  # share of the seconds of a crop in which the target and another stem must sound
TRIES = 20  # crops in a row that may be unreadable
T = TypeVar("T")


@dataclass(frozen=True)
class StemSong:
    """A song of the index.

    Attributes
    ----------
    name, split : as in the index
    stems : files of each stem
    levels : dBFS (seconds,) of each stem
    minus : files to subtract from a stem, for instance the bass from a mix
    left_out : stems that are not used, with the reason
    """

    name: str
    split: str
    stems: dict[str, tuple[Path, ...]]
    levels: dict[str, np.ndarray]
    minus: dict[str, tuple[Path, ...]] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)

    @property
    def seconds(self) -> int:
        """Whole seconds of the longest stem; the others are silent after their end."""
        return max(len(level) for level in self.levels.values())


@dataclass(frozen=True)
class Place:
    """Where a crop is read: a song, `start` in seconds, number of `samples`, and a `change`."""

    song: StemSong
    start: float
    samples: int
    change: Change = Change()

    @property
    def seconds(self) -> float:
        """Seconds of the files that the crop covers."""
        return self.samples / SAMPLE_RATE * self.change.tempo

    def sounding(self) -> list[str]:
        """Stems that sound in enough of the crop."""
        first, last = int(self.start), math.ceil(self.start + self.seconds)
        active = {name: levels[first:last] > SILENT for name, levels in self.song.levels.items()}
        return sorted(
            name for name, seconds in active.items() if seconds.sum() >= SOUNDING * (last - first)
        )


class StemDataset:
    """Songs of one split that can be used for a training.

    Parameters
    ----------
    root : folder of a collection
    split : "train", "validation" or "test"
    target : the stem that the model generates, in any spelling of `bassnb.collections.names`
        Songs have it and at least one other stem that does not hold it. "mix" stands for sub-mixes
        of all stems, and accepts songs without stems as well.
    cache : folder for the index
    seconds : shortest song
    without_musdb : leave out the songs of MedleyDB that MUSDB18 holds too
    progress : whether to show a progress bar for the index

    Attributes
    ----------
    songs : list of `StemSong` that can be used
    skipped : reason by name of the songs that cannot be used
    unreadable : number of failed reads by error message; other crops were drawn instead

    Raises
    ------
    DataError
        If no song can be used, with the reasons.
    """

    def __init__(
        self,
        root: str | Path,
        *,
        split: str,
        target: str = "bass",
        cache: str | Path,
        seconds: float = 2.0,
        without_musdb: bool = False,
        progress: bool = True,
    ):
        index = stem_index(root, cache, without_musdb=without_musdb, progress=progress)
        target = stem_name(target)
        self.root, self.split, self.target, self.layout = Path(root), split, target, index["layout"]
        self.skipped: dict[str, str] = dict(index["skipped"])
        self.unreadable: dict[str, int] = {}
        self.songs: list[StemSong] = []
        members = [song_of(entry, target) for entry in index["songs"] if entry["split"] == split]
        for song in members:
            if reason := unfit(song, target, seconds):
                self.skipped[song.name] = reason
            else:
                self.songs.append(song)
        if not self.songs:
            why = "; ".join(sorted(set(self.skipped.values()))[:3]) or "the split is empty"
            raise DataError(
                f"{root} has no song for {split} with {target} and something else "
                f"({len(members)} looked at: {why}); give another collection or stem"
            )

    def __len__(self) -> int:
        return len(self.songs)

    def facts(self) -> dict:
        """Facts about the data for checkpoints and caches, JSON-ready; independent of the path."""
        digest = hashlib.sha256()
        for song in self.songs:
            digest.update(json.dumps([song.name, song.split]).encode())
            for name, levels in sorted(song.levels.items()):
                digest.update(name_bytes(name) + levels.tobytes())
        digest.update(name_bytes(self.target))
        return {
            "layout": self.layout,
            "target": self.target,
            "songs": len(self),
            "digest": digest.hexdigest()[:16],
        }

    def draw(self, rng: np.random.Generator, samples: int, *, change: Change = Change()) -> Place:
        """A random place for a crop, at one of the `sounding_starts` of a random song."""
        song = self.songs[rng.integers(len(self.songs))]
        starts = sounding_starts(song, self.target, samples / SAMPLE_RATE * change.tempo)
        return Place(song, float(starts[rng.integers(len(starts))]), samples, change)

    def read(self, place: Place, names: Iterable[str]) -> dict[str, Tensor]:
        """Stems (2, samples) at a place, by name: one offset and one change for all of them."""
        return {name: self._read(place, name) for name in names}

    @staticmethod
    def _read(place: Place, name: str) -> Tensor:
        first, *more = place.song.stems[name]
        where = (place.start, place.samples, place.change)
        wave = read_changed(first, *where, minus=place.song.minus.get(name, ()))
        return sum((read_changed(path, *where) for path in more), wave)

    def note(self, error: AudioError) -> None:
        """Count a file that could not be read, and print its error the first time."""
        if str(error) not in self.unreadable:
            tqdm.write(f"left out: {error}", file=sys.stderr)
        self.unreadable[str(error)] = self.unreadable.get(str(error), 0) + 1

    def readable(self, make: Callable[[], T]) -> T:
        """The result of `make`, which is called again when a file cannot be read.

        Raises
        ------
        DataError
            If `TRIES` calls in a row fail.
        """
        for _ in range(TRIES):
            try:
                return make()
            except AudioError as caught:
                error = caught
                self.note(error)
        raise DataError(
            f"{TRIES} crops of {self.root} in a row could not be read, the last because {error}; "
            "copy the collection again"
        )


def open_splits(
    root: str | Path,
    target: str,
    cache: str | Path,
    *,
    without_musdb: bool = False,
    progress: bool = True,
) -> tuple[StemDataset, StemDataset | None]:
    """Songs for training and for validation, None for the latter if there are none."""

    def songs(split: str) -> StemDataset:
        return StemDataset(
            root,
            split=split,
            target=target,
            cache=cache,
            without_musdb=without_musdb,
            progress=progress,
        )

    train = songs("train")
    try:
        return train, songs("validation")
    except DataError as error:
        if progress:
            tqdm.write(f"no validation: {error}", file=sys.stderr)
        return train, None


def survey(
    root: str | Path,
    target: str,
    cache: str | Path,
    *,
    without_musdb: bool = False,
    progress: bool = True,
) -> Iterator[str]:
    """Report what a collection offers for a training, line by line.

    The lines list songs, hours and stems of each split, and the stems, songs and other files that
    are left out, with the reasons.
    """
    target = stem_name(target)
    index = stem_index(root, cache, without_musdb=without_musdb, progress=progress)
    yield f"{root}: {index['layout']}, {len(index['songs'])} songs"
    for split in SPLITS:
        members = {entry["name"] for entry in index["songs"] if entry["split"] == split}
        try:
            songs = StemDataset(
                root,
                split=split,
                target=target,
                cache=cache,
                without_musdb=without_musdb,
                progress=False,
            )
        except DataError as error:
            yield f"{split:<12}{error}"
            continue
        hours = sum(song.seconds for song in songs.songs) / 3600
        stems = Counter(name for song in songs.songs for name in song.stems)
        names = ", ".join(f"{name} {count}" for name, count in stems.most_common())
        yield (
            f"{split:<12}{len(songs)} of {len(members)} songs can be used for {target}, "
            f"{hours:.2f} h: {names}"
        )
        yield from (
            f"{'':<12}left out: {name}: {songs.skipped[name]}"
            for name in sorted(members & songs.skipped.keys())
        )
        yield from (
            f"{'':<12}left out of the mix of {song.name}: {reasons(song)}"
            for song in songs.songs
            if song.left_out
        )
    yield from (f"left out: {name}: {reason}" for name, reason in index["skipped"].items())
    layout, files = find_songs(root, without_musdb=without_musdb)
    yield from lines(unused(Path(root), layout, files))


def song_of(entry: dict, target: str) -> StemSong:
    """An entry of the index as an object, without the stems that hold the target."""
    left_out = kept_out(entry["stems"], target)
    stems = {name: facts for name, facts in entry["stems"].items() if name not in left_out}
    files = {name: tuple(map(Path, facts["files"])) for name, facts in stems.items()}
    levels = {name: unpacked(facts["levels"]) for name, facts in stems.items()}
    minus = {
        name: tuple(map(Path, facts["minus"])) for name, facts in stems.items() if "minus" in facts
    }
    return StemSong(entry["name"], entry["split"], files, levels, minus, left_out)


def kept_out(stems: dict[str, dict], target: str) -> dict[str, str]:
    """Stems that must not be in the conditioning mix for a target, with the reason.

    These are stems that hold the target, as measured on the audio, and stems with the name of a
    whole that hold other stems of the song. For the target "mix" there are none.
    """
    reasons = {}
    for name, facts in stems.items():
        holds = facts["holds"]
        if target == WHOLE or name == target or not holds:
            continue
        if target in holds:
            reasons[name] = f"holds {target} ({100 * holds[target]:.0f} % of its power)"
        elif is_whole(name):
            reasons[name] = f"holds {', '.join(sorted(holds))}"
    return reasons


def reasons(song: StemSong) -> str:
    """`left_out` of a song in one line."""
    return "; ".join(f"{name} {reason}" for name, reason in song.left_out.items())


def unfit(song: StemSong, target: str, seconds: float) -> str | None:
    """Why a song cannot be used, or None."""
    if target != WHOLE:
        if target not in song.stems:
            return f"no {target}"
        if len(song.stems) < 2:
            return f"nothing but {target}" + (f": {reasons(song)}" if song.left_out else "")
    if song.seconds < seconds:
        return f"shorter than {seconds:g} s"
    if not len(sounding_starts(song, target, seconds)):
        return (
            "nothing sounds" if target == WHOLE else f"{target} and the others never sound together"
        )
    return None


def sounding_starts(song: StemSong, target: str, seconds: float) -> np.ndarray:
    """Seconds at which a crop of `seconds` may start, an array of int.

    From these on, the target and any other stem sound in at least `SOUNDING` of the crop; for
    "mix", any stem. If there are none, those with the largest share in which both sound.
    """
    length = max(min(math.ceil(seconds), song.seconds), 1)

    def sounding(names: Iterable[str]) -> np.ndarray:
        active = np.zeros(song.seconds)
        for name in names:
            active[: len(song.levels[name])] = np.maximum(
                active[: len(song.levels[name])], song.levels[name] > SILENT
            )
        return np.convolve(active, np.ones(length), "valid") / length

    mine = sounding(song.levels if target == WHOLE else [target])
    others = mine if target == WHOLE else sounding(name for name in song.stems if name != target)
    good = np.flatnonzero((mine >= SOUNDING) & (others >= SOUNDING))
    both = np.minimum(mine, others)
    return good if len(good) else np.flatnonzero(both == both.max()) if both.max() > 0 else good
