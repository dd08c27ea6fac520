"""`compose`: an endless supply of songs, each a pure function of its seed.

Songs of the splits "train", "validation" and "test" never share a seed sequence: the split is mixed
into the seed. They do not share material either: each table of chord progressions and of kick
patterns is dealt out entry by entry, three to training, one to validation, one to test, so the
held-out songs speak the same idioms in sentences that training has not heard; what training invents
on top is checked against the held-out entries. Comping rhythms, melodies' rules and instruments are
common to all. Taught in chapter 10.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bassnb.composer.accompaniment import (
    COMP_RHYTHMS,
    Span,
    comp_bar,
    in_thirds,
    melody_bar,
    melody_rhythm,
    pad_events,
)
from bassnb.composer.basslines import HIGHEST, LOWEST, STYLES, Stretch
from bassnb.composer.grooves import Event, drum_bar, strokes
from bassnb.composer.harmony import SPLITS, scale_of
from bassnb.composer.idioms import ANY
from bassnb.composer.plan import Grid, Plan, Section, make_plan, write_spans
from bassnb.composer.score import (
    QUALITIES,
    Chord,
    Effects,
    Note,
    Part,
    Song,
    chord_at,
    pitch_at,
)
from bassnb.errors import DataError

__all__ = [
    "BASSES",
    "BASS_PROGRAMS",
    "BASS_STYLES",
    "COMP_RHYTHMS",
    "HIGHEST",
    "LEADS",
    "LOWEST",
    "QUALITIES",
    "SPLITS",
    "Chord",
    "DataError",
    "Effects",
    "Note",
    "Part",
    "Song",
    "chord_at",
    "compose",
    "pitch_at",
]

# goes up whenever a seed gives another song or sound: what was cached of the old ones is not taken
SONGS_VERSION = 2
BASS_STYLES = tuple(STYLES)
BASSES = {  # of General MIDI, with their programs
    "acoustic": 32,
    "finger": 33,
    "pick": 34,
    "fretless": 35,
    "slap-1": 36,
    "slap-2": 37,
    "synth-1": 38,
    "synth-2": 39,
}
LEADS = {"square lead": 80, "bass lead": 87}  # synthesizers that some songs have for a bass
BASS_PROGRAMS = (*BASSES.values(), *LEADS.values())
_LEAD_SHARE = 0.08  # share of songs whose bass is a synth lead
_UNUSUAL = 0.35  # share of the other parts whose instrument the idiom would not have chosen


def compose(
    seed: int,
    *,
    split: str = "train",
    seconds: float = 24.0,
    bass_program: int | None = None,
    bass_style: str | None = None,
    take: int = 0,
) -> Song:
    """Compose a song.

    Parameters
    ----------
    seed : int >= 0. The same seed gives another song in another split.
    split : "train", "validation" or "test"; see the head of this file for what they do not share.
    seconds : duration; the song fills it and is cut there.
    bass_program : one of `BASS_PROGRAMS`; drawn if None. Changes the bass's sound and nothing else.
    bass_style : one of `BASS_STYLES` for the whole song; drawn per section if None. Changes the
        bass part only.
    take : 0 for the song itself; every other number is another bass player's idea of the same song:
        what an ideal accompanist, who knows the idioms but not the answer, would play. Changes the
        bass part only.

    Raises
    ------
    DataError
        If an argument is not one of those named above.
    """
    _check(seed, split, seconds, bass_program, bass_style, take)
    streams = np.random.SeedSequence([SPLITS.index(split), seed]).spawn(6)
    streams[1] = streams[1].spawn(take)[-1] if take else streams[1]
    plan_rng, bass_rng, drum_rng, upper_rng, sound_rng, touch_rng = map(
        np.random.default_rng, streams
    )
    plan = make_plan(split, seconds, bass_style, plan_rng, bass_rng)
    spans = write_spans(plan)
    parts = [write_bass(plan, spans, seconds, bass_program, bass_rng)]
    if plan.drums:
        parts.append(write_drums(plan, seconds, drum_rng, sound_rng))
    parts += write_upper(plan, spans, seconds, upper_rng, sound_rng, touch_rng)
    beats = np.arange(0, plan.grid.bars * plan.grid.steps, plan.grid.beat)
    heard = [int(step) for step in beats if plan.grid.nominal(step) < seconds]
    return Song(
        seed=seed,
        split=split,
        idiom=plan.idiom.name,
        tempo=plan.tempo,
        metre=plan.metre,
        key=plan.key,
        mode=plan.mode,
        duration=float(seconds),
        tuning=_tuning(sound_rng),
        gain_db=round(float(sound_rng.uniform(-5, 0)), 2),
        beats=tuple(round(plan.grid.nominal(step), 5) for step in heard),
        downbeats=tuple(
            round(plan.grid.nominal(step), 5) for step in heard if step % plan.grid.steps == 0
        ),
        chords=timed_chords(spans, plan.grid, seconds),
        parts=tuple(part for part in parts if part.notes),
        bass_style="+".join(dict.fromkeys(section.figure.bass_style for section in plan.sections)),
        bass_timbre=BASS_PROGRAMS.index(parts[0].program),
    )


def _tuning(rng: np.random.Generator) -> float:
    """Semitones off 440 Hz: small, but one band in six has tuned to something else, or its tape
    runs fast.
    """
    return round(float(rng.uniform(-1, 1) * (0.45 if rng.random() < 1 / 6 else 0.15)), 4)


def _check(
    seed: int, split: str, seconds: float, program: int | None, style: str | None, take: int
) -> None:
    if split not in SPLITS:
        raise DataError(f"There is no split {split!r}; choose one of {', '.join(SPLITS)}.")
    if seed < 0 or take < 0 or not seconds > 0:
        raise DataError(
            f"A song needs a seed and a take >= 0 and a duration > 0, not seed={seed}, take={take}, seconds={seconds}."
        )
    if program is not None and program not in BASS_PROGRAMS:
        raise DataError(f"Program {program} is not a bass; choose one of {BASS_PROGRAMS}.")
    if style is not None and style not in BASS_STYLES:
        raise DataError(
            f"There is no bass style {style!r}; choose one of {', '.join(BASS_STYLES)}."
        )


def timed_chords(spans: Sequence[Span], grid: Grid, seconds: float) -> tuple[Chord, ...]:
    """Chords in seconds; the first begins at 0 and the last ends at `seconds`."""
    heard = [span for span in spans if grid.nominal(span.start) < seconds]
    starts = [0.0, *(round(grid.nominal(span.start), 5) for span in heard[1:]), float(seconds)]
    return tuple(
        Chord(start, end, span.root, span.quality)
        for start, end, span in zip(starts[:-1], starts[1:], heard, strict=True)
    )


def perform(
    events: Sequence[Event],
    grid: Grid,
    seconds: float,
    rng: np.random.Generator,
    *,
    jitter: float,
    lag: float = 0.0,
) -> tuple[Note, ...]:
    """Events on the grid become notes in seconds: swung, jittered by `jitter` seconds, `lag`
    seconds late.

    Events are (step, length in steps, pitch, velocity). Notes that would start after `seconds` are
    dropped.
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
    """The bass part: each stretch of one chord within one bar is handed to the section's style."""
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
        for index in range(0 if not section.breakdown else section.bars, section.bars):
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
    """What the bass player sees in bar `index` of a section: one stretch for each chord in the bar."""
    start = (section.first + index) * plan.grid.steps
    end = start + plan.grid.steps
    kicks = [start + step for step, _ in strokes(section.figure.kicks[index % 2])]
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
                4 if plan.tempo > 140 and plan.metre != "6/8" else 2,
                here == span.start,
                there == span.end,
                tuple(
                    start + step for step in section.figure.extra if here <= start + step < there
                ),
                gate,
                last,
            )
        )
    return found


def _place(pitch_class: int, lowest: int) -> int:
    return lowest + (pitch_class - lowest) % 12


def _breathe(events: list[Event], plan: Plan, section: Section, index: int) -> list[Event]:
    """Leave out what a stop or a rest silences."""
    start = (section.first + index) * plan.grid.steps
    if section.stop and index == section.bars - 1:
        return [
            (step, min(length, 4.0), *rest) for step, length, *rest in events if step < start + 2
        ]
    if section.figure.breathes and index % 2 == 1:
        border = start + plan.grid.steps - plan.grid.beat
        return [
            (step, min(length, border - step), *rest)
            for step, length, *rest in events
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
        fill, crash = (
            rng.random() < 0.6,
            rng.random() < 0.7 and plan.idiom.name not in ("jazz", "folk"),
        )
        for index in range(0 if not section.breakdown else section.bars, section.bars):
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
    scale_shift = {section.first: section.shift for section in plan.sections}
    comp: list[Event] = []
    melody: list[Event] = []
    pad: list[Event] = []
    place, phrases, steps = int(rng.integers(68, 80)), {}, plan.grid.steps
    doubled = rng.random() < 0.2
    for section in plan.sections:
        figure, begin, end = (
            section.figure,
            section.first * steps,
            (section.first + section.bars) * steps,
        )
        inside = [span for span in spans if span.start < end and span.end > begin]
        scale = frozenset(
            (plan.key + scale_shift[section.first] + step) % 12 for step in scale_of(plan.mode)
        )
        if figure.pad or (section.breakdown and not figure.comp):
            clipped = [
                Span(max(s.start, begin), min(s.end, end), s.root, s.quality) for s in inside
            ]
            pad += pad_events(clipped, high)
        for index in range(section.bars):
            bar = (section.first + index) * steps
            if figure.comp:
                pattern = (
                    figure.pattern
                    if figure.rhythm != "kicks"
                    else figure.kicks[index % 2].replace("o", "x")
                )
                rhythm = "held" if section.stop and index == section.bars - 1 else figure.rhythm
                comp += comp_bar(
                    inside,
                    bar,
                    steps,
                    rhythm,
                    "x" if rhythm == "held" else pattern,
                    centre,
                    figure.voicing,
                )
            if figure.melody:
                key = (id(figure), index % 2)
                if key not in phrases or rng.random() < 0.15:
                    phrases[key] = melody_rhythm(steps, float(rng.uniform(0.15, 0.75)), rng)
                notes, place = melody_bar(inside, bar, steps, phrases[key], scale, place, rng)
                melody += notes + (in_thirds(notes, scale) if doubled else [])
    written = (
        ("chords", plan.idiom.comp, comp, 0.3),
        ("pad", plan.idiom.pad, pad, 0.2),
        ("melody", plan.idiom.melody, melody, 0.25),
    )
    return [
        _upper_part(name, programs, events, plan, seconds, pan, sound_rng, touch_rng)
        for name, programs, events, pan in written
    ]


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
