"""`python -m teaching student`, `instructor`, `slides` or `grade`; see `make help`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from teaching import grading, instructor, slides, student


def main(arguments: list[str] | None = None) -> int:
    """Make an edition, or mark submissions; prints where the result is."""
    parser = argparse.ArgumentParser(prog="python -m teaching", description=__doc__)
    kinds = parser.add_subparsers(dest="kind", required=True)
    for kind in ("student", "instructor", "slides"):
        kinds.add_parser(kind)
    marking = kinds.add_parser("grade")
    marking.add_argument("submissions", type=Path)
    marking.add_argument("--out", type=Path, default=Path("grades.csv"))
    options = parser.parse_args(arguments)
    if options.kind == "grade":
        print(grading.grade_all(options.submissions, options.out))
    else:
        print({"student": student, "instructor": instructor, "slides": slides}[options.kind].make())
    return 0


if __name__ == "__main__":
    sys.exit(main())
