"""What a bass player reacts to: the other parts on the grid, and how active they are.

Taught in chapter 10.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bassnb.composer.accompaniment import Span
from bassnb.composer.grooves import KICK, TOMS, Event
from bassnb.composer.plan import Grid
from bassnb.composer.wide.kit import SNARES

_SNARE_KEYS = tuple({key for key, _ in SNARES.values()})
FEATURES = (
    *("kick", "snare", "fill", "cymbal", "comp", "melody", "gap", "change"),
    *("down", "beat", "eighth", "offbeat"),
)


_FACTOR = 1.75  # see `Features.activity`


@dataclass(frozen=True)
class Features:
    """Arrays (steps of the song,) by name in `rows`, each between 0 and 1; see `FEATURES`."""

    grid: Grid
    rows: dict[str, np.ndarray]

    def bar(self, bar: int) -> dict[str, np.ndarray]:
        """The features (steps of a bar,) of one bar."""
        part = slice(bar * self.grid.steps, (bar + 1) * self.grid.steps)
        return {name: values[part] for name, values in self.rows.items()}

    def rate(self, name: str, first: int, bars: int) -> float:
        """Steps a second on which a feature is present, in `bars` bars from bar `first` on."""
        part = self.rows[name][first * self.grid.steps : (first + bars) * self.grid.steps]
        return float((part > 0).mean() / self.grid.step_seconds)

    def activity(self, first: int, bars: int) -> float:
        """Notes a second that suit the other parts in some bars.

        The product of powers of the strokes a second of kick, cymbals and comping. Exponents and
        factor are set so that the notes of the bass are as many as in recordings of human players.
        """
        powers = {"kick": 0.45, "cymbal": 0.45, "comp": 0.4}
        rates = {name: max(self.rate(name, first, bars), 1.4) for name in powers}
        return _FACTOR * float(np.prod([rates[name] ** powers[name] for name in powers]))

    def pulse(self, first: int, bars: int) -> float:
        """Strokes of the cymbals and of percussion in a beat."""
        return self.rate("cymbal", first, bars) * 4 * self.grid.step_seconds


def features_of(
    grid: Grid,
    spans: Sequence[Span],
    drums: Sequence[Event],
    comp: Sequence[Event],
    melody: Sequence[Event],
) -> Features:
    """The features of a song from its events and chords."""
    size = grid.bars * grid.steps
    step = np.arange(size)
    kick, snare = (KICK,), _SNARE_KEYS
    groups: dict[str, list[Event]] = {"kick": [], "snare": [], "fill": [], "cymbal": []}
    for event in drums:
        key = event[2]
        name = "kick" if key in kick else "snare" if key in snare else "cymbal"
        groups["fill" if key in TOMS else name].append(event)
    sounds = _sounding(melody, size)
    beats = step % grid.steps % 4 == 0 if grid.beat == 4 else step % 6 == 0
    rows = {
        **{name: _strokes(events, size) for name, events in groups.items()},
        "comp": _strokes(comp, size),
        "melody": _strokes(melody, size),
        "gap": (1.0 - sounds) * _phrases(sounds, grid.steps),
        "change": _strokes([(span.start, 1.0, 0, 127) for span in spans], size),
        "down": (step % grid.steps == 0) * 1.0,
        "beat": beats * 1.0,
        "eighth": (step % 2 == 0) * 1.0,
        "offbeat": (step % 4 == 2) * 1.0,
    }
    return Features(grid, rows)


def _strokes(events: Sequence[Event], size: int) -> np.ndarray:
    """1 where a note of more than 75 begins, 0.5 where a softer one does."""
    found = np.zeros(size)
    for step, _, _, loud in events:
        if 0 <= step < size:
            found[int(step)] = max(found[int(step)], 1.0 if loud > 75 else 0.5)
    return found


def _sounding(events: Sequence[Event], size: int) -> np.ndarray:
    """1 where a note sounds."""
    found = np.zeros(size)
    for step, length, _, _ in events:
        found[max(int(step), 0) : int(np.ceil(step + length))] = 1.0
    return found


def _phrases(sounds: np.ndarray, steps: int) -> np.ndarray:
    """1 in the pairs of bars in which the melody plays at all: elsewhere nothing is answered."""
    found = np.zeros_like(sounds)
    for start in range(0, len(sounds), 2 * steps):
        found[start : start + 2 * steps] = sounds[start : start + 2 * steps].any()
    return found
