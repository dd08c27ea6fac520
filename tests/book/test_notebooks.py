"""The chapters as files: clean, listed, and all with the same set-up."""

import json
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
CHAPTERS = sorted((ROOT / "book").glob("[0-9][0-9]_*.ipynb"))
CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text())


def cells(path, kind="code"):
    return [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == kind]


def source(cell):
    return "".join(cell["source"])


@pytest.fixture(params=CHAPTERS, ids=lambda path: path.stem)
def chapter(request):
    return request.param


def test_no_outputs_counts_or_widget_states(chapter):
    notebook = json.loads(chapter.read_text())
    assert "widgets" not in notebook["metadata"] and notebook["nbformat"] == 4
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    for cell in cells(chapter):
        assert cell["outputs"] == [] and cell["execution_count"] is None


def test_the_first_code_cell_sets_colab_up_from_the_one_address_and_an_import_follows(chapter):
    setup, check, *_ = cells(chapter)
    assert "colab" in setup["metadata"]["tags"]
    assert f'REPOSITORY = "{CONFIG["repository"]["url"]}"' in source(setup)
    assert source(setup) == source(cells(CHAPTERS[0])[0]), "every chapter has the same set-up cell"
    assert "bassnb import" in source(check)


def test_lines_fit_the_page(chapter):
    for cell in cells(chapter):
        for line in source(cell).splitlines():
            assert len(line) <= 88 or line.lstrip().startswith(("#", "%")), line


def test_a_chapter_opens_with_its_card_and_ends_with_a_summary(chapter):
    first, *rest = [source(cell) for cell in cells(chapter, "markdown")]
    assert first.startswith(f"# {int(chapter.stem[:2])}. ")
    for row in ("**The question**", "**Before this**", "**Time**", "**Memory**", "**The code**"):
        assert row in first
    headings = [line for text in rest for line in text.splitlines() if line.startswith("## ")]
    assert headings[0].startswith("## Listen")
    assert {"## What the paper says", "## Try it yourself", "## Summary", "## Further reading"} <= set(headings)


def test_every_drawn_figure_has_an_alternative_text(chapter):
    for cell in cells(chapter):
        if "plt.show()" in source(cell):
            assert len(cell["metadata"]["mystnb"]["image"]["alt"]) > 40


def test_the_table_of_contents_lists_every_page_of_the_book_and_no_other():
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    listed = [toc["root"]] + [page["file"] for part in toc["parts"] for page in part["chapters"]]
    pages = [
        path.relative_to(ROOT).with_suffix("").as_posix()
        for path in (ROOT / "book").iterdir()
        if path.suffix in (".md", ".ipynb")
    ]
    assert sorted(listed) == sorted(pages)
