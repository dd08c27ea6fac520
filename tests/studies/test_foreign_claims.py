"""Goals on foreign basses: the worst group decides, and without a foreign group nothing is said."""

import copy

import pytest

from bassnb.studies.foreign_claims import FOREIGN_GOALS


def report(**worst):
    """A report in which everything is good but, in the group `b`, what is given."""
    good = {"spectral_convergence": 0.2, "level_db": 0.1, "loudest_db": 0.5}

    def group(marks):
        row = {key: {"value": v, "low": v, "high": v} for key, v in marks.items()}
        return {**row, "loudest_db": marks["loudest_db"]}

    return {"foreign": {"groups": {"a": group(good), "b": group({**good, **worst})}, "basses": []}}


def verdict(text, reports):
    (goal,) = [goal for goal in FOREIGN_GOALS if goal.text.startswith(text)]
    return goal.judge(reports)


@pytest.mark.parametrize(
    ("text", "figure", "value", "words"),
    [
        ("Foreign basses: spectral", "spectral_convergence", 0.46, "the worst of 2 groups: b"),
        ("Foreign basses: mean level", "level_db", -1.2, "the worst group: b"),
        ("Foreign basses: none louder", "loudest_db", 3.2, "+3.2 dB"),
    ],
)
def test_the_worst_group_decides(text, figure, value, words):
    assert verdict(text, report())[0] == "holds"
    missed, finding = verdict(text, report(**{figure: value}))
    assert missed == "does not hold" and words in finding.figure


def test_own_songs_and_references_are_no_foreign_groups():
    reports = copy.deepcopy(report())
    bad = {**reports["foreign"]["groups"]["a"], "spectral_convergence": {"value": 9.0}}
    reports["foreign"]["groups"] |= {"own songs": bad, "style references": bad}
    assert verdict("Foreign basses: spectral", reports)[0] == "holds"
    del reports["foreign"]["groups"]["a"], reports["foreign"]["groups"]["b"]
    assert verdict("Foreign basses: spectral", reports) == ("not tested", None)
    assert verdict("Foreign basses: none louder", reports) == ("not tested", None)


def test_the_worst_reference_decides():
    reports = report()
    reports["foreign"]["basses"] = [
        {"group": "style references", "name": name, "pitch_class": value}
        for name, value in (("pick", 0.99), ("slap", 0.4))
    ]
    missed, finding = verdict("Every shipped", reports)
    assert missed == "does not hold" and "slap" in finding.figure
