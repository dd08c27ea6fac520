"""APA: its geometry by pencil, and sets that keep to their mixes or do not."""

import numpy as np
import pytest

from bassnb.errors import BassnbError
from bassnb.metrics.adherence import Pairs, adherence, position


def pairs(points, basses=None):
    return Pairs(points, np.full(len(points), -1) if basses is None else basses)


@pytest.fixture(scope="module")
def sets():
    """Forty songs: a wrong pairing moves the embedding along one axis, the codec along another."""
    rng = np.random.default_rng(0)

    def mixes(shift=0.0, codec=0.0):
        return pairs(rng.normal(size=(40, 3, 4)) * 0.5 + np.array([shift, codec, 0, 0]))

    return {
        "true": mixes(),
        "wrong": mixes(2.0),
        "half": mixes(1.0),
        "good": mixes(),
        "codec": mixes(0.0, 1.0),
        "bad": mixes(2.0),
    }


def test_the_foot_on_the_line():
    """Three points of a plane, in the kernel of the scalar product."""
    r, s = np.array([1.0, 0.0]), np.array([0.0, 0.0])
    for x, expected in (
        (r, 1.0),
        (s, 0.0),
        (np.array([0.3, 5.0]), 0.3),
        (np.array([2.0, 0.0]), 1.0),
    ):
        assert position(r @ r, s @ s, r @ s, x @ r, x @ s) == pytest.approx(expected)
    assert np.isnan(position(1.0, 1.0, 1.0, 1.0, 1.0))


def test_sets_lie_where_they_belong(sets):
    found = adherence(
        {name: sets[name] for name in ("half", "good", "codec", "bad")}, sets["true"], sets["wrong"]
    )
    assert found["good"]["mean"] > 0.9 and found["bad"]["mean"] < 0.1
    assert 0.3 < found["half"]["mean"] < 0.7
    assert found["codec"]["mean"] > 0.85  # another sound alone is no fault
    assert all(0 <= row["low"] <= row["mean"] <= row["high"] <= 1 for row in found.values())


def test_shared_mixes_and_basses_are_not_compared(sets):
    """A set that repeats the true pairs is found at 1 only because others lie there, not because it
    is a copy.
    """
    alone = np.concatenate([sets["true"].points[:1], np.full((39, 3, 4), 9.0)])
    assert adherence({"x": pairs(alone)}, sets["true"], sets["wrong"])["x"]["mean"] < 0.7
    n = np.arange(40)
    named = adherence(
        {"x": pairs(sets["bad"].points, (n + 1) % 40)}, pairs(sets["true"].points, n), sets["wrong"]
    )
    assert named["x"]["mean"] < 0.1


def test_shapes_are_checked(sets):
    with pytest.raises(BassnbError, match="four songs"):
        adherence({}, pairs(np.zeros((3, 1, 2))), pairs(np.zeros((3, 1, 2))))
    with pytest.raises(BassnbError, match="same number"):
        adherence(
            {"x": pairs(np.zeros((5, 1, 2)))},
            pairs(np.zeros((4, 1, 2))),
            pairs(np.zeros((4, 1, 2))),
        )
