"""Events of the parts above the bass in the wide world. Taught in chapter 10."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bassnb.composer.accompaniment import Span, pad_events
from bassnb.composer.grooves import Event, fill_bar
from bassnb.composer.harmony import scale_of
from bassnb.composer.plan import Plan
from bassnb.composer.upper_parts import clipped, spans_inside
from bassnb.composer.wide.comping import comping_bar
from bassnb.composer.wide.melodies import Singer
from bassnb.composer.wide.plan import WideSection


def upper_events(
    plan: Plan,
    sections: Sequence[WideSection],
    spans: Sequence[Span],
    rng: np.random.Generator,
) -> dict[str, list[Event]]:
    """The events of "chords", "pad" and "melody"."""
    centre, high = float(rng.uniform(56, 69)), float(rng.uniform(60, 73))
    singer = Singer(plan.grid.steps, int(rng.integers(64, 78)), bool(rng.random() < 0.15), rng)
    events: dict[str, list[Event]] = {"chords": [], "pad": [], "melody": []}
    for section in sections:
        figure = section.figure
        if figure.comp:
            events["chords"] += _comp_events(plan, section, spans, centre)
        if figure.pad or (section.breakdown and not figure.comp):
            events["pad"] += pad_events(clipped(plan, section, spans), high)
        if figure.melody and (section.bass or section.breakdown):
            tonic = plan.key + section.shift
            scale = frozenset((tonic + step) % 12 for step in scale_of(plan.mode))
            events["melody"] += singer.section(
                figure.lead, id(figure), spans, section.first, section.bars, scale
            )
    return events


def _comp_events(
    plan: Plan, section: WideSection, spans: Sequence[Span], centre: float
) -> list[Event]:
    """The comping of one section; in a stop the last bar is one held chord."""
    figure, steps = section.figure, plan.grid.steps
    inside = spans_inside(plan, section, spans)
    events: list[Event] = []
    for index in range(section.bars):
        rhythm, pattern = figure.rhythm, figure.pattern
        if rhythm == "kicks":
            pattern = figure.kicks[index % 2]
        if section.stop and index == section.bars - 1:
            rhythm, pattern = "held", fill_bar("x" + "." * 15, steps)
        bar = (section.first + index) * steps
        events += comping_bar(inside, bar, steps, rhythm, pattern, centre, figure.voicing)
    return events
