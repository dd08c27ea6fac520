"""Shares, means and intervals of no song, one or two, of nothing voiced, of floor and ceiling
alike: a figure or a sentence.
"""

import json
import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bassnb.composer.songs import compose
from bassnb.errors import DataError
from bassnb.metrics.match import MEASURES, Transcription, compare
from bassnb.metrics.statistics import (
    between,
    figure,
    mean_of,
    normalised_score,
    normalised_score_summary,
    score_in_words,
    summary,
    with_interval,
)
from bassnb.stored import read_json, write_json
from bassnb.studies import guidance, transfer
from bassnb.studies.claims import Claim
from bassnb.studies.goal_rules import least
from bassnb.studies.goals import GOALS
from bassnb.studies.marks import floor_marks
from bassnb.studies.suite import examine
from bassnb.studies.summary import measured_table
from bassnb.studies.transfer import floor_of
from bassnb.studies.transfer_marks import group, group_headline
from tests.amounts import cases

pytestmark = pytest.mark.kind("edges")
NAN, INF = math.nan, math.inf
SONG = compose(0, split="test", seconds=4.0)
MARK = st.sampled_from([0.0, 0.1, 0.3, 0.1 + 0.2, 0.5, 1.0, NAN])


def strange(text):
    return [word for word in ("nan", "inf", "None", "-0%", "-0.0%", "-0.00 ") if word in f"{text} "]


@pytest.mark.evidence("zero-without-minus")
@pytest.mark.parametrize(
    ("value", "form", "text"),
    [
        (0.5, ".0%", "50%"),
        (1.2, ".0%", "120%"),
        (-0.2, ".0%", "-20%"),
        (-0.004, ".0%", "0%"),
        (-0.0, ".1%", "0.0%"),
        (-0.04, "+.1f", "+0.0"),
        (-0.06, "+.1f", "-0.1"),
        (0.0, ".2f", "0.00"),
        (1, ".2f", "1.00"),
        (1e-12, ".1%", "0.0%"),
        (NAN, ".0%", "no figure"),
        (None, ".0%", "no figure"),
        (INF, ".1f", "no figure"),
        (-INF, "+.1f", "no figure"),
        (np.float64(0.25), ".0%", "25%"),
        (np.float32("nan"), ".2f", "no figure"),
    ],
)
def test_a_figure_is_a_number_or_says_that_there_is_none(value, form, text):
    assert figure(value, form) == text


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([], "no figure"),
        ([NAN], "no figure"),
        ([0.5], "50% [one song: no interval]"),
        ([0.5, NAN], "50% [one song: no interval]"),
        ([0.5, 0.5], "50% [50% to 50%]"),
        ([0.0, -0.001], "0% [0% to 0%]"),
        ([0.2, 0.4], "30% [20% to 40%]"),
    ],
)
def test_a_mean_is_printed_with_its_interval_if_it_has_one(values, text):
    row = summary(values)
    assert with_interval(row, ".0%") == text
    # as read from a file
    assert with_interval(json.loads(json.dumps(row).replace("NaN", "null")), ".0%") == text


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (([0.5], [0.2], [0.8]), "score 50% [one song: no interval]"),
        (([0.5, 0.5], [0.2, 0.2], [0.8, 0.8]), "score 50% [50% to 50%]"),
        (([0.2, 0.2], [0.2, 0.2], [0.8, 0.8]), "score 0% [0% to 0%]"),
        (([0.5], [NAN], [0.8]), "no score"),
        (([], [], []), "no score"),
        (([0.5, 0.6], [0.3, 0.3], [0.3, 0.3]), "no score"),
        (([0.5], [0.3], [0.1 + 0.2]), "no score"),  # alike but for rounding
    ],
)
def test_a_way_is_a_share_or_there_is_none(rows, words):
    assert score_in_words(normalised_score_summary(*map(np.array, rows))).startswith(words)


@settings(
    max_examples=cases(60, 300),
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(
    st.integers(0, 3).flatmap(
        lambda songs: st.lists(
            st.lists(MARK, min_size=songs, max_size=songs), min_size=3, max_size=3
        )
    )
)
def test_whatever_the_marks_are_nothing_is_printed_that_is_no_figure(tally, rows):
    for row in (normalised_score_summary(*map(np.array, rows)), *map(summary, rows)):
        for text in (
            score_in_words(row),
            between(row, ".0%"),
            *(with_interval(row, form) for form in (".0%", ".1%", ".2f")),
        ):
            assert not strange(text), text
    assert mean_of(rows[0]) == pytest.approx(summary(rows[0])["mean"], nan_ok=True)
    tally()


@pytest.mark.parametrize(
    ("floor", "words"),
    [
        ([0.1, 0.1], "all score 50% [50% to 50%]"),
        ([0.1, NAN], "all score 50% [one song: no interval]"),
        ([0.1], "all score 50% [one song: no interval]"),
        ([NAN], "second song"),
        ([0.9], "coincide"),
        ([NAN, NAN], "second song"),
    ],
)
def test_a_group_of_one_or_two_songs_has_a_line_and_keeps_what_is_known(floor, words):
    cases = [SimpleNamespace(measures=MEASURES) for _ in floor]
    columns = {
        "generated": [0.5] * len(floor),
        "rule": [0.3] * len(floor),
        "autoencoder": [0.9] * len(floor),
        "shuffled": floor,
    }
    rows = {
        name: [dict.fromkeys(MEASURES, value) for value in column]
        for name, column in columns.items()
    }
    part = group(cases, rows, range(len(floor)))
    line = group_headline("all", part)
    assert words in line and not strange(line) and ("score" in line or "mean mark 0.50" in line)
    assert part["means"]["shuffled"]["mean"] == pytest.approx(mean_of(floor), nan_ok=True)


@pytest.mark.evidence("one-song-in-words")
def test_one_song_is_marked_and_said_to_be_too_few(accompanist, tmp_path):
    options = {"songs": 1, "seconds": 2.0, "steps": 1, "family": ("reggae",), "progress": False}
    options["fetched"] = tmp_path  # no second SoundFont
    line = examine("transfer", accompanist, tmp_path / "transfer.json", **options)
    assert "second song" in line and "mean mark" in line and not strange(line)
    report = read_json(tmp_path / "transfer.json")
    assert report["songs"] == 1 and report["normalised_score"]["generated"]["mean"]["mean"] is None
    assert (
        report["rows"]["true"]["root"]["mean"] is not None
        and report["rows"]["true"]["root"]["low"] is None
    )
    assert (
        Claim("", "", least("transfer", "normalised_score/generated/root", 0.5)).judge(
            {"transfer": report}
        )[0]
        == "not tested"
    )


@pytest.mark.evidence("no-song-is-refused")
def test_no_song_is_refused(accompanist, tmp_path):
    with pytest.raises(DataError, match="no song"):
        transfer.run(accompanist, family=("polka",), folder=[tmp_path], progress=False)


def test_a_song_without_others_has_no_floor():
    silence = Transcription(np.arange(10) / 10, np.full(10, NAN), np.zeros(0))
    marks = compare(silence, SONG)  # nothing voiced
    assert all(value == 0 or math.isnan(value) for value in marks.values())
    (floor,) = floor_marks([silence], [SONG])
    assert set(floor) == set(marks) and all(map(math.isnan, floor.values()))
    assert floor_marks([], []) == []
    case = SimpleNamespace(name="a", example=SimpleNamespace(song=SONG))
    assert all(map(math.isnan, floor_of(0, [silence], [case]).values()))


def test_guidance_is_chosen_even_where_no_pair_gets_anywhere(accompanist):
    report = guidance.run(
        accompanist, weights=(1.0, 2.0), phis=(0.0,), songs=1, seconds=1.0, steps=1, progress=False
    )
    assert report["best"]["guidance"] == 1.0 and not strange(score_in_words(report["best"]))


@pytest.mark.evidence("null-for-no-number")
@pytest.mark.parametrize(
    "value", [NAN, INF, -INF, np.float64("nan"), [1.0, NAN], {"a": {"b": (NAN, 2)}}]
)
def test_what_is_no_number_is_null_in_every_file(tmp_path, value):
    text = write_json(tmp_path / "a.json", {"value": value}).read_text()
    assert "null" in text
    json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))


@pytest.mark.parametrize(
    "row", [{"mean": None, "low": None, "high": None}, {"mean": NAN, "low": NAN, "high": NAN}]
)
def test_a_report_without_figures_makes_a_page_and_tests_no_claim(row):
    marks = dict.fromkeys(MEASURES, row)
    match = {
        "songs": 1,
        "seconds": 2.0,
        "steps": 1,
        "guidance": 2.5,
        "phi": 0.7,
        "rows": {"true": marks, "generated": marks},
        "normalised_score": {"generated": marks},
    }
    page = "\n".join(measured_table({"match": match}))
    assert page.count("no figure") == 3 * len(MEASURES) and not strange(page)
    assert Claim("", "", least("match", "normalised_score/generated/root", 0.5)).judge(
        {"match": match}
    ) == ("not tested", None)
    assert {goal.judge({"match": match})[0] for goal in GOALS} == {"not tested"}


@pytest.mark.evidence("floor-and-ceiling-alike")
def test_floor_and_ceiling_that_differ_by_rounding_are_the_same():
    assert math.isnan(normalised_score(0.5, 0.3, 0.1 + 0.2)) and normalised_score(
        0.5, 0.3, 0.31
    ) == pytest.approx(20)
