"""Songs of the wide world, before their ground truth is written down. Taught in chapter 10."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bassnb.composer.grooves import Event
from bassnb.composer.harmony import SPLITS
from bassnb.composer.parts import monophonic, perform
from bassnb.composer.plan import Grid, write_spans
from bassnb.composer.score import Note
from bassnb.composer.wide.bass import bass_events
from bassnb.composer.wide.drums import drum_events
from bassnb.composer.wide.features import features_of
from bassnb.composer.wide.parts import upper_events
from bassnb.composer.wide.plan import make_plan
from bassnb.composer.wide.sounds import bass_timbre, draw_part
from bassnb.composer.written import Written

VERSION = 4  # raise it whenever a seed gives another song or sound
_JITTER = {"bass": 0.003, "drums": 0.002, "chords": 0.004, "pad": 0.004, "melody": 0.005}
_LAG = {"bass": 0.005, "drums": 0.0, "chords": 0.004, "pad": 0.004, "melody": 0.01}


def write_song(
    seed: int,
    split: str,
    seconds: float,
    bass_program: int | None,
    bass_style: str | None,
    take: int,
    soundfonts: Sequence[str],
) -> Written:
    """The plan, chords and parts of song `seed`; see `bassnb.composer.songs.compose`.

    Plan, bass, drums, upper parts and each sound have random streams of their own, so that another
    take or program changes nothing else.
    """
    streams = np.random.SeedSequence([SPLITS.index(split), seed, VERSION]).spawn(11)
    streams[1] = streams[1].spawn(take)[-1] if take else streams[1]
    plan_rng, bass_rng, drum_rng, upper_rng, song_rng, touch_rng, *sound_rngs = map(
        np.random.default_rng, streams
    )
    plan, sections = make_plan(split, seconds, plan_rng)
    spans, grid = write_spans(plan), plan.grid
    drums = drum_events(grid, sections, plan.idiom.name, drum_rng) if plan.drums else []
    upper = upper_events(plan, sections, spans, upper_rng)
    features = features_of(grid, spans, drums, upper["chords"], upper["melody"])
    bass, players = bass_events(plan, sections, spans, features, bass_style, bass_rng)
    parts = []
    events = {"bass": bass, "drums": drums, **upper}
    for (name, played), sound_rng in zip(events.items(), sound_rngs, strict=True):
        notes = _play(name, played, grid, seconds, bass_rng if name == "bass" else touch_rng)
        program = bass_program if name == "bass" else None
        parts.append(
            draw_part(name, notes, plan.idiom, grid.step_seconds, soundfonts, sound_rng, program)
        )
    return Written(
        plan,
        tuple(spans),
        tuple(parts),
        _tuning(song_rng),
        round(float(song_rng.uniform(-12, 0)), 2),
        "+".join(dict.fromkeys(players)),
        bass_timbre(parts[0]),
    )


def _play(
    name: str, events: Sequence[Event], grid: Grid, seconds: float, rng: np.random.Generator
) -> tuple[Note, ...]:
    """Notes in seconds, as tight or loose and as early or late as this part is played."""
    tight, lag = float(rng.uniform(0.2, 1.2)), float(rng.uniform(-0.5, 1.0)) * _LAG[name]
    notes = perform(events, grid, seconds, rng, jitter=_JITTER[name] * tight, lag=lag)
    return monophonic(notes) if name == "bass" else notes


def _tuning(rng: np.random.Generator) -> float:
    """Offset from 440 Hz in semitones: up to 0.15, in one of six songs up to 1."""
    return round(float(rng.uniform(-1, 1) * (1.0 if rng.random() < 1 / 6 else 0.15)), 4)
