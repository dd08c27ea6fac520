"""Two commands at once beside one: what sharing a machine costs."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from bassnb.audio import write_audio
from benchmarks.end_to_end import BenchmarkError, environment, song
from benchmarks.settings import Settings
from benchmarks.timing import interleaved, ratio, spread

AT_ONCE = 2


def commands(mix: Path, model: str, steps: int, count: int) -> None:
    """Run so many `bassnb accompany` of one mix at once, to their ends.

    Raises
    ------
    BenchmarkError
        If one of them failed.
    """
    command = [
        sys.executable,
        "-m",
        "bassnb",
        "accompany",
        str(mix),
        "--model",
        model,
        "--steps",
        str(steps),
        "--out",
    ]
    targets = [str(mix.with_name(f"bass-{number}.flac")) for number in range(count)]
    started = [
        subprocess.Popen([*command, out], env=environment(), stdout=subprocess.DEVNULL)
        for out in targets
    ]
    if any([process.wait() for process in started]):  # a list: wait for all of them
        raise BenchmarkError("`bassnb accompany` did not work; see its message above")


def measure(settings: Settings) -> dict:
    """Seconds of one command and of several at once, taken in turn, and their ratio."""
    with tempfile.TemporaryDirectory() as folder:
        mix = Path(folder) / "mix.flac"
        write_audio(mix, song(settings.seconds))
        jobs = {
            count: partial(commands, mix, settings.model, settings.steps, count)
            for count in (1, AT_ONCE)
        }
        taken = interleaved(jobs, settings.processes)
    return {
        "at_once": AT_ONCE,
        "alone": spread(taken[1]),
        "together": spread(taken[AT_ONCE]),
        "ratio": ratio(taken[AT_ONCE], taken[1]),
    }
