"""The parts above the bass: from a plan to the notes and sounds of chords, pad and melody.

Taught in chapter 10.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bassnb.composer.accompaniment import (
    Span,
    comp_bar,
    in_thirds,
    melody_bar,
    melody_rhythm,
    pad_events,
)
from bassnb.composer.grooves import Event
from bassnb.composer.harmony import scale_of
from bassnb.composer.idioms import ANY
from bassnb.composer.parts import perform
from bassnb.composer.plan import Plan, Section
from bassnb.composer.score import Effects, Part

_UNUSUAL = 0.35  # share of the other parts whose instrument is drawn without regard to the idiom


def write_upper(
    plan: Plan,
    spans: Sequence[Span],
    seconds: float,
    rng: np.random.Generator,
    sound_rng: np.random.Generator,
    touch_rng: np.random.Generator,
) -> list[Part]:
    """The chords, pad and melody parts."""
    centre, high = float(rng.uniform(58, 68)), float(rng.uniform(60, 72))
    place = int(rng.integers(68, 80))
    doubled = bool(rng.random() < 0.2)
    comp: list[Event] = []
    pad: list[Event] = []
    for section in plan.sections:
        if section.figure.comp:
            comp += _comp_events(plan, section, spans, centre)
        if section.figure.pad or (section.breakdown and not section.figure.comp):
            pad += pad_events(clipped(plan, section, spans), high)
    melody = _melody_events(plan, spans, place, doubled, rng)
    written = (
        ("chords", plan.idiom.comp, comp, 0.3),
        ("pad", plan.idiom.pad, pad, 0.2),
        ("melody", plan.idiom.melody, melody, 0.25),
    )
    return [
        _upper_part(name, programs, events, plan, seconds, pan, sound_rng, touch_rng)
        for name, programs, events, pan in written
    ]


def spans_inside(plan: Plan, section: Section, spans: Sequence[Span]) -> list[Span]:
    """The chords that sound in a section."""
    begin = section.first * plan.grid.steps
    end = begin + section.bars * plan.grid.steps
    return [span for span in spans if span.start < end and span.end > begin]


def clipped(plan: Plan, section: Section, spans: Sequence[Span]) -> list[Span]:
    """The chords that sound in a section, cut at its borders."""
    begin = section.first * plan.grid.steps
    end = begin + section.bars * plan.grid.steps
    return [
        Span(max(span.start, begin), min(span.end, end), span.root, span.quality)
        for span in spans_inside(plan, section, spans)
    ]


def _comp_events(plan: Plan, section: Section, spans: Sequence[Span], centre: float) -> list[Event]:
    """The comping of one section; in a stop the last bar is one held chord."""
    figure, steps = section.figure, plan.grid.steps
    inside = spans_inside(plan, section, spans)
    events: list[Event] = []
    for index in range(section.bars):
        rhythm, pattern = figure.rhythm, figure.pattern
        if rhythm == "kicks":
            pattern = figure.kicks[index % 2].replace("o", "x")
        if section.stop and index == section.bars - 1:
            rhythm = "held"
        if rhythm == "held":
            pattern = "x"
        bar = (section.first + index) * steps
        events += comp_bar(inside, bar, steps, rhythm, pattern, centre, figure.voicing)
    return events


def _melody_events(
    plan: Plan, spans: Sequence[Span], place: int, doubled: bool, rng: np.random.Generator
) -> list[Event]:
    """The melody of all sections, from the pitch `place` on; `doubled` adds thirds below.

    Even and odd bars of a figure each keep one rhythm, which changes with probability 0.15.
    """
    events: list[Event] = []
    rhythms: dict[tuple[int, int], tuple[int, ...]] = {}
    steps = plan.grid.steps
    for section in plan.sections:
        if not section.figure.melody:
            continue
        inside = spans_inside(plan, section, spans)
        tonic = plan.key + section.shift
        scale = frozenset((tonic + step) % 12 for step in scale_of(plan.mode))
        for index in range(section.bars):
            key = (id(section.figure), index % 2)
            if key not in rhythms or rng.random() < 0.15:
                rhythms[key] = melody_rhythm(steps, float(rng.uniform(0.15, 0.75)), rng)
            bar = (section.first + index) * steps
            notes, place = melody_bar(inside, bar, steps, rhythms[key], scale, place, rng)
            events += notes + (in_thirds(notes, scale) if doubled else [])
    return events


def _upper_part(
    name: str,
    programs: Sequence[int],
    events: list[Event],
    plan: Plan,
    seconds: float,
    pan: float,
    rng: np.random.Generator,
    touch_rng: np.random.Generator,
) -> Part:
    """One part above the bass: draws effects, level, pan within `pan` and the instrument."""
    echo = rng.random() < {"chords": 0.15, "pad": 0.05, "melody": 0.4}[name]
    drive = rng.random() < {"chords": 0.2, "pad": 0.05, "melody": 0.2}[name]
    effects = Effects(
        drive=round(float(rng.uniform(0.3, 1.5)) * drive, 3),
        lowpass=round(float(rng.uniform(2500, 9000)) * (rng.random() < 0.3), 1),
        delay=round(echo * plan.grid.step_seconds * (2, 3, 4)[int(rng.integers(3))], 5),
        feedback=round(echo * float(rng.uniform(0.15, 0.4)), 3),
        room=round(float(rng.uniform(0, 0.35)), 3),
        width=round(float(rng.uniform(0.3, 1.0)), 3),
    )
    notes = perform(
        events, plan.grid, seconds, touch_rng, jitter=0.004, lag=float(rng.uniform(-0.002, 0.004))
    )
    programs = ANY[name] if rng.random() < _UNUSUAL else programs
    return Part(
        name,
        programs[int(rng.integers(len(programs)))],
        False,
        notes,
        round(float(rng.uniform(-4, 4)), 2),
        round(float(rng.uniform(-pan, pan)) * 2, 3),
        effects,
    )
