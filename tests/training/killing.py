"""Train, get killed and resume, several times for each training; run by test_survival.py.

    python killing.py FOLDER PART KILLS ENDS STEPS SEED

Everything is imported once; each life of the training is a fork. Every second life is ended at a
random moment from outside, the others inside the writing of a file: in turn with half of its bytes
written, with all of them, and just after it got its name. After KILLS of them, trainings go on until
ENDS have come to their end, at STEPS. Prints one line of JSON: what was counted, and whether
every training that came to its end equals the undisturbed one.
"""

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

import torch

from bassnb import files
from bassnb.presets import SMOKE
from bassnb.settings import TrainingSettings
from bassnb.stored import read_tensors
from bassnb.training import run
from bassnb.training.autoencoder import train_autoencoder
from bassnb.training.diffusion import train_diffusion

root, part = Path(sys.argv[1]), sys.argv[2]
kills, ends, steps, seed = map(int, sys.argv[3:7])
MOMENTS = ("half", "whole", "named")
torch.set_num_threads(1)
torch.optim.Adam([torch.zeros(1)])  # the first optimiser imports the compiler, two seconds
run.LOG_EVERY = 1  # with save_minutes=0 a checkpoint after every step


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def die_in_write(number, moment):
    """Let the `number`-th atomic write of this process be its last."""
    count = [0]

    class Deadly:
        """`os`, as `bassnb.files` sees it."""

        def __getattr__(self, name):
            return getattr(os, name)

        def close(self, handle):  # of the empty file, before anything is written
            count[0] += 1
            os.close(handle)

        def fsync(self, handle):
            if count[0] == number and moment == "half":
                os.truncate(handle, os.fstat(handle).st_size // 2)
                die()
            os.fsync(handle)

        def replace(self, source, target):
            if count[0] == number and moment == "whole":
                die()
            os.replace(source, target)
            if count[0] == number:
                die()

    files.os = Deadly()


def train(folder):
    where = {"cache": root / "cache", "device": "cpu", "resume": True}
    where |= {"steps": steps, "save_minutes": 0}
    if part == "diffusion":
        train_diffusion(
            SMOKE, folder, TrainingSettings(**where), mix=root / "mix", bass=root / "bass"
        )
    else:
        train_autoencoder(SMOKE, part, folder, TrainingSettings(**where))


def life(folder, prepare=lambda: None):
    """One life of a training, as a process of its own; returns its number."""
    child = os.fork()
    if child:
        return child
    sys.stderr = open(os.devnull, "w")
    code = 1
    try:
        prepare()
        train(folder)
        code = 0
    finally:
        os._exit(code)


def everything(folder):
    """All tensors and curves that a training leaves."""
    tensors = {
        path.relative_to(folder): read_tensors(path)[0]
        for path in sorted(folder.rglob("*.safetensors"))
    }
    return tensors, (folder / "log.jsonl").read_text()


def same(one, other):
    tensors, others = one[0], other[0]
    return (
        one[1] == other[1]
        and tensors.keys() == others.keys()
        and all(
            tensors[path].keys() == others[path].keys()
            and all(torch.equal(tensors[path][n], others[path][n]) for n in tensors[path])
            for path in tensors
        )
    )


rng = random.Random(seed)
assert os.waitpid(life(root / "first"), 0)[1] == 0  # it fills the cache, which takes longer
began = time.monotonic()
assert os.waitpid(life(root / "undisturbed"), 0)[1] == 0
whole, expected = time.monotonic() - began, everything(root / "undisturbed")
counts = {"killed": 0, "in a write": 0, "ended": 0, "equal": 0, "left over": 0, "failed": 0}
number, resumed_from = 0, set()
while counts["killed"] < kills or counts["ended"] < ends:
    folder = root / f"{part}-{number}"
    state = folder / "state.safetensors"
    resumed_from.add(json.loads(read_tensors(state)[1]["meta"])["step"] if state.is_file() else 0)
    inside = counts["killed"] % 2 == 0 and counts["killed"] < kills
    if inside:
        chosen = rng.randint(1, 12), MOMENTS[counts["in a write"] % len(MOMENTS)]
        child = life(folder, lambda: die_in_write(*chosen))
    else:
        child = life(folder)
        if counts["killed"] < kills:
            time.sleep(rng.uniform(0.02, 1.0) * whole)
            os.kill(child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        counts["killed"] += 1
        counts["in a write"] += inside
        continue
    counts["failed"] += os.WEXITSTATUS(status) != 0
    counts["ended"] += 1
    counts["equal"] += same(everything(folder), expected)
    counts["left over"] += len(list(folder.rglob(".*")))
    number += 1
print(json.dumps({**counts, "resumed from": len(resumed_from)}))
