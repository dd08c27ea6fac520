"""Rows of the book and tests are tied by keys: no row without a test, no key without a row."""

import re

import pytest
import yaml
from _evidence import ROOT, Place, marked, named

FILE = '''
import pytest

pytestmark = [pytest.mark.browser, pytest.mark.evidence("whole-file")]


@pytest.mark.evidence("one", "two")
@pytest.mark.parametrize("x", [1])
def test_a(x):
    """@pytest.mark.evidence("in-a-text")"""


class TestB:
    @pytest.mark.evidence("two")
    async def test_c(self):
        pytest.mark.evidence("called, and no marker")


@pytest.mark.kind("edges")
def test_d():
    pass
'''


def test_every_key_that_a_row_names_is_that_of_a_test_and_the_other_way_round():
    rows, tests = named(), marked("evidence")
    assert {page for pages in rows.values() for page in pages} == {
        "book/broken.yml",
        "book/ledger.yml",
        "SECURITY.md",
    }
    assert not rows.keys() - tests.keys(), "rows without a test"
    assert not tests.keys() - rows.keys(), "tests whose key stands in no row"


def test_keys_are_short_words_with_hyphens():
    for key in marked("evidence"):
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+){0,5}", key) and len(key) <= 50, key


def test_markers_are_found_where_pytest_finds_them(tmp_path):
    (tmp_path / "tests" / "deep").mkdir(parents=True)
    (tmp_path / "tests" / "deep" / "test_file.py").write_text(FILE)
    (tmp_path / "tests" / "other.py").write_text(
        'import nowhere\n\n@pytest.mark.evidence("of-no-test")\ndef helper(): ...\n'
    )
    (tmp_path / "tests" / "test_single.py").write_text(
        'import nowhere\npytestmark = pytest.mark.evidence("single")\n'
    )
    file = "tests/deep/test_file.py"
    assert marked("evidence", tmp_path / "tests") == {
        "whole-file": [Place(file)],
        "one": [Place(file, "test_a")],
        "two": [Place(file, "test_a"), Place(file, "test_c")],
        "single": [Place("tests/test_single.py")],
    }
    assert marked("kind", tmp_path / "tests") == {"edges": [Place(file, "test_d")]}
    assert [str(place) for place in marked("evidence", tmp_path / "tests")["two"]] == [
        f"{file}::test_a",
        f"{file}::test_c",
    ]


@pytest.mark.parametrize("change", [("`no-pickles`", "`no-pickle`"), ("`no-pickles` |", "")])
def test_a_row_of_the_policy_is_read_by_its_last_column(tmp_path, change):
    for page in ("book/broken.yml", "book/ledger.yml", "SECURITY.md"):
        (tmp_path / page).parent.mkdir(exist_ok=True)
        (tmp_path / page).write_text((ROOT / page).read_text().replace(*change))
    assert "no-pickles" in named() and "no-pickles" not in named(tmp_path)


def test_rows_of_faults_are_complete_and_unique():
    rows = yaml.safe_load((ROOT / "book/broken.yml").read_text("utf-8"))
    assert all({"given", "was", "now", "evidence"} == row.keys() - {"kind"} for row in rows)
    assert len({row["given"] for row in rows}) == len(rows)
