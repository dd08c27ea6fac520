"""Recorded songs as folders of stems, and crops read from their files. Taught in chapter 10.

Only the seconds of a crop are read, never whole files. All stems of a crop have the same offset:
from independent offsets a model would learn that bass and mix are unrelated.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import numpy as np
from torch import Tensor
from tqdm import tqdm

from bassnb.collections.change import Change, read_changed
from bassnb.collections.layouts import SPLITS, find_songs
from bassnb.collections.names import stem_name
from bassnb.collections.stem_index import stem_index
from bassnb.collections.stem_songs import Place, StemSong, reasons, song_of, sounding_starts, unfit
from bassnb.collections.unused import lines, unused
from bassnb.errors import AudioError, DataError
from bassnb.files import name_bytes
from bassnb.presets import SAMPLE_RATE

TRIES = 20  # crops in a row that may be unreadable
T = TypeVar("T")


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
