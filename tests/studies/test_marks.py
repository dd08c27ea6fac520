"""Marks of takes as tables: floor, normalised score, table."""

import numpy as np
import pytest

from bassnb.composer.examples import examples
from bassnb.metrics.match import MEASURES, compare, transcribe
from bassnb.studies.marks import floor_marks, normalised_scores, tabulate


@pytest.fixture(scope="module")
def heard():
    """Transcribed true basses of three songs, and the songs."""
    found = list(examples("validation", 3, seconds=6.0))
    return [transcribe(example.bass) for example in found], [example.song for example in found]


def test_floor_is_the_mean_over_the_other_songs(heard):
    takes, songs = heard
    floor = floor_marks(takes, songs)
    expected = np.mean([compare(takes[1], songs[0])["root"], compare(takes[2], songs[0])["root"]])
    assert len(floor) == 3 and floor[0]["root"] == pytest.approx(expected)


def test_scores_end_at_floor_and_ceiling(heard):
    takes, songs = heard
    floor, ceiling = (
        floor_marks(takes, songs),
        [compare(*pair) for pair in zip(takes, songs, strict=True)],
    )
    assert all(
        score["mean"] == pytest.approx(1)
        for score in normalised_scores(ceiling, floor, ceiling).values()
    )
    assert all(
        score["mean"] == pytest.approx(0)
        for score in normalised_scores(floor, floor, ceiling).values()
    )
    assert set(normalised_scores(floor, floor, ceiling)) == set(MEASURES)


def test_table_keeps_the_songs(heard):
    takes, songs = heard
    table = tabulate({"true": [compare(*pair) for pair in zip(takes, songs, strict=True)]})
    assert np.mean(table["true"]["songs"]["root"]) == pytest.approx(
        table["true"]["root"]["mean"], abs=1e-4
    )
