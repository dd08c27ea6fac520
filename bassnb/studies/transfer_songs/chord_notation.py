"""Chords in the text notation of the transfer set: their symbols, and their voicings.

Taught in chapter 9.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bassnb.errors import DataError

# symbol: the quality it is marked as, and what is played
SYMBOLS: dict[str, tuple[str, tuple[int, ...]]] = {
    "": ("maj", (0, 4, 7)),
    "m": ("min", (0, 3, 7)),
    "6": ("maj", (0, 4, 7, 9)),
    "m6": ("min", (0, 3, 7, 9)),
    "7": ("dom7", (0, 4, 7, 10)),
    "9": ("dom7", (0, 4, 7, 10, 14)),
    "13": ("dom7", (0, 4, 7, 10, 14, 21)),
    "7b9": ("dom7", (0, 4, 7, 10, 13)),
    "7#9": ("dom7", (0, 4, 7, 10, 15)),
    "7alt": ("dom7", (0, 4, 10, 13, 20)),
    "maj7": ("maj7", (0, 4, 7, 11)),
    "maj9": ("maj7", (0, 4, 7, 11, 14)),
    "maj13": ("maj7", (0, 4, 11, 14, 21)),
    "m7": ("min7", (0, 3, 7, 10)),
    "m9": ("min7", (0, 3, 7, 10, 14)),
    "m11": ("min7", (0, 3, 7, 10, 14, 17)),
    "add9": ("maj", (0, 4, 7, 14)),
    "sus4": ("sus4", (0, 5, 7)),
    "7sus4": ("sus4", (0, 5, 7, 10)),
    "dim7": ("dim", (0, 3, 6, 9)),
    "m7b5": ("halfdim", (0, 3, 6, 10)),
}
NAMES = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}


@dataclass(frozen=True)
class Harmony:
    """One chord on the grid.

    Sixteenths `start` and `end`, `root` pitch class, `quality`, `tones` above the root.
    """

    start: int
    end: int
    root: int
    quality: str
    tones: tuple[int, ...]


def read_chords(text: str, steps: int, bars: int) -> list[Harmony]:
    """The chords of `bars` bars of `steps` sixteenths."""
    harmony: list[Harmony] = []
    for number, bar in enumerate(in_circle(text, bars)):
        symbols = bar.split()
        here = number * steps
        for symbol in symbols:
            name, _, length = symbol.partition(":")
            found = re.fullmatch(r"([A-G])([#b]?)(.*)", name)
            if not found or found[3] not in SYMBOLS:
                raise DataError(
                    f"{name!r} is not a chord of this notation; write a root and one of {list(SYMBOLS)}"
                )
            there = here + (int(length) if length else steps // len(symbols))
            harmony.append(
                Harmony(here, there, _pitch_class(found[1], found[2]), *SYMBOLS[found[3]])
            )
            here = there
        if here != (number + 1) * steps:
            raise DataError(
                f"the bar {bar!r} does not last {steps} sixteenths; give the lengths of its chords"
            )
    return harmony


def in_circle(text: str, bars: int) -> list[str]:
    """The bars of a line, ``%`` written out, over and over until there are `bars`."""
    written: list[str] = []
    for bar in text.split("|"):
        written.append(written[-1] if bar.strip() == "%" else bar.strip())
    return [written[number % len(written)] for number in range(bars)]


def _pitch_class(letter: str, accidental: str) -> int:
    return (NAMES[letter.lower()] + {"": 0, "#": 1, "b": -1}[accidental]) % 12


def voice(chord: Harmony, voicing: str, low: int) -> tuple[int, ...]:
    """Pitches of a chord from `low` upwards.

    Close, open (second from the top an octave down), rootless, shell or power.
    """
    tones = {
        "rootless": [tone for tone in chord.tones if tone not in (0, 7)] or list(chord.tones),
        "shell": [tone for tone in chord.tones if tone in (3, 4, 5, 9, 10, 11)],
        "power": [0, 7],
    }.get(voicing, list(chord.tones))
    pitches = sorted(low + (chord.root + tone - low) % 12 for tone in tones)
    if voicing == "arp":
        pitches = [*pitches, pitches[0] + 12, pitches[1] + 12]
    if voicing == "open" and len(pitches) > 2:
        pitches[-2] -= 12
    return tuple(sorted(pitches))
