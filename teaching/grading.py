"""Assignments that are graded: handed out without solutions, and marked by running them.

The notebooks in teaching/assignments follow the conventions of nbgrader (metadata of the schema
version 3, BEGIN SOLUTION, BEGIN HIDDEN TESTS), so that a course that has nbgrader may use it. This
file does the same with what the book installs anyway:

    python -m teaching grade SUBMISSIONS --out grades.csv

A submission is SUBMISSIONS/<student>/<assignment>/<assignment>.ipynb.
"""

from __future__ import annotations

import copy
import csv
import json
import re
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from teaching.exercises import ROOT, read, source

ASSIGNMENTS = Path(__file__).with_name("assignments")
STUB = "# YOUR CODE HERE\nraise NotImplementedError()"
SOLUTION = re.compile(r"^( *)### BEGIN SOLUTION\n.*?^ *### END SOLUTION$", re.S | re.M)
HIDDEN = re.compile(r"^ *### BEGIN HIDDEN TESTS\n.*?^ *### END HIDDEN TESTS\n?", re.S | re.M)
SECONDS = 300  # for one cell


def marks(cell: dict) -> dict:
    """The metadata of nbgrader; empty for cells that are not marked."""
    return cell["metadata"].get("nbgrader", {})


def released(notebook: dict) -> dict:
    """An assignment as it is handed out: without solutions and without hidden tests."""
    notebook = copy.deepcopy(notebook)
    for cell in notebook["cells"]:
        text = SOLUTION.sub(lambda found: _indented(STUB, found[1]), source(cell))
        cell["source"] = HIDDEN.sub("", text).rstrip().splitlines(keepends=True)
    return notebook


def _indented(text: str, spaces: str) -> str:
    return "\n".join(spaces + line for line in text.splitlines())


def restored(submission: dict, original: dict) -> dict:
    """What is run: the student's solutions in the original, whose tests cannot have been changed."""
    own = {
        marks(cell)["grade_id"]: cell["source"]
        for cell in submission["cells"]
        if marks(cell).get("solution")
    }
    notebook = copy.deepcopy(original)
    for cell in notebook["cells"]:
        if marks(cell).get("solution"):
            blank = SOLUTION.sub(lambda found: _indented(STUB, found[1]), source(cell))
            cell["source"] = own.get(marks(cell)["grade_id"], blank.splitlines(keepends=True))
    return notebook


def grade(submission: dict, original: dict, folder: Path = ROOT / "book") -> dict[str, float]:
    """Points of each graded cell, by its grade_id: all of them, or 0 if the cell fails.

    Parameters
    ----------
    submission, original : notebooks
    folder : where the cells run; the chapters' own, so that samples are found
    """
    notebook = nbformat.reads(json.dumps(restored(submission, original)), 4)
    client = NotebookClient(
        notebook,
        timeout=SECONDS,
        allow_errors=True,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute()
    return {
        marks(cell)["grade_id"]: 0.0 if _failed(cell) else float(marks(cell)["points"])
        for cell in notebook["cells"]
        if marks(cell).get("grade")
    }


def _failed(cell: dict) -> bool:
    return cell["execution_count"] is None or any(
        output["output_type"] == "error" for output in cell["outputs"]
    )


def grade_all(submissions: Path, out: Path) -> Path:
    """Mark every submission, and write a line for each student and assignment to the file `out`."""
    rows = []
    for path in sorted(submissions.glob("*/*/*.ipynb")):
        original = ASSIGNMENTS / path.parent.name / path.name
        if original.is_file():
            points = grade(read(path), read(original))
            most = sum(marks(cell).get("points", 0) for cell in read(original)["cells"])
            rows.append([path.parts[-3], path.parent.name, sum(points.values()), most, points])
    with open(out, "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["student", "assignment", "points", "of", "tests"])
        for *facts, points in rows:
            table.writerow([*facts, "; ".join(f"{name} {one:g}" for name, one in points.items())])
    return out
