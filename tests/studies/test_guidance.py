"""Guidance and phi, chosen on validation songs."""

import math

import pytest

from bassnb.studies import guidance
from bassnb.studies.guidance import guidance_pairs, weakest_sufficient


def test_weight_one_is_tried_once():
    assert guidance_pairs((1.0, 2.0), (0.0, 0.7)) == [(1.0, 0.0), (2.0, 0.0), (2.0, 0.7)]


@pytest.mark.evidence("guidance-on-validation-songs")
def test_guidance_is_chosen_on_validation_songs(accompanist):
    options = {"songs": 2, "seconds": 3.0, "steps": 1, "progress": False}
    report = guidance.run(accompanist, weights=(1.0, 2.0), phis=(0.0,), **options)
    assert report["split"] == "validation" and len(report["table"]) == 2
    assert report["best"]["guidance"] in (1.0, 2.0)
    behind = max(report["table"], key=lambda row: row["mean"])["behind"]["mean"]
    assert behind == 0 or math.isnan(behind)  # of random weights in 3 s there may be no score


def test_the_weakest_guidance_that_is_not_clearly_behind_is_chosen():
    rows = [(1.0, 0.1, 0.3), (2.0, -0.01, 0.2), (3.0, -0.1, 0.1), (6.0, 0.0, 0.0)]
    table = [
        {"guidance": w, "phi": 0.0, "mean": w, "behind": {"low": low, "high": high}}
        for w, low, high in rows
    ]
    assert weakest_sufficient(table)["guidance"] == 2.0
    table[1]["behind"]["low"] = 0.01
    assert weakest_sufficient(table)["guidance"] == 3.0
