"""Show code of the package in a chapter, read from the package itself."""

from __future__ import annotations

import ast
import inspect
import textwrap
from dataclasses import dataclass
from pathlib import Path

from bassnb.errors import BassnbError

PACKAGE = Path(__file__).parents[1]


@dataclass(frozen=True)
class Source:
    """Code as a notebook shows it: highlighted, and with the name of its file."""

    place: str
    code: str

    def _repr_markdown_(self) -> str:
        return f"From `{self.place}`:\n\n```python\n{self.code}\n```\n"

    def __repr__(self) -> str:
        return self.code


def show_source(*objects, docstrings: bool = False) -> Source:
    """The source of functions and classes of this package, as the last line of a cell.

    Parameters
    ----------
    *objects : functions, methods or classes, all from one file of `bassnb`
    docstrings : show them whole; by default only their first line is shown

    Raises
    ------
    BassnbError
        If nothing is given, if it has no source in this package, or if the objects stand in
        different files.
    """
    if not objects:
        raise BassnbError(
            "there is no code to show; give one or more functions or classes of bassnb"
        )
    files = [_file(thing) for thing in objects]
    if len(set(files)) > 1:
        raise BassnbError(
            f"code from {files[0]} and {files[1]} cannot be shown in one cell; use a cell for each file"
        )
    pieces = [textwrap.dedent(inspect.getsource(thing)).rstrip() for thing in objects]
    if not docstrings:
        pieces = [shorten_docstrings(piece) for piece in pieces]
    return Source(files[0], "\n\n\n".join(pieces))


def _file(thing) -> str:
    """The file of an object, as `bassnb/guidance.py`."""
    try:
        path = Path(inspect.getsourcefile(inspect.unwrap(thing)) or "")
        return path.relative_to(PACKAGE.parent).as_posix()
    except (TypeError, ValueError):
        raise BassnbError(
            f"{thing!r} has no source in bassnb; give one of its functions or classes"
        ) from None


def shorten_docstrings(code: str) -> str:
    """The same code with the first line of each docstring in place of the whole."""
    lines = code.splitlines()
    for node in sorted(ast.walk(ast.parse(code)), key=lambda node: -getattr(node, "lineno", 0)):
        if not isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)):
            continue
        text = node.body[0]
        end = text.end_lineno or text.lineno
        if ast.get_docstring(node) and end > text.lineno:
            first = lines[text.lineno - 1].rstrip()
            lines[text.lineno - 1 : end] = [f'{first}"""']
    return "\n".join(lines)
