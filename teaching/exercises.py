"""The exercises of a chapter, read from its notebook.

One rule makes the editions: the asserts of a solution are its self-test. The names that they read
and the solution makes are what a student has to make.
"""

from __future__ import annotations

import ast
import json
import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
HEADING = re.compile(r"^### Exercise (\d+)\.(\d+): (.+)$", re.M)
ANSWER = re.compile(r"<details><summary>An answer</summary>.*?</details>\s*", re.S)


def chapters() -> list[Path]:
    """The chapters with exercises, in their order."""
    return sorted((ROOT / "book").glob("[0-9][0-9]_*.ipynb"))


def source(cell: dict) -> str:
    """The text of a cell."""
    return "".join(cell["source"])


def is_solution(cell: dict) -> bool:
    """Whether a cell is (a part of) the solution of an exercise."""
    return "solution" in cell["metadata"].get("tags", [])


@dataclass(frozen=True)
class Exercise:
    """An exercise with its solution.

    Attributes
    ----------
    name : "1_2" is the second one of chapter 1
    title : without the number
    code : the solution
    """

    name: str
    title: str
    code: str

    @property
    def tests(self) -> list[str]:
        """The asserts of the solution that stand alone, as source."""
        return [ast.unparse(node) for node in self._body() if isinstance(node, ast.Assert)]

    @property
    def names(self) -> list[str]:
        """What a student has to make, in the order of the solution: what the tests read of it."""
        made = {name: None for node in self._body() for name in _made_by(node)}
        read = set().union(*(_read_by(ast.parse(test)) for test in self.tests))
        return [name for name in made if name in read]

    def starter(self) -> str:
        """A cell to begin with: every name, and the functions with their parameters."""
        nodes = {name: node for node in self._body() for name in _made_by(node)}
        lines = [f"# Exercise {self.name.replace('_', '.')}: your code."]
        for name in self.names:
            node = nodes[name]
            if isinstance(node, ast.FunctionDef):
                about = ast.get_docstring(node)
                lines += ["", "", f"def {name}({ast.unparse(node.args)}):"]
                lines += [f'    """{about}"""'] if about else []
                lines += ["    raise NotImplementedError", "", ""]
            else:
                meaning = re.search(rf"^{name} = .*?  (# .+)$", self.code, re.M)
                lines.append(f"{name} = ..." + (f"  {meaning[1]}" if meaning else ""))
        return "\n".join(lines).strip()

    def _body(self) -> list[ast.stmt]:
        return ast.parse(self.code).body


def _made_by(node: ast.stmt) -> list[str]:
    """The names that a statement of a cell makes, also inside its loops and blocks."""
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return [node.name]
    return [
        inner.id
        for inner in ast.walk(node)
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store)
    ]


def _read_by(test: ast.AST) -> set[str]:
    """The names that an assert reads, without those of its own comprehensions."""
    names = [node for node in ast.walk(test) if isinstance(node, ast.Name)]
    own = {node.id for node in names if isinstance(node.ctx, ast.Store)}
    return {node.id for node in names} - own


def exercises(cells: list[dict]) -> list[Exercise]:
    """The exercises of a chapter, by its cells."""
    found: list[tuple[str, str, list[str]]] = []
    for cell in cells:
        if cell["cell_type"] == "markdown":
            headings = HEADING.findall(source(cell))
            found += [(f"{chapter}_{k}", title, []) for chapter, k, title in headings]
        elif is_solution(cell):
            found[-1][2].append(source(cell))
    return [Exercise(name, title, "\n".join(code)) for name, title, code in found]


def read(path: Path) -> dict:
    """A notebook."""
    return json.loads(path.read_text(encoding="utf-8"))


def write(path: Path, notebook: dict) -> Path:
    """Write a notebook as the chapters are written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def code_cell(name: str, text: str, **metadata) -> dict:
    """A code cell without outputs."""
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": name,
        "metadata": metadata,
        "outputs": [],
        "source": text.splitlines(keepends=True),
    }
