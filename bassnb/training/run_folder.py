"""The files of a run folder: which belong to a training, and which are left of one that was killed.

Taught in chapter 10.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from bassnb.errors import CheckpointError
from bassnb.files import remove_unfinished, write_atomically
from bassnb.outputs import Output, check_outputs, json_with
from bassnb.stored import read_tensors

STATE, BEST, LOG, NAN = "state.safetensors", "best.safetensors", "log.jsonl", "nan.json"


def check_run(folder: str | Path, finished: Iterable[str], inputs: Iterable = ()) -> None:
    """Refuse a folder in which a training would write over something, before its data are prepared.

    A folder with a training state is a run; `Run` compares its configuration.

    Parameters
    ----------
    finished : names of the files that the training writes at its end
    inputs : paths that the training reads; see `check_outputs`

    Raises
    ------
    BassnbError
        If a file in it is an input, or was not written by a training.
    """
    folder = Path(folder)
    if (folder / STATE).is_file():
        return
    # files of a training that ended before its first checkpoint
    begun = {LOG: has_steps, BEST: has_best, NAN: json_with("step", "batch_seed")}
    names = {**begun, STATE: lambda path: False, **{name: lambda path: False for name in finished}}
    check_outputs([Output(folder / name, ours) for name, ours in names.items()], inputs)


def has_steps(path: Path) -> bool:
    """Whether a file is the log of a training, by its first line."""
    with open(path, encoding="utf-8", errors="replace") as file:
        return step_of(file.readline(10_000)) < float("inf")


def has_best(path: Path) -> bool:
    """Whether a file holds the best weights of a training."""
    try:
        return "best" in read_tensors(path)[1]
    except CheckpointError:
        return False


def tidy(folder: Path, step: int) -> None:
    """Remove files left by a killed process, and log lines beyond the checkpoint of `step`."""
    for place in (folder, folder / "pretrained"):
        remove_unfinished(place)
    if not step:
        (folder / BEST).unlink(missing_ok=True)  # of a training without a checkpoint
    log = folder / LOG
    if log.is_file():
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        kept = [line for line in lines if step_of(line) <= step]
        if kept != lines:
            write_atomically(log, "".join(line + "\n" for line in kept).encode())


def step_of(line: str) -> float:
    """The step of a line of the log; infinity for a line that is incomplete or has none."""
    try:
        return float(json.loads(line)["step"])
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
        return float("inf")
