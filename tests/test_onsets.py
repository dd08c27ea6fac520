"""The onset detector against plucks whose times are known."""

import numpy as np
import pytest
import torch

from bassnb.metrics.match import onset_f1
from bassnb.onsets import onset_strength, onsets


def plucks(starts, pitches, seconds=3.0, decay=0.4):
    """Decaying notes, Tensor (2, N)."""
    t = np.arange(round(44_100 * seconds)) / 44_100
    wave = np.zeros_like(t)
    for start, midi in zip(starts, pitches, strict=True):
        own = t[t >= start] - start
        f = 440 * 2 ** ((midi - 69) / 12)
        note = sum(
            np.sin(2 * np.pi * f * k * own) * np.exp(-own * k / decay) / k for k in range(1, 12)
        )
        wave[t >= start] += 0.1 * note
    return torch.from_numpy(np.stack([wave, wave])).float()


STARTS = [0.2, 0.7, 0.95, 1.5, 2.25]


@pytest.mark.parametrize("pitches", [[28, 40, 33, 45, 31], [36] * 5])
def test_onsets_of_plucks(pitches):
    found = onsets(plucks(STARTS, pitches))
    assert len(found) == 5 and np.abs(found - STARTS).max() < 0.03


def test_level_does_not_matter():
    wave = plucks(STARTS, [36] * 5)
    assert np.allclose(onsets(wave), onsets(wave / 16))


def test_silence_has_no_onsets():
    assert len(onsets(torch.zeros(2, 44_100))) == 0
    assert onset_strength(torch.zeros(2, 1000)).shape == (4,)


def test_f_measure_by_hand():
    assert onset_f1(np.array([1.0, 2.0]), np.array([1.05, 3.0])) == pytest.approx(0.5)
    assert onset_f1(np.array([1.0]), np.array([1.08])) == 0
    # one truth, one hit
    assert onset_f1(np.array([1.0, 1.01]), np.array([1.0])) == pytest.approx(2 / 3)
    assert (
        onset_f1(np.array([]), np.array([1.0])) == 0 and onset_f1(np.array([]), np.array([])) == 1
    )


def test_f_measure_finds_the_largest_matching():
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import maximum_bipartite_matching

    rng = np.random.default_rng(0)
    for _ in range(30):
        a, b = np.sort(rng.uniform(0, 2, 17)), np.sort(rng.uniform(0, 2, 23))
        pairs = csr_matrix(np.abs(a[:, None] - b) <= 0.07)
        hits = (maximum_bipartite_matching(pairs) >= 0).sum()
        assert onset_f1(a, b) == pytest.approx(2 * hits / 40)
