"""Chords of the written pieces: symbols, lengths and voicings."""

import pytest

from bassnb.errors import DataError
from bassnb.studies.transfer_songs.chord_notation import Harmony, read_chords, voice


def test_chords_share_a_bar_or_say_how_long_they_are():
    found = read_chords("Em7 | Am7:12 D9:8", 20, 3)
    assert [(chord.start, chord.end, chord.root, chord.quality) for chord in found] == [
        (0, 20, 4, "min7"),
        (20, 32, 9, "min7"),
        (32, 40, 2, "dom7"),
        (40, 60, 4, "min7"),
    ]
    assert [chord.end for chord in read_chords("C G", 16, 1)] == [8, 16]


def test_voicings():
    chord = Harmony(0, 16, 0, "dom7", (0, 4, 7, 10, 14))
    assert {pitch % 12 for pitch in voice(chord, "rootless", 60)} == {4, 10, 2}
    assert {pitch % 12 for pitch in voice(chord, "shell", 60)} == {4, 10}
    assert {pitch % 12 for pitch in voice(chord, "power", 60)} == {0, 7}
    assert min(voice(chord, "close", 60)) >= 60 > min(voice(chord, "open", 60))


@pytest.mark.parametrize("chords", ["Hm", "Cmaj77", "C:4 G:4"])
def test_a_chord_that_cannot_be_read_is_named(chords):
    with pytest.raises(DataError, match="."):
        read_chords(chords, 16, 1)
