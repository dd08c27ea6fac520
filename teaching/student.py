"""The student edition: chapters without solutions, with starter cells and self-tests.

    make student

writes _build/student: the chapters, the samples and records that they read, and the assignments as
they are handed out. On Google Colab, where a chapter is alone, it makes them itself from the
published book.
"""

from __future__ import annotations

import copy
import json
import shutil
from pathlib import Path

from teaching.exercises import (
    ANSWER,
    ROOT,
    Exercise,
    chapters,
    code_cell,
    exercises,
    is_solution,
    read,
    source,
    write,
)
from teaching.grading import ASSIGNMENTS, released

OUT = ROOT / "_build" / "student"
ON_COLAB = """\
# On Google Colab this cell makes the self-tests from the fetched book; anywhere else it does nothing.
if "google.colab" in sys.modules and not os.path.isfile("checks.py"):
    if not os.path.isdir("../_build/student"):
        make = "from teaching import student; student.make()"
        subprocess.run([sys.executable, "-c", make], cwd="..", check=True)
    os.chdir("../_build/student/book")
"""


def without_solutions(notebook: dict) -> dict:
    """A chapter with a starter cell and a self-test in the place of each solution.

    Below the set-up for Google Colab stands what makes the self-tests there.
    """
    notebook, cells = copy.deepcopy(notebook), []
    waiting = {exercise.name: exercise for exercise in exercises(notebook["cells"])}
    order = iter(list(waiting.values()))
    inside = False  # of a solution that has several cells
    for cell in notebook["cells"]:
        if is_solution(cell):
            cells += [] if inside else places_for(next(order))
            inside = True
            continue
        inside = False
        if "colab" in cell["metadata"].get("tags", []):
            cells += [cell, code_cell("checks-colab", ON_COLAB, tags=["colab", "hide-cell"])]
            continue
        if cell["cell_type"] == "markdown" and ANSWER.search(source(cell)):
            text = ANSWER.sub("", source(cell)).strip()
            if not text:
                continue
            cell["source"] = text.splitlines(keepends=True)
        cells.append(cell)
    notebook["cells"] = cells
    return notebook


def places_for(exercise: Exercise) -> list[dict]:
    """A starter cell and a self-test."""
    check = f"check_{exercise.name}"
    return [
        code_cell(f"exercise-{exercise.name}", exercise.starter(), tags=["exercise"]),
        code_cell(
            check.replace("_", "-"), f"from checks import {check}\n\n{check}()", tags=["check"]
        ),
    ]


def solved(notebook: dict, solutions: dict[str, str]) -> dict:
    """A student's chapter in which the starter cells hold `solutions`, by exercise."""
    notebook = copy.deepcopy(notebook)
    for cell in notebook["cells"]:
        name = cell.get("id", "").removeprefix("exercise-")
        if name in solutions:
            cell["source"] = solutions[name].splitlines(keepends=True)
    return notebook


def make(out: Path = OUT) -> Path:
    """Write the edition; an older one is replaced."""
    shutil.rmtree(out, ignore_errors=True)
    wanted = {}
    for path in chapters():
        chapter = read(path)
        write(out / "book" / path.name, without_solutions(chapter))
        for exercise in exercises(chapter["cells"]):
            name = exercise.name.replace("_", ".")
            wanted[name] = {"names": exercise.names, "tests": exercise.tests}
    text = json.dumps(wanted, indent=1, ensure_ascii=False)
    (out / "book" / "checks.json").write_text(text + "\n", encoding="utf-8")
    shutil.copy(Path(__file__).with_name("checks.py"), out / "book" / "checks.py")
    for folder in ("data_samples", "results"):
        shutil.copytree(ROOT / folder, out / folder)
    for path in sorted(ASSIGNMENTS.glob("*/*.ipynb")):
        write(out / "assignments" / path.parent.name / path.name, released(read(path)))
    return out
