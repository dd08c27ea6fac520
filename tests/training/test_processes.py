"""Two processes train one model: the same batches and the same losses as one process."""

import json

import pytest
import torch

from bassnb.errors import BassnbError
from bassnb.presets import SMOKE
from bassnb.settings import TrainingSettings
from bassnb.stored import read_tensors
from bassnb.training.autoencoder import train_autoencoder
from bassnb.training.diffusion import train_diffusion
from tests.training.two_processes import run_twice

SCRIPT = """
import sys
from pathlib import Path
import torch
from accelerate import Accelerator
from bassnb.presets import SMOKE
from bassnb.training import run
from bassnb.training.autoencoder import train_autoencoder
from bassnb.training.diffusion import train_diffusion
from bassnb.settings import TrainingSettings

torch.set_num_threads(1)
run.LOG_EVERY = 1
root, others = Path(sys.argv[1]), Path(sys.argv[2])
def equal(model):
    mine = torch.cat([p.detach().flatten() for p in model.parameters()])[None]
    all_of_them = Accelerator(cpu=True).gather(mine)
    return len(all_of_them) == 2 and torch.equal(*all_of_them)

for stem in ("mix", "bass"):
    assert equal(train_autoencoder(SMOKE, stem, root / stem, TrainingSettings(cache=root / "cache", device="cpu", steps=16))), stem
system = train_diffusion(SMOKE, root / "diffusion", TrainingSettings(cache=root / "cache", device="cpu", steps=8), mix=others / "mix", bass=others / "bass")
assert equal(system.unet), "diffusion"
system = train_diffusion(SMOKE, root / "best", TrainingSettings(cache=root / "cache", device="cpu", steps=8, best=True), mix=others / "mix", bass=others / "bass")
assert equal(system.unet), "best"
"""


def losses(folder):
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return {
        line["step"]: line
        for line in lines
        if not any(name.startswith("validation") for name in line)
    }


def train_alone(root, autoencoders, accumulate):
    """Trained in this process, every loss in the log."""
    where = {"cache": autoencoders / "cache", "device": "cpu", "accumulate": accumulate}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bassnb.training.run.LOG_EVERY", 1)
        for stem in ("mix", "bass"):
            train_autoencoder(SMOKE, stem, root / stem, TrainingSettings(steps=16, **where))
        train_diffusion(
            SMOKE,
            root / "diffusion",
            TrainingSettings(steps=8, **where),
            mix=autoencoders / "mix",
            bass=autoencoders / "bass",
        )
    return root


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    root = tmp_path_factory.mktemp("alone")
    return train_alone(root, root, 1)


@pytest.fixture(scope="module")
def in_two_parts(alone, tmp_path_factory):
    return train_alone(tmp_path_factory.mktemp("parts"), alone, 2)


@pytest.fixture(scope="module")
def two_processes(alone, tmp_path_factory):
    root = tmp_path_factory.mktemp("two")
    script = root / "train.py"
    script.write_text(SCRIPT)
    done = run_twice(script, root, alone)
    assert done.returncode == 0, done.stderr[-3000:]
    return root


@pytest.mark.parametrize("part", ["mix", "bass", "diffusion"])
def test_two_processes_are_one_that_takes_its_batch_in_two_parts(in_two_parts, two_processes, part):
    """The same sums in the same order, hence equal numbers in every step, to six decimals."""
    mine, theirs = losses(two_processes / part), losses(in_two_parts / part)
    assert len(mine) == (8 if part == "diffusion" else 16) and mine == theirs


@pytest.mark.parametrize("part", ["mix", "bass", "diffusion"])
def test_two_processes_are_one_up_to_rounding(alone, two_processes, part):
    """One process that sums the whole batch rounds differently; Adam amplifies it at first."""
    mine, theirs = losses(two_processes / part), losses(alone / part)
    assert mine[1] == pytest.approx(theirs[1], rel=2e-6) and mine.keys() == theirs.keys()
    for step in mine:
        for name in mine[step].keys() & {"v", "rec", "mssd"}:
            assert mine[step][name] == pytest.approx(
                theirs[step][name], rel=1e-5 if name == "v" else 5e-3
            ), (step, name)


def test_the_command_of_the_book_trains_with_two_processes(alone, in_two_parts, tmp_path):
    """The double dash keeps torchrun from taking --run for one of its own options."""
    run, cache = tmp_path / "run", alone / "cache"
    command = "-m -- bassnb train autoencoder --stem bass --preset smoke --device cpu --steps 2"
    done = run_twice(*command.split(), "--cache", cache, "--run", run)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.split() == [str(run / "model.safetensors")]
    assert losses(run)[2]["rec"] == losses(in_two_parts / "bass")[2]["rec"]


def test_what_is_written_is_written_once(two_processes):
    for part in ("mix", "bass", "diffusion"):
        written = [path.name for path in (two_processes / part).iterdir()]
        assert "state.safetensors" in written and not [
            name for name in written if name.startswith(".")
        ]
        steps = [
            json.loads(line)["step"]
            for line in (two_processes / part / "log.jsonl").read_text().splitlines()
        ]
        assert steps == sorted(steps) and steps.count(1) == 1
        assert len(list((two_processes / part / "tensorboard").iterdir())) == 1
    assert (two_processes / "diffusion" / "pretrained" / "model.safetensors").is_file()
    best, kept = (
        read_tensors(two_processes / "best" / name)[0]
        for name in ("best.safetensors", "pretrained/model.safetensors")
    )
    assert all(torch.equal(best[name].half(), kept[f"unet.{name}"]) for name in best)
    assert not list((two_processes / "cache").glob("*.unfinished"))


def test_a_batch_that_cannot_be_divided_is_refused(alone, tmp_path):
    with pytest.raises(
        BassnbError, match="a batch of 2 cannot be divided among 1 processes in 3 parts"
    ):
        train_autoencoder(
            SMOKE,
            "bass",
            tmp_path / "bass",
            TrainingSettings(cache=alone / "cache", device="cpu", accumulate=3),
        )
