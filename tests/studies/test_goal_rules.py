"""The rules of our goals turn exactly at their thresholds."""

import pytest

from bassnb.studies import goal_rules


def row(mean, low=None, high=None):
    return {
        "mean": mean,
        "low": mean - 0.1 if low is None else low,
        "high": mean + 0.1 if high is None else high,
        "songs": 9,
    }


@pytest.mark.parametrize(
    ("mean", "at_least", "at_most"), [(0.5, True, True), (0.51, True, False), (0.49, False, True)]
)
def test_a_figure_reaches_a_threshold_or_stays_below(mean, at_least, at_most):
    reports = {"match": {"a": {"b": row(mean)}}}
    assert goal_rules.least("match", "a/b", 0.5)(reports).holds == at_least
    assert goal_rules.most("match", "a/b", 0.5)(reports).holds == at_most


@pytest.mark.parametrize(
    ("ours", "theirs", "above", "level"),
    [(0.6, 0.5, True, True), (0.5, 0.55, False, True), (0.5, 0.65, False, False)],
)
def test_above_another_row_or_level_with_it(ours, theirs, above, level):
    reports = {"match": {"rows": {"generated": {"root": row(ours)}, "rule": {"root": row(theirs)}}}}
    assert goal_rules.beats("match", "root", "rule")(reports).holds == above
    assert goal_rules.beats("match", "root", "rule", level=True)(reports).holds == level


@pytest.mark.parametrize(
    ("sign", "ours", "theirs", "holds"),
    [
        (1, 2, 1, True),
        (1, 1, 2, False),
        (-1, 1, 2, True),
        (-1, 2, 1, False),
        (0, 0.9, 1.2, True),
        (0, 1.3, 0.8, False),
    ],
)
def test_better_is_more_less_or_nearer_to_1(sign, ours, theirs, holds):
    rows = {"trained_phase": {"x": row(ours)}, "griffin_lim": {"x": row(theirs)}}
    assert (
        goal_rules.beats_griffin_lim("x", sign, ".2f")({"autoencoder": {"rows": rows}}).holds
        == holds
    )


@pytest.mark.parametrize(("there", "holds"), [(0.41, True), (0.39, False)])
def test_a_share_of_the_score_carries_over(there, holds):
    def report(mean):
        return {"normalised_score": {"generated": {"root": row(mean)}}}

    rule = goal_rules.carries_over("root", 1 / 2)
    assert rule({"transfer": report(there), "match": report(0.8)}).holds == holds


def test_what_is_missing_is_an_error_that_a_claim_knows():
    with pytest.raises((LookupError, TypeError)):
        goal_rules.least("match", "a/b", 0.5)({})
