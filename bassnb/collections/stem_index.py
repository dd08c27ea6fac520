"""The index of a collection of stems: levels and contents, measured in one pass over all files.

The index holds the level of every stem for every second, so that silent crops are never drawn, and
which stems hold which others (`bassnb.collections.contents`), so that the target is never in its
own mix. All stems of a song are read in parallel, a few seconds at a time, so memory does not
depend on the length of a song. Taught in chapter 10.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import zip_longest
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from bassnb.audio import read_blocks
from bassnb.collections.contents import Sketch
from bassnb.collections.layouts import find_songs
from bassnb.collections.names import is_whole
from bassnb.collections.song_files import SongFiles
from bassnb.errors import AudioError
from bassnb.presets import SAMPLE_RATE
from bassnb.stored import read_json, write_json

VERSION = 3  # of the index
BLOCK = 2**17  # frames of a file that are read at once: 3 s of perhaps dozens of files
WHOLE = "mix"  # the only stem of songs that come without stems


def stem_index(
    root: str | Path, cache: str | Path, *, without_musdb: bool = False, progress: bool = True
) -> dict:
    """Levels and contents of all stems of a collection, measured once and kept in `cache`.

    Parameters
    ----------
    root : folder of the collection, in any layout of `bassnb.collections.layouts`
    cache : folder for the index, which is made again when files are added, removed or changed
    without_musdb : leave out the songs of MedleyDB that MUSDB18 holds too
    progress : whether to show a progress bar

    Returns
    -------
    index : dict, JSON-ready
        ``layout``, ``songs`` (see `listened`) and ``skipped`` (name: reason)
    """
    layout, songs = find_songs(root, without_musdb=without_musdb)
    key = files_key(songs)
    path = Path(cache) / f"stems-{key}.json"
    if path.is_file():
        return read_json(path)
    index: dict = {"layout": layout.name, "songs": [], "skipped": {}}
    for song in tqdm(songs, desc=f"indexing {layout.name}", unit="song", disable=not progress):
        if song.problem or not parts_of(song):
            index["skipped"][song.name] = song.problem or "no audio files"
            continue
        try:
            index["songs"].append(listened(song))
        except AudioError as error:  # one bad file among thousands
            index["skipped"][song.name] = str(error)
    write_json(path, index)
    return index


def files_key(songs: list[SongFiles]) -> str:
    """Sixteen hexadecimal digits: a hash of path, size and time of all files."""
    digest = hashlib.sha256(str(VERSION).encode())
    for song in songs:
        for name, paths in sorted(parts_of(song).items()):
            facts = [(str(path.resolve()), *size_and_time(path)) for path in paths]
            digest.update(json.dumps([song.name, song.split, name, facts]).encode())
    return digest.hexdigest()[:16]


def size_and_time(path: Path) -> tuple[int, int]:
    """Size in bytes and time of modification in ns; zeros for a broken link."""
    return (path.stat().st_size, path.stat().st_mtime_ns) if path.exists() else (0, 0)


def listened(song: SongFiles) -> dict:
    """The entry of one song in the index.

    Returns
    -------
    entry : dict, JSON-ready
        ``name``, ``split`` and ``stems``. Each stem has ``files``, ``levels``, ``holds`` (other
        stem: its share of the power), and perhaps ``minus``, files to subtract from the sum of
        ``files``.
    """
    parts, sketch = parts_of(song), Sketch()
    levels = _measure(parts, sketch)
    shares = sketch.shares() if sketch.spectra else np.zeros((1, 1))
    stems: dict[str, dict] = {}
    for row, (name, paths) in zip(shares, parts.items()):
        holds = {other: round(float(share), 4) for other, share in zip(parts, row) if share}
        stems[name] = {
            "files": [str(path.resolve()) for path in paths],
            "levels": packed(loudest(levels[name])),
            "holds": holds,
        }
    if found := subtractable(stems, sketch):
        whole, stem = found
        others = {
            "files": stems[whole]["files"],
            "minus": stems[stem]["files"],
            "levels": packed(levels_of_difference(parts[whole], parts[stem])),
            "holds": {},
        }
        stems = {stem: stems[stem], "others": others}
    return {"name": song.name, "split": song.split, "stems": stems}


def _measure(parts: Mapping[str, tuple[Path, ...]], sketch: Sketch) -> dict[str, list[list[int]]]:
    """Levels of the files of each stem, second by second; spectra go to `sketch`."""
    files = [(name, path) for name, paths in parts.items() for path in paths]
    levels: list[list[int]] = [[] for _ in files]
    for second, waves in enumerate(zip_longest(*(seconds_of(path) for _, path in files))):
        for file_levels, wave in zip(levels, waves):
            if wave is not None:
                file_levels.append(level_of(wave))
        if len(parts) > 1 and sketch.needs(second):
            sums = [
                mono_sum(wave for (stem, _), wave in zip(files, waves) if stem == name)
                for name in parts
            ]
            sketch.add(np.stack(sums))
    return {name: [own for (stem, _), own in zip(files, levels) if stem == name] for name in parts}


def mono_sum(waves: Iterable[Tensor | None]) -> np.ndarray:
    """The mono sum (SAMPLE_RATE,) of one second of several files, some perhaps at their end."""
    total = np.zeros(SAMPLE_RATE, np.float32)
    for wave in waves:
        if wave is not None:
            total[: wave.shape[-1]] += wave.mean(0).numpy()
    return total


def subtractable(stems: dict[str, dict], sketch: Sketch) -> tuple[str, str] | None:
    """The names of a whole and of a stem to subtract from it, if all other files hold that stem.

    None for other songs, and where the whole is not exactly the sum of the stem and something else
    (`Sketch.is_sum`).
    """
    names = list(stems)
    for j, stem in enumerate(names):
        others = [i for i in range(len(names)) if i != j]
        if others and not is_whole(stem) and all(stem in stems[names[i]]["holds"] for i in others):
            for i in others:
                if sketch.is_sum(i, j):
                    return names[i], stem
    return None


def levels_of_difference(files: Iterable[Path], minus: Iterable[Path]) -> list[int]:
    """`levels_of` the sum of `files` minus that of `minus`, in a second pass over these files."""
    signed = [(path, 1) for path in files] + [(path, -1) for path in minus]
    levels = []
    for waves in zip_longest(*(seconds_of(path) for path, _ in signed)):
        total = torch.zeros(2, max(wave.shape[-1] for wave in waves if wave is not None))
        for (_, sign), wave in zip(signed, waves):
            if wave is not None:
                total[:, : wave.shape[-1]] += sign * wave
        levels.append(level_of(total))
    return levels


def parts_of(song: SongFiles) -> Mapping[str, tuple[Path, ...]]:
    """Files of each stem; of a song without stems, the file of the whole as "mix", if any."""
    return song.stems or ({WHOLE: (song.mix,)} if song.mix else {})


def packed(levels: list[int]) -> str:
    """Levels as two hexadecimal digits a second: twenty thousand songs are 50 MB of index."""
    return bytes(min(level, 0) + 100 for level in levels).hex()


def unpacked(levels: str) -> np.ndarray:
    """The inverse of `packed`: dBFS (seconds,)."""
    return np.frombuffer(bytes.fromhex(levels), np.uint8).astype(np.int16) - 100


def levels_of(path: Path) -> list[int]:
    """Level of each second of a file in whole dBFS, at least -100; the last may be shorter."""
    return [level_of(second) for second in seconds_of(path)]


def seconds_of(path: Path) -> Iterator[Tensor]:
    """A file second by second, (2, SAMPLE_RATE) each; the last may be shorter."""
    rest = torch.zeros(2, 0)
    for block in read_blocks(path, frames=BLOCK):
        wave = torch.cat([rest, block], -1)
        whole = wave.shape[-1] // SAMPLE_RATE * SAMPLE_RATE
        yield from (wave[:, first : first + SAMPLE_RATE] for first in range(0, whole, SAMPLE_RATE))
        rest = wave[:, whole:]
    if rest.shape[-1]:
        yield rest


def level_of(wave: Tensor) -> int:
    """Root mean square in whole dBFS, at least -100."""
    return max(round(20 * math.log10(max(float(wave.square().mean().sqrt()), 1e-9))), -100)


def loudest(levels: list[list[int]]) -> list[int]:
    """Second by second the loudest of several files, which may end at different times."""
    longest = max(map(len, levels))
    return [
        max(level[second] for level in levels if second < len(level)) for second in range(longest)
    ]
