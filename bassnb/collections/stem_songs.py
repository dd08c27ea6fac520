"""One song of the index of a collection: its stems, what is left out of the mix, and where it sounds.

Taught in chapter 10.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from bassnb.collections.change import Change
from bassnb.collections.names import is_whole
from bassnb.collections.stem_index import WHOLE, unpacked
from bassnb.presets import SAMPLE_RATE

SILENT = -60  # dBFS: a second below is a rest


SOUNDING = 0.25  # share of the seconds of a crop in which the target and another stem must sound


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
