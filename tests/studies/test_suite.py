"""`bassnb evaluate all --quick` with the shipped weights and still fewer songs: every file appears
and can be read.
"""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from bassnb.accompanist import Accompanist
from bassnb.commands.evaluate import evaluate_app
from bassnb.errors import BassnbError
from bassnb.studies import suite
from bassnb.studies.goals import CLAIMS
from bassnb.studies.provenance import provenance
from bassnb.studies.suite import (
    STUDIES,
    examine,
    examine_all,
    examined,
    quick_settings,
    without_nan,
)
from bassnb.studies.summary import read_reports, write_summary

FEW = {
    "songs": 2,
    "seconds": 2.0,
    "steps": 1,
    "reference": 3,
    "resamples": 20,
    "counts": (1, 8, 64),
    "weights": (1.0, 3.0),
    "phis": (0.0, 1.0),
    "basses": 16,
    "family": ("reggae",),
    "walks": (("ddim", 2), ("dpm++", 2)),
}
# what means something else to other studies
FEWER = {
    "length": {"lengths": (6.0, 24.0), "pieces": (128, 256)},
    "control": {"seconds": 8.0, "foreign": 1},
    "guidance_since": {"counts": (1,)},
    "flow": {"counts": (1, 2), "submixes": 1},
    "distilled": {"submixes": 1},
    "rescale_strong": {"counts": (4, 64)},
}


def intervals(report):
    """Every dict with `low` and `high` in a report."""
    if isinstance(report, dict):
        if {"low", "high"} <= set(report):
            yield report
        for value in report.values():
            yield from intervals(value)
    elif isinstance(report, list):
        for value in report:
            yield from intervals(value)


def test_a_command_is_a_file_is_a_json_file():
    for name in STUDIES:
        path = Path(STUDIES[name].__file__)
        assert (
            path.name == f"{name}.py" and (path.parents[2] / "results" / f"{name}.json").is_file()
        )
    commands = {command.name for command in evaluate_app.registered_commands}
    assert commands - {"all", "summary", "ablations"} == set(STUDIES)


def stand_in(monkeypatch, **runs):
    """Studies that are these functions."""
    studies = {
        name: SimpleNamespace(run=run, headline=lambda report: "well") for name, run in runs.items()
    }
    monkeypatch.setattr(suite, "STUDIES", studies)


def test_all_of_them_run_with_the_shipped_weights(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # what a study keeps beside its report would go there
    settings = {
        name: {**{key: FEW.get(key, value) for key, value in quick.items()}, **FEWER.get(name, {})}
        for name, quick in quick_settings().items()
    }
    accompanist = Accompanist.from_pretrained("classroom", device="cpu")
    lines = list(
        examine_all(accompanist, tmp_path, settings=settings, command="bassnb evaluate all --quick")
    )
    assert [(name, line) for name, line, done in lines if not done] == []
    assert {path.stem for path in tmp_path.glob("*")} == set(STUDIES)  # and it keeps nothing
    for name, report in read_reports(tmp_path).items():
        assert (
            report["command"] == "bassnb evaluate all --quick"
            and report["minutes"] >= 0
            and report["device"]
        ), name
        found = [row for row in intervals(report) if row["low"] is not None]
        assert found or name in ("guidance", "transfer"), name  # of one song there is no interval
        for row in found:
            middle = row.get("mean", row.get("value"))
            assert row["low"] - 1e-9 <= row["high"], (name, row)
            assert (
                middle is None
                or row["low"] - 1e-6 <= middle <= row["high"] + 1e-6
                or "normalised_score" in report
            ), (name, row)
    page, reports = write_summary(tmp_path)[0].read_text(), read_reports(tmp_path)
    assert all(claim.text in page for claim in CLAIMS)
    places = {claim.where for claim in CLAIMS if claim.judge(reports)[1]}
    assert {"5, fig. 2 left", "5, fig. 2 right", "5, fig. 3", "5, table 1"} <= places


def test_one_that_cannot_be_done_does_not_stop_the_others(monkeypatch, tmp_path, accompanist):
    def fails(accompanist, **options):
        raise BassnbError("there is\nno judge")

    def works(accompanist, **options):
        return {"x": float("nan"), "options": options}

    stand_in(monkeypatch, first=fails, second=works)
    found = list(
        examine_all(
            accompanist,
            tmp_path,
            settings={"second": {"songs": 3, "steps": 2}},
            songs=5,
            progress=None,
        )
    )
    assert (
        found[0] == ("first", "there is no judge", False)
        and found[1][0] == "second"
        and found[1][2]
    )
    report = json.loads((tmp_path / "second.json").read_text())
    # what is asked for wins
    assert report["options"] == {"songs": 5, "steps": 2} and report["x"] is None
    assert report["command"] == "bassnb evaluate second --model tiny --songs 5 --steps 2"
    assert not (tmp_path / "first.json").exists()
    assert report["provenance"] == provenance(accompanist.system)


def test_a_chapter_gets_a_small_run_and_the_recorded_one(monkeypatch, tmp_path, accompanist):
    calls = []

    def counts(accompanist, songs=100):
        calls.append(songs)
        return {"songs": songs}

    stand_in(monkeypatch, count=counts)
    monkeypatch.delenv("BASSNB_FULL", raising=False)
    with pytest.raises(BassnbError, match="no report .*count.json.* bassnb evaluate count"):
        examined("count", accompanist, here={"songs": 2}, folder=tmp_path)
    assert calls == []  # before the work
    now, kept = examined(
        "count", accompanist, here={"songs": 2}, folder=tmp_path, at_full_scale=True
    )
    assert now == kept and kept["songs"] == 100 and "minutes" in kept
    now, kept = examined("count", accompanist, here={"songs": 2}, folder=tmp_path)
    assert now == {"songs": 2, "origin": "run here"} and kept["songs"] == 100 and calls == [100, 2]
    monkeypatch.setenv("BASSNB_FULL", "count")  # make record runs the study by its command, once
    examined("count", accompanist, here={"songs": 2}, folder=tmp_path)
    assert calls == [100, 2, 2]


def test_a_folder_in_the_way_is_found_before_the_work(monkeypatch, tmp_path):
    stand_in(monkeypatch, any=lambda *_, **__: pytest.fail("it began"))
    with pytest.raises(IsADirectoryError):
        examine("any", None, Path(tmp_path))


def test_nan_becomes_null():
    assert without_nan({"a": [float("nan"), 1.0]}) == {"a": [None, 1.0]}
