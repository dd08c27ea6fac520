"""Intervals and the normalised score from floor to ceiling."""

import math

import numpy as np
import pytest

from bassnb.metrics.statistics import (
    bootstrap,
    median_summary,
    normalised_score,
    normalised_score_summary,
    student_summary,
    summary,
)


def test_way():
    assert (
        normalised_score(0.3, 0.3, 0.9) == 0
        and normalised_score(0.9, 0.3, 0.9) == 1
        and normalised_score(0.6, 0.3, 0.9) == pytest.approx(0.5)
    )
    # not clipped
    assert normalised_score(1.2, 0.3, 0.9) > 1 and normalised_score(0.1, 0.3, 0.9) < 0
    assert math.isnan(normalised_score(0.5, 0.4, 0.4))


def test_interval_of_a_mean_agrees_with_theory():
    values = np.random.default_rng(0).normal(3, 2, 400)
    found = summary(values)
    half = 1.96 * values.std() / math.sqrt(400)
    assert found["mean"] == pytest.approx(values.mean())
    assert found["low"] == pytest.approx(values.mean() - half, abs=0.03)
    assert found["high"] == pytest.approx(values.mean() + half, abs=0.03)
    assert summary(values) == found and summary(values, seed=1) != found


def test_rows_are_resampled_together():
    rng = np.random.default_rng(0)
    songs = rng.uniform(0, 1, 50)  # songs differ much, rows by a constant
    low, high = bootstrap(lambda a, b: (a - b).mean(-1), songs + 0.1, songs)
    assert low == pytest.approx(0.1) and high == pytest.approx(0.1)


def test_normalised_score_summary_of_constant_rows_has_no_width():
    found = normalised_score_summary(np.full(5, 0.7), np.full(5, 0.5), np.full(5, 0.9))
    assert [found[key] for key in ("mean", "low", "high")] == pytest.approx([0.5, 0.5, 0.5])


def test_no_way_is_nan_without_a_warning(recwarn):
    assert all(
        math.isnan(value)
        for value in normalised_score_summary(np.ones(3), np.ones(3), np.ones(3)).values()
    )
    assert not recwarn.list


def test_songs_without_a_figure_are_left_out():
    assert summary([1.0, math.nan, 3.0])["mean"] == 2
    assert all(math.isnan(value) for value in summary([math.nan]).values())
    gappy = normalised_score_summary(
        np.array([0.7, math.nan, 0.7]), np.full(3, 0.5), np.array([0.9, 0.9, math.nan])
    )
    assert gappy["mean"] == pytest.approx(0.5)


def test_a_median_forgives_one_outlier_and_leaves_out_what_is_unknown():
    found = median_summary([1.0, 2.0, 3.0, 1000.0, 2.5, math.nan])
    assert found["value"] == 2.5 and found["low"] <= 2.5 <= found["high"]
    one = median_summary([4.0])
    assert one["value"] == 4.0 and math.isnan(one["low"]) and math.isnan(one["high"])
    assert math.isnan(median_summary([math.nan])["value"])


def test_student_covers_the_mean_of_three():
    """Three normal values: 95 % of the intervals hold the mean, where resampling holds fewer."""
    rng = np.random.default_rng(0)
    draws = rng.normal(2.0, 1.0, (2000, 3))
    rows = [student_summary(draw) for draw in draws]
    assert np.mean([row["low"] < 2 < row["high"] for row in rows]) == pytest.approx(0.95, abs=0.015)
    known = student_summary([1.0, 2.0, 3.0])  # t = 4.3027 with two degrees of freedom
    assert known["mean"] == 2 and known["high"] - 2 == pytest.approx(
        4.3027 / math.sqrt(3), rel=1e-4
    )
    assert math.isnan(student_summary([1.0])["low"])
