"""Recorded songs as folders of stems: an index of what sounds when, and crops read where they lie. Taught in chapter 10.

A collection is listened to once. The index keeps the level of every stem second by second, so that afterwards a crop in
which nothing plays is never drawn, and a crop costs what its seconds cost: files are entered at the right place and never
read whole. One offset holds for all stems of a crop; pairs that are drawn apart teach that bass and song have nothing to do
with each other.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from bassnb.audio import AudioError, read_blocks, read_stretch
from bassnb.checkpoints import read_json, write_json
from bassnb.data.layouts import SongFiles, find_songs
from bassnb.data.score import DataError
from bassnb.presets import SAMPLE_RATE

VERSION = 1  # of the index
SILENT = -60  # dBFS: a second below is a rest
SOUNDING = 0.25  # share of the seconds of a crop in which the target, and something else, must sound


@dataclass(frozen=True)
class StemSong:
    """A song of the index: its files, and `levels`, dBFS (seconds,) of each stem."""

    name: str
    split: str
    stems: dict[str, tuple[Path, ...]]
    levels: dict[str, np.ndarray]

    @property
    def seconds(self) -> int:
        """Whole seconds in which there is audio: of the longest stem; the others are silent after their end."""
        return max(len(level) for level in self.levels.values())


# -- the index ------------------------------------------------------------------------------------------------------


def stem_index(root: str | Path, cache: str | Path, *, without_musdb: bool = False, progress: bool = True) -> dict:
    """Levels of all stems of a collection, listened to once and kept in `cache`.

    Parameters
    ----------
    root : folder of the collection, in any layout of `bassnb.data.layouts`
    cache : folder for the index; it is made again when files are added, removed or changed

    Returns
    -------
    dict, JSON-ready: ``layout``, ``songs`` (name, split, stems: files and levels), ``skipped`` (name: why)
    """
    layout, songs = find_songs(root, without_musdb=without_musdb)
    key = fingerprint_of(songs)
    path = Path(cache) / f"stems-{key}.json"
    if path.is_file():
        return read_json(path)
    index: dict = {"version": VERSION, "layout": layout.name, "songs": [], "skipped": {}}
    for song in tqdm(songs, desc=f"listening to {layout.name}", unit="song", disable=not progress):
        try:
            index["songs"].append(listened(song))
        except AudioError as error:  # one bad file among thousands is no reason to stop
            index["skipped"][song.name] = str(error)
    write_json(path, index)
    return index


def fingerprint_of(songs: list[SongFiles]) -> str:
    """Sixteen hexadecimal digits that change with any file's place, size or time."""
    digest = hashlib.sha256(str(VERSION).encode())
    for song in songs:
        for name, paths in sorted(song.stems.items()):
            facts = [(str(path.resolve()), path.stat().st_size, path.stat().st_mtime_ns) for path in paths]
            digest.update(json.dumps([song.name, song.split, name, facts]).encode())
    return digest.hexdigest()[:16]


def listened(song: SongFiles) -> dict:
    """The entry of one song in the index."""
    stems = {}
    for name, paths in song.stems.items():
        stems[name] = {"files": [str(path.resolve()) for path in paths], "levels": loudest([levels_of(path) for path in paths])}
    return {"name": song.name, "split": song.split, "stems": stems}


def levels_of(path: Path) -> list[int]:
    """Level of each second of a file in whole dBFS, at least -100; the rest after the last whole second counts too."""
    rest, found = torch.zeros(2, 0), []
    for block in read_blocks(path):
        wave = torch.cat([rest, block], -1)
        whole = wave.shape[-1] // SAMPLE_RATE * SAMPLE_RATE
        found += [level_of(second) for second in wave[:, :whole].split(SAMPLE_RATE, -1) if second.shape[-1]]
        rest = wave[:, whole:]
    return found + ([level_of(rest)] if rest.shape[-1] else [])


def level_of(wave: Tensor) -> int:
    """Root mean square in whole dBFS, at least -100."""
    return max(round(20 * math.log10(max(float(wave.square().mean().sqrt()), 1e-9))), -100)


def loudest(levels: list[list[int]]) -> list[int]:
    """Second by second the loudest of several files, which may end at different times."""
    longest = max(map(len, levels))
    return [max(level[second] for level in levels if second < len(level)) for second in range(longest)]


# -- crops ----------------------------------------------------------------------------------------------------------


class StemDataset:
    """Songs of one split with a target stem and at least one other.

    Parameters
    ----------
    root : folder of a collection
    split : "train", "validation" or "test"
    target : the stem that is to be played, "bass" by default
    cache : folder for the index
    seconds : shortest song

    Raises
    ------
    DataError
        If no song is left, naming how many lacked what.
    """

    def __init__(
        self, root: str | Path, *, split: str, target: str = "bass", cache: str | Path, seconds: float = 2.0,
        without_musdb: bool = False, progress: bool = True,
    ):  # fmt: skip
        index = stem_index(root, cache, without_musdb=without_musdb, progress=progress)
        self.target, self.skipped = target, dict(index["skipped"])
        members = [entry for entry in index["songs"] if entry["split"] == split]
        songs = []
        for entry in members:
            song = song_of(entry)
            reason = unfit(song, target, seconds)
            if reason:
                self.skipped[song.name] = reason
            else:
                songs.append(song)
        self.songs = songs
        if not songs:
            why = "; ".join(sorted(set(self.skipped.values()))[:3]) or "the split is empty"
            raise DataError(f"{root} has no song for {split} with {target} and something else ({len(members)} looked at: {why})")

    def __len__(self) -> int:
        return len(self.songs)

    def crop(self, rng: np.random.Generator, samples: int, *, speed: float = 1.0) -> dict[str, Tensor]:
        """All stems (2, samples) of one stretch of one song, the target under its name.

        The stretch begins at a whole second, chosen among those in which target and others sound. With `speed` other than
        1 it is played that much faster and higher, all stems alike, as from a tape.
        """
        song = self.songs[rng.integers(len(self.songs))]
        starts = sounding_starts(song, self.target, samples / SAMPLE_RATE * speed)
        start = float(starts[rng.integers(len(starts))])
        return {name: sum(read_stretch(path, start, samples, speed=speed) for path in paths)
                for name, paths in song.stems.items()}  # fmt: skip


def song_of(entry: dict) -> StemSong:
    """An entry of the index as an object."""
    stems = {name: tuple(map(Path, facts["files"])) for name, facts in entry["stems"].items()}
    levels = {name: np.array(facts["levels"], dtype=np.int16) for name, facts in entry["stems"].items()}
    return StemSong(entry["name"], entry["split"], stems, levels)


def unfit(song: StemSong, target: str, seconds: float) -> str | None:
    """Why a song cannot be used, or None."""
    if target not in song.stems:
        return f"no {target}"
    if len(song.stems) < 2:
        return f"nothing but {target}"
    if song.seconds < seconds:
        return f"shorter than {seconds:g} s"
    if not len(sounding_starts(song, target, seconds)):
        return f"{target} and the others never sound together"
    return None


def sounding_starts(song: StemSong, target: str, seconds: float) -> np.ndarray:
    """Whole seconds from which on the target, and any other stem, sound in at least `SOUNDING` of the next `seconds`.

    Of a song that is shorter, or in which no stretch qualifies, the one with most of the target.
    """
    length = max(min(math.ceil(seconds), song.seconds), 1)

    def sounding(names: list[str]) -> np.ndarray:
        active = np.zeros(song.seconds)
        for name in names:
            active[: len(song.levels[name])] = np.maximum(active[: len(song.levels[name])], song.levels[name] > SILENT)
        return np.convolve(active, np.ones(length), "valid") / length

    mine, others = sounding([target]), sounding([name for name in song.stems if name != target])
    good = np.flatnonzero((mine >= SOUNDING) & (others >= SOUNDING))
    both = np.minimum(mine, others)
    return good if len(good) else np.flatnonzero(both == both.max()) if both.max() > 0 else good

