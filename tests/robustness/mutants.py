"""Are the tests of the arithmetic any good? Every operator, number and argument of six modules is
changed, one at a time.

    python -m tests.robustness.mutants --out results/mutants.json

mutmut makes the changes in a copy of the tree and runs the tests of these modules on each. A
changed module that passes them all has survived: then a test is missing, or `survivors.yml` says
why there cannot be one.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import yaml

from bassnb.stored import write_json

ROOT, SURVIVORS = Path(__file__).parents[2], Path(__file__).with_name("survivors.yml")
ENOUGH = ("bassnb", "tests", "data_samples", "pyproject.toml")  # for the tests of these modules


def mutmut(*words: str, folder: Path, **options) -> str:
    """What the command `mutmut` prints."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "mutmut", *words],
        cwd=folder,
        env=environment,
        text=True,
        check=True,
        **options,
    )
    return done.stdout


def verdicts(folder: Path) -> dict[str, str]:
    """Of each mutant, by its name: killed, survived, timeout ..."""
    lines = mutmut("results", "--all", "true", folder=folder, capture_output=True).splitlines()
    return dict(line.strip().split(": ") for line in lines if ": " in line)


def change(name: str, folder: Path) -> tuple[str, str]:
    """The lines that a mutant lacks and those that it has instead, stripped."""
    lines = mutmut("show", name, folder=folder, capture_output=True).splitlines()
    return tuple(
        " ".join(
            line[1:].strip()
            for line in lines
            if re.match(rf"\{sign}(?!{re.escape(sign * 2)})", line)
        )
        for sign in "-+"
    )


def explanation(name: str, was: str, becomes: str, reasons: list[dict]) -> str | None:
    """Why nobody can kill this mutant, if `survivors.yml` says so."""
    module = name.split(".")[1]
    for reason in reasons:
        fits = (
            module in reason.get("modules", [module])
            and re.search(reason["was"], was)
            and re.search(reason["becomes"], becomes)
        )
        if fits:
            return reason["why"]
    return None


def report(folder: Path) -> dict:
    """Counts by module, the reasons of those that survived, and those that have none."""
    reasons, found = yaml.safe_load(SURVIVORS.read_text(encoding="utf-8")), verdicts(folder)
    modules, explained, unexplained = {}, Counter(), []
    for name, verdict in found.items():
        row = modules.setdefault(name.split(".")[1], {"mutants": 0, "killed": 0, "explained": 0})
        row["mutants"] += 1
        if verdict in ("killed", "timeout"):
            row["killed"] += 1
            continue
        was, becomes = change(name, folder)
        why = explanation(name, was, becomes, reasons)
        row["explained"] += why is not None
        if why:
            explained[why] += 1
        else:
            unexplained.append({"mutant": name, "verdict": verdict, "was": was, "becomes": becomes})
    unused = [reason["why"] for reason in reasons if reason["why"] not in explained]
    return {
        "modules": dict(sorted(modules.items())),
        "explained": dict(explained),
        "unexplained": unexplained,
        "unused": unused,
    }


def main() -> None:
    """Make all mutants, run the tests on each, and write what came of it; exit status 1 if a
    survivor has no reason, or a reason none.
    """
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "mutants.json")
    out = parser.parse_args().out
    with tempfile.TemporaryDirectory() as scratch:
        folder, began = Path(scratch), time.monotonic()
        for name in ENOUGH:
            (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, folder / name)
        mutmut("run", "--max-children", str(os.cpu_count() or 1), folder=folder)
        found = report(folder)
        write_json(
            out,
            {
                "command": "make mutants",
                "minutes": round((time.monotonic() - began) / 60, 1),
                **found,
            },
        )
    for one in found["unexplained"]:
        print(f"{one['mutant']}\n  - {one['was']}\n  + {one['becomes']}")
    for why in found["unused"]:
        print(f"no mutant needs the reason any more: {why}")
    print(out)
    sys.exit(bool(found["unexplained"] or found["unused"]))


if __name__ == "__main__":
    main()
