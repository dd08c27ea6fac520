"""`python -m benchmarks`: measure everything, print the table, write results/bench.json."""

from __future__ import annotations

import argparse
import os
import sys
import time
from dataclasses import asdict
from pathlib import Path

import psutil
import torch

from bassnb import __version__
from bassnb.errors import BassnbError
from bassnb.outputs import Output, check_outputs, report_of
from bassnb.stored import write_json
from benchmarks import codecs, end_to_end, machine, precision, sampler, scaling, table, together
from benchmarks.settings import FULL, QUICK, Settings


def measure(settings: Settings) -> dict:
    """Everything that `settings` asks for, as a report for the JSON file."""
    start, facts = time.perf_counter(), machine.facts()
    torch.manual_seed(0)
    # untrained weights can drive signals to where processors are slow; trained ones do not
    torch.set_flush_denormal(True)
    player = end_to_end.accompanist(settings.model)
    parts = {
        "codecs": lambda: codecs.measure(settings),
        "sampler": lambda: sampler.measure(player.system, settings),
        "end_to_end": lambda: end_to_end.measure(player, settings),
        **({"together": lambda: together.measure(settings)} if settings.processes else {}),
        "precision": lambda: precision.measure(settings),
        "scaling": lambda: scaling.measure(player, settings),
    }
    report = {
        "command": "make bench",
        "version": __version__,
        "settings": asdict(settings),
        "machine": facts,
    }
    for name, job in parts.items():
        print(f"{time.perf_counter() - start:4.0f} s  {name}", file=sys.stderr, flush=True)
        report[name] = job()
    report["minutes"] = round((time.perf_counter() - start) / 60, 1)
    report["table"], report["wrong"] = table.rows_of(report), table.wrong(report)
    return report


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 1 for a wrong result, 0 otherwise, however slow the machine."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Speed as ratios, measured in one run."
    )
    parser.add_argument(
        "--quick", action="store_true", help="a dry run of about a minute; its figures mean little"
    )
    parser.add_argument(
        "--threads",
        type=int,
        default=min(2, psutil.cpu_count() or 1),
        help="of torch; by default 2",
    )
    parser.add_argument(
        "--out", type=Path, help="JSON file; by default results/bench.json, or _quick/bench.json"
    )
    options = parser.parse_args(arguments)
    out = options.out or Path("_quick" if options.quick else "results") / "bench.json"
    try:
        check_outputs([Output(out, report_of("make bench"))])
    except (BassnbError, OSError) as error:
        parser.error(str(error))
    # nothing is fetched: every network is made from its configuration
    os.environ["HF_HUB_OFFLINE"] = "1"
    torch.set_num_threads(options.threads)
    report = measure(QUICK if options.quick else FULL)
    print(table.as_text(report["table"]))
    print(write_json(out, report))
    for sentence in report["wrong"]:
        print(f"wrong result: {sentence}", file=sys.stderr)
    return 1 if report["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
