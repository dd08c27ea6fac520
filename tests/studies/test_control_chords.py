"""The study of wanted chords: what it asks for, what it marks, and that all of it runs."""

import dataclasses
import json

import numpy as np
import pytest
import torch

from bassnb.composer.score import QUALITIES, Chord
from bassnb.composer.songs import compose
from bassnb.control.progression import read_labels
from bassnb.studies.control_chords import (
    MARKS,
    PROGRESSIONS,
    beat_marks,
    headline,
    label_file,
    marks_on,
    run,
    wanted_chords,
)
from bassnb.take import Accompaniment
from tests.control.test_beats import clicks


def test_labels_mean_the_same_chords():
    chords = tuple(Chord(i, i + 1, i % 12, quality) for i, quality in enumerate(QUALITIES))
    with label_file(chords) as path:
        spans = read_labels(path)
    assert [(s.chord.root, s.chord.pitch_classes) for s in spans] == [
        (chord.root, chord.pitch_classes) for chord in chords
    ]


def test_wanted_chords_fill_the_song():
    song = compose(3, split="test", seconds=12.0)
    chords = wanted_chords(song, np.random.default_rng(0))
    assert chords[0].start == 0 and chords[-1].end == song.duration
    assert [chord.start for chord in chords[1:]] == list(song.downbeats[1:])
    assert {quality for table in PROGRESSIONS for _, quality in table} <= set(QUALITIES)


def test_a_take_that_plays_the_roots_is_right():
    song = compose(3, split="test", seconds=6.0)
    wanted = (Chord(0.0, 3.0, 9, "min"), Chord(3.0, 6.0, 5, "maj"))
    t = torch.arange(6 * 44_100) / 44_100
    wave = torch.where(t < 3, (2 * np.pi * 55 * t).sin(), (2 * np.pi * 43.654 * t).sin())
    take = Accompaniment(torch.stack([wave, wave]), wave, wave, {"tuning": 0.0})
    marks = marks_on(take, song, wanted)
    assert marks["root"] > 0.95 and marks["chord_tone"] > 0.95
    assert marks_on(take, song, (Chord(0.0, 6.0, 1, "maj"),))["root"] == 0


def test_beats_of_clicks():
    wave, times = clicks(100, 24)
    song = dataclasses.replace(compose(3, split="test", seconds=6.0), beats=tuple(times))
    marks = beat_marks(wave, song)
    assert marks["beats"] > 0.9 and marks["octave_error"] == 0
    twice = dataclasses.replace(song, beats=tuple(np.arange(times[0], times[-1], 0.3)))
    marks = beat_marks(wave, twice)
    assert marks["beats"] < 0.8 < marks["beats_any_octave"] and marks["octave_error"] == 1


@pytest.mark.slow
@pytest.mark.songs
def test_all_of_it_runs(accompanist):
    report = run(accompanist, songs=2, seconds=6.0, steps=2)
    json.dumps(report)
    assert report["songs"] == 2 and set(report["rows"]["mix, with"]) == {"songs", *MARKS}
    assert set(report["rows"]) == {
        "true",
        *(f"{a}, {b}" for a in ("drums", "mix") for b in ("without", "with")),
    }
    assert report["rows"]["true"]["chord_tone"]["mean"] > 0.8
    assert 0 <= report["keys"]["drums, with"]["in_key"]["mean"] <= 1
    assert "chord tones" in headline(report)
