"""The chords of a MIDI file: the pitch classes that sound in each beat.

The root of what sounds is the lowest note if that makes a usual chord, otherwise the first pitch
class with which it does. Taught in chapter 11.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import groupby

import numpy as np

from bassnb.collections.midi import Score, read_midi
from bassnb.composer.score import Note
from bassnb.control.beats import Beats
from bassnb.control.chords import NAMES, NO_CHORD, ChordSymbol, parse_chord
from bassnb.control.progression import Placed, Span
from bassnb.errors import DataError

SHORTEST = 0.2  # of a beat: what sounds for less passes by
# in the order in which a set of pitch classes is read; every text is a suffix of `parse_chord`
SUFFIXES = ("", "m", "7", "maj7", "m7", "dim", "m7b5", "dim7", "aug", "sus4", "sus2", "7sus4") + (
    ("6", "m6", "9", "maj9", "m9", "add9", "7b9", "5")
)
USUAL = {parse_chord("C" + suffix).steps: suffix for suffix in reversed(SUFFIXES)}


def read_midi_chords(path: str | os.PathLike) -> tuple[list[Placed], Beats]:
    """The chords of a MIDI file, with their lengths in beats, and the beats of the file itself.

    Only parts that mostly sound several notes at once are read, if there are any; drums never.

    Raises
    ------
    DataError
        If the file cannot be read, or holds nothing but drums.
    """
    score = read_midi(path)
    borders = np.array(score.beats)
    by_beat = [
        chord_of(*sounding) for sounding in beats_of_notes(chordal_notes(score, path), borders)
    ]
    if all(chord.root is None for chord in by_beat):
        raise DataError(f"{path} holds no chords; give a MIDI file in which notes sound together")
    placed = [Placed(chord, len(list(same))) for chord, same in groupby(by_beat)]
    return placed, Beats(borders)


def chordal_notes(score: Score, path: str | os.PathLike) -> list[Note]:
    """The notes of the parts in which most notes sound together with two others; of all parts but
    the drums, if there is no such part.
    """
    parts = [part for part in score.parts if not part.is_drum]
    if not parts:
        raise DataError(f"{path} holds nothing but drums; give a MIDI file with chords")
    chordal = [part for part in parts if together(part.notes) > 0.5]
    return [note for part in chordal or parts for note in part.notes]


def together(notes: Sequence[Note]) -> float:
    """Share of the notes in whose middle at least three sound, they included."""
    starts, ends = np.array([(note.start, note.end) for note in notes]).T
    order_of_starts, order_of_ends = np.sort(starts), np.sort(ends)
    middle = (starts + ends) / 2
    count = np.searchsorted(order_of_starts, middle) - np.searchsorted(order_of_ends, middle)
    return float((count >= 3).mean())


def beats_of_notes(notes: Sequence[Note], borders: np.ndarray) -> list[tuple[frozenset[int], int]]:
    """What sounds in each beat between `borders` (n + 1,), in seconds: pitch classes, and the
    lowest pitch.
    """
    sounding: list[dict[int, float]] = [{} for _ in borders[1:]]
    for note in notes:
        first = max(int(np.searchsorted(borders, note.start, side="right")) - 1, 0)
        for beat in range(first, len(sounding)):
            if borders[beat] >= note.end:
                break
            held = min(note.end, borders[beat + 1]) - max(note.start, borders[beat])
            held /= borders[beat + 1] - borders[beat]
            sounding[beat][note.pitch] = sounding[beat].get(note.pitch, 0.0) + held
    kept = [[pitch for pitch, held in beat.items() if held >= SHORTEST] for beat in sounding]
    return [(frozenset(pitch % 12 for pitch in beat), min(beat, default=0)) for beat in kept]


def chord_of(classes: frozenset[int], lowest: int) -> ChordSymbol:
    """The chord of pitch classes that sound above a lowest pitch; no chord for none."""
    if not classes:
        return NO_CHORD
    bass = lowest % 12
    for root in (bass, *sorted(classes)):
        steps = tuple(sorted((tone - root) % 12 for tone in classes))
        if steps in USUAL:
            over = "" if root == bass else f"/{NAMES[bass]}"
            return ChordSymbol(f"{NAMES[root]}{USUAL[steps]}{over}", root, steps, bass)
    steps = tuple(sorted((tone - bass) % 12 for tone in classes))
    return ChordSymbol(f"{NAMES[bass]}({','.join(map(str, steps))})", bass, steps, bass)


def in_own_time(placed: Sequence[Placed], beats: Beats, seconds: float) -> list[Span]:
    """Chords at the times that the file itself gives them, from its beginning, at most `seconds`."""
    spans, position = [], 0.0
    for one in placed:
        start, position = position, position + one.length
        spans.append(
            Span(beats.beat_time(start), min(beats.beat_time(position), seconds), one.chord)
        )
    return [span for span in spans if span.end > span.start]
