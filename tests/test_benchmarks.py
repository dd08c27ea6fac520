"""The benchmark as a program: it runs from end to end, its ratios are right, and only a wrong
result is an error.

How fast anything is, is no test's business: machines differ.
"""

import json
import re
import subprocess
import sys

import pytest
import torch

from benchmarks import __main__ as program
from benchmarks import codecs, precision, sampler, table, timing
from benchmarks.settings import TINY
from tests.book.test_notebooks import cells, source
from tests.test_project import ROOT, pinned

pytestmark = pytest.mark.slow

PAGE = ROOT / "book" / "speed.ipynb"
PEERS = ("transformers", "diffusers", "music2latent")


@pytest.fixture(scope="module", autouse=True)
def small_numbers():
    """The benchmark lets the processor take tiny numbers for zero; other tests need them."""
    yield
    torch.set_flush_denormal(False)


@pytest.fixture(scope="module")
def report():
    return program.measure(TINY)


def test_jobs_take_turns():
    calls = []
    times = timing.interleaved(
        {"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, repeats=3
    )
    assert "".join(calls) == "ab" + "ababab"  # once before, to warm up
    assert [len(values) for values in times.values()] == [3, 3]


def test_a_ratio_is_taken_round_by_round():
    assert timing.ratio([2.0, 30.0, 8.0], [1.0, 10.0, 2.0]) == {
        "median": 3.0,
        "low": 2.0,
        "high": 4.0,
    }


def test_a_run_measures_every_part_and_its_table_has_a_verdict_in_every_row(report):
    assert {"machine", "codecs", "sampler", "end_to_end", "precision", "scaling", "table"} <= set(
        report
    )
    assert all(re.match("met|missed|shown|not run: .", row["verdict"]) for row in report["table"])
    lines = table.as_text(report["table"]).splitlines()
    assert len(lines) == len(report["table"]) + 1 and lines[0].split() == [
        "target",
        "median",
        "range",
        "verdict",
    ]
    assert report["wrong"] == [] and report["codecs"]["missing"].keys() == codecs.PEERS.keys()


def test_a_report_knows_no_folders_and_no_names_of_this_machine(report):
    text = json.dumps(report)
    assert str(ROOT) not in text and "/home" not in text and "host" not in text


def test_the_program_writes_the_report_and_prints_the_table(tmp_path, monkeypatch, capsys, report):
    monkeypatch.setattr(program, "measure", lambda settings: report)
    monkeypatch.setattr(torch, "set_num_threads", lambda number: None)
    assert program.main(["--quick", "--out", str(tmp_path / "bench.json")]) == 0
    assert json.loads((tmp_path / "bench.json").read_text())["table"] == report["table"]
    assert "verdict" in capsys.readouterr().out


def test_only_a_wrong_result_is_an_error(tmp_path, monkeypatch, report):
    wrong = {**report, "wrong": ["two samplers differ"]}
    monkeypatch.setattr(program, "measure", lambda settings: wrong)
    monkeypatch.setattr(torch, "set_num_threads", lambda number: None)
    assert program.main(["--out", str(tmp_path / "bench.json")]) == 1


@pytest.mark.parametrize(("difference", "sentences"), [(1e-5, 0), (0.1, 1), (float("nan"), 1)])
def test_samplers_that_differ_are_a_wrong_result(difference, sentences):
    assert (
        len(table.wrong({"sampler": {"diffusers": {"difference": difference, "tolerance": 1e-3}}}))
        == sentences
    )


@pytest.mark.parametrize(
    ("sense", "goal", "verdict"),
    [
        (">=", 2, "met"),
        (">=", 4, "missed"),
        ("<=", 4, "met"),
        ("<=", 2, "missed"),
        ("", None, "shown"),
    ],
)
def test_a_verdict_is_about_the_median(sense, goal, verdict):
    assert (
        table.row("speed", {"median": 3.0, "low": 1.0, "high": 5.0}, sense, goal)["verdict"]
        == verdict
    )


def test_what_could_not_be_measured_says_why():
    assert (
        table.row("speed", None, ">=", 2, why="it is not installed")["verdict"]
        == "not run: it is not installed"
    )


def test_a_timed_network_counts_its_own_seconds():
    network = sampler.Timed(torch.nn.Identity())
    assert torch.equal(network(torch.ones(2)), torch.ones(2)) and 0 < network.seconds < 1


def test_ways_of_asking_give_the_same_answer_as_far_as_their_precision_goes(report):
    for ways in report["precision"]["smoke"].values():
        for name, figures in ways.items():
            assert figures["error"] < (0.1 if "bf16" in name else 1e-5), name
    x = torch.randn(2, 3, 5)
    assert torch.equal(precision.channels_last(x), x) and precision.channels_last(x).stride() == (
        15,
        1,
        3,
    )


def test_peers_change_no_pinned_version():
    """They are installed without dependencies and apart; a package in both lists would shadow the
    pinned one.
    """
    peers = pinned("benchmarks/requirements.txt")
    assert set(PEERS) <= set(peers) and not set(peers) & set(pinned("requirements.txt"))
    assert all(str(requirement.specifier).startswith("==") for requirement in peers.values())


def test_the_program_explains_itself():
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0 and "--quick" in run.stdout


def test_the_page_is_clean_and_its_figures_are_described():
    for cell in cells(PAGE):
        assert cell["outputs"] == [] and cell["execution_count"] is None
        set_up = "colab" in cell["metadata"].get("tags", [])
        assert set_up or all(len(line) <= 88 for line in source(cell).splitlines())
        assert (
            "plt.show()" not in source(cell) or len(cell["metadata"]["mystnb"]["image"]["alt"]) > 40
        )


def test_the_prose_of_the_page_holds_no_measured_figures():
    """They are computed from the recorded run, so that text and run cannot differ."""
    for cell in cells(PAGE, "markdown"):
        text = re.sub(r"`[^`]*`", "", source(cell))
        assert not re.search(
            r"\d\s*(×|%|-fold|times|(m?s|seconds?|minutes?|[MG]i?B)\b)|\d\.\d", text
        ), text


def test_the_recorded_run_is_a_whole_and_a_right_one():
    recorded = json.loads((ROOT / "results" / "bench.json").read_text())
    assert recorded["settings"]["name"] == "full" and recorded["wrong"] == []
    assert table.rows_of(recorded) == recorded["table"]
