"""What students and instructors get: no solution and no answer is left in the one, everything
stands in the other, and self-tests fail before the work and pass on the solutions.

That the asserts of the solutions hold, the run of every chapter shows; that they hold when they are
called from the self-tests, the workflow `classroom`, for every chapter.
"""

import copy
import csv
import importlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from teaching import grading, instructor, slides, student
from teaching.exercises import ROOT, chapters, exercises, is_solution, read, source

# BASSNB_EDITIONS=all runs the exercises of every chapter with a kernel, BASSNB_EDITIONS=02 those of one
CHOSEN = os.environ.get("BASSNB_EDITIONS", "none")
RUN = [path for path in chapters() if CHOSEN == "all" or path.stem[:2] == CHOSEN]


@pytest.fixture(scope="module")
def students(tmp_path_factory):
    return student.make(tmp_path_factory.mktemp("editions") / "student")


@pytest.fixture(scope="module")
def instructors(tmp_path_factory):
    return instructor.make(tmp_path_factory.mktemp("editions") / "instructor")


@pytest.fixture(params=chapters(), ids=lambda path: path.stem)
def chapter(request):
    return request.param


def test_every_solution_has_a_self_test_and_something_to_be_made(chapter):
    for exercise in exercises(read(chapter)["cells"]):
        assert exercise.tests, f"the solution of {exercise.name} asserts nothing"
        assert exercise.names, f"the asserts of {exercise.name} read nothing of the solution"


def test_students_get_no_solution_and_no_answer(chapter, students):
    notebook = read(students / "book" / chapter.name)
    text = json.dumps(notebook, ensure_ascii=False)
    assert not any(map(is_solution, notebook["cells"])) and "An answer" not in text
    own = read(chapter)["cells"]
    for exercise in exercises(own):
        check = f"check_{exercise.name}"
        assert source(next(c for c in notebook["cells"] if check in source(c))).endswith("()")
        assert exercise.code not in text
    nbformat.validate(nbformat.from_dict(notebook))
    # all else is the chapter
    kept = [source(cell) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert [source(c) for c in own if c["cell_type"] == "code" and not is_solution(c)] == [
        text
        for text in kept
        if "# Exercise " not in text and "from checks" not in text and text != student.ON_COLAB
    ]


def test_starter_cells_are_code_that_defines_what_the_tests_read(chapter, students):
    for exercise in exercises(read(chapter)["cells"]):
        made: dict = {}
        exec(exercise.starter(), made)
        assert set(exercise.names) <= set(made)


def run_checks(students, notebook):
    """What `check_...` said in a chapter, by exercise: None if it passed, else its sentence."""
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    notebook = nbformat.reads(json.dumps({**notebook, "cells": cells}), 4)
    for cell in notebook.cells:
        cell.outputs, cell.execution_count = [], None
    NotebookClient(
        notebook,
        timeout=1800,
        allow_errors=True,
        kernel_name="python3",
        resources={"metadata": {"path": str(students / "book")}},
    ).execute(env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)})
    said = {}
    for cell in notebook.cells:
        found = re.search(r"check_(\d+_\d+)\(\)$", cell.source)
        if found:
            errors = [out.evalue for out in cell.outputs if out.output_type == "error"]
            said[found[1]] = errors[0] if errors else None
    return said


@pytest.fixture
def checks(students, monkeypatch):
    """The module of self-tests that students get."""
    monkeypatch.syspath_prepend(str(students / "book"))
    monkeypatch.delitem(sys.modules, "checks", raising=False)
    return importlib.import_module("checks")


def test_self_tests_fail_on_the_empty_chapter(chapter, checks):
    for exercise in exercises(read(chapter)["cells"]):
        names: dict = {}
        exec(exercise.starter(), names)
        with pytest.raises(AssertionError, match=f"^exercise {exercise.name.replace('_', '.')}: "):
            checks.check(exercise.name.replace("_", "."), names)


@pytest.mark.slow
@pytest.mark.skipif(not RUN, reason="takes as long as the chapters; BASSNB_EDITIONS=all")
@pytest.mark.parametrize("path", RUN, ids=lambda path: path.stem)
def test_self_tests_pass_on_the_solutions(path, students):
    notebook = read(students / "book" / path.name)
    solutions = {exercise.name: exercise.code for exercise in exercises(read(path)["cells"])}
    passed = run_checks(students, student.solved(notebook, solutions))
    assert passed == dict.fromkeys(solutions)


def test_checks_say_what_is_missing(students):
    code = (
        "import checks\n"
        "for make in ('', 'partial, window = 6, ...', 'partial, window = 6, 3', "
        "'partial, window = 6, 32768'):\n"
        "    exec(make)\n"
        "    try:\n"
        "        checks.check_1_1()\n"
        "    except AssertionError as error:\n"
        "        print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=students / "book", capture_output=True, text=True
    )
    assert done.stdout.splitlines() == [
        "exercise 1.1: partial, window not made yet",
        "exercise 1.1: window not made yet",
        "exercise 1.1: not yet true: (partial, window) == (6, 32768)",
        "exercise 1.1: solved",
    ]


def test_the_student_edition_is_complete(students):
    assert (students / "data_samples" / "pop" / "mix.flac").is_file()
    assert (students / "results" / "chapters").is_dir()
    assert {path.stem for path in students.glob("assignments/*/*.ipynb")} == {"circle", "ruler"}


def test_instructors_get_a_guide_to_every_chapter(chapter, instructors):
    text = (instructors / "book" / f"{chapter.stem}.md").read_text()
    for part in ("Learning objectives", "Minutes", "Concept questions", "Exercises", "Rubric"):
        assert re.search(rf"^## {part}", text, re.M), part
    assert text.count("\n* ") >= 3 and text.count("?\n") >= 2
    cells = read(chapter)["cells"]
    for exercise in exercises(cells):
        assert f"| {exercise.name.replace('_', '.')} {exercise.title} |" in text
    for title, _ in instructor.sections(cells):
        assert re.search(rf"^\| {re.escape(title)} \| \d+ \|$", text, re.M), title
    assert any(map(is_solution, read(instructors / "book" / chapter.name)["cells"]))


# -- assignments -----------------------------------------------------------------------------------

ASSIGNMENTS = sorted(grading.ASSIGNMENTS.glob("*/*.ipynb"))


@pytest.fixture(params=ASSIGNMENTS, ids=lambda path: path.stem)
def assignment(request):
    return read(request.param)


def test_an_assignment_follows_the_conventions(assignment):
    ids = [grading.marks(c)["grade_id"] for c in assignment["cells"] if grading.marks(c)]
    assert len(ids) == len(set(ids))
    assert sum(grading.marks(c).get("points", 0) for c in assignment["cells"]) == 10
    for cell in assignment["cells"]:
        facts = grading.marks(cell)
        if facts:
            assert facts["schema_version"] == 3 and facts["grade"] != facts["solution"]
            assert facts["locked"] == facts["grade"] and facts["task"] is False
            assert ("### BEGIN SOLUTION" in source(cell)) == facts["solution"]


def test_what_is_handed_out_has_no_solution_and_no_hidden_test(assignment):
    text = "\n".join(map(source, grading.released(assignment)["cells"]))
    assert "BEGIN" not in text and "END" not in text and "YOUR CODE HERE" in text
    for cell in grading.released(assignment)["cells"]:
        if cell["cell_type"] == "code":
            compile(source(cell), "cell", "exec")


@pytest.mark.slow
def test_solutions_earn_all_points_empty_work_none_and_changed_tests_nothing(tmp_path):
    for path in ASSIGNMENTS:
        original, name = read(path), path.stem
        blank = grading.released(original)
        cheat = copy.deepcopy(blank)
        for cell in cheat["cells"]:
            if grading.marks(cell).get("grade"):
                cell["source"] = ["pass"]
        for who, work in {"ada": original, "bob": blank, "eve": cheat}.items():
            target = tmp_path / "submissions" / who / name / path.name
            target.parent.mkdir(parents=True)
            target.write_text(json.dumps(work))
    out = grading.grade_all(tmp_path / "submissions", tmp_path / "grades.csv")
    with open(out, newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 3 * len(ASSIGNMENTS)
    for row in rows:
        points = 10 if row["student"] == "ada" else 0
        assert (float(row["points"]), row["of"]) == (points, "10")


# -- slides ----------------------------------------------------------------------------------------


def test_slides_say_the_first_words_and_show_what_the_chapter_shows():
    image = {"output_type": "display_data", "data": {"image/png": "AAAA"}, "metadata": {}}
    player = {"output_type": "execute_result", "data": {"text/html": '<div class="bassnb-block">'}}
    other = {"output_type": "execute_result", "data": {"text/html": "<table>"}}
    text = "## Part $x$\n\nFirst {cite}`a`. Second.\n\n$$a < b$$ (eq-a)\n\nThird."
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": ["# 3. Title\n"]},
        {"cell_type": "markdown", "metadata": {}, "source": text.splitlines(keepends=True)},
        {"cell_type": "code", "metadata": {}, "source": [], "outputs": [image, player, other]},
        {"cell_type": "markdown", "metadata": {}, "source": ["## Try it yourself\n\nHidden."]},
        {"cell_type": "markdown", "metadata": {}, "source": ["## Summary\n\n* One.\n* Two."]},
    ]
    title, part, picture, sound, summary = slides.slides_of({"cells": cells})
    assert title.startswith("<h1>3. Title</h1>")
    assert part.split() == ["<h2>Part", "\\(x\\)</h2><p>First.</p>", "\\[", "a", "&lt;", "b", "\\]"]
    assert picture.startswith("<img alt=") and "bassnb-block" in sound
    assert summary.count("<li>") == 2
    page = slides.page({"cells": cells})
    assert page.count("<section>") == 5 and not re.search(r'(src|href)="(https?:)?//', page)


def test_make_knows_the_editions():
    makefile = (ROOT / "Makefile").read_text()
    for edition in ("student", "instructor", "slides"):
        assert re.search(rf"^# make {edition} ", makefile, re.M)
        done = subprocess.run(
            ["make", "--dry-run", edition], cwd=ROOT, capture_output=True, text=True, check=True
        )
        assert f"-m teaching {edition}" in done.stdout
    assert Path(slides.OUT).is_relative_to(ROOT / "_build")
