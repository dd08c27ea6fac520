"""The probe of strokes: its truth, its peaks, and that it hears what is there and nothing else."""

import numpy as np
import pytest
import torch

from bassnb.composer.songs import compose
from bassnb.studies.onset_probe import (
    RATE,
    SUBSTEPS,
    TARGETS,
    THRESHOLDS,
    OnsetProbe,
    ProbeSong,
    activity,
    best_threshold,
    onset_report,
    peaks,
    scores,
    strokes,
    together,
    train_probe,
)


def made_up(seed, steps=64, *, audible=TARGETS):
    """A song whose features hold the strokes of the `audible` targets, and noise."""
    rng = np.random.default_rng(seed)
    times = {
        name: np.sort(rng.choice(steps - 4, 20, replace=False)) * 8.5 / RATE for name in TARGETS
    }
    rows = activity(
        {name: times[name] if name in audible else np.empty(0) for name in TARGETS}, steps
    )
    features = rows.unflatten(1, (steps, SUBSTEPS)).transpose(1, 2).flatten(0, 1)
    noise = torch.from_numpy(rng.normal(0, 0.1, features.shape)).float()
    return ProbeSong(features + noise, times)


def test_strokes_are_those_of_the_score():
    song = compose(3, split="test", seconds=12.0)
    found = strokes(song)
    assert set(found) == set(TARGETS)
    starts = np.array([note.start for note in song.part("chords").notes])
    assert len(found["chords"]) < len(starts)  # the notes of a chord are one stroke
    gaps = np.abs(starts[:, None] - found["chords"]).min(1)
    assert gaps.max() < 0.03 and np.isin(found["chords"], starts).all()


def test_a_part_that_is_not_there_has_no_strokes():
    song = next(
        song
        for seed in range(100)
        if (song := compose(seed, split="test", seconds=4.0)).part("drums") is None
    )
    assert not len(strokes(song)["kick"]) and not len(strokes(song)["snare"])


def test_notes_within_30_ms_are_one_stroke():
    assert together(np.array([1.0, 0.5, 0.52, 1.04])).tolist() == [0.5, 1.0, 1.04]
    assert together(np.empty(0)).tolist() == []


def test_activity_marks_the_part_of_a_stroke():
    silent = {name: np.empty(0) for name in TARGETS}
    rows = activity({**silent, "snare": np.array([0.0, 10.5 / RATE, 99.0])}, 2)
    assert rows.shape == (4, 16) and rows[[0, 2, 3]].sum() == 0
    assert rows[1].nonzero().flatten().tolist() == [0, 1, 9, 10, 11]
    assert rows[1, [0, 1, 9, 10, 11]].tolist() == [1, 0.5, 0.5, 1, 0.5]


def test_the_parts_of_a_step_stand_side_by_side():
    probe = OnsetProbe(3, 8).eval()
    features = torch.randn(1, 3, 5)
    logits = probe(features)
    assert logits.shape == (1, 4, 40)
    raw = probe.layers(features)  # (1, 4 * 8, 5)
    assert torch.equal(logits[0, 2, 8:16], raw[0, 16:24, 1])


def test_peaks_are_undone_by_activity():
    times = np.array([0.0, 0.3, 0.45, 1.0])
    row = activity({name: times for name in TARGETS}, 12)[0].numpy()
    assert np.abs(peaks(row, 0.4) - times).max() <= 1 / RATE
    assert not len(peaks(np.zeros(40), 0.1))


def test_scores_leave_out_songs_without_a_stroke():
    found = [np.array([0.1, 0.5]), np.array([0.1]), np.empty(0)]
    written = [np.array([0.14, 0.7]), np.empty(0), np.array([0.1])]
    assert scores(found, written) == pytest.approx([0.5, np.nan, 0], nan_ok=True)


def test_the_best_threshold_lies_between_noise_and_strokes():
    row = np.full(200, 0.05)
    row[20:180:20] = 0.3
    row[[30, 90, 150]] = 0.6
    chosen = best_threshold([row], [(np.array([30, 90, 150]) + 0.5) / RATE])
    assert 0.3 < chosen < 0.6
    assert best_threshold([row], [np.empty(0)]) == THRESHOLDS[0]


def test_the_probe_hears_what_is_there_and_nothing_else():
    train = [made_up(seed, audible=("kick", "snare", "melody")) for seed in range(30)]
    test = [made_up(seed, audible=("kick", "snare", "melody")) for seed in range(100, 106)]
    report = onset_report(train, test, hidden=48, epochs=35, batch=2)
    for name in ("kick", "snare", "melody"):
        assert report[name]["f1"]["low"] > 0.85
        assert report[name]["chance"]["mean"] < report[name]["f1"]["mean"] - 0.2
    assert report["chords"]["f1"]["mean"] < 0.75


def test_training_is_reproducible_and_leaves_the_global_generator_alone():
    songs = [made_up(seed, 32) for seed in range(3)]
    state = torch.get_rng_state()
    probe, again = (train_probe(songs, hidden=8, epochs=2) for _ in range(2))
    assert torch.equal(probe(songs[0].features[None]), again(songs[0].features[None]))
    assert torch.equal(torch.get_rng_state(), state)
