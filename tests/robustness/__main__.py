"""What was tried to break the package, counted: `make robustness` writes results/robustness.json.

    python -m tests.robustness --out results/robustness.json

Runs every test of `tests/` but those of the pages once, under coverage, and counts the cases of
those that try to break something, with more cases than `make test` (tests/amounts.py): a test counts
as one case, or as many as it says itself (the fixture `tally`). They are counted by what they attack, and, across all files, by the kind of fault
that they stand for (`@pytest.mark.kind`). Twenty minutes on two cores. With names of files it runs
only these, and replaces their classes and kinds in the record: name all files of each. The mutants
are `make mutants`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from fnmatch import fnmatch
from pathlib import Path

import pytest
import torch

from bassnb.stored import read_json, write_json
from tests.amounts import MANY

ROOT = Path(__file__).parents[2]
CLASSES = {
    "sound files": [
        "robustness/test_audio_files.py",
        "test_audio.py",
        "test_channels.py",
        "test_containers.py",
        "test_waves.py",
    ],
    "settings, arguments and shapes": [
        "robustness/test_parameters.py",
        "robustness/test_shapes.py",
    ],
    "the command line": ["robustness/test_command_line.py", "test_cli*.py"],
    "models and training states": [
        "robustness/test_models.py",
        "test_checkpoints.py",
        "test_stored.py",
        "training/test_states.py",
    ],
    "collections, scores and caches": [
        "collections/test_cache.py",
        "collections/test_contents.py",
        "collections/test_layouts.py",
        "collections/test_names.py",
        "collections/test_m*.py",
        "collections/test_recorded_pool.py",
    ],
    "any input that hypothesis thinks of": ["robustness/test_properties.py"],
    "files that are written": ["robustness/test_writes.py", "test_outputs.py"],
    "trainings that are interrupted": ["training/test_survival.py", "training/test_processes.py"],
    "numbers": [
        "robustness/test_numerics.py",
        "test_seams.py",
        "test_windows.py",
        "metrics/test_shares.py",
        "test_edges.py",
        "test_level.py",
        "test_tuning.py",
    ],
    "load": ["robustness/test_load.py", "test_long.py", "test_shared_machine.py"],
    "the studio and the widgets": ["widgets/*.py"],
    "packages": ["test_supply.py", "test_extras.py"],
}
KINDS = (
    "limits of the libraries",
    "derived names",
    "only what sounds counts",
    "meaning guessed",
    "edges",
    "state of a panel",
    "tuning",
    "shared machine",
)


PARALLEL = ["-q", "-n", "logical", "--maxprocesses=8", "--dist=loadfile"]


class Count:
    """A plugin of pytest that counts tests and cases by class and by kind."""

    def __init__(self):
        self.classes, self.kinds = (
            {name: {"tests": 0, "cases": 0, "passed": 0, "skipped": 0} for name in names}
            for names in (CLASSES, KINDS)
        )
        self.failed = 0  # tests of no class

    def pytest_runtest_logreport(self, report) -> None:
        """Every test reports once, or twice if it fails before or after itself."""
        if report.when != "call" and report.passed:
            return
        name = next(
            (
                name
                for name, files in CLASSES.items()
                if any(fnmatch(report.location[0], f"tests/{file}") for file in files)
            ),
            None,
        )
        self.failed += report.failed and name is None
        properties = dict(report.user_properties)
        kinds, cases = properties.get("kinds", []), properties.get("cases", 1)
        for row in [*([self.classes[name]] if name else []), *(self.kinds[kind] for kind in kinds)]:
            row["tests"] += 1
            row["cases"] += 0 if report.skipped else cases
            row["passed"] += cases if report.passed else 0
            row["skipped"] += report.skipped
        if name and kinds:
            self.classes[name]["kinds"] = sorted({*self.classes[name].get("kinds", []), *kinds})


def coverage_of(path: Path) -> dict:
    """Lines run by the tests, in percent: of all files together, and of each."""
    found = json.loads(path.read_text())
    files = {
        name: round(facts["summary"]["percent_covered"], 1)
        for name, facts in found["files"].items()
    }
    return {
        "lines": found["totals"]["num_statements"],
        "percent": round(found["totals"]["percent_covered"], 2),
        "files": files,
    }


def main() -> int:
    """Run and count; the exit status is that of pytest."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "robustness.json")
    parser.add_argument(
        "tests", nargs="*", help="only these files or folders; by default all but tests/book"
    )
    options, count, began = parser.parse_args(), Count(), time.monotonic()
    os.environ[MANY] = "1"
    chosen = options.tests or [
        "tests",
        "--ignore=tests/book",
        "--deselect=tests/robustness/test_record.py",
    ]
    with tempfile.TemporaryDirectory() as scratch:
        lines = Path(scratch) / "coverage.json"
        status = pytest.main(
            [*PARALLEL, "--cov=bassnb", f"--cov-report=json:{lines}", *chosen], plugins=[count]
        )
        report = (
            read_json(options.out)
            if options.tests
            else {
                "command": "make robustness",
                "minutes": round((time.monotonic() - began) / 60, 1),
                "failed": count.failed,
                "versions": {
                    "python": platform.python_version(),
                    "torch": torch.__version__,
                    "system": platform.system(),
                },
                "classes": {},
                "kinds": {},
                "coverage": coverage_of(lines),
            }
        )
    for key, names, counted in (("classes", CLASSES, count.classes), ("kinds", KINDS, count.kinds)):
        rows = {
            **report.get(key, {}),
            **{name: row for name, row in counted.items() if row["tests"]},
        }
        report[key] = {name: rows[name] for name in names if name in rows}
    print(write_json(options.out, report))
    return int(status)


if __name__ == "__main__":
    sys.exit(main())
