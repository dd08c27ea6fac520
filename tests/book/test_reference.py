"""The reference of the package: modules, commands with their options, links of the cards."""

import re

import pytest
import reference
from typer.main import get_command

from bassnb.cli import app
from tests.book.test_notebooks import CHAPTERS, ROOT, cells, source

PAGES = sorted((ROOT / "book").glob("api*.md"))


def package():
    """Dotted names of all modules of bassnb."""
    paths = [
        path.relative_to(ROOT).with_suffix("").parts for path in (ROOT / "bassnb").rglob("*.py")
    ]
    return {".".join(name for name in parts if name != "__init__") for parts in paths} - {
        "bassnb.__main__"
    }


def test_every_module_is_described_on_one_page():
    lists = [names for page in PAGES for names in reference.MODULES.findall(page.read_text())]
    described = [module for names in lists for module in reference.modules(names)]
    assert len(described) == len(set(described)) and set(described) == package()


def test_a_folder_stands_for_its_modules_and_a_list_keeps_its_order():
    assert reference.modules("unet audio") == ["bassnb.unet", "bassnb.audio"]
    assert reference.modules("unet audio -unet") == ["bassnb.audio"]
    assert reference.modules("commands")[
        0
    ] == "bassnb.commands" and "bassnb.commands.train" in reference.modules("commands")


def test_every_command_stands_with_its_options():
    text = reference.command_line("bassnb.cli")
    headings = re.findall(r"^## (.+)$", text, re.M)
    assert {"bassnb accompany", "bassnb train diffusion", "bassnb evaluate match"} <= set(headings)
    assert len(headings) == len(set(headings))
    accompany = text.partition("## bassnb accompany\n")[2].partition("\n## ")[0]
    for option in get_command(app).commands["accompany"].params:
        if option.name != "help":
            assert (
                option.opts[0] if option.param_type_name == "option" else option.name.upper()
            ) in accompany, option.name
    assert "| `MIX` |" in accompany and re.search(r"\| `--out` \|.*\| required \|", accompany)
    assert re.search(r"\| `--seed` \|.*\| `0` \|", accompany), "0 is a default too"


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_the_card_of_a_chapter_leads_to_modules_that_exist(path):
    (card,) = reference.CARD.findall(source(cells(path, "markdown")[0]))
    linked = reference.CARD.sub(reference.linked, card)
    modules = re.findall(r"\{py:mod\}`bassnb/[\w/.]+ <([\w.]+)>`", linked)
    assert modules and set(modules) <= package()
    assert card.count("`bassnb/") == len(modules)


def test_bars_and_stars_are_plain_outside_of_code():
    lines = [
        "sum |a|^2 * b",
        "`|x|` and |y|",
        "The shape::",
        "    | a * b",
        "after * it",
        ">>> 2 * 3",
        "6",
        "a *model folder* of 2 * 3 * 4",
        "*un*equal",
    ]
    reference.plain(None, "function", "f", None, None, lines)
    assert lines == [
        r"sum \|a\|^2 \* b",
        r"`|x|` and \|y\|",
        "The shape::",
        "    | a * b",
        r"after \* it",
        ">>> 2 * 3",
        "6",
        r"a *model folder* of 2 \* 3 \* 4",
        r"\*un\*equal",
    ]


TAUGHT = re.compile(r"[Tt]aught\s+in\s+chapters?\s+((?:\d+(?:,\s+|\s+and\s+|\s+to\s+)?)+)")


def is_named(path, text):
    """Whether a chapter names a module or a folder that it is in, or runs it as a study."""
    module = ".".join(path.with_suffix("").parts).removesuffix(".__init__")
    package, _, name = module.rpartition(".")
    folders = [f"`{folder.as_posix()}/`" for folder in path.parents[:-2]]
    written = (
        rf"(?<![\w.]){re.escape(module)}(?!\w)",
        rf"from {re.escape(package)} import .*\b{name}\b",
        *([rf"bassnb evaluate {name}\b"] if package == "bassnb.studies" else []),
    )
    return any(word in text for word in (path.as_posix(), *folders)) or any(
        re.search(pattern, text) for pattern in written
    )


def test_what_says_that_a_chapter_teaches_it_is_named_there():
    chapters = {
        int(path.stem[:2]): "\n".join(
            source(cell) for kind in ("code", "markdown") for cell in cells(path, kind)
        )
        for path in CHAPTERS
    }
    found = 0
    for path in sorted((ROOT / "bassnb").rglob("*.py")):
        for numbers in TAUGHT.findall(path.read_text(encoding="utf-8")):
            for number in map(int, re.findall(r"\d+", numbers)):
                where, found = path.relative_to(ROOT), found + 1
                assert is_named(where, chapters[number]), f"{where}: chapter {number}"
    assert found > 100
