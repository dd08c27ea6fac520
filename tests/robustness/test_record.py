"""What the page about robustness is made of: the record is whole, nothing in it failed, and what it
names exists.
"""

import json
from fnmatch import fnmatch
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from _evidence import marked

from tests.robustness.__main__ import CLASSES, KINDS, Count
from tests.robustness.mutants import SURVIVORS

ROOT = Path(__file__).parents[2]
BROKEN = yaml.safe_load((ROOT / "book" / "broken.yml").read_text(encoding="utf-8"))
MODULES = {"attention", "diffusion", "grounding", "guidance", "sampling", "spectral"}


def recorded(name):
    return json.loads((ROOT / "results" / name).read_text())


def test_every_recorded_case_has_passed():
    found = recorded("robustness.json")
    assert found["failed"] == 0 and set(found["classes"]) == set(CLASSES)
    for name, row in found["classes"].items():
        assert row["cases"] == row["passed"] > 0 and row["skipped"] == 0, name
    for name, row in found.get("kinds", {}).items():
        assert name in KINDS and row["cases"] == row["passed"] > 0 and row["skipped"] == 0, name
    assert found["coverage"]["percent"] >= 95


def test_every_recorded_mutant_is_killed_or_explained():
    found = recorded("mutants.json")
    assert set(found["modules"]) == MODULES and found["unexplained"] == found["unused"] == []
    for row in found["modules"].values():
        assert row["mutants"] == row["killed"] + row["explained"] > 50
    reasons = {one["why"] for one in yaml.safe_load(SURVIVORS.read_text(encoding="utf-8"))}
    assert set(found["explained"]) == reasons


@pytest.mark.parametrize("one", BROKEN, ids=[str(one["given"])[:40] for one in BROKEN])
def test_what_broke_is_held_by_a_test_that_exists(one):
    assert set(one) - {"kind"} == {"given", "was", "now", "evidence"} and all(
        isinstance(value, str) for value in one.values()
    )
    assert one["evidence"] in marked("evidence") and one.get("kind", KINDS[0]) in KINDS


def test_every_kind_that_a_test_names_is_one_of_those_counted():
    assert set(marked("kind")) <= set(KINDS)


@pytest.mark.parametrize("name", CLASSES)
def test_every_class_has_files(name):
    tests = [str(path.relative_to(ROOT / "tests")) for path in (ROOT / "tests").rglob("test_*.py")]
    for pattern in CLASSES[name]:
        assert any(fnmatch(test, pattern) for test in tests), pattern


def test_cases_are_counted_by_class():
    count, file = Count(), "tests/robustness/test_models.py"
    for when, outcome, cases in (
        ("setup", "passed", 1),
        ("call", "passed", 2500),
        ("call", "failed", 1),
        ("setup", "skipped", 1),
    ):
        count.pytest_runtest_logreport(
            SimpleNamespace(
                location=(file, 1, "x"),
                when=when,
                passed=outcome == "passed",
                skipped=outcome == "skipped",
                failed=outcome == "failed",
                user_properties=[("kinds", ["edges"]), ("cases", cases)],
            )
        )
    count.pytest_runtest_logreport(
        SimpleNamespace(
            location=("tests/test_unet.py", 1, "x"),
            when="call",
            passed=True,
            skipped=False,
            failed=False,
            user_properties=[("kinds", ["edges", "tuning"])],
        )
    )
    seen = {"tests": 3, "cases": 2501, "passed": 2500, "skipped": 1}
    assert count.classes["models and training states"] == {**seen, "kinds": ["edges"]}
    assert sum(row["tests"] for row in count.classes.values()) == 3 and count.failed == 0
    assert count.kinds["edges"] == {"tests": 4, "cases": 2502, "passed": 2501, "skipped": 1}
    assert count.kinds["tuning"] == {"tests": 1, "cases": 1, "passed": 1, "skipped": 0}
