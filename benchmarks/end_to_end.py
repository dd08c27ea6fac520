"""Whole takes in this process and in a fresh one, and the time of an import."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from bassnb.accompanist import Accompanist
from bassnb.audio import read_audio, write_audio
from bassnb.checkpoints import System
from bassnb.errors import BassnbError
from bassnb.presets import SAMPLE_RATE, get_preset
from benchmarks.settings import Settings
from benchmarks.timing import interleaved, ratio, spread

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "data_samples" / "pop" / "mix.flac"
# by name, with the field of the settings for their steps
SAMPLERS = {"ddim": "steps", "dpm++": "few_steps"}
IMPORTS = {  # bassnb loads lazily; Accompanist imports what a take needs
    "torch": "import torch",
    "bassnb": "import bassnb",
    "Accompanist": "from bassnb import Accompanist",
}


# Starts a program from a small process: a child's peak memory includes that of its parent
# at the time of the fork.
LAUNCHER = """
import resource, subprocess, sys, time
start = time.perf_counter()
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


class BenchmarkError(BassnbError):
    """A command that was to be measured and did not work."""


def accompanist(model: str) -> Accompanist:
    """The shipped model of that name, or untrained weights of the preset "smoke"."""
    return (
        Accompanist(System(get_preset(model)), name=model)
        if model == "smoke"
        else Accompanist.from_pretrained(model)
    )


def song(length: float) -> Tensor:
    """The sample mix, repeated to `length` seconds: (2, N)."""
    mix, samples = read_audio(SAMPLE), int(length * SAMPLE_RATE)
    return mix.repeat(1, -(-samples // mix.shape[-1]))[:, :samples]


def takes(player: Accompanist, settings: Settings) -> dict:
    """Multiples of real time of whole guided takes, encoding and decoding included, by sampler."""
    mix = song(settings.seconds)
    steps = {sampler: getattr(settings, field) for sampler, field in SAMPLERS.items()}
    jobs = {
        name: partial(player, mix, guidance=2.5, sampler=name, steps=count)
        for name, count in steps.items()
    }
    taken = interleaved(jobs, settings.repeats)
    return {
        name: {"steps": steps[name], "speed": spread([settings.seconds / t for t in times])}
        for name, times in taken.items()
    }


def environment() -> dict[str, str]:
    """For fresh processes: as many threads as this one, and this package."""
    return {**os.environ, "OMP_NUM_THREADS": str(torch.get_num_threads()), "PYTHONPATH": str(ROOT)}


def fresh(*arguments: str) -> dict[str, float]:
    """Wall time and peak memory of a new Python with these arguments.

    Raises
    ------
    BenchmarkError
        If it failed.
    """
    command = [sys.executable, "-c", LAUNCHER, sys.executable, *arguments]
    launcher = subprocess.run(
        command, env=environment(), stdout=subprocess.PIPE, text=True, check=False
    )
    if launcher.returncode:
        raise BenchmarkError(
            f"`python {' '.join(arguments[:3])}` did not work; see its message above"
        )
    taken, peak = launcher.stdout.split()
    return {
        "seconds": float(taken),
        "memory_mb": int(peak) * (1 if sys.platform == "darwin" else 1024) / 1e6,
    }


def imports(settings: Settings) -> dict:
    """Seconds of importing, interpreter included, and ours over torch's."""
    rounds = [
        {name: fresh("-c", code)["seconds"] for name, code in IMPORTS.items()}
        for _ in range(settings.processes + 1)
    ]
    # the first round reads the files into memory
    taken = {name: [one[name] for one in rounds[1:]] for name in IMPORTS}
    ratios = {name: ratio(taken[name], taken["torch"]) for name in IMPORTS if name != "torch"}
    return {"seconds": {name: spread(times) for name, times in taken.items()}, "over torch": ratios}


def command(model: str, seconds: float, runs: int) -> dict:
    """`bassnb accompany` on a song of `seconds`: wall time from the shell, and peak memory."""
    with tempfile.TemporaryDirectory() as folder:
        mix, bass = Path(folder) / "mix.flac", Path(folder) / "bass.flac"
        write_audio(mix, song(seconds))
        arguments = ("-m", "bassnb", "accompany", str(mix), "--out", str(bass), "--model", model)
        found = [fresh(*arguments) for _ in range(runs)]
    return {key: spread([run[key] for run in found]) for key in ("seconds", "memory_mb")}


def measure(player: Accompanist, settings: Settings) -> dict:
    """Takes, imports and the command; the latter two only where `settings` asks for fresh processes."""
    figures = {"seconds": settings.seconds, "takes": takes(player, settings)}
    if settings.processes:
        figures["imports"] = imports(settings)
        figures["command"] = command(settings.model, settings.seconds, settings.processes)
        figures["long"] = {
            "seconds": settings.lengths[-1],
            "command": command(settings.model, settings.lengths[-1], 1),
        }
    return figures
