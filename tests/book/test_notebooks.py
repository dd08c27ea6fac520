"""The chapters as files: clean, listed, and all with the same set-up."""

import ast
import json
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
CHAPTERS = sorted((ROOT / "book").glob("[0-9][0-9]_*.ipynb"))
PAGES = sorted((ROOT / "book").glob("*.ipynb"))
CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text())
# chapter 0 only plays examples
TEACHING = [path for path in CHAPTERS if not path.stem.startswith("00_")]
WITH_EQUATIONS = [
    path for path in CHAPTERS if int(path.stem[:2]) in (1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13)
]
NUMBERED = re.compile(r"\$\$\s*\(eq-[a-z0-9-]+\)")
CITATION = re.compile(r"\{cite[a-z:]*\}`([^`]+)`")


def cells(path, kind="code"):
    return [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == kind]


def source(cell):
    return "".join(cell["source"])


def listed_pages():
    """Pages of the table of contents, in its order: `book/index`, ..."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    return [toc["root"]] + [page["file"] for part in toc["parts"] for page in part["chapters"]]


@pytest.fixture(params=CHAPTERS, ids=lambda path: path.stem)
def chapter(request):
    return request.param


def test_no_outputs_counts_or_widget_states(chapter):
    notebook = json.loads(chapter.read_text())
    assert "widgets" not in notebook["metadata"] and notebook["nbformat"] == 4
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    for cell in cells(chapter):
        assert cell["outputs"] == [] and cell["execution_count"] is None


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_every_page_that_can_be_opened_on_colab_begins_with_the_same_set_up(page):
    """What the cell does is tested in test_setup_cell.py."""
    setup = cells(page)[0]
    assert "colab" in setup["metadata"]["tags"]
    assert f'REPOSITORY = "{CONFIG["repository"]["url"]}"' in source(setup)
    assert source(setup) == source(cells(CHAPTERS[0])[0])


def test_a_chapter_imports_the_package_after_its_set_up(chapter):
    assert re.search(r"^from bassnb[.\w]* import ", source(cells(chapter)[1]), re.M)


def test_no_time_on_a_gpu_is_claimed_without_a_record(chapter):
    """Figures of a GPU come from results/gpu, where they are measured."""
    (card,) = re.findall(r"^\| \*\*Time\*\* .*$", source(cells(chapter, "markdown")[0]), re.M)
    assert "GPU" not in card


def test_a_chapter_plays_in_float32(chapter):
    """What how_to_use.md says of the bounds in asserts."""
    code = "\n".join(source(cell) for cell in cells(chapter))
    assert not re.search(r"precision=|autocast", code)


def test_lines_fit_the_page(chapter):
    for cell in cells(chapter):
        for line in source(cell).splitlines():
            assert len(line) <= 100 or line.lstrip().startswith(("#", "%")), line


def test_a_chapter_opens_with_its_card_and_ends_with_a_summary(chapter):
    first, *rest = [source(cell) for cell in cells(chapter, "markdown")]
    assert first.startswith(f"# {int(chapter.stem[:2])}. ")
    for row in ("**The question**", "**Before this**", "**Time**", "**Memory**", "**The code**"):
        assert row in first
    headings = [line for text in rest for line in text.splitlines() if line.startswith("## ")]
    assert headings[0].startswith("## Listen")
    assert {
        "## What the paper says",
        "## Try it yourself",
        "## Summary",
        "## Further reading",
    } <= set(headings)


def test_every_drawn_figure_has_an_alternative_text(chapter):
    for cell in cells(chapter):
        if "plt.show()" in source(cell):
            assert len(cell["metadata"]["mystnb"]["image"]["alt"]) > 40


def test_a_chapter_has_three_to_five_exercises_with_solutions_that_run_and_answers(chapter):
    everything = json.loads(chapter.read_text())["cells"]
    solutions = [cell for cell in everything if "solution" in cell["metadata"].get("tags", [])]
    assert all(
        cell["cell_type"] == "code" and "hide-cell" in cell["metadata"]["tags"]
        for cell in solutions
    )
    text = "\n".join("SOLUTION" if cell in solutions else source(cell) for cell in everything)
    _, *exercises = re.split(
        r"^### Exercise ", text.partition("## Try it yourself")[2].partition("\n## ")[0], flags=re.M
    )
    assert 3 <= len(exercises) <= 5
    for k, exercise in enumerate(exercises, start=1):
        assert re.match(rf"{int(chapter.stem[:2])}\.{k}: \S", exercise), exercise[:60]
        assert re.search(r"SOLUTION.*<details>.*</details>", exercise, flags=re.S), exercise[:60]


# functions of `bassnb.widgets` whose result a page shows only if they come last in a cell
SHOWN = {"blind_test", "flip", "listen", "live", "show_source", "studio", "sweep"}


def test_what_a_cell_shows_is_its_last_line(chapter):
    for cell in cells(chapter):
        for statement in ast.parse(source(cell)).body[:-1]:
            call = statement.value if isinstance(statement, ast.Expr) else None
            name = getattr(getattr(call, "func", None), "id", "")
            assert name not in SHOWN, f"{name} is followed by other lines: {source(cell)[:80]}"


def test_every_exercise_says_before_its_solution_what_range_to_expect(chapter):
    text = "\n".join(
        "SOLUTION" if "solution" in cell["metadata"].get("tags", []) else source(cell)
        for cell in json.loads(chapter.read_text())["cells"]
    )
    _, *exercises = re.split(r"^### Exercise ", text, flags=re.M)
    for exercise in exercises:
        assert "*Expected:*" in exercise.partition("SOLUTION")[0], exercise[:60]


@pytest.mark.parametrize("chapter", TEACHING, ids=lambda path: path.stem)
def test_a_chapter_shows_the_code_of_the_package_and_runs_an_experiment_at_two_scales(chapter):
    code = "\n".join(source(cell) for cell in cells(chapter))
    assert "show_source(" in code
    assert re.search(r"\b(?:experiment|examined)\(", code) and "at_full_scale=FULL" in code
    assert len(re.findall(r"^FULL = False\b", code, re.M)) == 1


@pytest.mark.parametrize("chapter", WITH_EQUATIONS, ids=lambda path: path.stem)
def test_a_chapter_numbers_its_equations_and_refers_to_them(chapter):
    text = "\n".join(source(cell) for cell in cells(chapter, "markdown"))
    assert NUMBERED.search(text) and "{eq}`eq-" in text


def test_labels_of_equations_are_unique_in_the_book():
    labels = [
        label
        for path in CHAPTERS
        for cell in cells(path, "markdown")
        for label in NUMBERED.findall(source(cell))
    ]
    assert len(labels) == len(set(labels))


def test_every_cited_work_is_in_the_bibliography():
    known = set(
        re.findall(r"^@\w+\{\s*([^,\s]+)", (ROOT / "book" / "references.bib").read_text(), re.M)
    )
    texts = [path.read_text() for path in (ROOT / "book").glob("*.md")]
    texts += [
        source(cell) for path in (ROOT / "book").glob("*.ipynb") for cell in cells(path, "markdown")
    ]
    cited = {
        key.strip() for text in texts for keys in CITATION.findall(text) for key in keys.split(",")
    }
    assert cited and cited <= known


def test_the_table_of_contents_lists_every_page_of_the_book_and_no_other():
    listed = listed_pages()
    pages = [
        path.relative_to(ROOT).with_suffix("").as_posix()
        for path in (ROOT / "book").iterdir()
        if path.suffix in (".md", ".ipynb")
    ]
    assert sorted(listed) == sorted(pages)


def test_the_chapters_are_listed_in_their_order():
    chapters = [f"book/{path.stem}" for path in CHAPTERS]
    assert [page for page in listed_pages() if page in chapters] == chapters
    assert [int(path.stem[:2]) for path in CHAPTERS] == list(range(14))


@pytest.mark.parametrize("chapter", TEACHING, ids=lambda path: path.stem)
def test_minutes_at_full_scale_are_those_of_the_records(chapter):
    results = ROOT / "results"
    records = [*(results / "chapters").glob(f"{chapter.stem[:2]}_*.json")]
    code = "\n".join(source(cell) for cell in cells(chapter))
    records += [results / f"{name}.json" for name in re.findall(r"examined\(\s*\"(\w+)\"", code)]
    minutes = sum(json.loads(path.read_text())["minutes"] for path in records)
    text = "\n".join(source(cell) for cell in cells(chapter, "markdown")[:1] + cells(chapter))
    told = re.findall(r"(\d+) minutes? (?:more, )?as recorded", text)
    assert told == ([str(max(round(minutes), 1))] * 2 if minutes else [])
