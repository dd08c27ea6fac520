"""Every claim and goal has a rule that answers, whatever reports there are."""

import pytest

from bassnb.metrics.statistics import VERDICTS
from bassnb.studies.claims import NOT_TESTED
from bassnb.studies.flow import QUESTIONS
from bassnb.studies.goals import CLAIMS, GOALS, SCORES
from bassnb.studies.later_claims import LATER_CLAIMS, ROADS
from bassnb.studies.summary import read_reports
from tests.test_project import ROOT


@pytest.mark.parametrize(
    "claim", [*CLAIMS, *LATER_CLAIMS, *GOALS], ids=lambda claim: claim.text[:60]
)
def test_without_reports_nothing_is_tested_and_with_the_stored_ones_everything_is(claim):
    assert claim.judge({}) == (NOT_TESTED, None)
    verdict, found = claim.judge(read_reports(ROOT / "results"))
    assert verdict in VERDICTS and found.figure
    assert (ROOT / "results" / f"{found.source}.json").is_file()


def test_no_claim_is_made_twice_and_those_of_the_paper_name_its_section():
    texts = [claim.text for claim in (*CLAIMS, *LATER_CLAIMS, *GOALS)]
    assert len(set(texts)) == len(texts)
    assert all(claim.where for claim in (*CLAIMS, *LATER_CLAIMS)) and not any(
        claim.where for claim in GOALS
    )
    assert all(0 < goal < 1 for goal in SCORES.values())


def test_every_contrast_of_the_roads_is_judged():
    assert ROADS.keys() == QUESTIONS.keys()
