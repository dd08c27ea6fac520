"""Recorded songs as folders of stems, and crops of them read where they lie. Taught in chapter 10.

A crop costs what its seconds cost: files are entered at the right place and never read whole. One
offset holds for all stems of a crop; pairs that are drawn apart teach that bass and song have
nothing to do with each other.
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
# share of the seconds of a crop in which the target, and something else, must sound
SOUNDING = 0.25
TRIES = 20  # crops in a row that may be unreadable
T = TypeVar("T")


@dataclass(frozen=True)
class StemSong:
    """A song of the index: its files, and `levels`, dBFS (seconds,) of each stem.

    From a stem in `minus` those files are taken off: what is left of a mix without the bass.
    `left_out` says of stems that are not used, neither to be played nor in a mix, why.
    """

    name: str
    split: str
    stems: dict[str, tuple[Path, ...]]
    levels: dict[str, np.ndarray]
    minus: dict[str, tuple[Path, ...]] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)

    @property
    def seconds(self) -> int:
        """Whole seconds in which there is audio: of the longest stem; the others are silent after
        their end.
        """
        return max(len(level) for level in self.levels.values())


@dataclass(frozen=True)
class Place:
    """Where a crop is read: a song, the second at which it begins, its `samples`, and the `change`
    of its sound.
    """

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
        heard = {name: levels[first:last] > SILENT for name, levels in self.song.levels.items()}
        return sorted(
            name for name, seconds in heard.items() if seconds.sum() >= SOUNDING * (last - first)
        )


class StemDataset:
    """Songs of one split that have what a training needs.

    Parameters
    ----------
    root : folder of a collection
    split : "train", "validation" or "test"
    target : the stem that is to be played, "bass" by default, in any spelling of
        `bassnb.collections.names`; such songs have it and at least one other that does not hold it.
        "mix" asks for sub-mixes of all stems, and takes songs without stems as well.
    cache : folder for the index
    seconds : shortest song

    Attributes
    ----------
    songs : those that can be used; `skipped` says why others cannot
    unreadable : files that could not be read when a crop was wanted from them, and how often; other
        crops were drawn instead

    Raises
    ------
    DataError
        If no song is left, naming what they lacked.
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
        self.skipped, self.unreadable, self.songs = dict(index["skipped"]), {}, []
        members = [song_of(entry, target) for entry in index["songs"] if entry["split"] == split]
        for song in members:
            if reason := unfit(song, target, seconds):
                self.skipped[song.name] = reason
            else:
                self.songs.append(song)
        if not self.songs:
            why = "; ".join(sorted(set(self.skipped.values()))[:3]) or "the split is empty"
            raise DataError(
                f"{root} has no song for {split} with {target} and something else ({len(members)} looked at: {why})"
            )

    def __len__(self) -> int:
        return len(self.songs)

    def facts(self) -> dict:
        """What a training or a cache remembers of its data, JSON-ready; the same wherever the
        folder lies.
        """
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
        """A place for a crop, at a whole second, among those in which the target and others sound."""
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
        """Count a file that could not be read, and say so the first time."""
        if str(error) not in self.unreadable:
            tqdm.write(f"left out: {error}", file=sys.stderr)
        self.unreadable[str(error)] = self.unreadable.get(str(error), 0) + 1

    def readable(self, make: Callable[[], T]) -> T:
        """What `make` returns, called again, to draw another place, when it meets a file that
        cannot be read.

        Raises
        ------
        DataError
            If that happens `TRIES` times in a row: then something else is wrong than one file among
            many.
        """
        for _ in range(TRIES):
            try:
                return make()
            except AudioError as caught:
                error = caught
                self.note(error)
        raise DataError(
            f"{TRIES} crops of {self.root} in a row could not be read, the last because {error}; copy the collection again"
        )


def open_splits(
    root: str | Path,
    target: str,
    cache: str | Path,
    *,
    without_musdb: bool = False,
    progress: bool = True,
) -> tuple[StemDataset, StemDataset | None]:
    """Songs to train with and songs to validate with; None instead of the latter if the collection
    is too small for any.
    """
    options = dict(target=target, cache=cache, without_musdb=without_musdb, progress=progress)
    train = StemDataset(root, split="train", **options)
    try:
        return train, StemDataset(root, split="validation", **options)
    except DataError as error:
        if progress:
            tqdm.write(f"There is no validation: {error}", file=sys.stderr)
        return train, None


def survey(
    root: str | Path,
    target: str,
    cache: str | Path,
    *,
    without_musdb: bool = False,
    progress: bool = True,
) -> Iterator[str]:
    """What a collection holds for a training, in lines to be read: songs, hours and stems of each
    split, what is left out.

    Left out are stems, songs, and files that belong to no song, each with the reason.
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
        yield f"{split:<12}{len(songs)} of {len(members)} songs can be used for {target}, {hours:.2f} h: {names}"
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
    """An entry of the index as an object, without the stems in which the target sounds along."""
    left_out = kept_out(entry["stems"], target)
    stems = {name: facts for name, facts in entry["stems"].items() if name not in left_out}
    files = {name: tuple(map(Path, facts["files"])) for name, facts in stems.items()}
    levels = {name: unpacked(facts["levels"]) for name, facts in stems.items()}
    minus = {
        name: tuple(map(Path, facts["minus"])) for name, facts in stems.items() if "minus" in facts
    }
    return StemSong(entry["name"], entry["split"], files, levels, minus, left_out)


def kept_out(stems: dict[str, dict], target: str) -> dict[str, str]:
    """Which stems must not be in a mix that the target is played to, and why.

    Those that hold the target, by what is heard in them; and those that have the name of a whole
    and hold other stems, which are there by themselves. For "mix" nothing is kept out: there is no
    answer to be given away.
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
    """Whole seconds from which on the target, and any other stem, sound in at least `SOUNDING` of
    the next `seconds`.

    Of a song that is shorter, or in which no stretch qualifies, the one with most of the target.
    For "mix" any stem counts.
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
