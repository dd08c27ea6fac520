"""What sounds when in a collection of stems: every file is listened to once. Taught in chapter 10.

The index keeps the level of every stem second by second, so that afterwards a crop in which nothing plays is never drawn.
"""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from bassnb.audio import AudioError, read_blocks
from bassnb.checkpoints import read_json, write_json
from bassnb.collections.layouts import SongFiles, find_songs
from bassnb.presets import SAMPLE_RATE

VERSION = 2  # of the index
WHOLE = "mix"  # the only stem of songs that come without stems


def stem_index(root: str | Path, cache: str | Path, *, without_musdb: bool = False, progress: bool = True) -> dict:
    """Levels of all stems of a collection, listened to once and kept in `cache`.

    Parameters
    ----------
    root : folder of the collection, in any layout of `bassnb.collections.layouts`
    cache : folder for the index; it is made again when files are added, removed or changed

    Returns
    -------
    dict, JSON-ready: ``layout``, ``songs`` (name, split, stems: files and levels), ``skipped`` (name: why)
    """
    layout, songs = find_songs(root, without_musdb=without_musdb)
    key = files_key(songs)
    path = Path(cache) / f"stems-{key}.json"
    if path.is_file():
        return read_json(path)
    index: dict = {"layout": layout.name, "songs": [], "skipped": {}}
    for song in tqdm(songs, desc=f"listening to {layout.name}", unit="song", disable=not progress):
        if song.problem or not parts_of(song):
            index["skipped"][song.name] = song.problem or "no audio files"
            continue
        try:
            index["songs"].append(listened(song))
        except AudioError as error:  # one bad file among thousands is no reason to stop
            index["skipped"][song.name] = str(error)
    write_json(path, index)
    return index


def files_key(songs: list[SongFiles]) -> str:
    """Sixteen hexadecimal digits that change with any file's place, size or time."""
    digest = hashlib.sha256(str(VERSION).encode())
    for song in songs:
        for name, paths in sorted(parts_of(song).items()):
            facts = [(str(path.resolve()), *size_and_time(path)) for path in paths]
            digest.update(json.dumps([song.name, song.split, name, facts]).encode())
    return digest.hexdigest()[:16]


def size_and_time(path: Path) -> tuple[int, int]:
    """Bytes, and when they were written; zeros for a link that leads nowhere."""
    return (path.stat().st_size, path.stat().st_mtime_ns) if path.exists() else (0, 0)


def listened(song: SongFiles) -> dict:
    """The entry of one song in the index."""
    stems = {}
    for name, paths in parts_of(song).items():
        levels = loudest([levels_of(path) for path in paths])
        stems[name] = {"files": [str(path.resolve()) for path in paths], "levels": packed(levels)}
    return {"name": song.name, "split": song.split, "stems": stems}


def parts_of(song: SongFiles) -> dict[str, tuple[Path, ...]]:
    """Files of each stem; of a song without stems, the file of the whole, if there is one, under the name "mix"."""
    return song.stems or ({WHOLE: (song.mix,)} if song.mix else {})


def packed(levels: list[int]) -> str:
    """Levels as two hexadecimal digits a second: twenty thousand songs are 50 MB of index."""
    return bytes(min(level, 0) + 100 for level in levels).hex()


def unpacked(levels: str) -> np.ndarray:
    """The inverse of `packed`: dBFS (seconds,)."""
    return np.frombuffer(bytes.fromhex(levels), np.uint8).astype(np.int16) - 100


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
