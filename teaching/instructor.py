"""The instructor's edition: chapters with solutions, a guide for each, assignments with their tests.

    make instructor

writes _build/instructor. Objectives and questions come from guide.yml, everything else is read from
the chapters: sections with minutes, what each exercise has to make and which values are right.
"""

from __future__ import annotations

import math
import re
import shutil
from pathlib import Path

import yaml

from teaching.exercises import ROOT, chapters, exercises, is_solution, read, source, write
from teaching.grading import ASSIGNMENTS, marks

OUT = ROOT / "_build" / "instructor"
GUIDE = Path(__file__).with_name("guide.yml")
# The minutes of a section in class, by a rule; nobody has measured a class. `make instructor` for a
# course that has its own pace begins here.
WORDS_A_MINUTE, MINUTES_A_CELL, MINUTES_AN_EXERCISE = 100, 1.0, 12.0
RUBRIC = """\
| points | an exercise earns them when |
|---|---|
| 2 | its self-test passes |
| 1 | the explanation names the cause, not only the observation |
| 1 | the reader has predicted the result before the run, and says where the prediction was wrong |

A self-test that fails with a plan that could work: 1 of its 2 points.
"""


def sections(cells: list[dict]) -> list[tuple[str, list[dict]]]:
    """The parts of a chapter that begin with a heading of the second level, by their titles."""
    parts: list[tuple[str, list[dict]]] = []
    for cell in cells:
        if cell["cell_type"] == "markdown":
            head, *rest = re.split(r"^(?=## )", source(cell), flags=re.M)
            if head.strip() and parts:
                parts[-1][1].append({**cell, "source": [head]})
            for text in rest:
                parts.append((text.splitlines()[0][3:], [{**cell, "source": [text]}]))
        elif parts:
            parts[-1][1].append(cell)
    return parts


def minutes(title: str, cells: list[dict]) -> int:
    """How long a class needs for a section; see the rule above."""
    words = sum(len(source(cell).split()) for cell in cells if cell["cell_type"] == "markdown")
    runs = sum(cell["cell_type"] == "code" and not is_solution(cell) for cell in cells)
    work = MINUTES_AN_EXERCISE * len(exercises(cells)) if "Try it" in title else 0
    return math.ceil(words / WORDS_A_MINUTE + MINUTES_A_CELL * runs + work)


def guide(path: Path, chapter: dict, about: dict) -> str:
    """The guide to a chapter, as Markdown."""
    title = source(chapter["cells"][0]).splitlines()[0].lstrip("# ")
    parts = [(name, minutes(name, cells)) for name, cells in sections(chapter["cells"])]
    lines = [f"# {title}", "", "## Learning objectives", "", "Afterwards, readers can", ""]
    lines += [f"* {objective}" for objective in about["objectives"]]
    lines += ["", "## Minutes", "", "| section | minutes |", "|---|---|"]
    lines += [f"| {name} | {length} |" for name, length in parts]
    lines += [f"| **in all** | **{sum(length for _, length in parts)}** |", ""]
    lines += [
        f"By a rule, not measured: {WORDS_A_MINUTE} words a minute, {MINUTES_A_CELL:g} minute for a "
        f"cell that is run, {MINUTES_AN_EXERCISE:g} minutes for an exercise.",
        "",
    ]
    lines += ["## Concept questions", ""]
    for number, pair in enumerate(about["questions"], start=1):
        lines += [f"{number}. {pair['q']}", "", f"   *{pair['a']}*", ""]
    lines += ["## Exercises: what is made, and what is right", ""]
    lines += ["| exercise | makes | expected |", "|---|---|---|"]
    for exercise in exercises(chapter["cells"]):
        made = ", ".join(f"`{name}`" for name in exercise.names)
        right = "; ".join(f"`{test[7:]}`" for test in exercise.tests).replace("|", "\\|")
        name = exercise.name.replace("_", ".")
        lines.append(f"| {name} {exercise.title} | {made} | {right} |")
    lines += ["", "## Rubric", "", RUBRIC]
    return "\n".join(lines)


def make(out: Path = OUT) -> Path:
    """Write the edition; an older one is replaced."""
    shutil.rmtree(out, ignore_errors=True)
    about = yaml.safe_load(GUIDE.read_text(encoding="utf-8"))
    for path in chapters():
        chapter = read(path)
        write(out / "book" / path.name, chapter)
        text = guide(path, chapter, about[path.stem[:2]])
        (out / "book" / f"{path.stem}.md").write_text(text, encoding="utf-8")
    for folder in ("data_samples", "results"):
        shutil.copytree(ROOT / folder, out / folder)
    # the layout of nbgrader: source/<assignment>/<assignment>.ipynb
    for path in sorted(ASSIGNMENTS.glob("*/*.ipynb")):
        write(out / "source" / path.parent.name / path.name, read(path))
    (out / "assignments.md").write_text(points_table(), encoding="utf-8")
    return out


def points_table() -> str:
    """The tests of all assignments with their points, as Markdown."""
    lines = ["# Assignments", "", "| assignment | test | points |", "|---|---|---|"]
    for path in sorted(ASSIGNMENTS.glob("*/*.ipynb")):
        for cell in read(path)["cells"]:
            if marks(cell).get("grade"):
                facts = marks(cell)
                lines.append(f"| {path.parent.name} | {facts['grade_id']} | {facts['points']} |")
    return "\n".join([*lines, ""])
