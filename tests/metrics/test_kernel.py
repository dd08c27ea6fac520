"""The kernel distance: by hand, without bias, and with an interval that grows with the difference."""

import numpy as np
import pytest

from bassnb.errors import BassnbError
from bassnb.metrics.kernel import kernel_distance, kernel_means, median_distance


def test_kernel_means_by_hand():
    x, y = np.zeros((1, 2, 1)), np.array([[[0.0], [2.0]]])
    assert kernel_means(x, y, 1.0)[0, 0] == pytest.approx((1 + np.exp(-2)) / 2)


def test_sets_of_different_lengths_are_compared():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(3, 5, 2)), rng.normal(size=(4, 7, 2))
    pairs = [
        [np.mean([[np.exp(-((a - b) ** 2).sum() / 8) for b in v] for a in u]) for v in y] for u in x
    ]
    np.testing.assert_allclose(kernel_means(x, y, 2.0), pairs)


def test_it_is_the_sum_over_pairs_of_different_songs():
    rng = np.random.default_rng(1)
    x, y = rng.normal(1.0, size=(6, 1, 2)), rng.normal(size=(5, 1, 2))
    a, b = ((z[:, 0] - y.mean((0, 1))) / (y.std((0, 1)) + 1e-6) for z in (x, y))
    width = median_distance(b[:, None])

    def k(u, v):
        return np.exp(-((u - v) ** 2).sum() / (2 * width**2))

    within = [
        np.mean([k(u, v) for i, u in enumerate(z) for j, v in enumerate(z) if i != j])
        for z in (a, b)
    ]
    between = np.mean([k(u, v) for u in a for v in b])
    assert kernel_distance(x, y)["value"] == pytest.approx(sum(within) - 2 * between)


def test_for_one_distribution_it_is_zero_on_average_and_not_always_positive():
    """Frames of one song are alike, so that songs and not frames must be compared."""
    rng = np.random.default_rng(2)

    def songs(count):
        return rng.normal(size=(count, 1, 3)) + 0.1 * rng.normal(size=(count, 6, 3))

    found = np.array([kernel_distance(songs(10), songs(40))["value"] for _ in range(60)])
    assert abs(found.mean()) < 3.5 * found.std(ddof=1) / len(found) ** 0.5
    assert (found < 0).mean() > 0.2


def test_another_distribution_is_farther_and_its_interval_leaves_out_zero():
    rng = np.random.default_rng(3)
    reference = rng.normal(size=(40, 4, 3))
    near, far = (kernel_distance(rng.normal(shift, size=(24, 4, 3)), reference) for shift in (0, 1))
    assert near["low"] <= near["value"] <= near["high"] < far["low"]


@pytest.mark.parametrize(("one", "two"), [((1, 4, 3), (9, 4, 3)), ((9, 4, 3), (9, 4, 2))])
def test_one_sound_and_another_embedding_are_refused(one, two):
    with pytest.raises(BassnbError, match="shapes"):
        kernel_distance(np.zeros(one), np.zeros(two))
