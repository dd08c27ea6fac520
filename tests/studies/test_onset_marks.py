"""Onsets against chance: density alone earns nothing, the right positions earn everything."""

import dataclasses
import math

import numpy as np
import pytest

from bassnb.composer.songs import compose
from bassnb.metrics.match import Transcription, note_starts
from bassnb.studies.onset_marks import COLUMNS, evenly, onset_marks, onset_table

SECONDS = 16.0


@pytest.fixture(scope="module")
def songs():
    return [compose(seed, split="validation", seconds=SECONDS) for seed in range(8)]


def heard(onsets):
    return Transcription(np.zeros(0), np.zeros(0), np.asarray(onsets, dtype=float))


def marks_of(play, songs):
    """Marks of takes whose onsets `play` gives for each song."""
    return [
        onset_marks(heard(play(song)), song, [other for other in songs if other is not song])
        for song in songs
    ]


def test_the_written_rhythm_is_all_above_chance_and_another_songs_is_none(songs):
    right = onset_table({"a": marks_of(note_starts, songs)})["a"]
    assert right["f1"]["mean"] == right["above_chance"]["mean"] == 1.0
    assert right["notes_ratio"]["value"] == 1.0
    shifted = {id(song): note_starts(songs[n - 1]) for n, song in enumerate(songs)}
    wrong = onset_table({"a": marks_of(lambda song: shifted[id(song)], songs)})["a"]
    assert abs(wrong["above_chance"]["mean"]) < 0.25


def test_a_take_that_plays_all_the_time_gains_recall_and_nothing_above_chance(songs):
    busy = onset_table({"a": marks_of(lambda song: np.arange(0, SECONDS, 0.1), songs)})["a"]
    assert busy["recall"]["mean"] > 0.95 > busy["precision"]["mean"]
    assert busy["f1"]["mean"] > 0.3 and abs(busy["above_chance"]["mean"]) < 0.1
    assert busy["notes"]["mean"] == 160 and busy["notes_ratio"]["value"] > 1.5


def test_half_of_the_notes_is_precise_and_counted(songs):
    half = onset_table({"a": marks_of(lambda song: note_starts(song)[::2], songs)})["a"]
    assert half["precision"]["mean"] == 1.0 and half["recall"]["mean"] == pytest.approx(
        0.5, abs=0.05
    )
    assert half["notes_ratio"]["value"] == pytest.approx(0.5, abs=0.05)
    assert half["notes_ratio"]["low"] <= half["notes_ratio"]["high"]


def test_above_chance_is_the_formula(songs):
    marks = marks_of(lambda song: note_starts(song)[::2], songs)
    f1, chance = (np.mean([mark[key] for mark in marks]) for key in ("f1", "chance"))
    row = onset_table({"a": marks})["a"]
    assert row["above_chance"]["mean"] == pytest.approx((f1 - chance) / (1 - chance))
    assert set(row) == {*COLUMNS, "above_chance", "notes_ratio"}


def test_a_shorter_song_hears_only_its_own_length(songs):
    song = songs[0]
    short = dataclasses.replace(song, duration=song.duration / 2)
    assert onset_marks(heard(note_starts(song)), song, [short])["chance"] == 1.0


def test_a_single_song_has_no_chance(songs):
    mark = onset_marks(heard([0.0]), songs[0], [])
    assert math.isnan(mark["chance"]) and mark["notes"] == 1
    row = onset_table({"a": [mark], "none": []})
    assert math.isnan(row["a"]["above_chance"]["mean"]) and "none" not in row


def test_some_of_many_songs_are_spread():
    assert (
        evenly(list("abcdef"), 3) == list("ace")
        and evenly([]) == []
        and len(evenly("x" * 99)) <= 24
    )
