"""Comping, pads and melody: the parts above the bass, which define the chord.

Taught in chapter 10.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bassnb.composer.grooves import Event
from bassnb.composer.harmony import read_weights
from bassnb.composer.score import QUALITIES

COMP_RHYTHMS: dict[str, dict[int, tuple[str, ...]]] = {
    "held": {16: ("x...............",), 12: ("x...........",)},
    "halves": {
        16: ("x.......x.......", "x.....x.x.......", "x.......x.....x."),
        12: ("x.....x.....", "x.......x..."),
    },
    "quarters": {
        16: ("x...x...x...x...", "x...x...x.x.x..."),
        12: ("x...x...x...", "x.....x....."),
    },
    "eighths": {16: ("x.x.x.x.x.x.x.x.", "x.x.xxx.x.x.xxx."), 12: ("x.x.x.x.x.x.", "x...x.x...x.")},
    "push": {
        16: ("x..x..x.x..x..x.", "x..x..x...x.....", "x.....x...x.....", "x..x....x..x...."),
        12: ("x..x..x..x..", "x.....x...x."),
    },
    "offbeats": {
        16: ("..x...x...x...x.", "....x.......x...", "..x...x...x..xx."),
        12: ("....x...x...", "..x...x...x."),
    },
    "funk": {
        16: ("x..x.x..x..x.x..", "x.xx..x.x.xx..x.", "..xx..x...xx..x.", "x..xx..x..xx.x.."),
        12: ("x..x.xx..x.x",),
    },
    "charleston": {
        16: ("x.....x.........", "..x.......x.....", "x.....x.....x...", "......x.......x."),
        12: ("x.....x.....", "....x...x..."),
    },
}
# How a chord is laid out, and how often: see `voice`.
VOICINGS = {"close": 5.0, "open": 1.5, "wide": 1.5, "power": 0.8, "rootless": 0.7}
LOWEST_UPPER = 43  # G2: below it the chords would play the bass
# Share of the time to the next stroke for which a chord sounds.
GATES = read_weights(
    """
    held 0.98, halves 0.92, quarters 0.8, eighths 0.75, push 0.8, offbeats 0.55, funk 0.5,
    charleston 0.6, kicks 0.7, broken 1
    """
)


@dataclass(frozen=True)
class Span:
    """A chord in steps: `start`, `end`, `root` pitch class, `quality`."""

    start: int
    end: int
    root: int
    quality: str

    @property
    def tones(self) -> tuple[int, ...]:
        """Intervals above the root."""
        return QUALITIES[self.quality]


def voice(span: Span, centre: float, voicing: str = "close") -> tuple[int, ...]:
    """The chord as MIDI pitches, ascending, near `centre`.

    "close": the inversion nearest to the centre. "open": its second highest voice an octave lower.
    "wide": the root below it. "power": root, fifth, octave. "rootless": without the root, if the
    chord has a seventh.
    """
    if voicing == "power":
        root = LOWEST_UPPER + (span.root - LOWEST_UPPER) % 12
        return (root, root + span.tones[2], root + 12)
    tones = span.tones[1:] if voicing == "rootless" and len(span.tones) > 3 else span.tones
    chord = close_position([span.root + tone for tone in tones], centre)
    if voicing == "open":
        chord = tuple(sorted((*chord[:-2], chord[-2] - 12, chord[-1])))
    if voicing == "wide":
        chord = (
            max(pitch for pitch in range(chord[0] - 12, chord[0]) if pitch % 12 == span.root),
            *chord,
        )
    return tuple(sorted(pitch + 12 if pitch < LOWEST_UPPER else pitch for pitch in chord))


def close_position(pitches: Sequence[int], centre: float) -> tuple[int, ...]:
    """The inversion whose mean is nearest to `centre`, for smooth voice leading."""
    classes = sorted(pitch % 12 for pitch in pitches)
    best: tuple[int, ...] = ()
    for inversion in range(len(classes)):
        order = [pitch + 12 * (index < inversion) for index, pitch in enumerate(classes)]
        mean = sum(order) / len(order)
        shift = 12 * round((centre - mean) / 12)
        chord = tuple(sorted(pitch + shift for pitch in order))
        if not best or abs(sum(chord) / len(chord) - centre) < abs(sum(best) / len(best) - centre):
            best = chord
    return best


def span_at(spans: Sequence[Span], step: float) -> Span:
    """The chord at a step."""
    return next((span for span in spans if span.start <= step < span.end), spans[-1])


def comp_bar(
    spans: Sequence[Span],
    start: int,
    steps: int,
    rhythm: str,
    pattern: str,
    centre: float,
    voicing: str = "close",
) -> list[Event]:
    """One bar of comping.

    Every chord that begins in the bar is struck, except where the pattern is off the beat.
    """
    if rhythm == "broken":
        return broken_bar(spans, start, steps, centre, voicing)
    onsets = {start + step for step, mark in enumerate(pattern) if mark == "x"}
    if rhythm not in ("offbeats", "charleston"):
        onsets |= {span.start for span in spans if start <= span.start < start + steps} | {start}
    order = sorted(onsets)
    events: list[Event] = []
    for step, border in zip(order, [*order[1:], start + steps], strict=True):
        span = span_at(spans, step)
        length = (min(border, max(span.end, step + 1)) - step) * GATES[rhythm]
        loud = 88 if step % 4 == 0 else 78
        events += [(step, length, pitch, loud) for pitch in voice(span, centre, voicing)]
    return events


def broken_bar(
    spans: Sequence[Span], start: int, steps: int, centre: float, voicing: str = "close"
) -> list[Event]:
    """One bar of broken chords in eighth notes; tones ring for a quarter or more."""
    events: list[Event] = []
    for index, step in enumerate(range(start, start + steps, 2)):
        span = span_at(spans, step)
        tones = voice(span, centre, voicing)
        order = (*tones, *tones[-2:0:-1])
        length = min(6.0, max(span.end - step, 2))
        events.append((step, length, order[index % len(order)], 86 if step % 4 == 0 else 76))
    return events


def pad_events(spans: Sequence[Span], centre: float) -> list[Event]:
    """Each chord held for its whole length."""
    return [
        (span.start, (span.end - span.start) * 1.0, pitch, 80)
        for span in spans
        for pitch in voice(span, centre)
    ]


def in_thirds(melody: Sequence[Event], scale: frozenset[int]) -> list[Event]:
    """A second voice a third below, softer, where the scale has one."""
    events = []
    for step, length, pitch, loud in melody:
        below = next((third for third in (pitch - 3, pitch - 4) if third % 12 in scale), None)
        if below is not None:
            events.append((step, length, below, loud - 10))
    return events


def nearest(place: int, allowed: frozenset[int]) -> int:
    """The pitch nearest to `place` whose pitch class is allowed, at most 4 semitones away."""
    return min(
        range(place - 4, place + 5),
        key=lambda pitch: (pitch % 12 not in allowed, abs(pitch - place)),
    )


def melody_rhythm(steps: int, density: float, rng: np.random.Generator) -> tuple[int, ...]:
    """Steps of a bar on which melody notes begin: mostly beats, then eighths, seldom sixteenths."""
    weight = np.array(
        [1.3 if step % 4 == 0 else (0.8 if step % 2 == 0 else 0.12) for step in range(steps)]
    )
    return tuple(int(step) for step in np.flatnonzero(rng.random(steps) < weight * density))


def melody_bar(
    spans: Sequence[Span],
    start: int,
    steps: int,
    rhythm: Sequence[int],
    scale: frozenset[int],
    place: int,
    rng: np.random.Generator,
) -> tuple[list[Event], int]:
    """One bar of melody: a random walk on the scale, with chord tones on the beats.

    Returns
    -------
    events, place : the notes, and the pitch from which the next bar continues
    """
    events: list[Event] = []
    for step, border in zip(rhythm, [*rhythm[1:], steps][: len(rhythm)], strict=True):
        span = span_at(spans, start + step)
        chord = frozenset((span.root + tone) % 12 for tone in span.tones)
        strong = step % 4 == 0 or border - step >= 4
        place += int(rng.integers(-4, 5))
        place += 12 * (place < 62) - 12 * (place > 86)
        allowed = chord if strong else (scale | chord)
        place = nearest(place, allowed)
        events.append((start + step, (border - step) * 0.92, place, 92 if strong else 82))
    return events, place
