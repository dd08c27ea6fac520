"""Grooves of the wide world: kicks shared among the splits, and what is played around them.

Taught in chapter 10.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from bassnb.composer.grooves import STEPS_PER_BAR, fill_bar
from bassnb.composer.harmony import SPLITS, of_split
from bassnb.composer.wide.families import FAMILIES, Family
from bassnb.composer.wide.kit import CYMBALS, LAYERS, SNARES

_INVENTED = 0.4  # share of the kicks of training songs that are new
_PLAIN = 0.6  # share of the common kick in the families that have one


@lru_cache
def kicks_of(split: str) -> frozenset[str]:
    """All kicks of a split but the common ones; the first entry decides if families share one."""
    owner: dict[str, str] = {}
    for family in FAMILIES.values():
        for name in SPLITS:
            for text in of_split(family.kicks, name):
                owner.setdefault(text, name)
    common = {text for family in FAMILIES.values() for text in family.common}
    return frozenset(text for text, name in owner.items() if name == split) - common


@lru_cache
def table_of(name: str, split: str) -> tuple[str, ...]:
    """The kicks of a family in a split."""
    return tuple(text for text in FAMILIES[name].kicks if text in kicks_of(split))


def invent_kick(name: str, rng: np.random.Generator) -> str:
    """A new kick as dense as the training kicks of a family; never a held-out pattern.

    A step has a stroke with the share of the training kicks that have one, mixed with their density.
    """
    table = np.array([[mark != "." for mark in text] for text in table_of(name, "train")])
    share = 0.75 * table.mean(axis=0) + 0.25 * table.mean()
    excluded = kicks_of("validation") | kicks_of("test")
    while True:
        struck = rng.random(len(share)) < share
        text = "".join("x" if hit else "." for hit in struck)
        if struck.any() and text not in excluded:
            return text


def choose_kick(name: str, split: str, rng: np.random.Generator) -> str:
    """A kick of a family for one bar of a song of the split."""
    family = FAMILIES[name]
    if family.common and rng.random() < _PLAIN:
        return family.common[int(rng.integers(len(family.common)))]
    if split == "train" and rng.random() < _INVENTED:
        return invent_kick(name, rng)
    table = table_of(name, split)
    return table[int(rng.integers(len(table)))]


def choose_backing(name: str, energy: int, rng: np.random.Generator) -> dict[int, str]:
    """Patterns of everything but the kick: drum key -> pattern.

    More `energy`, 0 to 2, adds more layers of percussion; energy 0 may leave the cymbal out.
    """
    family = FAMILIES[name]
    backing: dict[int, str] = {}
    _add(backing, SNARES[_one(family.snares, rng)], family)
    if energy or rng.random() < 0.8:
        _add(backing, CYMBALS[_one(family.cymbals, rng)], family)
    for layer in family.layers:
        if rng.random() < 0.12 + 0.16 * energy:
            _add(backing, LAYERS[layer], family)
    return backing


def _one(names: tuple[str, ...], rng: np.random.Generator) -> str:
    return names[int(rng.integers(len(names)))]


def _add(backing: dict[int, str], stroke: tuple[int, str], family: Family) -> None:
    """Add a pattern, cut to the bar, unless it is empty or its drum plays already."""
    key, pattern = stroke
    if "x" in pattern:
        backing.setdefault(key, fill_bar(pattern, STEPS_PER_BAR[family.metre]))
