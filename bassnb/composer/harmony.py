"""Chord progressions: idioms in Roman numerals, and a chain that invents new ones.

A progression is text such as ``"I | V | vi | IV"``: bars divided by ``|``, chords within a bar by
spaces. Numerals count from the tonic's *major* scale in every mode, so the sixth of a minor key is
``bVI``. Taught in chapter 10.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

SPLITS = ("train", "validation", "test")
HELD_OUT_EVERY = 5  # of five entries of a table, three train, one validates, one tests


def read_weights(text: str) -> dict[str, float]:
    """``"roots 4, pump 2"`` -> {"roots": 4.0, "pump": 2.0}."""
    pairs = (entry.split() for entry in text.split(","))
    return {name: float(weight) for name, weight in pairs}


def _progressions(text: str) -> tuple[str, ...]:
    """The progressions of a mode, divided by commas."""
    return tuple(" ".join(entry.split()) for entry in text.split(","))


PROGRESSIONS: dict[str, tuple[str, ...]] = {
    "major": _progressions("""
        I | V | vi | IV, I | vi | IV | V, I | IV | V | IV, vi | IV | I | V, I | iii | IV | V,
        I | IV | vi | V, I | bVII | IV | I, IV | V | vi | I, I | V | IV | IV, I | vi | ii | V,
        I | I | IV | V, ii | V | I | vi, I | iii | vi | IV, I | IV | I | V, IV | I | V | vi,
        I | V | vi | iii | IV | I | IV | V, I | II7 | IV | I, IV | V | iii | vi,
        I | IV | iv | I, vi | V | IV | V, I Vsus4 | V | IV | IV, I | III7 | vi | IV,
        IV | iv | I | I, I | bIII | IV | V, I | V | ii | IV, I | ii | IV | V, IV | IV | I | V,
        vi | ii | V | I, I | bVI | bVII | I, I | IV | ii | V, I V | vi IV | I V | IV,
        I | vi | iii | IV, IV | vi | I | V, I | III7 | IV | iv, vi | I | V | IV,
        I IV | I V | I IV | V, I | VI7 | ii | V7, vi | iii | IV | V, I | V | bVII | IV,
        IV | I | ii | V, I | Isus4 | I | V, ii | IV | I | V, vi | IV | V | I,
        I | bVII | bVI | V, I | iii | ii | V, IV | V | I | vi, I | io | ii | V,
        vi | vi | IV | V, I iii | IV iv | I V | I, I | IV | bVII | IV
    """),
    "minor": _progressions("""
        i | bVI | bIII | bVII, i | bVII | bVI | bVII, i | iv | v | i, i | bVI | iv | V,
        i | bVII | bVI | V, i | iv | bVII | bIII, i | bIII | bVII | iv, i | i | iv | V,
        bVI | bVII | i | i, i | v | bVI | iv, i | bVII | iv | i, i | bVI | bVII | i,
        iv | i | V | i, i | bIII | iv | bVI, i | IV | i | IV, bVI | bIII | bVII | i,
        i | iv | bVI | V, i | v | iv | v, i | bVI | v | bVII, iv | bVII | bIII | bVI,
        i | iih7 | V7 | i, i | bIII | bVI | V, i | bVII | IV | iv, i | V | i | V,
        i v | bVI bIII | iv V | i, i | iv | i | bVII, bVI | iv | i | V, i | bII | i | bVII,
        i | bVII | v | bVI, i | bIII | IV | bVI, i | i | bVI | bVII, i | iv | bIII | bVII,
        i | v | bVII | IV, bVI | V | i | i, i | bVI | i | V, i bVII | bVI V | i bVII | bVI,
        iv | v | i | i, i | bII | V | i, bVI | i | bVII | iv, i | bVI | bII | V
    """),
    "jazz": _progressions("""
        ii7 | V7 | Imaj7 | Imaj7, Imaj7 | vi7 | ii7 | V7, iii7 | VI7 | ii7 | V7,
        Imaj7 | IVmaj7 | iii7 | VI7, iih7 | V7 | i7 | i7, ii7 V7 | Imaj7 | ii7 V7 | Imaj7,
        Imaj7 | ii7 | iii7 | ii7, Imaj7 VI7 | ii7 V7 | iii7 VI7 | ii7 V7, i7 | iv7 | iih7 | V7,
        Imaj7 | II7 | ii7 | V7, i7 | iv7 | bVII7 | bIIImaj7, Imaj7 | viih7 III7 | vi7 | V7,
        Imaj7 | iv7 | bVII7 | Imaj7, ii7 | bII7 | Imaj7 | VI7, vi7 | ii7 | V7 | Imaj7,
        IVmaj7 | iv7 | iii7 | VI7, i7 | bVImaj7 | iih7 | V7, Imaj7 | bIII7 | ii7 | V7,
        Imaj7 | Imaj7 | ii7 | V7, i7 | IV7 | i7 | IV7, IVmaj7 | V7 | iii7 | vi7,
        ii7 | V7 | iii7 | VI7, i7 | v7 | bVImaj7 | V7, Imaj7 IVmaj7 | iii7 VI7 | ii7 | V7,
        i7 | bVII7 | bVI7 | V7
    """),
    "blues": _progressions("""
        I7 | I7 | I7 | I7 | IV7 | IV7 | I7 | I7 | V7 | IV7 | I7 | V7,
        I7 | IV7 | I7 | I7 | IV7 | IV7 | I7 | I7 | V7 | IV7 | I7 | I7,
        i7 | i7 | i7 | i7 | iv7 | iv7 | i7 | i7 | bVI7 | V7 | i7 | V7,
        I7 | I7 | IV7 | I7 | V7 | IV7 | I7 | V7, I7 | IV7 | I7 | VI7 | ii7 | V7 | I7 | V7,
        I7 | IV7 | I7 | V7, i7 | iv7 | i7 | V7, I7 | I7 | IV7 | IV7 | V7 | IV7 | I7 | I7,
        I7 | bIII7 | IV7 | I7, I7 | IV7 | V7 | I7
    """),
}
_DEGREES = {"i": 0, "ii": 2, "iii": 4, "iv": 5, "v": 7, "vi": 9, "vii": 11}
_NUMERAL = re.compile(r"([b#]?)([ivIV]+)(maj7|sus4|h7|o|7)?$")
_SCALES = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "jazz": (0, 2, 4, 5, 7, 9, 11),
    "blues": (0, 2, 3, 5, 7, 9, 10),
}
# States of the chain and their weights.
_PALETTE = {
    "major": read_weights("""
        I 3, ii 2, iii 1.5, IV 3, V 3, vi 2.5, bVII 1, iv 0.6, bVI 0.5, bIII 0.5, II7 0.4,
        III7 0.4, VI7 0.4, Vsus4 0.4, viio 0.3
    """),
    "minor": read_weights("""
        i 3, bIII 2, iv 2.5, v 1.5, V 1.5, bVI 2.5, bVII 2.5, IV 0.7, iih7 0.6, bII 0.4, i7 0.7,
        V7 0.7, ii 0.4
    """),
}
# Weight of a root that rises by n semitones.
_MOTION = (0.0, 0.7, 2.5, 1.5, 1.5, 4.0, 0.3, 3.0, 1.5, 1.8, 2.5, 0.7)

Bars = tuple[tuple[tuple[int, str], ...], ...]  # bars of (semitones above the tonic, quality)


def parse_numeral(text: str) -> tuple[int, str]:
    """`"bVII7"` -> (10, "dom7"): semitones of the root above the tonic, and the quality."""
    match = _NUMERAL.match(text)
    assert match, f"{text} is not a Roman numeral"  # all numerals are written in this file
    accidental, numeral, suffix = match.groups()
    root = (_DEGREES[numeral.lower()] + {"": 0, "b": -1, "#": 1}[accidental]) % 12
    minor = numeral.islower()
    qualities = {
        None: "min" if minor else "maj",
        "7": "min7" if minor else "dom7",
        "maj7": "maj7",
        "sus4": "sus4",
        "h7": "halfdim",
        "o": "dim",
    }
    return root, qualities[suffix]


def parse_progression(text: str) -> Bars:
    """Bars of (root above tonic, quality) from the text form."""
    return tuple(tuple(parse_numeral(word) for word in bar.split()) for bar in text.split("|"))


def of_split(table: Sequence, split: str) -> list:
    """The entries of a table in a split; the three splits are disjoint and cover the table."""
    share = {"train": (0, 1, 2), "validation": (3,), "test": (4,)}[split]
    return [entry for index, entry in enumerate(table) if index % HELD_OUT_EVERY in share]


def scale_of(mode: str) -> tuple[int, ...]:
    """Scale steps above the tonic, in semitones."""
    return _SCALES[mode]


@lru_cache
def held_out(mode: str) -> frozenset[Bars]:
    """Progressions of a mode that no training song contains."""
    kept = of_split(PROGRESSIONS[mode], "validation") + of_split(PROGRESSIONS[mode], "test")
    return frozenset(parse_progression(text) for text in kept)


def invent_progression(mode: str, rng: np.random.Generator) -> Bars:
    """Four bars from a chain that prefers the usual root motions; never a held-out progression."""
    chords = [parse_numeral(name) for name in _PALETTE[mode]]
    weights = np.array(list(_PALETTE[mode].values()))
    excluded = held_out(mode)
    while True:
        current = 0 if rng.random() < 0.55 else pick(rng, weights)
        visited = [current]
        for _ in range(3):
            motion = np.array([_MOTION[(chord[0] - chords[current][0]) % 12] for chord in chords])
            current = pick(rng, weights * motion)
            visited.append(current)
        bars = tuple((chords[index],) for index in visited)
        if bars not in excluded:
            return bars


def choose_progression(mode: str, split: str, rng: np.random.Generator) -> Bars:
    """A progression of the split; for training, invented with probability 0.4."""
    if split == "train" and mode in _PALETTE and rng.random() < 0.4:
        return invent_progression(mode, rng)
    table = of_split(PROGRESSIONS[mode], split)
    return parse_progression(table[int(rng.integers(len(table)))])


def colour(bars: Bars, sevenths: float, rng: np.random.Generator) -> Bars:
    """Add sevenths to triads with probability `sevenths`, and now and then suspend a dominant."""

    def one(root: int, quality: str) -> tuple[int, str]:
        if root == 7 and quality == "maj" and rng.random() < 0.08:
            return root, "sus4"
        if quality not in ("maj", "min") or rng.random() >= sevenths:
            return root, quality
        return root, "min7" if quality == "min" else ("dom7" if root in (7, 10) else "maj7")

    return tuple(tuple(one(*chord) for chord in bar) for bar in bars)


def pick(rng: np.random.Generator, weights: ArrayLike) -> int:
    """An index drawn with the given weights (any positive scale)."""
    edges = np.cumsum(weights)
    return int(np.searchsorted(edges, rng.random() * edges[-1], side="right"))
