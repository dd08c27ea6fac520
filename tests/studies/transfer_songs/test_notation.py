"""The notation of the written pieces: what one line of text comes to."""

import numpy as np
import pytest

from bassnb.composer.score import chord_at
from bassnb.errors import DataError
from bassnb.studies.transfer_songs.notation import read_score
from bassnb.studies.transfer_songs.scorebook import pieces

HEAD = "title: Test\nfamily: test\ntime: 120 4/4 {swing}\nchords: {chords}\n"


def song(lines, chords="C | Am7", swing=0.5, seconds=8.0):
    """A song of the head above and some lines."""
    return read_score(HEAD.format(swing=swing, chords=chords) + lines, seconds)


def pitches(piece, name="bass"):
    return [note.pitch for note in piece.part(name).notes]


def test_degrees_are_the_chords_own_unless_altered():
    assert pitches(song("bass 33: 1:4 3 5 b7 | 1:4 3 5 7"))[:8] == [36, 40, 43, 46, 33, 36, 40, 43]


def test_octaves_and_approaches_lead_to_the_next_root():
    assert pitches(song("bass 33: 1:4 <5 8 A | 1:8 a"))[:6] == [36, 31, 48, 46, 33, 35]


def test_the_bar_before_and_the_circle():
    assert pitches(song("bass 33: 1:16 | %")) == [36, 33, 36, 33]


def test_melodies_go_by_name_and_rest():
    (first, second) = song("lead 71: c#5:8 r:4 bb4").part("lead").notes[:2]
    assert (first.pitch, second.pitch) == (73, 70)
    assert second.start == pytest.approx(0.03 + 1.5, abs=0.01)


def test_swing_moves_the_off_beat_only():
    straight, swung = (
        song("bass 33: 1:2 1 1 1 1 1 1 1", swing=swing).part("bass").notes for swing in (0.5, 0.68)
    )
    shift = np.array([b.start - a.start for a, b in zip(straight, swung)])
    assert np.allclose(shift[::2], 0, atol=1e-4) and np.allclose(shift[1::2], 0.18 * 0.5, atol=1e-4)


def test_drums_and_comping():
    piece = song("drums: k x...x...x...x... s ....o.......x...\ncomp 4 close 60: x---....x-......")
    assert [note.pitch for note in piece.part("drums").notes if note.start < 1.9].count(36) == 4
    chord = [note for note in piece.part("comp").notes if note.start < 0.1]
    assert sorted(note.pitch for note in chord) == [60, 64, 67]
    assert chord[0].end == pytest.approx(0.03 + 0.475, abs=0.01)


@pytest.mark.parametrize(
    "lines",
    [
        "bass 33: 1:4",
        "bass 33: x:16",
        "lead 1: h4:16",
        "drums: k x...",
        "comp 4 close 60: x",
        "drums: q x...x...x...x...",
    ],
)
def test_a_line_that_cannot_be_read_is_named(lines):
    with pytest.raises(DataError, match="."):
        song(lines)


@pytest.mark.parametrize(
    "family, title, text", pieces(), ids=lambda value: value[:12].replace("\n", " ")
)
def test_every_piece_fills_its_time_with_a_bass_that_fits(family, title, text):
    piece = read_score(text, 20.0)
    bass = piece.part("bass").notes
    assert bass[-1].start > 12 and all(28 <= note.pitch <= 56 for note in bass)
    times = np.array([note.start + 0.02 for note in bass])
    _, tones = chord_at(piece, times)
    assert tones[np.arange(len(bass)), [note.pitch % 12 for note in bass]].mean() > 0.7
    assert piece.chords[0].start == 0 and piece.chords[-1].end == 20.0
    others = {part.name for part in piece.parts} - {"bass"}
    assert others == {"drums only": {"drums"}, "lone lead": {"lead"}, "pad only": {"comp"}}.get(
        family, others
    )
    assert family != "no drums" or "drums" not in others


def test_the_set_is_as_wide_as_it_says():
    found = [read_score(text, 4.0) for _, _, text in pieces()]
    assert len(found) >= 24 and len({title for _, title, _ in pieces()}) == len(found)
    assert {"5/4", "7/8", "7/4", "12/8", "3/4"} <= {piece.metre for piece in found}
    assert min(piece.tempo for piece in found) < 60 and max(piece.tempo for piece in found) > 180
