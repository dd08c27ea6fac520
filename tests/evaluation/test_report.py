"""The match report: its arithmetic, and one tiny run of everything."""

import json
import math

import numpy as np
import pytest

from bassnb.evaluation.examples import examples
from bassnb.evaluation.match import MEASURES, compare, transcribe
from bassnb.evaluation.report import LEVEL_MEAN, choose_guidance, evaluate_match, floor_marks, guidance_pairs, tabulate, ways
from bassnb.evaluation.suite import examine, without_nan


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


def test_ways_end_at_floor_and_ceiling(heard):
    takes, songs = heard
    floor, ceiling = floor_marks(takes, songs), [compare(*pair) for pair in zip(takes, songs, strict=True)]
    assert all(way["mean"] == pytest.approx(1) for way in ways(ceiling, floor, ceiling).values())
    assert all(way["mean"] == pytest.approx(0) for way in ways(floor, floor, ceiling).values())
    assert set(ways(floor, floor, ceiling)) == set(MEASURES)


def test_table_keeps_the_songs(heard):
    takes, songs = heard
    table = tabulate({"true": [compare(*pair) for pair in zip(takes, songs, strict=True)]})
    assert np.mean(table["true"]["songs"]["root"]) == pytest.approx(table["true"]["root"]["mean"], abs=1e-4)


def test_weight_one_is_tried_once():
    assert guidance_pairs((1.0, 2.0), (0.0, 0.7)) == [(1.0, 0.0), (2.0, 0.0), (2.0, 0.7)]


def test_match_report(accompanist, tmp_path):
    report = evaluate_match(accompanist, songs=4, seconds=3.0, steps=1, pool=2, progress=False)
    players = ["another_player", "generated", "unconditional", "retrieval", "rule"]
    assert list(report["rows"]) == ["true", "autoencoder", *players, "shuffled"]
    assert report["guidance"] == accompanist.system.defaults["guidance"] and report["split"] == "test"
    rows = report["rows"]
    assert rows["true"]["pitch_class"]["mean"] > 0.9 and rows["rule"]["chord_tone"]["mean"] > 0.5
    assert set(report["way"]) == set(players) and set(report["way_to_player"]) == set(players[1:])
    assert set(report["way"]["rule"]) == {*MEASURES, "kick_lock"}
    assert set(report["adherence"]) == {"true", "autoencoder", *players}


def test_a_report_can_be_made_again(accompanist):
    options = {"songs": 2, "seconds": 1.0, "steps": 1, "pool": 1, "progress": False}
    report = evaluate_match(accompanist, **options)
    assert json.dumps(evaluate_match(accompanist, **options)) == json.dumps(report)
    assert report["adherence"] is None  # two songs are too few


@pytest.mark.evidence("guidance-on-validation-songs")
def test_guidance_is_chosen_on_validation_songs(accompanist):
    options = {"songs": 2, "seconds": 3.0, "steps": 1, "progress": False}
    report = choose_guidance(accompanist, weights=(1.0, 2.0), phis=(0.0,), **options)
    assert report["split"] == "validation" and len(report["table"]) == 2
    assert report["best"]["guidance"] in (1.0, 2.0)
    enough = max(row["mean"] for row in report["table"]) - LEVEL_MEAN
    assert not report["best"]["mean"] < enough  # of random weights in 3 s there may be no way at all: nan
    assert all(row["guidance"] >= report["best"]["guidance"] for row in report["table"] if row["mean"] >= enough)


def test_results_are_strict_json(accompanist, tmp_path):
    assert without_nan({"a": [math.nan, 1.0], "b": (2,)}) == {"a": [None, 1.0], "b": [2]}
    path = tmp_path / "new" / "match.json"
    examine("match", accompanist, path, songs=2, seconds=2.0, steps=1, pool=1, guidance=None, progress=False)

    def refuse(constant):
        raise AssertionError(constant)

    saved = json.loads(path.read_text(), parse_constant=refuse)
    assert saved["command"].startswith("bassnb evaluate match --model tiny --songs 2") and saved["songs"] == 2
    assert [p.name for p in path.parent.iterdir()] == ["match.json"]
