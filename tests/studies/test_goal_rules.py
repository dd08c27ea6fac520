"""The rules of our goals turn where the interval passes their thresholds."""

import pytest

from bassnb.studies import goal_rules

HOLDS, FAILS, OPEN = "holds", "does not hold", "undecided"


def row(mean, low=None, high=None):
    return {
        "mean": mean,
        "low": mean - 0.1 if low is None else low,
        "high": mean + 0.1 if high is None else high,
        "songs": 9,
    }


@pytest.mark.parametrize(
    ("mean", "at_least", "at_most"),
    [(0.61, HOLDS, FAILS), (0.55, OPEN, OPEN), (0.45, OPEN, OPEN), (0.39, FAILS, HOLDS)],
)
def test_a_figure_reaches_a_threshold_or_stays_below(mean, at_least, at_most):
    reports = {"match": {"a": {"b": row(mean)}}}
    assert goal_rules.least("match", "a/b", 0.5)(reports).verdict == at_least
    assert goal_rules.most("match", "a/b", 0.5)(reports).verdict == at_most


def test_one_song_decides_nothing():
    reports = {"match": {"a": {"b": {"mean": 0.9, "low": None, "high": None}}}}
    assert goal_rules.least("match", "a/b", 0.5)(reports).verdict == OPEN


@pytest.mark.parametrize(
    ("more", "above", "level"),
    [(0.2, HOLDS, HOLDS), (0.0, OPEN, HOLDS), (-0.03, FAILS, HOLDS), (-0.2, FAILS, FAILS)],
)
def test_above_another_row_or_less_than_5_points_below_song_by_song(more, above, level):
    """The songs differ by far more than the rows, and by the same in both of them."""
    songs = [0.1, 0.9, 0.4, 0.6, 0.2, 0.8]
    noise = [0.01, -0.01, 0.02, -0.02, 0.015, -0.015]
    ours = [song + more + off for song, off in zip(songs, noise)]
    rows = {"generated": ours, "rule": songs}
    table = {
        name: {"root": row(sum(v) / len(v), -9, 9), "songs": {"root": v}}
        for name, v in rows.items()
    }
    reports = {"match": {"rows": table}}
    assert goal_rules.beats("match", "root", "rule")(reports).verdict == above
    assert goal_rules.beats("match", "root", "rule", level=True)(reports).verdict == level


@pytest.mark.parametrize(("gain", "verdict"), [(0.2, HOLDS), (0.0, OPEN), (-0.2, FAILS)])
def test_better_than_griffin_lim_bass_by_bass(gain, verdict):
    rows = {"trained_phase": {"x": row(5.0)}, "griffin_lim": {"x": row(1.0)}}
    reports = {"autoencoder": {"rows": rows, "gain": {"x": row(gain)}}}
    assert goal_rules.beats_griffin_lim("x", ".2f")(reports).verdict == verdict


@pytest.mark.parametrize(
    ("mean", "verdict"),
    [(1.0, HOLDS), (1.2, OPEN), (0.8, OPEN), (0.6, FAILS), (1.4, FAILS)],
)
def test_a_figure_between_two_bounds(mean, verdict):
    reports = {"match": {"a": {"b": row(mean)}}}
    assert goal_rules.within("match", "a/b", 0.8, 1.2)(reports).verdict == verdict


def test_what_is_missing_is_an_error_that_a_claim_knows():
    with pytest.raises((LookupError, TypeError)):
        goal_rules.least("match", "a/b", 0.5)({})
