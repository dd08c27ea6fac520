"""Drum grooves: kick patterns by family, what the other drums play around them, and fills.

Patterns are strings of sixteenth notes, one character a step: ``x`` is a stroke, ``o`` a soft one.
Taught in chapter 10.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from bassnb.composer.harmony import SPLITS, of_split, read_weights

STEPS_PER_BAR = {"4/4": 16, "3/4": 12, "6/8": 12, "5/4": 20, "7/4": 28}
STEPS_PER_BEAT = {"4/4": 4, "3/4": 4, "6/8": 6, "5/4": 4, "7/4": 4}


def _patterns(text: str) -> tuple[str, ...]:
    """The patterns of a family, written one after the other."""
    return tuple(text.split())


# Five patterns a row: `of_split` gives the first three columns to training, the fourth to validation
# and the fifth to test.
KICKS: dict[str, tuple[str, ...]] = {
    "straight": _patterns("""
        x.......x....... x.......x.x..... x.....x.x....... x.......x.....x. x...x...x...x.x.
        x.x.....x....... x.....x...x..... x.........x..... x......xx....... x.x.....x.x.....
        x.....x.x.x..... x.......xx...... x............... x..x....x....... x.....x.x.....x.
        x.x.....x.....x. x...x...x.x..... x.........x...x. x.....xx........ x.x...x.x.......
        x..x..x......... x.......x..x.... x...x.x.x....... x.......x.x...x. x.....x.......x.
    """),
    "busy": _patterns("""
        x..x..x...x..... x..x....x.x..... x.x....x..x..... x.....xx..x..... x..x......x..x..
        x..x..x.x..x.... x......x..x..x.. x.x...x...x..x.. x..x...x..x..... x.....x..xx.....
        x..x.....x.x.... x......x.xx..... x.x....x.x...... x..x..x..x...... x.....x..x.x....
        x......x..x..... x..x..xx........ x.x..x....x..... x......xx..x.... x..x...x.x......
    """),
    "four": _patterns("""
        x...x...x...x... x...x...x...x..x x...x...x..xx... x...x...x...x.x. x..xx...x...x...
        x...x..xx...x... x...x.x.x...x... x...x...x...xx.. x...x..xx...x..x x.x.x...x...x...
    """),
    "breaks": _patterns("""
        x.x.......x..... x.........xx.... x.x.......xx.... x..x......x..... x......x..x...x.
        x.x....x..x..... x.x..x....x..... x.........x..x.. x.x.......x..x.. x..x......xx....
    """),
    "sparse": _patterns("""
        x............... x.......x....... x.........x..... x.....x......... x.............x.
        x.......x.....x. x..........x.... x......x........ x.....x...x..... x.......xx......
    """),
    "swing": _patterns("""
        x.......x....... x...x...x...x... x............... x.....x......... x.........x.....
        x.....x.x....... x.......x.....x. x...x...x....... x...x...x...x.x. x.......x...x...
    """),
    "latin": _patterns("""
        x.....x.x.....x. x.....x...x..... x..x..x......... x.....xxx.....xx x..x....x..x....
        x..x..x.x..x..x. x.....x.x....... x.......x.....x. x...x..xx...x..x x..x...xx..x....
    """),
    "drop": _patterns("""
        ........x....... x.......x....... ........x.x..... x...x...x...x... ......x.x.......
        x.....x.x....... ........x.....x. x.......x.x..... ..x.....x....... x...x...x.....x.
    """),
    "waltz": _patterns("""
        x........... x.......x... x.....x..... x.........x. x.x.........
        x...x....... x.....x.x... x..........x x.....xx.... x...x...x...
    """),
    "compound": _patterns("""
        x.....x..... x........... x.....x...x. x...x....... x.x...x.....
        x.......x... x...x.x..... x.........x. x...x...x... x.....x.x...
    """),
}
_DENSITY = read_weights(
    """
    straight 0.16, busy 0.3, breaks 0.25, four 0.1, sparse 0.07, swing 0.12, latin 0.22,
    drop 0.12, waltz 0.12, compound 0.14
    """
)
_SNARES = {
    "backbeat": _patterns("""
        ....x.......x... ....x.......x... ....x.......x..o ....x..o.o..x... ....x..o....x...
        ....x.......x.x.
    """),
    "half": _patterns("""
        ........x....... ........x....... ........x.....o. ....o...x.......
    """),
    "side": _patterns("""
        ....x.......x... x..x..x...x..x.. ............x... x..x..x....x..x. ........x.......
    """),
    "waltz": _patterns("""
        ....x...x... ........x... ....x....... ....x...x.o.
    """),
    "compound": _patterns("""
        ......x..... ......x..... ......x...o. ..o...x.....
    """),
}
_HATS = {
    16: _patterns("""
        x.x.x.x.x.x.x.x. x...x...x...x... xoxoxoxoxoxoxoxo ..x...x...x...x. x.o.x.o.x.o.x.o.
        x..xx..xx..xx..x
    """),
    12: _patterns("""
        x.x.x.x.x.x. x...x...x... xoxoxoxoxoxo ....x...x... x.o.x.o.x.o.
    """),
}
_RIDE = "x...x.x.x...x.x."  # the jazz cymbal: its off-beats swing
_FILLS = ("xxxx", "x.xx", "xx.x", "x.x.", "..xx", "x.oo")
KICK, SNARE, SIDE, CLAP, HAT, OPEN_HAT, RIDE, CRASH, SHAKER = 36, 38, 37, 39, 42, 46, 51, 49, 70
ELECTRIC_SNARE = 40
TOMS = (50, 48, 47, 45, 43)

# Velocity of a full stroke; other percussion has 72.
_LOUDNESS = {
    **{SNARE: 102, ELECTRIC_SNARE: 102, CLAP: 98, SIDE: 88},
    **{HAT: 74, OPEN_HAT: 72, RIDE: 78, SHAKER: 70},
}

Event = tuple[float, float, int, int]  # step, length in steps, pitch, velocity


def groups_for(metre: str, groups: tuple[str, ...]) -> tuple[str, ...]:
    """The families of kick patterns that fit a metre; 3/4 and 6/8 have one each."""
    return {"3/4": ("waltz",), "6/8": ("compound",)}.get(metre, groups)


def fill_bar(pattern: str, steps: int) -> str:
    """Repeat a pattern of 12 or 16 steps and cut it to `steps`.

    Bars of five and seven beats become 4 + 1 and 4 + 3.
    """
    return (pattern * 2)[:steps]


@lru_cache
def kicks_of(split: str) -> frozenset[str]:
    """All kick patterns of a split; the first entry decides for patterns in several families."""
    owner: dict[str, str] = {}
    for table in KICKS.values():
        for name in SPLITS:
            for text in of_split(table, name):
                owner.setdefault(text, name)
    return frozenset(text for text, name in owner.items() if name == split)


def invent_kick(group: str, steps: int, rng: np.random.Generator) -> str:
    """A new pattern as dense as its family; never a held-out pattern of any family."""
    excluded = kicks_of("validation") | kicks_of("test")
    even = np.arange(steps) % 2 == 0
    weight = (
        np.where(even, 1.4, 0.45 if group in ("busy", "breaks", "latin") else 0.1) * _DENSITY[group]
    )
    while True:
        struck = rng.random(steps) < weight
        struck[0] = True
        if group == "four":
            struck[::4] = True
        text = "".join("x" if hit else "." for hit in struck)
        if text not in excluded:
            return text


def choose_kick(group: str, steps: int, split: str, rng: np.random.Generator) -> str:
    """A kick pattern of the split; for training, invented with probability 0.4."""
    if split == "train" and rng.random() < 0.4:
        return fill_bar(invent_kick(group, len(KICKS[group][0]), rng), steps)
    table = [text for text in KICKS[group] if text in kicks_of(split)]
    return fill_bar(table[int(rng.integers(len(table)))], steps)


def choose_backing(metre: str, group: str, rng: np.random.Generator) -> dict[int, str]:
    """Patterns of everything but the kick: drum key -> pattern."""
    steps = STEPS_PER_BAR[metre]
    families = {"sparse": "half", "drop": "half", "swing": "side", "latin": "side"}
    if metre in ("3/4", "6/8"):
        family = {"3/4": "waltz", "6/8": "compound"}[metre]
    else:
        family = families.get(group, "backbeat")
        family = "half" if family == "backbeat" and rng.random() < 0.12 else family
    snares, hats = _SNARES[family], _HATS.get(steps, _HATS[16])
    snare = (
        SIDE if family == "side" or (group in ("sparse", "drop") and rng.random() < 0.4) else SNARE
    )
    snare = CLAP if group == "four" and rng.random() < 0.4 else snare
    cymbal = (HAT, HAT, HAT, RIDE, SHAKER)[int(rng.integers(5))]
    pattern = hats[int(rng.integers(len(hats)))]
    if group == "swing" and metre not in ("3/4", "6/8"):
        cymbal, pattern = RIDE, _RIDE
    if group == "four" and rng.random() < 0.5:
        cymbal, pattern = OPEN_HAT, "..x...x...x...x."
    return {
        snare: fill_bar(snares[int(rng.integers(len(snares)))], steps),
        cymbal: fill_bar(pattern, steps),
    }


def strokes(pattern: str) -> list[tuple[int, bool]]:
    """(step, soft) of every stroke of a pattern."""
    return [(step, mark == "o") for step, mark in enumerate(pattern) if mark != "."]


def drum_bar(
    start: int,
    kick: str,
    backing: dict[int, str],
    rng: np.random.Generator,
    *,
    fill: bool,
    crash: bool,
    stop: bool,
) -> list[Event]:
    """The strokes of one bar that begins at step `start`.

    `fill` gives the last beat to snare and toms (the kick keeps its pattern), `crash` opens the bar
    with a cymbal, `stop` leaves only the first beat.
    """
    steps = len(kick)
    border = steps - 4 if fill else steps
    events: list[Event] = [
        (start + step, 1.0, KICK, 104 - 22 * soft) for step, soft in strokes(kick)
    ]
    for key, pattern in backing.items():
        loud = _LOUDNESS.get(key, 72)
        accent = 0 if key in (SNARE, ELECTRIC_SNARE, CLAP, SIDE) else 12
        events += [
            (start + step, 1.0, key, loud - 34 * soft + (accent if step % 4 == 0 else 0))
            for step, soft in strokes(pattern)
            if step < border
        ]
    if fill:
        figure, drum = _FILLS[int(rng.integers(len(_FILLS)))], 0
        for step, soft in strokes(figure):
            key = SNARE if drum == 0 else TOMS[min(drum + int(rng.integers(2)), len(TOMS) - 1)]
            events.append((start + border + step, 1.0, key, 96 - 24 * soft + 3 * step))
            drum += 1
    if crash:
        events.append((start, 8.0, CRASH, 100))
    if stop:
        events = [event for event in events if event[0] < start + 2]
    return events
