"""A song as its world writes it, and its ground truth in seconds. Taught in chapter 10."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bassnb.composer.accompaniment import Span
from bassnb.composer.plan import Grid, Plan
from bassnb.composer.score import Chord, Part, Song


@dataclass(frozen=True)
class Written:
    """A song without its ground truth in seconds; the bass is the first of `parts`."""

    plan: Plan
    spans: tuple[Span, ...]
    parts: tuple[Part, ...]
    tuning: float
    gain_db: float
    bass_style: str
    bass_timbre: int


def as_song(written: Written, seed: int, split: str, seconds: float, world: str) -> Song:
    """Add beats, downbeats and chords in seconds; parts without notes are left out."""
    plan, grid = written.plan, written.plan.grid
    beats = [
        step for step in range(0, grid.bars * grid.steps, grid.beat) if grid.nominal(step) < seconds
    ]
    return Song(
        seed=seed,
        split=split,
        idiom=plan.idiom.name,
        tempo=plan.tempo,
        metre=plan.metre,
        key=plan.key,
        mode=plan.mode,
        duration=float(seconds),
        tuning=written.tuning,
        gain_db=written.gain_db,
        beats=tuple(round(grid.nominal(step), 5) for step in beats),
        downbeats=tuple(round(grid.nominal(step), 5) for step in beats if step % grid.steps == 0),
        chords=timed_chords(written.spans, grid, seconds),
        parts=tuple(part for part in written.parts if part.notes),
        bass_style=written.bass_style,
        bass_timbre=written.bass_timbre,
        world=world,
    )


def timed_chords(spans: Sequence[Span], grid: Grid, seconds: float) -> tuple[Chord, ...]:
    """Chords in seconds; the first begins at 0 and the last ends at `seconds`."""
    within = [span for span in spans if grid.nominal(span.start) < seconds]
    starts = [0.0, *(round(grid.nominal(span.start), 5) for span in within[1:]), float(seconds)]
    return tuple(
        Chord(start, end, span.root, span.quality)
        for start, end, span in zip(starts[:-1], starts[1:], within, strict=True)
    )
