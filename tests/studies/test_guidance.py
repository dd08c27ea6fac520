"""Guidance and phi, chosen on validation songs."""

import pytest

from bassnb.studies import guidance
from bassnb.studies.guidance import LEVEL_MEAN, guidance_pairs


def test_weight_one_is_tried_once():
    assert guidance_pairs((1.0, 2.0), (0.0, 0.7)) == [(1.0, 0.0), (2.0, 0.0), (2.0, 0.7)]


@pytest.mark.evidence("guidance-on-validation-songs")
def test_guidance_is_chosen_on_validation_songs(accompanist):
    options = {"songs": 2, "seconds": 3.0, "steps": 1, "progress": False}
    report = guidance.run(accompanist, weights=(1.0, 2.0), phis=(0.0,), **options)
    assert report["split"] == "validation" and len(report["table"]) == 2
    assert report["best"]["guidance"] in (1.0, 2.0)
    enough = max(row["mean"] for row in report["table"]) - LEVEL_MEAN
    # of random weights in 3 s there may be no score at all: nan
    assert not report["best"]["mean"] < enough
    assert all(
        row["guidance"] >= report["best"]["guidance"]
        for row in report["table"]
        if row["mean"] >= enough
    )
