"""The marks of basses that are known to be right, wrong, silent or shifted."""

import dataclasses

import numpy as np
import pytest
import torch

from bassnb.composer.examples import example
from bassnb.composer.score import Chord
from bassnb.metrics.match import (
    MEASURES,
    compare,
    kick_lock,
    kick_strokes,
    match,
    note_starts,
    onset_f1,
    onset_scores,
    transcribe,
)


@pytest.fixture(scope="module")
def songs():
    """Three validation songs."""
    return [example("validation", seed, 10.0) for seed in (1, 2, 3)]


def test_the_true_bass_is_right(songs):
    marks = [match(song.bass, song.song) for song in songs]
    assert min(mark["pitch_class"] for mark in marks) > 0.98
    assert min(mark["chord_tone"] for mark in marks) > 0.93
    assert min(mark["onset_f1"] for mark in marks) > 0.93
    assert all(0 <= mark[key] <= 1 for mark in marks for key in (*MEASURES, "voiced"))


def test_silence_has_nothing_right(songs):
    assert {
        value
        for value in match(torch.zeros(2, 441_000), songs[0].song).values()
        if not np.isnan(value)
    } == {0.0}


def transposed(song, semitones):
    """The same song, its harmony written `semitones` higher (the sound of its bass is then that
    much too low).
    """
    chords = tuple(Chord(c.start, c.end, (c.root + semitones) % 12, c.quality) for c in song.chords)
    parts = tuple(
        dataclasses.replace(
            part, notes=tuple(dataclasses.replace(n, pitch=n.pitch + semitones) for n in part.notes)
        )
        for part in song.parts
    )
    return dataclasses.replace(song, chords=chords, parts=parts)


def test_a_semitone_beside_is_wrong_but_in_time(songs):
    take = transcribe(songs[0].bass)
    right, wrong = compare(take, songs[0].song), compare(take, transposed(songs[0].song, 1))
    assert wrong["pitch_class"] < 0.02 and wrong["root"] < 0.2
    assert wrong["onset_f1"] == right["onset_f1"] and wrong["voiced"] == right["voiced"]


def test_an_octave_is_the_same_pitch_class(songs):
    take = transcribe(songs[0].bass)
    high, low = compare(take, transposed(songs[0].song, 12)), compare(take, songs[0].song)
    assert all(high[key] == low[key] for key in MEASURES)


def test_a_shift_in_time_costs_onsets(songs):
    late = torch.nn.functional.pad(songs[0].bass, (6000, 0))[:, :-6000]  # 136 ms
    assert (
        match(late, songs[0].song)["onset_f1"]
        < match(songs[0].bass, songs[0].song)["onset_f1"] - 0.3
    )


def test_another_bass_fits_worse(songs):
    for one, other in zip(songs, songs[1:] + songs[:1], strict=True):
        right, wrong = match(one.bass, one.song), match(other.bass, one.song)
        assert all(wrong[key] < right[key] for key in MEASURES)


def test_tuning_is_taken_off(songs):
    take, song = transcribe(songs[0].bass), songs[0].song
    flat = dataclasses.replace(take, midi=take.midi - song.tuning - 0.45)
    assert compare(flat, dataclasses.replace(song, tuning=-0.45))["pitch_class"] > 0.98
    assert compare(flat, dataclasses.replace(song, tuning=0.45))["pitch_class"] < 0.05


def test_note_starts_are_those_of_the_bass(songs):
    starts = note_starts(songs[0].song)
    assert list(starts) == [note.start for note in songs[0].song.part("bass").notes]
    assert (np.diff(starts) > 0).all()


def test_a_bass_on_the_kicks_is_locked(songs):
    song = next(song.song for song in songs if len(kick_strokes(song.song)))
    strokes = kick_strokes(song)
    assert kick_lock(strokes + 0.03, song) == 1 and kick_lock(strokes + 0.07, song) < 1
    assert kick_lock(strokes[::2], song) == pytest.approx(
        2 * len(strokes[::2]) / (len(strokes) + len(strokes[::2]))
    )
    assert kick_lock(np.zeros(0), song) == 0
    restless = np.sort(np.concatenate([strokes, strokes + 0.06, strokes + 0.12]))
    # who never stops is on every stroke, and not with the drummer
    assert kick_lock(restless, song) < 0.7


def test_without_a_bass_drum_there_is_nothing_to_lock_to(songs):
    bare = dataclasses.replace(songs[0].song, parts=(songs[0].song.part("bass"),))
    assert len(kick_strokes(bare)) == 0 and np.isnan(kick_lock(np.array([1.0]), bare))


def test_onsets_have_precision_and_recall_beside_their_mean():
    written = np.array([0.0, 1.0, 2.0, 3.0])
    f1, precision, recall = onset_scores(np.array([0.05, 1.0, 1.5]), written)
    assert (precision, recall) == (pytest.approx(2 / 3), 0.5)
    assert f1 == pytest.approx(4 / 7) == onset_f1(np.array([0.05, 1.0, 1.5]), written)
    nothing = np.zeros(0)
    assert onset_scores(nothing, nothing) == (1.0,) * 3
    assert onset_scores(nothing, written) == onset_scores(written, nothing) == (0.0,) * 3
