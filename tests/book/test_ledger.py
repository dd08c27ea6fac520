"""The ledger of the paper: complete, true, and unable to speak of what is not there."""

import copy
import importlib.util
import json
import re

import pytest

from tests.book.test_notebooks import ROOT, cells, source

spec = importlib.util.spec_from_file_location("book_ledger", ROOT / "book" / "_ledger.py")
ledger = importlib.util.module_from_spec(spec)
spec.loader.exec_module(ledger)
ROWS = [row for rows in ledger.sections().values() for row in rows]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: re.sub(r"\W+", " ", row["paper"])[:50])
def test_every_row_is_true(row):
    ledger.check(row)


def test_the_page_shows_every_section_and_counts_every_row():
    notebook = ROOT / "book" / "ledger.ipynb"
    texts = [source(cell) for cell in cells(notebook)]
    for section in ledger.sections():
        assert f'Markdown(table("{section}"))' in texts
    assert sum(ledger.tally().values()) == len(ROWS) >= 50
    assert all(
        cell["outputs"] == [] and cell["execution_count"] is None for cell in cells(notebook)
    )


@pytest.mark.parametrize("phrase", ["λ", "64", "~23"])
def test_the_table_holds_what_the_rows_say(phrase):
    """Values reach the page: spot checks by eye would miss a column that stays empty."""
    text = "\n".join(ledger.table(section) for section in ledger.sections())
    assert {"λ": "\\lambda_\\text{rec}", "64": "64 in both presets", "~23": "about 23"}[
        phrase
    ] in text
    assert text.count("\n| **") == len(ROWS) and "None" not in text


MET = {
    "paper": "batch",
    "where": "4",
    "printed": 128,
    "status": "met",
    "preset": "diffusion_training.batch",
    "code": ["bassnb.unet.UNet1d.forward"],
    "evidence": ["unet-size"],
    "chapter": 0,
}


def test_a_true_row_passes():
    ledger.check(MET)
    ledger.check({**MET, "count": "unet", "printed": 42})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"code": ["bassnb.unet.UNet2d"]}, "there is no bassnb.unet.UNet2d"),
        ({"code": ["bassnb.wings"]}, "there is no bassnb.wings"),
        ({"evidence": ["wings"]}, "there is no test with the key wings"),
        ({"chapter": 77}, "no chapter 77"),
        ({"preset": "unet.wings"}, "no preset has a field unet.wings"),
        ({"default": "bassnb.accompanist.Accompanist.__call__:wings"}, "no argument wings"),
        ({"printed": 127}, "the paper prints 127"),
        ({"status": "differs", "note": "no reason"}, "the paper prints 128"),
        ({"status": "cannot"}, "no note says why"),
        ({"status": "maybe"}, "unknown status"),
        ({"evidence": []}, "neither code nor a test"),
        ({"colour": "blue"}, "unknown fields"),
        (
            {"results": [["roots", "match.json", "/rows/generated/wings", ".2f"]]},
            "match.json has nothing",
        ),
        ({"results": [["roots", "wings.json", "/rows", ".2f"]]}, "wings.json has nothing"),
    ],
)
def test_a_row_that_is_not_true_is_refused(change, words):
    with pytest.raises(ledger.LedgerError, match=re.escape(words)):
        ledger.check({**copy.deepcopy(MET), **change})


def test_measured_values_are_read_from_the_results():
    stored = json.loads((ROOT / "results" / "match.json").read_text())["rows"]["generated"]["root"][
        "mean"
    ]
    row = {**MET, "results": [["on the root", "match.json", "/rows/generated/root/mean", ".3f"]]}
    assert f"on the root: {stored:.3f}" in ledger.here(row)


def test_a_mean_is_shown_with_its_interval():
    assert ledger.shown({"mean": 0.25, "low": 0.2, "high": 0.3}, ".0%") == "25% [20% to 30%]"
    assert (
        ledger.shown({"value": 2.0, "low": 1.0, "high": 3.0, "infinity": 0.0}, ".1f")
        == "2.0 [1.0 to 3.0]"
    )
    assert ledger.shown(6.0, "g") == "6"
