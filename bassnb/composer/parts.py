"""The parts of a song: from a plan to the notes and sounds of bass, drums, chords, pad and melody.

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
from bassnb.composer.basslines import LOWEST, STYLES, Stretch
from bassnb.composer.grooves import Event, drum_bar, strokes
from bassnb.composer.harmony import scale_of
from bassnb.composer.idioms import ANY
from bassnb.composer.plan import Grid, Plan, Section
from bassnb.composer.score import Effects, Note, Part

_NAMES = "acoustic finger pick fretless slap-1 slap-2 synth-1 synth-2".split()
BASSES = dict(zip(_NAMES, range(32, 40), strict=True))  # General MIDI basses and their programs
LEADS = {"square lead": 80, "bass lead": 87}  # synth leads that some songs have for a bass
BASS_PROGRAMS = (*BASSES.values(), *LEADS.values())
_LEAD_SHARE = 0.08  # share of songs whose bass is a synth lead
_UNUSUAL = 0.35  # share of the other parts whose instrument is drawn without regard to the idiom


def perform(
    events: Sequence[Event],
    grid: Grid,
    seconds: float,
    rng: np.random.Generator,
    *,
    jitter: float,
    lag: float = 0.0,
) -> tuple[Note, ...]:
    """Turn events on the grid into notes in seconds.

    Parameters
    ----------
    events : (step, length in steps, pitch, velocity)
    grid : times of the steps, with swing
    seconds : duration of the song; notes that would start later are dropped
    rng : draws jitter and velocities
    jitter : standard deviation of the starts in seconds, cut at twice that
    lag : delay of all notes in seconds

    Returns
    -------
    notes : ordered by step and pitch
    """
    if not events:
        return ()
    step, length, pitch, velocity = np.array(events, dtype=float).T
    order = np.lexsort((pitch, step))
    step, length, pitch, velocity = step[order], length[order], pitch[order], velocity[order]
    axis = np.arange(len(grid.times))
    own = np.clip(rng.normal(0, jitter, len(step)), -2 * jitter, 2 * jitter)
    start = np.maximum(np.interp(step, axis, grid.times) + lag + own, 0.0)
    end = np.maximum(np.interp(step + length, axis, grid.times) + lag + own, start + 0.03)
    loud = np.clip(np.round(velocity + rng.normal(0, 5, len(step))), 20, 127)
    return tuple(
        Note(round(float(a), 5), round(float(b), 5), int(p), int(v))
        for a, b, p, v in zip(start, end, pitch, loud, strict=True)
        if a < seconds
    )


def write_bass(
    plan: Plan, spans: Sequence[Span], seconds: float, program: int | None, rng: np.random.Generator
) -> Part:
    """The bass part: the style of the section plays each stretch of one chord within one bar."""
    lowest = LOWEST + int(rng.integers(0, 7))
    gate = float(rng.uniform(0.55, 1.0))
    drawn = (
        BASS_PROGRAMS[int(rng.integers(8))]
        if rng.random() >= _LEAD_SHARE
        else BASS_PROGRAMS[8 + int(rng.integers(2))]
    )
    events: list[Event] = []
    last = lowest
    for section in plan.sections:
        for index in range(0 if section.breakdown else section.bars):
            for stretch in stretches(plan, section, index, spans, lowest, gate, last):
                played = STYLES[section.figure.bass_style](stretch, rng)
                events += _breathe(played, plan, section, index)
                last = events[-1][2] if events else last
    notes = perform(
        events, plan.grid, seconds, rng, jitter=0.0015, lag=float(rng.uniform(-0.002, 0.005))
    )
    drive = float(rng.uniform(0.3, 2.5)) if rng.random() < 0.35 else 0.0
    lowpass = float(np.exp(rng.uniform(np.log(500), np.log(4000)))) if rng.random() < 0.4 else 0.0
    effects = Effects(drive=round(drive, 3), lowpass=round(lowpass, 1))
    return Part(
        "bass",
        drawn if program is None else program,
        False,
        monophonic(notes),
        round(float(rng.uniform(-3, 3)), 2),
        0.0,
        effects,
    )


def stretches(
    plan: Plan,
    section: Section,
    index: int,
    spans: Sequence[Span],
    lowest: int,
    gate: float,
    last: int,
) -> list[Stretch]:
    """The stretches of bar `index` of a section: one for each chord in the bar."""
    start = (section.first + index) * plan.grid.steps
    end = start + plan.grid.steps
    kicks = [start + step for step, _ in strokes(section.figure.kicks[index % 2])]
    pulse = 4 if plan.tempo > 140 and plan.metre != "6/8" else 2
    extra = [start + step for step in section.figure.extra]
    found = []
    for number, span in enumerate(spans):
        here, there = max(span.start, start), min(span.end, end)
        if here >= there:
            continue
        following = spans[min(number + 1, len(spans) - 1)].root
        found.append(
            Stretch(
                here,
                there,
                span.tones,
                _place(span.root, lowest),
                _place(following, lowest),
                tuple(kick for kick in kicks if here <= kick < there),
                plan.grid.beat,
                pulse,
                here == span.start,
                there == span.end,
                tuple(step for step in extra if here <= step < there),
                gate,
                last,
            )
        )
    return found


def _place(pitch_class: int, lowest: int) -> int:
    return lowest + (pitch_class - lowest) % 12


def _breathe(events: list[Event], plan: Plan, section: Section, index: int) -> list[Event]:
    """Cut what lies in a stop or a rest."""
    start = (section.first + index) * plan.grid.steps
    if section.stop and index == section.bars - 1:
        return [
            (step, min(length, 4.0), pitch, loud)
            for step, length, pitch, loud in events
            if step < start + 2
        ]
    if section.figure.breathes and index % 2 == 1:
        border = start + plan.grid.steps - plan.grid.beat
        return [
            (step, min(length, border - step), pitch, loud)
            for step, length, pitch, loud in events
            if step < border
        ]
    return events


def monophonic(notes: Sequence[Note]) -> tuple[Note, ...]:
    """End every note where the next begins."""
    ends = [note.start for note in notes[1:]] + [float("inf")]
    return tuple(
        Note(note.start, min(note.end, end), note.pitch, note.velocity)
        for note, end in zip(notes, ends, strict=True)
        if end > note.start
    )


def write_drums(
    plan: Plan, seconds: float, rng: np.random.Generator, sound_rng: np.random.Generator
) -> Part:
    """The drum part, with fills before and cymbals at the start of sections."""
    events: list[Event] = []
    for section in plan.sections:
        fill = rng.random() < 0.6
        crash = rng.random() < 0.7 and plan.idiom.name not in ("jazz", "folk")
        for index in range(0 if section.breakdown else section.bars):
            last = index == section.bars - 1
            events += drum_bar(
                (section.first + index) * plan.grid.steps,
                section.figure.kicks[index % 2],
                section.figure.backing,
                rng,
                fill=bool(fill and last and not section.stop),
                crash=bool(crash and index == 0),
                stop=section.stop and last,
            )
    kits = plan.idiom.kits
    effects = Effects(
        drive=round(float(sound_rng.uniform(0.3, 2.0)), 3),
        room=round(float(sound_rng.uniform(0, 0.25)), 3),
        width=round(float(sound_rng.uniform(0.4, 1)), 3),
    )
    return Part(
        "drums",
        kits[int(sound_rng.integers(len(kits)))],
        True,
        perform(events, plan.grid, seconds, rng, jitter=0.001),
        round(float(sound_rng.uniform(-4, 3)), 2),
        0.0,
        effects,
    )


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
