"""Find the tests behind the rows of the book, by `@pytest.mark.evidence("key")`.

A row names keys, never files or functions, so that a test may be renamed or moved. Tests are
parsed, not imported. Used by robustness.ipynb, by _ledger.py and by tests/book/test_evidence.py,
which checks that keys and markers agree.
"""

import ast
import re
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import yaml

ROOT = Path(__file__).parents[1]
# of SECURITY.md: the key stands in the last column
TABLE_ROW = re.compile(r"^\|.*\| `([a-z0-9-]+)` \|$", flags=re.M)


class Place(NamedTuple):
    """A test function, or a whole file (`name` is then empty), relative to the repository."""

    file: str
    name: str = ""

    def __str__(self) -> str:
        return f"{self.file}::{self.name}" if self.name else self.file


@lru_cache
def marked(marker: str, folder: Path = ROOT / "tests") -> dict[str, list[Place]]:
    """Places of `@pytest.mark.<marker>("word", ...)` by word.

    Markers are found on functions and classes, and in `pytestmark`.
    """
    found: dict[str, list[Place]] = {}
    for path in sorted(folder.rglob("test_*.py")):
        file = path.relative_to(folder.parent).as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for word in words_at(node, marker):
                found.setdefault(word, []).append(Place(file, getattr(node, "name", "")))
    return found


def words_at(node: ast.AST, marker: str) -> list[str]:
    """Arguments of a marker at a function, a class or an assignment to `pytestmark`."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        marks = node.decorator_list
    elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytestmark":
        marks = getattr(node.value, "elts", [node.value])
    else:
        return []
    calls = [
        mark
        for mark in marks
        if isinstance(mark, ast.Call) and ast.unparse(mark.func) == f"pytest.mark.{marker}"
    ]
    return [word.value for call in calls for word in call.args]


def named(root: Path = ROOT) -> dict[str, list[str]]:
    """Keys named by rows, with the pages of these rows."""
    broken, ledger, policy = (
        (root / page).read_text(encoding="utf-8")
        for page in ("book/broken.yml", "book/ledger.yml", "SECURITY.md")
    )
    rows = [row for part in yaml.safe_load(ledger) for row in part["rows"]]
    keys = {
        "book/broken.yml": [row["evidence"] for row in yaml.safe_load(broken)],
        "book/ledger.yml": [key for row in rows for key in row.get("evidence", [])],
        "SECURITY.md": TABLE_ROW.findall(policy),
    }
    pages: dict[str, list[str]] = {}
    for page, words in keys.items():
        for word in dict.fromkeys(words):
            pages.setdefault(word, []).append(page)
    return pages
