"""Chords out of notes and out of sound, where they are known."""

import numpy as np
import torch

from bassnb.composer.score import QUALITIES, Note, chord_at
from bassnb.composer.synth import play
from bassnb.harmony import (
    LABELS,
    chroma_of_notes,
    chroma_of_wave,
    estimate_chords,
    templates,
)
from bassnb.studies.transfer_songs.excerpts import chords_of
from bassnb.studies.transfer_songs.notation import read_score
from bassnb.studies.transfer_songs.scorebook import pieces


def struck(root, quality, start, end):
    """A chord above middle C and its bass."""
    upper = [Note(start, end, 60 + (root + tone) % 12, 90) for tone in QUALITIES[quality]]
    return upper, [Note(start, end, 36 + root, 90)]


def test_templates_are_unit_vectors_and_rotate():
    table = templates()
    assert table.shape == (96, 12) and np.allclose(np.linalg.norm(table, axis=1), 1)
    assert np.allclose(
        np.roll(table[LABELS.index((0, "min7"))], 3), table[LABELS.index((3, "min7"))]
    )


def test_chroma_counts_seconds_between_borders():
    chroma = chroma_of_notes([Note(0.5, 2.0, 62, 90)], np.array([0.0, 1.0, 2.0, 3.0]))
    assert np.allclose(chroma[:, 2], [0.5, 1.0, 0.0]) and np.allclose(chroma.sum(), 1.5)


def test_every_chord_with_its_root_in_the_bass_is_found():
    borders = np.arange(0, 5.0)
    for root, quality in LABELS:
        upper, bass = struck(root, quality, 0.0, 4.0)
        (chord,) = estimate_chords(
            chroma_of_notes(upper, borders), chroma_of_notes(bass, borders), borders
        )
        assert (chord.root, chord.quality, chord.start, chord.end) == (root, quality, 0.0, 4.0)


def test_a_change_is_found_where_it_is_and_silence_keeps_the_chord():
    borders = np.arange(0, 13.0)
    upper, bass = struck(0, "maj", 0.0, 4.0)
    more, low = struck(9, "min", 4.0, 8.0)
    (first, second) = estimate_chords(
        chroma_of_notes(upper + more, borders), chroma_of_notes(bass + low, borders), borders
    )
    assert (first.root, first.end, second.root, second.quality, second.end) == (
        0,
        4.0,
        9,
        "min",
        12.0,
    )


def test_symbols_of_the_written_pieces_are_mostly_recovered():
    right = []
    for family, _, text in pieces():
        if family == "drums only":
            continue
        piece, times = read_score(text, 16.0), np.arange(0.1, 16.0, 0.1)
        roots, _ = chord_at(piece, times)
        chords = chords_of(piece.parts, np.array([0.0, *piece.beats[1:], piece.duration]))
        starts, found = (
            np.array([chord.start for chord in chords]),
            np.array([chord.root for chord in chords]),
        )
        right.append(np.mean(found[np.searchsorted(starts, times, side="right") - 1] == roots))
    assert np.mean(right) > 0.7


def test_the_sound_of_a_chord_shows_its_notes_in_any_tuning():
    upper, _ = struck(2, "min", 0.0, 2.0)
    for tuning in (0.0, 0.4):
        wave = torch.from_numpy(play(upper, 0, 88_200, tuning=tuning))
        (chroma,) = chroma_of_wave(wave, np.array([0.0, 2.0]), tuning=tuning)
        assert set(np.argsort(chroma)[-3:]) == {2, 5, 9}
