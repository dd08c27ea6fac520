"""The match report: one tiny run of everything."""

import json
import math

import pytest

from bassnb.metrics.match import MEASURES
from bassnb.studies import match
from bassnb.studies.suite import examine, without_nan


def test_match_report(accompanist, tmp_path):
    report = match.run(accompanist, songs=4, seconds=3.0, steps=1, pool=2, progress=False)
    players = ["another_player", "generated", "unconditional", "retrieval", "rule"]
    assert list(report["rows"]) == ["true", "autoencoder", *players, "shuffled"]
    assert (
        report["guidance"] == accompanist.system.defaults["guidance"] and report["split"] == "test"
    )
    rows = report["rows"]
    assert rows["true"]["pitch_class"]["mean"] > 0.9 and rows["rule"]["chord_tone"]["mean"] > 0.5
    assert set(report["normalised_score"]) == set(players) and set(
        report["normalised_score_to_player"]
    ) == set(players[1:])
    assert set(report["normalised_score"]["rule"]) == {*MEASURES, "kick_lock"}
    assert list(report["onsets"]) == ["true", "autoencoder", *players]
    assert report["onsets"]["true"]["above_chance"]["mean"] > 0.4
    assert report["onsets"]["true"]["notes_ratio"]["value"] == pytest.approx(1, abs=0.2)
    assert set(report["adherence"]) == {"true", "autoencoder", *players}


def test_a_report_can_be_made_again_and_is_strict_json(accompanist, tmp_path):
    assert without_nan({"a": [math.nan, 1.0], "b": (2,)}) == {"a": [None, 1.0], "b": [2]}
    path = tmp_path / "new" / "match.json"
    options = {"songs": 2, "seconds": 1.0, "steps": 1, "pool": 1, "progress": False}
    examine("match", accompanist, path, guidance=None, **options)

    def refuse(constant):
        raise AssertionError(constant)

    saved = json.loads(path.read_text(), parse_constant=refuse)
    again = match.run(accompanist, **options)
    assert {name: saved[name] for name in again} == json.loads(json.dumps(without_nan(again)))
    assert again["adherence"] is None  # two songs are too few
    assert (
        saved["command"].startswith("bassnb evaluate match --model tiny --songs 2")
        and saved["songs"] == 2
    )
    assert [p.name for p in path.parent.iterdir()] == ["match.json"]
