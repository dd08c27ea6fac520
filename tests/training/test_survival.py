"""Interrupted trainings: nothing saved is lost, and the result is that of an uninterrupted one."""

import json
import os
import resource
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import torch
from accelerate import Accelerator

from bassnb.composer.render import write_song
from bassnb.composer.songs import compose
from bassnb.errors import BassnbError
from bassnb.presets import SMOKE
from bassnb.settings import TrainingSettings
from bassnb.stored import read_tensors
from bassnb.training import run as run_module
from bassnb.training.autoencoder import train_autoencoder
from bassnb.training.run import Run
from tests.amounts import cases
from tests.training.two_processes import run_twice

HERE = Path(__file__).parent
KILLS, ENDS = cases(6, 30), cases(1, 3)
STEPS = cases(14, 20)  # from step 10 on with phase


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    root = tmp_path_factory.mktemp("survival")
    for stem in ("mix", "bass"):
        train_autoencoder(
            SMOKE, stem, root / stem, TrainingSettings(cache=root / "cache", device="cpu")
        )
    return root


@pytest.mark.parametrize("part", ["bass", "diffusion"])
def test_killed_at_any_moment_it_ends_as_if_nothing_had_happened(
    place, part, tmp_path, record_property
):
    """Also while files are written: weights, moments and curves are equal."""
    for name in ("cache", "mix", "bass"):
        (tmp_path / name).symlink_to(place / name)
    command = [sys.executable, HERE / "killing.py", tmp_path, part, KILLS, ENDS, STEPS, "0"]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=2000)
    assert done.returncode == 0, done.stderr[-3000:]
    counts = json.loads(done.stdout.splitlines()[-1])
    print(part, counts)
    record_property("cases", counts["killed"])
    assert (
        counts["killed"] >= KILLS
        and counts["in a write"] >= KILLS // 3
        and counts["failed"] == counts["left over"] == 0
    )
    assert counts["equal"] == counts["ended"] >= ENDS
    assert counts["resumed from"] >= cases(3, 8)


# -- other misfortunes -----------------------------------------------------------------------------


def step_of(folder):
    return json.loads(read_tensors(folder / "state.safetensors")[1]["meta"])["step"]


def same_weights(folder, other):
    mine, theirs = (read_tensors(path / "model.safetensors")[0] for path in (folder, other))
    return all(torch.equal(mine[name], theirs[name]) for name in theirs)


def test_a_full_disk_is_one_sentence_and_the_checkpoint_stays(place, tmp_path):
    """The system refuses to let any file grow beyond 200 kB, as a full disk refuses all growth."""
    where = {"cache": place / "cache", "device": "cpu"}
    train_autoencoder(SMOKE, "bass", tmp_path / "bass", TrainingSettings(steps=8, **where))
    before = (tmp_path / "bass/state.safetensors").read_bytes()
    command = [
        sys.executable,
        "-m",
        "bassnb",
        "train",
        "autoencoder",
        "--stem",
        "bass",
        "--preset",
        "smoke",
        "--device",
        "cpu",
        "--cache",
        place / "cache",
        "--run",
        tmp_path / "bass",
        "--resume",
    ]
    done = subprocess.run(
        list(map(str, command)),
        capture_output=True,
        text=True,
        timeout=600,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000)),
    )
    sentence = done.stderr.strip().splitlines()[-1]
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert (
        "cannot be written at step 20" in sentence
        and "the checkpoint of step 8 is whole" in sentence
    )
    assert (tmp_path / "bass/state.safetensors").read_bytes() == before
    assert not [path for path in (tmp_path / "bass").iterdir() if path.name.startswith(".")]
    train_autoencoder(SMOKE, "bass", tmp_path / "bass", TrainingSettings(resume=True, **where))
    assert same_weights(tmp_path / "bass", place / "bass")


MORTAL = """
import os, signal, sys
from pathlib import Path
import torch
from bassnb.errors import BassnbError
from bassnb.composer.render import write_song
from bassnb.composer.songs import compose
from bassnb.presets import SMOKE
from bassnb.settings import TrainingSettings
from bassnb.training import autoencoder, run
torch.set_num_threads(1)
run.LOG_EVERY = 1
step = autoencoder.AutoencoderTrainer.step
def mortal(trainer, wave, k):
    if k == 12 and os.environ["RANK"] == "1":
        os.kill(os.getpid(), signal.SIGKILL)
    return step(trainer, wave, k)
autoencoder.AutoencoderTrainer.step = mortal
try:
    autoencoder.train_autoencoder(SMOKE, "bass", sys.argv[1], TrainingSettings(cache=sys.argv[2], device="cpu", save_minutes=0))
except BassnbError as error:
    print("SENTENCE", error, flush=True)
    raise SystemExit(2)
"""


def test_the_death_of_another_process_is_one_sentence_and_loses_nothing(place, tmp_path):
    script = tmp_path / "mortal.py"
    script.write_text(MORTAL)
    done = run_twice(script, tmp_path / "bass", place / "cache")
    assert done.returncode != 0
    if "SENTENCE" in done.stdout:  # unless the launcher was faster and ended the other one itself
        assert (
            "SENTENCE another process of this training ended at step 12; the checkpoint of step 12 is whole"
            in done.stdout
        )
    assert step_of(tmp_path / "bass") == 12
    train_autoencoder(
        SMOKE,
        "bass",
        tmp_path / "bass",
        TrainingSettings(cache=place / "cache", device="cpu", resume=True),
    )
    assert step_of(tmp_path / "bass") == 20 and (tmp_path / "bass/model.safetensors").is_file()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_asked_to_stop_it_saves_the_step_it_is_in(tmp_path, number):
    def step(k):
        if k == 5:
            os.kill(os.getpid(), number)
        return {"loss": torch.tensor(1.0 / (k + 1))}

    before = signal.getsignal(number)
    run = Run(
        tmp_path,
        Accelerator(cpu=True),
        {"model": torch.nn.Linear(2, 1)},
        {},
        {"seed": 3},
        resume=False,
    )
    with pytest.raises(
        BassnbError, match="stopped at step 6 of 9, which is saved in .*--resume goes on"
    ):
        run.steps(9, step, describe="asked")
    assert step_of(tmp_path) == 6 and signal.getsignal(number) == before
    again = Run(
        tmp_path,
        Accelerator(cpu=True),
        {"model": torch.nn.Linear(2, 1)},
        {},
        {"seed": 3},
        resume=True,
    )
    again.steps(9, lambda k: {"loss": torch.tensor(1.0 / (k + 1))}, describe="on")
    steps = [json.loads(line)["step"] for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert steps == [6, 9]


def test_a_training_in_a_thread_leaves_signals_alone(tmp_path):
    run = Run(
        tmp_path, Accelerator(cpu=True), {"model": torch.nn.Linear(2, 1)}, {}, {}, resume=False
    )
    thread = threading.Thread(
        target=run.steps,
        args=(3, lambda k: {"loss": torch.tensor(1.0)}),
        kwargs={"describe": "threaded"},
    )
    thread.start()
    thread.join()
    assert step_of(tmp_path) == 3


def test_best_and_last_are_kept_and_nothing_else(tmp_path, monkeypatch):
    monkeypatch.setattr(run_module, "LOG_EVERY", 1)
    model = torch.nn.Linear(1, 1, bias=False)
    run = Run(
        tmp_path,
        Accelerator(cpu=True),
        {"model": model},
        {},
        {},
        resume=False,
        best="far",
        save_minutes=0,
    )

    def step(k):
        with torch.no_grad():
            model.weight.fill_(k)
        return {"loss": torch.tensor(1.0)}

    run.steps(
        8,
        step,
        describe="best",
        validate=lambda: {"far": abs(float(model.weight.detach()) - 3)},
        validate_every=1,
    )
    assert sorted(path.name for path in tmp_path.glob("*.safetensors")) == [
        "best.safetensors",
        "state.safetensors",
    ]
    assert run.best == {"step": 4, "value": 0.0} and float(model.weight.detach()) == 7
    again = Run(tmp_path, Accelerator(cpu=True), {"model": model}, {}, {}, resume=True, best="far")
    again.take_best()
    assert again.best == run.best and float(model.weight.detach()) == 3


def test_curves_beyond_the_checkpoint_and_half_lines_are_dropped(tmp_path):
    run = Run(
        tmp_path, Accelerator(cpu=True), {"model": torch.nn.Linear(1, 1)}, {}, {}, resume=False
    )
    run.steps(4, lambda k: {"loss": torch.tensor(1.0)}, describe="short")
    with open(tmp_path / "log.jsonl", "a") as log:
        log.write('{"step": 5, "loss": 1.0}\n{"step": 6, "lo')
    (tmp_path / ".state.safetensors-ab12cd_9").write_bytes(b"half")
    (tmp_path / ".mine").write_text("kept")
    Run(tmp_path, Accelerator(cpu=True), {"model": torch.nn.Linear(1, 1)}, {}, {}, resume=True)
    assert [
        json.loads(line)["step"] for line in (tmp_path / "log.jsonl").read_text().splitlines()
    ] == [4]
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == [".mine"]


def test_the_best_of_nothing_is_refused_before_the_first_step(tmp_path):
    for number in range(2):  # too few for a validation song
        write_song(compose(number, seconds=4.0), tmp_path / "songs" / f"train-{number}")
    write_song(compose(9, seconds=4.0), tmp_path / "songs" / "test-9")
    with pytest.raises(BassnbError, match="--best needs songs for validation"):
        train_autoencoder(
            SMOKE,
            "bass",
            tmp_path / "run",
            TrainingSettings(data=tmp_path / "songs", cache=tmp_path, device="cpu", best=True),
        )
    assert not (tmp_path / "run").exists()
