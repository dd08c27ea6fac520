"""The Fréchet distance against closed forms and scipy, its bias, its intervals, and the embedding
under it.
"""

from functools import partial

import numpy as np
import pytest
import scipy.linalg
import torch

from bassnb.errors import BassnbError
from bassnb.metrics.frechet import (
    distance_of_gaussians,
    frechet_difference,
    frechet_distance,
    frechet_infinity,
    frechet_interval,
    gaussian,
    pooled,
    root,
    spectral_embedding,
)

RNG = np.random.default_rng


def cloud(seed, n, d, scale=1.0, shift=0.0):
    """Correlated Gaussian embeddings (n, d); the correlations do not depend on the seed."""
    mixing = RNG(99).normal(size=(d, d)) / np.sqrt(d)
    return RNG(seed).normal(size=(n, d)) @ mixing * scale + shift


@pytest.mark.parametrize("n, d", [(500, 8), (50, 50), (10, 72)])
def test_a_set_has_no_distance_to_itself(n, d):
    x = cloud(0, n, d)
    assert frechet_distance(x, x) < 1e-6


@pytest.mark.evidence("frechet-by-pencil")
def test_one_dimension_by_pencil():
    zero = np.array([[2.0]]), np.array([[9.0]])
    assert distance_of_gaussians(
        np.array([1.0]), zero[0] ** 2, np.array([5.0]), zero[1]
    ) == pytest.approx(16 + 1)


def test_diagonal_covariances_are_many_single_dimensions():
    a, b = np.array([0.1, 1.0, 7.0]), np.array([3.0, 1.0, 0.0])
    expected = ((a - b) ** 2).sum() + 3 * 0.25
    found = distance_of_gaussians(np.zeros(3), np.diag(a**2), np.full(3, 0.5), np.diag(b**2))
    assert found == pytest.approx(expected)


@pytest.mark.parametrize("seed", range(3))
def test_the_general_matrix_root_agrees_where_it_is_well_conditioned(seed):
    (m1, s1), (m2, s2) = gaussian(cloud(seed, 400, 6)), gaussian(cloud(seed + 10, 300, 6, 1.5, 0.3))
    cross = scipy.linalg.sqrtm(s1 @ s2)
    expected = ((m1 - m2) ** 2).sum() + np.trace(s1 + s2 - 2 * cross.real)
    assert distance_of_gaussians(m1, s1, m2, s2) == pytest.approx(expected, rel=1e-9)


def test_the_root_squared_is_the_covariance():
    s = gaussian(cloud(0, 100, 7))[1]
    assert np.allclose(root(s) @ root(s), s)


def test_fewer_embeddings_than_dimensions():
    x, y = cloud(0, 10, 72), cloud(1, 30, 72, shift=0.2)
    assert frechet_distance(x, y) == pytest.approx(frechet_distance(y, x), rel=1e-6)
    assert frechet_distance(x, x + 2.0) == pytest.approx(72 * 4.0, rel=1e-6)
    turn = np.linalg.qr(RNG(5).normal(size=(72, 72)))[0]
    assert frechet_distance(x @ turn, y @ turn) == pytest.approx(frechet_distance(x, y), rel=1e-6)


def test_order_does_not_matter():
    x, y = cloud(0, 60, 4), cloud(1, 60, 4)
    assert frechet_distance(RNG(0).permutation(x), y) == pytest.approx(frechet_distance(x, y))


def test_small_samples_of_one_distribution_are_far_apart_and_the_line_finds_out():
    reference, items = cloud(0, 20_000, 12), cloud(1, 64, 12)
    at_n = frechet_distance(items, reference)
    line = frechet_infinity(items, reference)
    assert line["slope"] > 0 and line["n"][0] == 16 and line["n"][-1] == 64
    assert line["distance"][-1] == pytest.approx(at_n)
    assert abs(line["value"]) < 0.5 * at_n


def test_frames_of_one_item_stay_together():
    items = cloud(3, 240, 5).reshape(20, 12, 5)
    line = frechet_infinity(items, cloud(0, 900, 5), sizes=4)
    assert line["n"] == [5, 7, 10, 20]
    assert line["distance"][-1] == pytest.approx(frechet_distance(pooled(items), cloud(0, 900, 5)))


def test_intervals_hold_the_value_and_shrink_with_more_items():
    reference = cloud(0, 900, 5)
    few, many = (frechet_interval(cloud(1, n, 5, 1.3), reference) for n in (20, 320))
    for interval in (few, many):
        assert 0 <= interval["low"] < interval["value"] < interval["high"]
    assert many["high"] - many["low"] < 0.6 * (few["high"] - few["low"])


def test_pairs_cancel_what_they_share():
    reference, items = cloud(0, 900, 5), cloud(1, 40, 5)
    assert frechet_difference(items, items, reference)["high"] == 0
    nearer = frechet_difference(items, items * 1.6, reference)
    assert nearer["low"] > 0
    widths = [
        d["high"] - d["low"] for d in (frechet_interval(x, reference) for x in (items, items * 1.6))
    ]
    # the width if the two had nothing in common
    assert nearer["high"] - nearer["low"] < np.hypot(*widths)


@pytest.mark.parametrize("bad", [np.zeros((1, 3)), np.zeros(3), np.full((4, 3), np.nan)])
def test_what_has_no_gaussian_is_refused(bad):
    with pytest.raises(BassnbError):
        frechet_distance(bad, np.zeros((4, 3)))


def test_what_does_not_fit_is_refused():
    with pytest.raises(BassnbError, match="3 and 4 dimensions"):
        frechet_distance(np.eye(3), np.eye(4))
    with pytest.raises(BassnbError, match="not pairs"):
        frechet_difference(np.eye(4), np.eye(4)[:3], np.eye(4))
    with pytest.raises(BassnbError, match="at least 8"):
        frechet_infinity(np.zeros((7, 3)), np.eye(3))


embedded = partial(spectral_embedding, bandwidth=5512.5)

# -- the embedding ---------------------------------------------------------------------------------


def notes(midi, attack=0.002, partials=6, seconds=4.0):
    """Four equal notes a second with silence between them, Tensor (2, N)."""
    t = np.arange(round(44_100 * seconds)) / 44_100
    phase = t % 0.25
    envelope = np.minimum(phase / attack, 1) * (phase < 0.18)
    f = 440 * 2 ** ((midi - 69) / 12)
    wave = envelope * sum(np.sin(2 * np.pi * f * k * t) / k for k in range(1, partials + 1))
    return torch.from_numpy(np.stack([wave, wave]) * 0.2).float()


@pytest.mark.evidence("embedding-frames")
def test_embedding_has_a_frame_every_half_second_and_silence_is_zero():
    assert embedded(notes(36)).shape == (7, 72)
    assert embedded(notes(36, seconds=0.3)).shape == (1, 72)
    assert np.abs(embedded(torch.zeros(2, 88_200))).max() < 1e-5


@pytest.mark.parametrize(
    "other", [dict(midi=48), dict(midi=36, partials=2), dict(midi=36, attack=0.06)]
)
def test_register_timbre_and_attacks_are_heard(other):
    same = np.linalg.norm((embedded(notes(36)) - embedded(notes(36.02))).mean(0))
    changed = np.linalg.norm((embedded(notes(36)) - embedded(notes(**other))).mean(0))
    assert changed > 5 * same


def test_smeared_attacks_lower_the_third_part():
    sharp, soft = (embedded(notes(36, attack))[:, 48:].mean() for attack in (0.002, 0.06))
    assert soft < 0.9 * sharp
