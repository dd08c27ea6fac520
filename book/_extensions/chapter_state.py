"""The dependencies of the outputs of a chapter, and a hash of them, its key.

A chapter depends on its code cells, on every module of the package that it can import (directly or
through another module, at the top of a file or later in a function), on the files beside those
modules, on the data whose paths stand in that code, and on the pinned versions. All of it is read
from the sources with `ast`; nothing is imported or run.
"""

import ast
import hashlib
import json
import os
import re
import sys
from functools import cache
from importlib.metadata import version
from pathlib import Path

from IPython.core.inputtransformer2 import TransformerManager

ROOT = Path(__file__).parents[2]
PACKAGE = "bassnb"
PINS = ("requirements.txt",)
# for a page that imports a module of the book
EVERYTHING = (PACKAGE, "book", "data_samples", "results", "tests")
# beside a package: other modules of it, and those of the pages, which each build copies
NOT_DATA = (".py", ".mjs")
DOTTED = re.compile(rf"{PACKAGE}(\.\w+)+")  # in a string: mock.patch("bassnb.training.loop.step")


def key(notebook: Path, root: Path = ROOT) -> str:
    """Hash of the interpreter, of torch and numpy, and of everything that a chapter depends on."""
    digest = hashlib.sha256(
        repr((sys.version_info[:2], version("torch"), version("numpy"))).encode()
    )
    digest.update(
        json.dumps(
            [(_source(cell), cell["metadata"]) for cell in _code_cells(notebook)], sort_keys=True
        ).encode()
    )
    for path in sorted(dependencies(notebook, root)):
        digest.update(
            f"\0{path.relative_to(root).as_posix()}\0{_file_hash(path, path.stat().st_mtime_ns)}".encode()
        )
    return digest.hexdigest()[:16]


def dependencies(notebook: Path, root: Path = ROOT) -> set[Path]:
    """The files that a chapter depends on, beside its own code."""
    folder = notebook.parent
    code = "\n".join(
        TransformerManager().transform_cell(_source(cell)) for cell in _code_cells(notebook)
    )
    imported, strings = _facts(code)
    found = {path for name in PINS for path in _files(root / name)}
    if any((folder / f"{name}.py").is_file() for name in imported):
        return found | {path for name in EVERYTHING for path in _files(root / name)}
    seen, waiting = set(), _with_packages(imported)
    while waiting:
        seen.add(name := waiting.pop())
        for path in _files_of_module(root, name):
            found.add(path)
            if path.suffix == ".py":
                more, texts = _facts(path.read_text(encoding="utf-8"))
                waiting |= _with_packages(more) - seen
                strings |= texts
    return found | {path for string in strings for path in _named(string, folder, root)}


@cache
def _facts(code: str) -> tuple[frozenset[str], frozenset[str]]:
    """Dotted names that some code can import, and its strings.

    The names are those of modules, and those imported from a package, which may be modules.
    """
    nodes = list(ast.walk(ast.parse(code)))
    strings = {
        node.value
        for node in nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    imported = {string for string in strings if DOTTED.fullmatch(string)}
    if {"-m", PACKAGE} <= strings:  # starts the program: python -m bassnb
        imported.add(f"{PACKAGE}.__main__")
    for node in nodes:
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            imported |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(imported), frozenset(strings)


def _with_packages(names: frozenset[str]) -> set[str]:
    """Those dotted names that lie in the package, and those of the packages around them."""
    parts = [name.split(".") for name in names if name.split(".")[0] == PACKAGE]
    return {".".join(some[:end]) for some in parts for end in range(1, len(some) + 1)}


def _files_of_module(root: Path, name: str) -> list[Path]:
    """The file of a module, or that of a package and the data beside it; nothing for other names."""
    place = root.joinpath(*name.split("."))
    if (place / "__init__.py").is_file():
        return [
            place / "__init__.py",
            *(
                path
                for path in _files(place)
                if path.suffix not in NOT_DATA and _package_of(path) == place
            ),
        ]
    return [path for path in [place.with_suffix(".py")] if path.is_file()]


def _package_of(path: Path) -> Path:
    """The folder of the innermost package around a file."""
    return next(folder for folder in path.parents if (folder / "__init__.py").is_file())


def _named(string: str, folder: Path, root: Path) -> set[Path]:
    """The files under a path, if a string is one, as `../results` or `broken.yml`.

    Paths are relative to the folder of the chapters.
    """
    if not re.fullmatch(r"[\w./-]{3,200}", string) or not re.search(r"\w[./]|[./]\w", string):
        return set()
    place = Path(os.path.normpath(folder / string))
    inside = root in place.parents and place != folder and place.suffix != ".ipynb"
    return _files(place) if inside and place.exists() else set()


def _files(place: Path) -> set[Path]:
    """A file, or all files of a folder; byte code is left out."""
    found = place.rglob("*") if place.is_dir() else [place]
    return {path for path in found if path.is_file() and "__pycache__" not in path.parts}


def _code_cells(notebook: Path) -> list[dict]:
    return [
        cell
        for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        if cell["cell_type"] == "code"
    ]


def _source(cell: dict) -> str:
    return "".join(cell["source"])


@cache
def _file_hash(path: Path, changed: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
