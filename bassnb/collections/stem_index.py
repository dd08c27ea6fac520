"""What sounds when in a collection of stems, and which stems hold which: every file is listened to
once. Taught in chapter 10.

The index keeps the level of every stem second by second, so that afterwards a crop in which nothing
plays is never drawn, and which stems are in which others (`bassnb.collections.contents`), so that
none of them plays along with itself. The stems of a song are read side by side, a few seconds at a
time: a song of hours needs no more memory than one of minutes.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from bassnb.audio import read_blocks
from bassnb.checkpoints import read_json, write_json
from bassnb.collections.contents import Sketch
from bassnb.collections.layouts import SongFiles, find_songs
from bassnb.collections.names import is_whole
from bassnb.errors import AudioError
from bassnb.presets import SAMPLE_RATE

VERSION = 3  # of the index
BLOCK = 2**17  # frames of a file that are read at once: 3 s; there may be dozens of files
WHOLE = "mix"  # the only stem of songs that come without stems


def stem_index(
    root: str | Path, cache: str | Path, *, without_musdb: bool = False, progress: bool = True
) -> dict:
    """Levels of all stems of a collection, listened to once and kept in `cache`.

    Parameters
    ----------
    root : folder of the collection, in any layout of `bassnb.collections.layouts`
    cache : folder for the index; it is made again when files are added, removed or changed

    Returns
    -------
    dict, JSON-ready: ``layout``, ``songs``, see `listened`, and ``skipped`` (name: why)
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
    """The entry of one song in the index.

    Returns
    -------
    dict, JSON-ready: ``name``, ``split``, and ``stems``, of each ``files``, ``levels``, ``holds``
    (other stem: its share of the power), and perhaps ``minus``, files that are to be taken off the
    sum of the others
    """
    parts, sketch = parts_of(song), Sketch()
    files = [(name, path) for name, paths in parts.items() for path in paths]
    levels: list[list[int]] = [[] for _ in files]
    for second, waves in enumerate(zip_longest(*(seconds_of(path) for _, path in files))):
        for found, wave in zip(levels, waves):
            found += [] if wave is None else [level_of(wave)]
        if len(parts) > 1 and sketch.wants(second):
            sketch.add(
                np.stack(
                    [
                        mono_sum(wave for (own, _), wave in zip(files, waves) if own == name)
                        for name in parts
                    ]
                )
            )
    shares = sketch.shares() if sketch.spectra else np.zeros((1, 1))
    stems: dict[str, dict] = {}
    for row, (name, paths) in zip(shares, parts.items()):
        own = [level for (stem, _), level in zip(files, levels) if stem == name]
        holds = {other: round(float(share), 4) for other, share in zip(parts, row) if share}
        stems[name] = {
            "files": [str(path.resolve()) for path in paths],
            "levels": packed(loudest(own)),
            "holds": holds,
        }
    if found := subtractable(stems, sketch):
        whole, stem = found
        levels = levels_of_difference(parts[whole], parts[stem])
        others = {
            "files": stems[whole]["files"],
            "minus": stems[stem]["files"],
            "levels": packed(levels),
            "holds": {},
        }
        stems = {stem: stems[stem], "others": others}
    return {"name": song.name, "split": song.split, "stems": stems}


def mono_sum(waves: Iterable[Tensor | None]) -> np.ndarray:
    """The sum (SAMPLE_RATE,) of a second of several files, both channels together; silence after
    the end of each.
    """
    total = np.zeros(SAMPLE_RATE, np.float32)
    for wave in waves:
        if wave is not None:
            total[: wave.shape[-1]] += wave.mean(0).numpy()
    return total


def subtractable(stems: dict[str, dict], sketch: Sketch) -> tuple[str, str] | None:
    """A file of the whole and the stem that can be taken off it, in a song in which all that is
    beside the stem holds it.

    None of other songs, and where the whole is not exactly the sum of the stem and the others
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
    """`levels_of` the sum of `files` without that of `minus`; the only files that are listened to
    twice.
    """
    signed = [(path, 1) for path in files] + [(path, -1) for path in minus]
    levels = []
    for waves in zip_longest(*(seconds_of(path) for path, _ in signed)):
        total = torch.zeros(2, max(wave.shape[-1] for wave in waves if wave is not None))
        for (_, sign), wave in zip(signed, waves):
            if wave is not None:
                total[:, : wave.shape[-1]] += sign * wave
        levels.append(level_of(total))
    return levels


def parts_of(song: SongFiles) -> dict[str, tuple[Path, ...]]:
    """Files of each stem; of a song without stems, the file of the whole, if there is one, under
    the name "mix".
    """
    return song.stems or ({WHOLE: (song.mix,)} if song.mix else {})


def packed(levels: list[int]) -> str:
    """Levels as two hexadecimal digits a second: twenty thousand songs are 50 MB of index."""
    return bytes(min(level, 0) + 100 for level in levels).hex()


def unpacked(levels: str) -> np.ndarray:
    """The inverse of `packed`: dBFS (seconds,)."""
    return np.frombuffer(bytes.fromhex(levels), np.uint8).astype(np.int16) - 100


def levels_of(path: Path) -> list[int]:
    """Level of each second of a file in whole dBFS, at least -100; the rest after the last whole
    second counts too.
    """
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
