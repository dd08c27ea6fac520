"""Somebody's score becomes a song that can be marked: bass, window, voice, chords."""

import numpy as np
import pytest

from bassnb.collections.midi import Score
from bassnb.composer.score import Note, Part
from bassnb.errors import DataError
from bassnb.studies.transfer_songs.excerpts import (
    excerpt_of,
    is_bass,
    lowest_voice,
    one_voice,
    sounding,
)

BEATS = tuple(float(beat) for beat in np.arange(0, 40, 0.5))


def part(name, program, pitches, *, start=0.0, each=1.0, is_drum=False):
    """Notes one after the other."""
    notes = tuple(
        Note(start + each * i, start + each * (i + 1), pitch, 90) for i, pitch in enumerate(pitches)
    )
    return Part(name, program, is_drum, notes)


PIANO = part("Piano", 0, [60, 64, 67, 72] * 10)


def test_the_bass_is_known_by_program_or_by_name():
    assert is_bass(part("x", 34, [40])) and is_bass(part("Baixo", 0, [40]))
    assert not is_bass(part("Bass", 0, [70])) and not is_bass(part("Bass Drum", 0, [36]))
    assert not is_bass(part("Bass", 34, [36], is_drum=True))


def test_without_one_the_lowest_voice_is_the_bass_if_it_is_one_voice():
    cello = part("Vc", 42, [48, 50])
    chords = Part("Pf", 0, False, tuple(Note(0, 1, pitch, 90) for pitch in (40, 47, 52)))
    assert lowest_voice([PIANO, cello]) == [cello]
    assert lowest_voice([PIANO, chords]) == [] and lowest_voice([cello]) == []


def test_the_excerpt_begins_where_the_bass_plays():
    song = excerpt_of(
        Score((PIANO, part("B", 33, [40, 43] * 5, start=20.0)), BEATS), "test: one", 8.0
    )
    bass = song.part("bass").notes
    assert (
        sounding(bass, 0.0, 8.0) > 0.6
        and bass[0].start >= 0
        and max(note.end for note in bass) <= 8.0
    )
    assert song.duration == 8.0 and song.tempo == 120 and song.idiom == "test: one"
    assert song.chords[0].start == 0 and song.chords[-1].end == 8.0


def test_other_basses_leave_the_mix():
    song = excerpt_of(
        Score((PIANO, part("B", 33, [40] * 10), part("C", 38, [52] * 8)), BEATS), "x", 8.0
    )
    assert [p.name for p in song.parts] == ["bass", "part 0"] and song.parts[0].program == 33


def test_a_cello_is_played_by_a_bass_in_its_octave():
    song = excerpt_of(Score((PIANO, part("Vc", 42, [48, 55] * 5)), BEATS), "x", 8.0)
    assert song.part("bass").program == 33 and {note.pitch for note in song.part("bass").notes} == {
        36,
        43,
    }


def test_one_voice_is_the_lowest_and_never_overlaps():
    voice = one_voice(
        [Note(0, 2, 43, 90), Note(0.01, 2, 31, 90), Note(1.0, 3, 33, 90), Note(4.0, 5.0, 30, 90)]
    )
    assert [(note.pitch, note.start, note.end) for note in voice] == [
        (31, 0, 1.0),
        (33, 1.0, 3),
        (30, 4.0, 5.0),
    ]
    assert [note.pitch for note in one_voice([Note(0, 1, 20, 90), Note(1, 2, 27, 90)])] == [32, 39]


@pytest.mark.parametrize(
    "parts", [(PIANO,), (part("B", 33, [40] * 4),), (PIANO, part("B", 33, [40] * 4, start=60.0))]
)
def test_music_without_a_bass_or_without_company_is_refused(parts):
    with pytest.raises(DataError, match="give music"):
        excerpt_of(Score(parts, BEATS), "x", 8.0)
