"""Times taken in turn, and ratios of them with their spread."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Hashable


def seconds(job: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    job()
    return time.perf_counter() - start


def interleaved(
    jobs: dict[Hashable, Callable[[], object]], repeats: int
) -> dict[Hashable, list[float]]:
    """Wall times of each job in `repeats` rounds: a, b, c, a, b, c, ...

    Whatever slows the machine down for a while slows all jobs of a round, and cancels in their
    ratios. Every job is called once before: buffers are allocated and kernels chosen then.
    """
    for job in jobs.values():
        job()
    times: dict[Hashable, list[float]] = {name: [] for name in jobs}
    for _ in range(repeats):
        for name, job in jobs.items():
            times[name].append(seconds(job))
    return times


def spread(values: list[float]) -> dict[str, float]:
    """Median and range, to four significant digits."""
    figures = {"median": statistics.median(values), "low": min(values), "high": max(values)}
    return {name: float(f"{value:.4g}") for name, value in figures.items()}


def ratio(above: list[float], below: list[float], factor: float = 1.0) -> dict[str, float]:
    """Spread of `factor` * above / below, round by round."""
    return spread([factor * a / b for a, b in zip(above, below, strict=True)])
