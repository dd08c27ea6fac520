"""Existing scores as test songs: choosing the bass part, the excerpt and the chords.

Taught in chapter 9.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from bassnb.collections.midi import Score
from bassnb.composer.score import Chord, Note, Part, Song
from bassnb.errors import DataError
from bassnb.harmony import chroma_of_notes, estimate_chords

BASSES = range(32, 40)  # General MIDI programs
FINGER_BASS = 33
LOWEST = 28  # E1
# share of the excerpt in which the bass sounds, from which no better one is looked for
_ENOUGH = 0.6


def excerpt_of(score: Score, name: str, seconds: float) -> Song:
    """The first `seconds` seconds of a score in which the bass plays most of the time.

    If there are none, the best there are.

    Parameters
    ----------
    score : from a reader of `bassnb.collections`
    name : family and title, kept as the song's idiom

    Returns
    -------
    Song
        Its part "bass" is one voice, on a finger bass where the score has a cello or a singer;
        other bass parts are left out, so that the mix does not give the answer away. Chords are
        estimated, beat by beat, from the notes of all parts.

    Raises
    ------
    DataError
        If no part can be the bass, or it never plays together with another one.
    """
    basses = [part for part in score.parts if is_bass(part)] or lowest_voice(score.parts)
    others = [part for part in score.parts if part not in basses]
    if not basses:
        raise DataError(f"{name} has no bass part; give music with one of the programs 32 to 39")
    start, bass = best_window(score, basses, others, seconds)
    parts = [cut(part, start, seconds) for part in others]
    parts = [
        dataclasses.replace(part, name=f"part {number}")
        for number, part in enumerate(parts)
        if part.notes
    ]
    voice = dataclasses.replace(cut(bass, start, seconds), name="bass")
    program = voice.program if voice.program in BASSES else FINGER_BASS
    voice = dataclasses.replace(voice, notes=one_voice(voice.notes), program=program)
    if not parts or not voice.notes:
        raise DataError(
            f"{name} never plays bass and anything else at once; give music with more parts"
        )
    beats = [beat - start for beat in score.beats if start <= beat < start + seconds]
    borders = np.array([0.0, *(beat for beat in beats if 0.05 < beat < seconds - 0.05), seconds])
    return song_of(name, seconds, (voice, *parts), beats, chords_of((voice, *parts), borders))


def is_bass(part: Part) -> bool:
    """A part played by a bass, or called one."""
    named = (
        any(word in part.name.lower() for word in ("bass", "basse", "baixo", "basso"))
        and "drum" not in part.name.lower()
    )
    return not part.is_drum and (part.program in BASSES or named and mean_pitch(part) < 55)


def lowest_voice(parts: Sequence[Part]) -> list[Part]:
    """The lowest part, if it plays one note at a time; ragtime and organ music have none."""
    pitched = [part for part in parts if not part.is_drum]
    if len(pitched) < 2:
        return []
    low = min(pitched, key=mean_pitch)
    return (
        [low] if mean_pitch(low) < 56 and len(one_voice(low.notes)) > 0.9 * len(low.notes) else []
    )


def mean_pitch(part: Part) -> float:
    """Mean MIDI number of the notes of a part."""
    return float(np.mean([note.pitch for note in part.notes]))


def best_window(
    score: Score, basses: list[Part], others: list[Part], seconds: float
) -> tuple[float, Part]:
    """Start of the excerpt, on a fourth beat, and the bass that sounds in it."""
    starts = np.array(score.beats[::4] or (0.0,))
    company = np.max(
        [sounding(part.notes, starts, seconds) for part in others], axis=0, initial=0.0
    )
    # (basses, starts)
    shares = np.minimum([sounding(bass.notes, starts, seconds) for bass in basses], company).round(
        9
    )
    best = shares.max(0)
    first = np.argmax(best >= _ENOUGH) if best.max() >= _ENOUGH else np.argmax(best)
    return float(starts[first]), basses[np.argmax(shares[:, first])]


def sounding(notes: Sequence[Note], starts: np.ndarray, seconds: float) -> np.ndarray:
    """Share of each window in which notes sound, at most 1; windows as in `starts`.

    Overlaps are counted once for each note.
    """
    begins, ends = np.sort([note.start for note in notes]), np.sort([note.end for note in notes])
    held = _held(begins, ends, starts + seconds) - _held(begins, ends, starts)
    return np.minimum(held / seconds, 1.0)


def _held(begins: np.ndarray, ends: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Seconds that notes have sounded until each time.

    It is the time since all beginnings, less that since all ends.
    """

    def since(marks: np.ndarray) -> np.ndarray:
        count = np.searchsorted(marks, times)
        return count * times - np.concatenate([[0.0], np.cumsum(marks)])[count]

    return since(begins) - since(ends)


def cut(part: Part, start: float, seconds: float) -> Part:
    """The notes of a part that begin within a window, or sound on into it, timed from its start."""
    end = start + seconds
    notes = tuple(
        Note(
            round(max(note.start - start, 0.0), 5),
            round(min(note.end, end) - start, 5),
            note.pitch,
            note.velocity,
        )
        for note in part.notes
        if note.start < end - 0.03 and note.end > start + 0.03
    )
    return dataclasses.replace(part, notes=notes)


def one_voice(notes: Sequence[Note]) -> tuple[Note, ...]:
    """A monophonic line of the lowest notes, in octaves that a bass can play.

    Of notes that begin within 30 ms the lowest stays; each is ended by the next.
    """
    voice: list[Note] = []
    for note in sorted(notes, key=lambda note: (note.start, note.pitch)):
        if voice and note.start - voice[-1].start < 0.03:
            if note.pitch < voice[-1].pitch:
                voice[-1] = dataclasses.replace(voice[-1], pitch=note.pitch)
            continue
        if voice and voice[-1].end > note.start:
            voice[-1] = dataclasses.replace(voice[-1], end=note.start)
        voice.append(note)
    # the lowest: E1 to D#2
    lift = -12 * ((min((note.pitch for note in voice), default=LOWEST) - LOWEST) // 12)
    return tuple(dataclasses.replace(note, pitch=note.pitch + lift) for note in voice)


def chords_of(parts: Sequence[Part], borders: np.ndarray) -> tuple[Chord, ...]:
    """Chords of a song, estimated between `borders` from its notes; the part "bass" is its bass."""
    upper = [
        note for part in parts if not part.is_drum and part.name != "bass" for note in part.notes
    ]
    bass = [note for part in parts if part.name == "bass" for note in part.notes]
    return estimate_chords(chroma_of_notes(upper, borders), chroma_of_notes(bass, borders), borders)


def song_of(
    name: str,
    seconds: float,
    parts: tuple[Part, ...],
    beats: Sequence[float],
    chords: tuple[Chord, ...],
    tuning: float = 0.0,
) -> Song:
    """A `Song` of which nothing is known but what was read."""
    gap = float(np.median(np.diff(beats))) if len(beats) > 1 else 0.0
    tempo = round(60 / gap, 2) if gap else 0.0
    return Song(
        seed=0,
        split="transfer",
        idiom=name,
        tempo=tempo,
        metre="free",
        key=chords[0].root,
        mode="free",
        duration=float(seconds),
        tuning=tuning,
        gain_db=0.0,
        beats=tuple(beats),
        downbeats=(),
        chords=chords,
        parts=parts,
        bass_style="written",
        bass_timbre=0,
    )
