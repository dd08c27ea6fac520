"""How the jobs of `benchmarks.gpu` measure times, operations and utilisation."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from bassnb.presets import SAMPLE_RATE, TIME_RATIO, Preset
from bassnb.stored import read_json

HOW = {
    "plain": "as written, without torch.compile",
    "compiled": "torch.compile, default mode: what compile=True of the trainings does",
    "graphs": 'torch.compile, mode="reduce-overhead": CUDA graphs',
    "tuned": "torch.compile, and cuDNN tries its convolutions (torch.backends.cudnn.benchmark)",
}


@dataclass(frozen=True)
class Bench:
    """What all jobs share."""

    preset: Preset
    accelerator: Accelerator  # bf16 autocast
    seconds: float  # of measuring for each figure
    out: Path

    @property
    def device(self) -> torch.device:
        """Where everything runs."""
        return self.accelerator.device

    @property
    def on_gpu(self) -> bool:
        """False in a dry run."""
        return self.device.type == "cuda"

    @property
    def batches(self) -> tuple[int, int]:
        """One take, and as many as a server would make at once."""
        return (1, 64) if self.on_gpu else (1, 2)

    def path(self, job: str) -> Path:
        """The file of a job."""
        return self.out / f"{self.preset.name}-{job}.json"

    def random(self, *shape: int) -> Tensor:
        """Normal numbers on the device; zeros would be multiplied faster."""
        return torch.randn(shape, generator=torch.Generator().manual_seed(0)).to(self.device)


def wait(bench: Bench) -> None:
    """Until the device has done all that it was asked to do."""
    if bench.on_gpu:
        torch.cuda.synchronize()


def duration(work: Callable[[], object], bench: Bench, calls: int = 1) -> float:
    """Seconds of one call, over `calls` in a row that the device need not stop between."""
    wait(bench)
    start = time.perf_counter()
    for _ in range(calls):
        work()
    wait(bench)
    return (time.perf_counter() - start) / calls


def timed(work: Callable[[], object], bench: Bench) -> dict:
    """Seconds of one call: median and range of groups of calls.

    Three calls before them compile, tune and allocate.
    """
    once = min(duration(work, bench) for _ in range(4))
    calls = max(round(bench.seconds / 10 / once), 1)
    groups = max(min(round(bench.seconds / (calls * once)), 10), 3)
    times = [duration(work, bench, calls) for _ in range(groups)]
    return {
        "seconds": statistics.median(times),
        "fastest": min(times),
        "slowest": max(times),
        "calls": calls * groups,
    }


def compile_how(how: str, bench: Bench, *networks: nn.Module) -> None:
    """Prepare networks in place as one of `HOW`.

    A dry run only traces them, because compiling takes minutes.
    """
    torch.backends.cudnn.benchmark = how == "tuned"
    options = {"mode": "reduce-overhead"} if how == "graphs" else {}
    for network in networks if how != "plain" else ():
        network.compile(dynamic=False, **(options if bench.on_gpu else {"backend": "eager"}))


def flops(make: Callable[[], nn.Module], *shapes: tuple[int, ...]) -> int:
    """Floating-point operations of one forward pass; nothing is computed.

    A multiplication and an addition count as two.
    """
    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        make()(*(torch.zeros(shape) for shape in shapes))
    return counter.get_total_flops()


def ceiling_of(bench: Bench) -> float | None:
    """The measured ceiling in TFLOP/s, if its job has been done."""
    path = bench.path("ceiling")
    return read_json(path)["tflops"] if path.is_file() else None


def training_figures(
    step: Callable[[], object], bench: Bench, step_flops: int, formula: str
) -> dict:
    """Steps a second, operations a second and as a share of the ceiling, memory."""
    times = timed(step, bench)
    tflops, ceiling = step_flops / times["seconds"] / 1e12, ceiling_of(bench)
    return {
        "steps_per_second": 1 / times["seconds"],
        "times": times,
        "model_tflop_per_step": step_flops / 1e12,
        "formula": formula,
        "tflops": tflops,
        "ceiling_tflops": ceiling,
        "share_of_ceiling": ceiling and tflops / ceiling,
        "peak_memory_gib": torch.cuda.max_memory_allocated() / 2**30 if bench.on_gpu else None,
    }


def real_time(work: Callable[[], object], bench: Bench, batch: int) -> dict:
    """Seconds of music made in a second, all takes of the batch together."""
    music = batch * bench.preset.diffusion_training.latents * TIME_RATIO / SAMPLE_RATE
    try:
        times = timed(work, bench)
    except torch.OutOfMemoryError:
        return {"batch": batch, "real_time_factor": None, "error": "out of memory"}
    return {"batch": batch, "real_time_factor": music / times["seconds"], "times": times}
