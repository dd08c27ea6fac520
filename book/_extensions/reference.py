"""The reference of the package, made from its docstrings and its command line.

The cards of the chapters link to it.

A page says which modules it describes, by the names of files and folders in `bassnb/`, or that it
describes the commands:

    ```{modules} audio spectral training -training/run
    ```

    ```{commands} bassnb.cli
    ```
"""

import re
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parents[2]
MODULES = re.compile(r"^```\{modules\} (.+)\n```$", re.M)
COMMANDS = re.compile(r"^```\{commands\} (.+)\n```$", re.M)
CARD = re.compile(r"\| \*\*The code\*\* \|.*?\|")
FILE = re.compile(r"`(bassnb/([\w/]+?)(?:\.py|/))`")


def modules(names: str, root: Path = ROOT) -> list[str]:
    """Dotted names of the modules that a page lists; a folder includes its modules, and a name after
    a minus excludes them.
    """
    found: list[str] = []
    for name in names.split():
        top = root / "bassnb" / name.removeprefix("-")
        paths = sorted(top.rglob("*.py")) if top.is_dir() else [top.with_suffix(".py")]
        parts = [path.relative_to(root).with_suffix("").parts for path in paths]
        named = [".".join(name for name in part if name != "__init__") for part in parts]
        found = [one for one in found if one not in named] if name[0] == "-" else found + named
    return found


def described(module: str) -> str:
    """A section about one module: its docstring and its public names, in the order of the file."""
    title = module.removeprefix("bassnb.")
    return f"## {title}\n\n```{{eval-rst}}\n.. automodule:: {module}\n   :members:\n   :ignore-module-all:\n```\n"


def commands(group, *above: str):
    """Sections about all commands of a group: help text, and options with their defaults."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, *above, name)
            continue
        rows = [row(option) for option in command.params if option.name != "help"]
        table = ["| option | meaning | default |", "|---|---|---|", *rows]
        yield "\n".join([f"## {' '.join((*above, name))}", "", command.help or "", "", *table, ""])


def row(option) -> str:
    """A row of the table about an option or an argument."""
    given = " / ".join(f"`{word}`" for word in (*option.opts, *option.secondary_opts))
    named = given if option.param_type_name == "option" else f"`{option.name.upper()}`"
    nothing = option.default is None or option.default is False
    default = "required" if option.required else "" if nothing else f"`{option.default}`"
    return f"| {named} | {(option.help or '').replace('|', '/')} | {default} |"


def command_line(name: str) -> str:
    """Sections about the commands of a typer application, which a module calls `app`."""
    from typer.main import get_command

    return "\n".join(commands(get_command(import_module(name).app), "bassnb"))


def linked(card: re.Match) -> str:
    """The row of a card that names files, each with a link to its section."""
    return FILE.sub(
        lambda file: f"{{py:mod}}`{file[1]} <bassnb.{file[2].replace('/', '.')}>`", card[0]
    )


def fill(app, docname, source):
    """Put the sections in the place of their list, and the links into a card."""
    text = MODULES.sub(lambda match: "\n".join(map(described, modules(match[1]))), source[0])
    text = COMMANDS.sub(lambda match: command_line(match[1]), text)
    source[0] = CARD.sub(linked, text)


def plain(app, what, name, obj, options, lines):
    """Escape bars and stars in a docstring, which belong to formulas.

    Stressed *words* and code stay: backquotes, examples, `::`.
    """
    literal = False
    for number, line in enumerate(lines):
        literal &= not line or line.startswith(" ")
        if not literal and not line.lstrip().startswith(">>>"):
            # every other one is code or stressed
            parts = re.split(r"(`[^`]*`|(?<!\S)\*[^\W\d][\w -]*\*(?!\w))", line)
            parts[::2] = [re.sub(r"([|*])", r"\\\1", part) for part in parts[::2]]
            lines[number] = "".join(parts)
        literal |= line.endswith("::")


def setup(app):
    """Called by Sphinx."""
    app.setup_extension("sphinx.ext.autodoc")
    app.setup_extension("sphinx.ext.napoleon")
    app.connect("source-read", fill)
    app.connect("autodoc-process-docstring", plain, priority=100)  # before napoleon writes markup
    return {"parallel_read_safe": True, "parallel_write_safe": True}
