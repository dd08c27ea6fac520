"""`compose`: songs without end, each a pure function of its seed.

Songs of the splits "train", "validation" and "test" never share a seed sequence, because the split
is part of the seed. They do not share material either. Of every five entries in a table of chord
progressions or kick patterns, three go to training, one to validation and one to test. Material
that is invented for training is checked against the held-out entries. Comping rhythms, the rules of
the melody and the instruments are common to all splits. Taught in chapter 10.
"""

from __future__ import annotations

import numpy as np

from bassnb.composer.accompaniment import COMP_RHYTHMS
from bassnb.composer.basslines import HIGHEST, LOWEST, STYLES
from bassnb.composer.harmony import SPLITS
from bassnb.composer.parts import BASS_PROGRAMS, BASSES, LEADS, write_bass, write_drums
from bassnb.composer.plan import make_plan, write_spans
from bassnb.composer.score import QUALITIES, Chord, Effects, Note, Part, Song, chord_at, pitch_at
from bassnb.composer.upper_parts import write_upper
from bassnb.composer.wide.players import PLAYERS
from bassnb.composer.wide.songs import write_song
from bassnb.composer.world import DEFAULT, World
from bassnb.composer.written import Written, as_song
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
    "STYLES_OF",
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

BASS_STYLES = tuple(STYLES)
STYLES_OF = {"soundfont": BASS_STYLES, "wide": tuple(PLAYERS)}


def compose(
    seed: int,
    *,
    split: str = "train",
    seconds: float = 24.0,
    bass_program: int | None = None,
    bass_style: str | None = None,
    take: int = 0,
    world: World = DEFAULT,
) -> Song:
    """Compose a song.

    Parameters
    ----------
    seed : int >= 0
        The same seed gives another song in another split.
    split : "train", "validation" or "test"
        See the head of this file for what they do not share.
    seconds : duration, at which the song is cut
    bass_program : one of `BASS_PROGRAMS`, drawn if None
        Changes the sound of the bass and nothing else.
    bass_style : one of `STYLES_OF[world.name]` for the whole song, drawn per section if None
        Changes the bass part only.
    take : 0 for the song itself, another number for another bass part to the same song
        The part of an ideal accompanist: written by the rules of the idiom, without the original.
    world : `SOUNDFONT` or `WIDE`, see `bassnb.composer.world`
        Another world has other songs for the same seeds; its SoundFonts change sounds and no note.

    Returns
    -------
    song : Song

    Raises
    ------
    DataError
        If an argument is not one of those named above.
    """
    _check(seed, split, seconds, bass_program, bass_style, take, world)
    if world.name == "wide":
        written = write_song(seed, split, seconds, bass_program, bass_style, take, world.soundfonts)
    else:
        written = _write_first(seed, split, seconds, bass_program, bass_style, take)
    return as_song(written, seed, split, seconds, world.name)


def _write_first(
    seed: int,
    split: str,
    seconds: float,
    bass_program: int | None,
    bass_style: str | None,
    take: int,
) -> Written:
    """A song of the world "soundfont"; the order of the draws matters."""
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
    return Written(
        plan,
        tuple(spans),
        tuple(parts),
        _tuning(sound_rng),
        round(float(sound_rng.uniform(-5, 0)), 2),
        "+".join(dict.fromkeys(section.figure.bass_style for section in plan.sections)),
        BASS_PROGRAMS.index(parts[0].program),
    )


def _tuning(rng: np.random.Generator) -> float:
    """Offset from 440 Hz in semitones: up to 0.15, in one of six songs up to 0.45."""
    return round(float(rng.uniform(-1, 1) * (0.45 if rng.random() < 1 / 6 else 0.15)), 4)


def _check(
    seed: int,
    split: str,
    seconds: float,
    program: int | None,
    style: str | None,
    take: int,
    world: World,
) -> None:
    if split not in SPLITS:
        raise DataError(f"there is no split {split!r}; choose one of {', '.join(SPLITS)}")
    if seed < 0 or take < 0 or not seconds > 0:
        raise DataError(
            f"seed={seed}, take={take}, seconds={seconds} is out of range; "
            "choose seed and take >= 0 and seconds > 0"
        )
    if program is not None and program not in BASS_PROGRAMS:
        raise DataError(f"program {program} is not a bass; choose one of {BASS_PROGRAMS}")
    styles = STYLES_OF[world.name]
    if style is not None and style not in styles:
        raise DataError(f"there is no bass style {style!r}; choose one of {', '.join(styles)}")
