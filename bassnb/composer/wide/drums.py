"""The drums of the wide world: bars, builds, fills and cymbals. Taught in chapter 10."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bassnb.composer.grooves import SNARE, Event, drum_bar
from bassnb.composer.plan import Grid
from bassnb.composer.wide.plan import WideSection

_QUIET = ("jazz", "folk", "bossa", "chamber", "ambient")  # idioms without crash cymbals


def drum_events(
    grid: Grid, sections: Sequence[WideSection], idiom: str, rng: np.random.Generator
) -> list[Event]:
    """All strokes of a song; louder in sections of more energy."""
    events: list[Event] = []
    for section in sections:
        fill = rng.random() < 0.4 + 0.15 * section.figure.energy
        crash = rng.random() < 0.35 + 0.25 * section.figure.energy and idiom not in _QUIET
        for index in range(0 if section.breakdown else section.bars):
            last = index == section.bars - 1
            bar = drum_bar(
                (section.first + index) * grid.steps,
                section.figure.kicks[index % 2],
                section.figure.backing,
                rng,
                fill=bool(fill and last and not section.stop),
                crash=bool(crash and index == 0),
                stop=section.stop and last,
            )
            events += _build(bar, grid, section, index) if section.build else bar
    return events


def _build(bar: list[Event], grid: Grid, section: WideSection, index: int) -> list[Event]:
    """A bar of a build-up: the snare in quarters, eighths, then sixteenths, ever louder."""
    start = (section.first + index) * grid.steps
    left = section.bars - index
    every = {1: 1, 2: 2}.get(left, 4)
    roll: list[Event] = [
        (start + step, 1.0, SNARE, 64 + 40 * (index * grid.steps + step) // (4 * grid.steps))
        for step in range(0, grid.steps, every)
    ]
    return [event for event in bar if event[2] != SNARE] + roll
