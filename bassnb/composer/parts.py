"""Bass and drums of a song: from a plan to their notes and sounds, and how any part is performed.

Taught in chapter 10.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bassnb.composer.accompaniment import Span
from bassnb.composer.basslines import LOWEST, STYLES, Stretch
from bassnb.composer.grooves import Event, drum_bar, strokes
from bassnb.composer.plan import Grid, Plan, Section
from bassnb.composer.score import Effects, Note, Part

_NAMES = "acoustic finger pick fretless slap-1 slap-2 synth-1 synth-2".split()
BASSES = dict(zip(_NAMES, range(32, 40), strict=True))  # General MIDI basses and their programs
LEADS = {"square lead": 80, "bass lead": 87}  # synth leads that some songs have for a bass
BASS_PROGRAMS = (*BASSES.values(), *LEADS.values())
_LEAD_SHARE = 0.08  # share of songs whose bass is a synth lead


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
