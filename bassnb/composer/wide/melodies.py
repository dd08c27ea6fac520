"""Melodies of the wide world: walks on the scale, sung phrases, calls, and riffs.

Taught in chapter 10.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bassnb.composer.accompaniment import (
    Span,
    in_thirds,
    melody_bar,
    melody_rhythm,
    nearest,
    span_at,
)
from bassnb.composer.grooves import Event
from bassnb.composer.harmony import pick

LEADS = {"walk": 2.0, "sung": 4.0, "call": 2.0, "riff": 1.5}
_LENGTHS = (1, 2, 3, 4, 6, 8)  # steps of a sung note, and how often each is drawn
_OFTEN = (0.4, 3.0, 1.2, 3.0, 1.2, 1.5)

Rhythm = tuple[tuple[int, int], ...]  # (step, length) of each note of a phrase


def draw_lead(leads: dict[str, float], rng: np.random.Generator) -> str:
    """The name of one kind of melody."""
    return list(leads)[pick(rng, list(leads.values()))]


def phrase_rhythm(steps: int, breath: int, rng: np.random.Generator) -> Rhythm:
    """The notes of a phrase of `steps` steps, the last `breath` of them silent.

    A phrase may begin with a pickup before its first bar (negative steps), on the beat or after it;
    its last note is long.
    """
    step = (-4, -2, 0, 0, 2, 2, 4)[int(rng.integers(7))]
    notes: list[tuple[int, int]] = []
    while step < steps - breath - 2:
        length = _LENGTHS[pick(rng, _OFTEN)]
        if step % 2 and length > 1:
            length = 3 if length > 2 else 1
        notes.append((step, min(length, steps - breath - step)))
        step += length
    if len(notes) > 1:
        start = notes[-1][0]
        notes[-1] = (start, max(steps - breath - start, 2))
    return tuple(notes)


def sing(
    spans: Sequence[Span],
    start: int,
    rhythm: Rhythm,
    scale: frozenset[int],
    place: int,
    rng: np.random.Generator,
) -> tuple[list[Event], int]:
    """A phrase that moves mostly by steps and rests on chord tones; returns it and its last pitch.

    After a repeated note or two it turns back towards the middle of its range.
    """
    events: list[Event] = []
    for step, length in rhythm:
        if start + step < 0:
            continue
        span = span_at(spans, max(start + step, spans[0].start))
        chord = frozenset((span.root + tone) % 12 for tone in span.tones)
        place += (-5, -2, -2, -1, 0, 0, 1, 2, 2, 5)[int(rng.integers(10))]
        place += 3 * (place < 60) - 3 * (place > 79)
        place = nearest(place, chord if length >= 4 else scale | chord)
        events.append((start + step, length * 0.94, place, 96 if length >= 4 else 86))
    return events, place


@dataclass
class Singer:
    """The melody of a song while it is written: keeps the rhythms of each figure and the pitch."""

    steps: int
    place: int
    doubled: bool
    rng: np.random.Generator

    def __post_init__(self) -> None:
        """No figure has a rhythm yet."""
        self.rhythms: dict[tuple[int, str, int], Rhythm] = {}

    def section(
        self,
        lead: str,
        figure: int,
        spans: Sequence[Span],
        first: int,
        bars: int,
        scale: frozenset[int],
    ) -> list[Event]:
        """The melody of one section of kind `lead`; `figure` identifies what it repeats."""
        write = {"walk": self._walk, "riff": self._riff}.get(lead)
        events: list[Event] = []
        for bar in range(first, first + bars):
            if write:
                events += write(figure, spans, bar, bar - first, scale)
            elif (bar - first) % 2 == 0:
                length = min(2, first + bars - bar)
                events += self._phrase(lead, figure, spans, bar, length, scale)
        end = (first + bars) * self.steps
        kept = [event for event in events if event[0] < end]
        return kept + (in_thirds(kept, scale) if self.doubled else [])

    def _walk(
        self, figure: int, spans: Sequence[Span], bar: int, index: int, scale: frozenset[int]
    ) -> list[Event]:
        """One bar of a walk on the scale, whose even and odd bars each keep a rhythm."""
        key = (figure, "walk", index % 2)
        if key not in self.rhythms or self.rng.random() < 0.15:
            drawn = melody_rhythm(self.steps, float(self.rng.uniform(0.15, 0.75)), self.rng)
            self.rhythms[key] = tuple((step, 0) for step in drawn)
        rhythm = [step for step, _ in self.rhythms[key]]
        events, self.place = melody_bar(
            spans, bar * self.steps, self.steps, rhythm, scale, self.place, self.rng
        )
        return events

    def _riff(
        self, figure: int, spans: Sequence[Span], bar: int, index: int, scale: frozenset[int]
    ) -> list[Event]:
        """One bar of a riff: the same rhythm and the same steps of the scale in every bar."""
        key = (figure, "riff", 0)
        if key not in self.rhythms:
            drawn = melody_rhythm(self.steps, float(self.rng.uniform(0.35, 0.8)), self.rng)
            self.rhythms[key] = tuple(
                (step, int(self.rng.integers(-5, 8))) for step in drawn or (0,)
            )
        pairs = self.rhythms[key]
        borders = [step for step, _ in pairs[1:]] + [self.steps]
        events: list[Event] = []
        for (step, height), border in zip(pairs, borders, strict=True):
            span = span_at(spans, bar * self.steps + step)
            chord = frozenset((span.root + tone) % 12 for tone in span.tones)
            pitch = nearest(70 + height, chord if step % 4 == 0 else scale | chord)
            events.append((bar * self.steps + step, min(border - step, 4) * 0.8, pitch, 88))
        return events

    def _phrase(
        self,
        lead: str,
        figure: int,
        spans: Sequence[Span],
        bar: int,
        bars: int,
        scale: frozenset[int],
    ) -> list[Event]:
        """A phrase of two bars; a call leaves the second bar to its answer."""
        steps = bars * self.steps
        key = (figure, lead, bars)
        if key not in self.rhythms or self.rng.random() < 0.2:
            breath = int(self.rng.integers(2, 4)) * (self.steps // 8)
            silent = steps // 2 if lead == "call" and bars == 2 else breath
            self.rhythms[key] = phrase_rhythm(steps, silent, self.rng)
        events, self.place = sing(
            spans, bar * self.steps, self.rhythms[key], scale, self.place, self.rng
        )
        return events
