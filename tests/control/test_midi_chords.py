"""Chords of MIDI files: the right symbols from the notes of the right parts."""

import numpy as np
import pytest

from bassnb.control.chords import parse_chord
from bassnb.control.midi_chords import chord_of, in_own_time, read_midi_chords
from bassnb.errors import DataError
from tests.refusals import assert_sentence

pretty_midi = pytest.importorskip("pretty_midi")


def write(path, *parts, tempo=120.0):
    """Parts of (program or None for drums, [(start, end, pitch), ...])."""
    midi = pretty_midi.PrettyMIDI(initial_tempo=tempo)
    for program, notes in parts:
        part = pretty_midi.Instrument(program or 0, is_drum=program is None)
        part.notes = [pretty_midi.Note(90, pitch, start, end) for start, end, pitch in notes]
        midi.instruments.append(part)
    midi.write(str(path))
    return path


def chord(start, end, *pitches):
    return [(start, end, pitch) for pitch in pitches]


def test_chords_by_beat(tmp_path):
    notes = chord(0, 1.9, 57, 60, 64) + chord(2, 2.9, 53, 57, 60) + chord(3, 4, 52, 55, 60)
    melody = (70, [(t, t + 0.4, 73 + int(t)) for t in np.arange(0, 4, 0.5)])
    drums = (None, [(t, t + 0.1, 36) for t in np.arange(0, 4, 0.5)])
    placed, beats = read_midi_chords(write(tmp_path / "song.mid", (0, notes), melody, drums))
    assert [(one.chord.text, one.length) for one in placed] == [("Am", 4), ("F", 2), ("C/E", 2)]
    spans = in_own_time(placed, beats, 3.5)
    assert [(s.start, s.end) for s in spans] == [(0, 2), (2, 3), (3, pytest.approx(3.5))]


def test_single_lines_together_make_chords(tmp_path):
    lines = [(40, chord(0, 4, pitch)) for pitch in (48, 55, 64, 70)]
    placed, _ = read_midi_chords(write(tmp_path / "song.mid", *lines))
    assert [one.chord.text for one in placed] == ["C7"]


def test_rests_are_no_chord(tmp_path):
    notes = chord(0, 1, 60, 64, 67) + chord(2, 3, 60, 64, 67)
    placed, _ = read_midi_chords(write(tmp_path / "song.mid", (0, notes)))
    assert [(one.chord.text, one.length) for one in placed][:3] == [("C", 2), ("N", 2), ("C", 2)]


@pytest.mark.parametrize("symbol", ["C", "F#m", "Bb7", "Ebmaj7", "G7sus4", "Bm7b5", "C/E", "Am/C"])
def test_what_is_written_as_a_symbol_is_read_as_it(symbol):
    wanted = parse_chord(symbol)
    found = chord_of(wanted.pitch_classes, 36 + wanted.bass)
    assert (found.root, found.bass, found.pitch_classes) == (
        wanted.root,
        wanted.bass,
        wanted.pitch_classes,
    )
    assert parse_chord(found.text).pitch_classes == wanted.pitch_classes


def test_clusters_stand_on_their_lowest_note():
    found = chord_of(frozenset({0, 1, 2, 3}), 38)
    assert found.bass == found.root == 2 and found.pitch_classes == {0, 1, 2, 3}


@pytest.mark.parametrize("parts", [[(None, [(0, 1, 36)])], []])
def test_files_without_chords(tmp_path, parts):
    with pytest.raises(DataError) as refusal:
        read_midi_chords(write(tmp_path / "song.mid", *parts))
    assert_sentence(refusal.value, "song.mid")


def test_what_is_no_midi_file(tmp_path):
    (tmp_path / "song.mid").write_text("Am F")
    for path in (tmp_path / "song.mid", tmp_path / "missing.mid"):
        with pytest.raises(DataError) as refusal:
            read_midi_chords(path)
        assert_sentence(refusal.value, path)
