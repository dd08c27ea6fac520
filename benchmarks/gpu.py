"""What `paper` costs on one GPU, in one command that can be stopped and started again:

    python -m benchmarks.gpu

Every job leaves one JSON file in results/gpu and is skipped where its file is already there
(`--again` measures anew). A job takes one to three minutes, most of them torch's compiler.
`--preset smoke --device cpu` tries every job without a GPU, into a folder of its own; its figures
mean nothing.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
import traceback
from pathlib import Path

import torch
from accelerate import Accelerator

from bassnb.errors import BassnbError
from bassnb.outputs import Output, check_outputs, json_with
from bassnb.presets import get_preset
from bassnb.stored import read_json, write_json
from benchmarks.gpu_collections import stall_cached, stall_recorded
from benchmarks.gpu_jobs import JOBS, SHARE_TARGET, STALL_TARGET
from benchmarks.gpu_measuring import HOW, Bench

JOBS |= {"stall-recorded": stall_recorded, "stall-cached": stall_cached}


def run(job: str, bench: Bench) -> None:
    """Do one job and write its file."""
    bench.accelerator.free_memory()  # of the job before
    gc.collect()
    torch.compiler.reset()
    if bench.on_gpu:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    torch.manual_seed(0)
    start = time.perf_counter()
    figures = JOBS[job](bench)
    name = torch.cuda.get_device_name() if bench.on_gpu else "CPU, a dry run"
    how = HOW.get(job.rpartition("-")[2])
    figures |= {"took": time.perf_counter() - start}
    write_json(
        bench.path(job),
        {
            "job": job,
            **({"how": how} if how else {}),
            "preset": bench.preset.name,
            "device": name,
            "torch": torch.__version__,
            **rounded(figures),
        },
    )


def rounded(value):
    """The same figures to four significant digits."""
    if isinstance(value, dict):
        return {key: rounded(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [rounded(inner) for inner in value]
    return float(f"{value:.4g}") if isinstance(value, float) else value


def line(job: str, bench: Bench) -> str:
    """The report of a job in a few words."""
    report = read_json(bench.path(job))
    if job == "ceiling":
        return f"{report['tflops']:.4g} TFLOP/s"
    if job.startswith("stall"):
        target = (
            f" ({verdict(report['stall'] < STALL_TARGET)}: below {STALL_TARGET:.0%})"
            if bench.on_gpu
            else ""
        )
        return f"waits {report['stall']:.1%} of the time{target}"
    if "steps_per_second" not in report:
        rows = [
            (what, row) for what in ("encode", "decode", "sample") for row in report.get(what, ())
        ]
        return ", ".join(
            f"{what} x{row['batch']} {row['precision']}: {row['real_time_factor'] or 0:.4g} x"
            for what, row in rows
        )
    share, memory = report["share_of_ceiling"], report["peak_memory_gib"]
    asked = bench.on_gpu and share and "diffusion" in job  # a dry run has no targets
    target = f" ({verdict(share >= SHARE_TARGET)}: at least {SHARE_TARGET:.0%})" if asked else ""
    return (
        f"{report['steps_per_second']:.4g} steps/s"
        + (f", {share:.1%} of the ceiling{target}" if share else "")
        + (f", {memory:.3g} GiB" if memory else "")
    )


def verdict(met: bool) -> str:
    """A target's name once it has been measured."""
    return "target met" if met else "target missed"


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.gpu", description=__doc__.split("\n")[0]
    )
    parser.add_argument("--preset", default="paper", help="paper, classroom or smoke")
    parser.add_argument(
        "--device", default="cuda", choices=["cuda", "cpu"], help="cpu is a dry run"
    )
    parser.add_argument("--seconds", type=float, default=10.0, help="of measuring for each figure")
    parser.add_argument(
        "--only", nargs="+", choices=list(JOBS), metavar="JOB", help=", ".join(JOBS)
    )
    parser.add_argument(
        "--again", action="store_true", help="measure what has been measured already"
    )
    parser.add_argument(
        "--out",
        type=Path,
        help="folder; by default results/gpu, and runs/gpu-dry-run for a dry run",
    )
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Do what has not been done yet, print every figure, and return the number of jobs that failed."""
    options = parse(arguments)
    if options.device == "cuda" and not torch.cuda.is_available():
        print(
            "there is no GPU here; try every job with --preset smoke --device cpu", file=sys.stderr
        )
        return 2
    out = options.out or Path("results/gpu" if options.device == "cuda" else "runs/gpu-dry-run")
    accelerator = Accelerator(cpu=options.device == "cpu", mixed_precision="bf16")
    bench = Bench(get_preset(options.preset), accelerator, options.seconds, out)
    try:
        check_outputs(
            Output(bench.path(job), json_with("job", "preset", "device", "torch"))
            for job in options.only or JOBS
        )
    except (BassnbError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    failed = []
    for job in options.only or JOBS:
        try:
            if options.again or not bench.path(job).is_file():
                run(job, bench)
            print(f"{job:<22}{line(job, bench)}", flush=True)
        except Exception:  # the next job may well run: a lease is short
            traceback.print_exc()
            failed.append(job)
    if failed:
        print(f"failed: {', '.join(failed)}; the same command tries them again", file=sys.stderr)
    return min(len(failed), 1)


if __name__ == "__main__":
    sys.exit(main())
