"""What `make record` finds to do: everything stale, the longest first, and what is named."""

import ast
import contextlib
import json
import subprocess
import sys

import pytest

from bassnb.checkpoints import load_pretrained, weights_fingerprint
from bassnb.stored import read_json
from bassnb.studies.provenance import provenance
from benchmarks import record
from tests.book.test_notebooks import CHAPTERS, cells, source
from tests.refusals import assert_sentence


@pytest.fixture(scope="module")
def jobs():
    return [*record.studies(), *record.chapters(), record.page()]


def test_every_recorded_experiment_has_a_job(jobs):
    made = {name for job in jobs for name in job.records}
    kept = {f"chapters/{path.stem}" for path in (record.ROOT / "results/chapters").glob("*.json")}
    assert kept <= made
    assert {"match", "ablations", "page", "chapters/04_heads", "chapters/04_length"} <= made


def test_fresh_records_are_left_alone(jobs):
    made = {"command": "bassnb evaluate", "provenance": provenance(load_pretrained("classroom"))}
    names = [name for job in jobs for name in job.records]
    reports = {name: {**made, "minutes": number} for number, name in enumerate(names)}
    assert record.due(jobs, [], reports) == []
    assert [job.name for job in record.due(jobs, ["match"], reports)] == ["match"]
    other = {"weights": "others", "songs": 0}
    reports["match"] = {**reports["match"], "provenance": other, "minutes": 1}
    del reports["chapters/04_heads"]
    todo = [(job.name, job.records) for job in record.due(jobs, [], reports)]
    # the longer first, and of a chapter only what is missing
    assert todo == [("04_dpb_attention", ("chapters/04_heads",)), ("match", ("match",))]


def full_settings(text):
    """Names of the experiments in a cell, with the settings of their full runs as far as they are
    written out; what depends on a GPU is taken for a machine without one.
    """
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "experiment":
            (full,) = (keyword.value for keyword in node.keywords if keyword.arg == "full")
            found = {}
            for key, value in zip(full.keys, full.values):
                value = value.orelse if isinstance(value, ast.IfExp) else value
                with contextlib.suppress(ValueError):
                    found[key.value] = json.loads(json.dumps(ast.literal_eval(value)))
            yield node.args[0].value, found


def test_every_recorded_experiment_was_made_with_the_settings_that_its_page_asks_for():
    compared = 0
    for chapter in CHAPTERS:
        for cell in cells(chapter):
            for name, asked in full_settings(source(cell)):
                kept = read_json(record.ROOT / "results" / "chapters" / f"{name}.json")["settings"]
                assert {key: kept.get(key) for key in asked} == asked, name
                compared += len(asked)
    assert compared > 40


def test_a_job_tells_whether_it_succeeded_and_keeps_what_it_printed(tmp_path, monkeypatch):
    monkeypatch.setattr(record, "LOGS", tmp_path)
    say = "import os, sys; print(os.environ['BASSNB_FULL']); sys.exit({})".format
    good = record.Job("good", (sys.executable, "-c", say(0)), ("chapters/one", "chapters/two"))
    bad = record.Job("bad", (sys.executable, "-c", say(3)), ("bad",))
    assert record.make(good) and not record.make(bad)
    assert (tmp_path / "good.log").read_text() == "one,two\n"
    assert record.run({good: 1.0, bad: 1.0}, 2) == 1


def test_trainings_on_the_same_songs_run_one_after_the_other(jobs):
    times = {job: 2.0 if job.name in record.TRAINED else 5.0 for job in jobs}
    first, *others = [[job.name for job in queue] for queue in record.queues(times)]
    assert sorted(first) == sorted(record.TRAINED)
    assert [len(queue) for queue in others] == [1] * (len(jobs) - len(record.TRAINED))
    # with other weights a training does not go on where that of the old ones was
    folders = {job.command[-1] for job in jobs if job.name in record.TRAINED}
    weights = weights_fingerprint(load_pretrained("classroom"))
    assert folders == {f"runs/{name}-{weights}" for name in record.TRAINED}


def test_an_unknown_name_is_refused():
    command = [sys.executable, "-m", "benchmarks.record", "nothing"]
    done = subprocess.run(command, cwd=record.ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert_sentence(done.stderr.splitlines()[-1], "nothing", "match")
