"""Distances between sounds: what they measure and what they must not."""

from functools import partial

import numpy as np
import pytest
import torch

from bassnb.composer.render import render
from bassnb.composer.songs import compose
from bassnb.errors import BassnbError
from bassnb.metrics.style import cosine_distance, euclidean_distance, style_distances

distances = partial(style_distances, bandwidth=5512.5)


def bass(seed, program):
    return render(
        compose(seed, split="validation", seconds=8.0, bass_program=program), parts=["bass"]
    )["bass"]


@pytest.mark.evidence("style-distance-by-pencil")
def test_by_pencil():
    assert euclidean_distance([0, 3], [4, 0]) == pytest.approx(5)
    assert cosine_distance([0, 3], [4, 0]) == pytest.approx(1)
    assert cosine_distance([1, 2], [2, 4]) == pytest.approx(0) and cosine_distance(
        [1, 0], [-2, 0]
    ) == pytest.approx(2)


def test_a_take_has_no_distance_to_itself_at_any_level():
    wave = bass(1, 33)
    for distance in distances(wave, wave * 0.3).values():
        assert distance == pytest.approx(0, abs=1e-4)


@pytest.mark.evidence("instrument-over-notes")
def test_the_instrument_counts_more_than_the_notes():
    """Finger bass (33) and synth bass (38) playing different songs."""
    for name in ("euclidean", "cosine"):
        same = np.mean(
            [distances(bass(a, p), bass(b, p))[name] for p in (33, 38) for a, b in ((1, 2), (3, 4))]
        )
        other = np.mean(
            [distances(bass(a, 33), bass(b, 38))[name] for a, b in ((1, 2), (3, 4), (2, 1), (4, 3))]
        )
        assert other > same


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(BassnbError, match="shapes"):
        euclidean_distance(np.zeros(3), np.zeros(4))
    with pytest.raises(BassnbError, match="no direction"):
        cosine_distance(np.zeros(3), np.ones(3))
    with pytest.raises(BassnbError, match="no direction"):
        distances(torch.zeros(2, 44_100), torch.ones(2, 44_100) * 0.1)
