"""The rule detects chords and kicks in a mix, and plays roots."""

import numpy as np
import pytest
import torch

from bassnb.composer.examples import example
from bassnb.composer.score import Note, chord_at
from bassnb.composer.synth import play
from bassnb.metrics.match import match
from bassnb.metrics.rule import (
    HOP,
    RATE,
    chord_templates,
    chromagram,
    hear_kicks,
    hear_roots,
    rule_bass,
    rule_notes,
)

SAMPLES = 4 * 44_100


def chords(*triads, tuning=0.0):
    """One piano triad a second, as a mix (2, N)."""
    notes = [
        Note(float(i), i + 0.95, pitch, 90) for i, triad in enumerate(triads) for pitch in triad
    ]
    return torch.from_numpy(play(notes, 0, 44_100 * len(triads), tuning=tuning))


def drums(kicks):
    notes = [Note(time, time + 0.1, 36, 110) for time in kicks] + [
        Note(time + 0.25, time + 0.3, 42, 80) for time in kicks
    ]
    return torch.from_numpy(play(notes, 0, SAMPLES, is_drum=True))


def test_templates_are_chords():
    rows, roots = chord_templates()
    assert np.allclose(np.linalg.norm(rows, axis=1), 1) and set(roots) == set(range(12))
    assert {int(row.argmax()) for row in rows[roots == 7]} == {7}


def test_roots_of_clear_triads_are_heard():
    mix = chords((60, 64, 67), (65, 69, 72), (67, 71, 74), (57, 60, 64), tuning=0.3)
    chroma, tuning = chromagram(mix)
    roots = hear_roots(chroma)
    middle = [int((second + 0.5) * RATE / HOP) for second in range(4)]
    assert [int(roots[frame]) for frame in middle] == [0, 5, 7, 9]
    assert tuning == pytest.approx(0.3, abs=0.06)


def test_kicks_are_heard_and_hats_are_not():
    kicks = [0.5, 1.0, 1.75, 2.5, 3.25]
    found = hear_kicks(drums(kicks))
    assert len(found) == 5 and np.abs(found - kicks).max() < 0.04


def test_roots_are_played_on_kicks():
    kicks = [0.5, 1.5, 2.5, 3.5]
    notes, _ = rule_notes(
        chords((60, 64, 67), (60, 64, 67), (65, 69, 72), (65, 69, 72)) * 0.5 + drums(kicks) * 0.5
    )
    on = {round(note.start * 2) / 2: note.pitch % 12 for note in notes}
    assert [on[time] for time in kicks] == [0, 0, 5, 5]
    assert all(28 <= note.pitch < 40 and note.end - note.start <= 1 for note in notes)


def test_without_drums_roots_come_with_the_chords():
    notes, _ = rule_notes(chords((60, 64, 67), (67, 71, 74)))
    assert 1 <= len(notes) <= 3 and notes[-1].pitch % 12 == 7


def test_silence_leaves_little_to_say():
    assert len(hear_kicks(torch.zeros(2, SAMPLES))) == 0
    assert rule_bass(torch.zeros(2, SAMPLES)).shape == (2, SAMPLES)


def test_the_rule_is_no_fool_on_a_whole_song():
    found = example("validation", 104, 8.0)
    marks = match(rule_bass(found.mix), found.song)
    roots = hear_roots(chromagram(found.mix)[0])
    truth, _ = chord_at(found.song, np.arange(len(roots)) * HOP / RATE)
    assert marks["chord_tone"] > 0.5 and np.mean(roots == truth) > 0.3
