"""The ledger: reads ledger.yml, checks every name in it, and compares our values with the paper.

Used by ledger.ipynb, which shows it, and by tests/book/test_ledger.py. Every function that resolves
a name raises LedgerError where nothing has that name, so that no row refers to something removed.
"""

import importlib
import inspect
import json
from collections import Counter
from functools import lru_cache
from pathlib import Path

import torch
import yaml
from _evidence import Place, marked

from bassnb.autoencoder import Autoencoder
from bassnb.metrics.statistics import figure, with_interval
from bassnb.presets import CLASSROOM, PAPER
from bassnb.unet import UNet1d

BOOK = Path(__file__).parent
ROOT = BOOK.parent
STATUS = {
    "met": "as printed",
    "differs": "differs",
    "cannot": "cannot be repeated",
    "background": "background",
}
FIELDS = set(
    "paper where printed status note preset value default count results code evidence "
    "chapter".split()
)
PARTS = {"mix": (Autoencoder, "mix"), "bass": (Autoencoder, "bass"), "unet": (UNet1d, "unet")}


class LedgerError(ValueError):
    """A row with a name that does not exist, or with a status that is not true."""


def sections() -> dict[str, list[dict]]:
    """Rows of ledger.yml by section."""
    return {
        part["section"]: part["rows"]
        for part in yaml.safe_load((BOOK / "ledger.yml").read_text(encoding="utf-8"))
    }


def listed(entry) -> list:
    """One name, several, or none."""
    return entry if isinstance(entry, list) else [] if entry is None else [entry]


# -- names to things -------------------------------------------------------------------------------
def find_object(name: str):
    """The object of a qualified name in bassnb, as `bassnb.unet.UNet1d.forward`."""
    parts = name.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            thing = importlib.import_module(".".join(parts[:cut]))
            break
        except ModuleNotFoundError:
            continue
    try:
        for part in parts[cut:]:
            thing = getattr(thing, part)
    except (AttributeError, UnboundLocalError):
        raise LedgerError(f"there is no {name}") from None
    return thing


@lru_cache
def evidence() -> dict[str, list[Place]]:
    """Where the tests of every key are."""
    return marked("evidence")


def find_tests(key: str) -> list[Place]:
    """Where the tests of a key are; LedgerError if there is none."""
    if key not in evidence():
        raise LedgerError(f"there is no test with the key {key}")
    return evidence()[key]


def find_chapter(number: int) -> str:
    """File name of a chapter."""
    files = sorted(BOOK.glob(f"{number:02d}_*.ipynb"))
    if len(files) != 1:
        raise LedgerError(f"there is no chapter {number}")
    return files[0].name


def field(preset, path: str):
    """A field of a preset by its path: `mix.hop`."""
    try:
        for name in path.split("."):
            preset = getattr(preset, name)
    except AttributeError:
        raise LedgerError(f"no preset has a field {path}") from None
    return preset


def measured(file: str, pointer: str):
    """A value of results/`file` by its JSON pointer: `/rows/generated/root/mean`."""
    try:
        value = json.loads((ROOT / "results" / file).read_text(encoding="utf-8"))
        for step in pointer.strip("/").split("/"):
            value = value[int(step)] if isinstance(value, list) else value[step]
    except (OSError, KeyError, IndexError, ValueError, TypeError):
        raise LedgerError(f"results/{file} has nothing at {pointer}") from None
    return value


def shown(value, form: str) -> str:
    """A measured value, or a mean with its interval, in the format of its row."""
    if isinstance(value, dict):
        return with_interval(value, form)
    return figure(value, form) if isinstance(value, (int, float)) else format(value, form)


@lru_cache
def millions(part: str) -> float:
    """Parameters of a part of the `paper` preset, in millions, counted on the meta device."""
    network, config = PARTS[part]
    with torch.device("meta"):
        return (
            sum(parameter.numel() for parameter in network(field(PAPER, config)).parameters()) / 1e6
        )


# -- rows ------------------------------------------------------------------------------------------
def ours(row: dict) -> tuple[list, list]:
    """Values of the `paper` and the `classroom` preset for a row, without repetitions."""
    if "count" in row:
        return [round(millions(row["count"]))], []
    if "value" in row:
        module, _, name = row["value"].partition(":")
        return [find_object(f"{module}.{name}")], []
    if "default" in row:
        function, _, name = row["default"].partition(":")
        if name not in inspect.signature(find_object(function)).parameters:
            raise LedgerError(f"{function} has no argument {name}")
        return [inspect.signature(find_object(function)).parameters[name].default], []
    values = [
        [field(preset, path) for path in listed(row.get("preset"))] for preset in (PAPER, CLASSROOM)
    ]
    return tuple(
        [value for i, value in enumerate(column) if value not in column[:i]] for column in values
    )


def check(row: dict) -> None:
    """Check the names in a row, and its status against the values.

    Raises LedgerError.
    """
    if unknown := set(row) - FIELDS:
        raise LedgerError(f"unknown fields {sorted(unknown)}")
    if row["status"] not in STATUS:
        raise LedgerError(f"unknown status {row['status']!r}")
    for name in listed(row.get("code")):
        find_object(name)
    for key in listed(row.get("evidence")):
        find_tests(key)
    for _, file, pointer, form in listed(row.get("results")):
        shown(measured(file, pointer), form)
    find_chapter(row["chapter"])
    if row["status"] in ("met", "differs") and not (row.get("code") and row.get("evidence")):
        raise LedgerError("it names neither code nor a test")
    if row["status"] != "met" and not row.get("note"):
        raise LedgerError("it is not met, and no note says why")
    if not isinstance(row.get("printed"), str):
        check_number(row)


def check_number(row: dict) -> None:
    """Raise LedgerError unless the status is "met" exactly where the numbers are equal."""
    printed, (values, _) = row.get("printed"), ours(row)
    same = all((list(value) if isinstance(value, tuple) else value) == printed for value in values)
    if row["status"] in ("met", "differs") and same != (row["status"] == "met"):
        raise LedgerError(
            f"the paper prints {printed}, the preset has {values}, and the status is {row['status']}"
        )


def check_all() -> None:
    """Check every row; the error names the row."""
    for section, rows in sections().items():
        for row in rows:
            try:
                check(row)
            except LedgerError as error:
                raise LedgerError(f"{section}, {row['paper']}: {error}") from None


def deviates_in_classroom(row: dict) -> bool:
    """Whether `classroom` has another value than the `paper` preset."""
    paper, classroom = ours(row)
    return bool(classroom) and paper != classroom


# -- the page --------------------------------------------------------------------------------------
def text_of(value) -> str:
    """A value as the page shows it: thousands separated, no brackets, yes and no."""
    if isinstance(value, (list, tuple)):
        return ", ".join(text_of(item) for item in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    return f"{value:,}".replace(",", "\u202f") if isinstance(value, int) else str(value)


def here(row: dict) -> str:
    """Our value for a printed one, with status and note."""
    paper, classroom = ("; ".join(text_of(value) for value in column) for column in ours(row))
    lines = [f"**{STATUS[row['status']]}**"]
    if paper and paper == classroom:
        lines.append(f"{paper} in both presets")
    elif paper:
        lines += [f"`paper`: {paper}", f"`classroom`: {classroom}"] if classroom else [paper]
    lines += [
        f"{label}: {shown(measured(file, pointer), form)}"
        for label, file, pointer, form in listed(row.get("results"))
    ]
    return "<br>".join([*lines, *listed(row.get("note"))])


def table(section: str) -> str:
    """The rows of a section as a Markdown table."""
    lines = ["| in the paper | here | code and test |", "|---|---|---|"]
    for row in sections()[section]:
        place = (
            f"section {row['where']}; [chapter {row['chapter']}]({find_chapter(row['chapter'])})"
        )
        printed = [f"printed: {text_of(row['printed'])}"] if "printed" in row else []
        paper = "<br>".join([f"**{row['paper']}**", *printed, place])
        tests = [place for key in listed(row.get("evidence")) for place in find_tests(key)]
        names = [f"`{name}`" for name in [*listed(row.get("code")), *tests]]
        lines.append(f"| {paper} | {here(row)} | {'<br>'.join(names) or 'none'} |")
    return "\n".join(lines)


def tally() -> Counter:
    """Number of rows by status."""
    return Counter(row["status"] for rows in sections().values() for row in rows)
