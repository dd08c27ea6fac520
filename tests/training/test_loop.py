"""Schedules, averages, seeds, and the exact resume of every training."""

import copy
import dataclasses
import json
from functools import partialmethod

import pytest
import torch
from accelerate import Accelerator

from bassnb.checkpoints import load_pretrained
from bassnb.errors import BassnbError, CheckpointError
from bassnb.presets import SMOKE
from bassnb.settings import TrainingSettings
from bassnb.stored import read_tensors
from bassnb.training import ahead
from bassnb.training import run as run_module
from bassnb.training.autoencoder import train_autoencoder
from bassnb.training.diffusion import train_diffusion
from bassnb.training.loop import learning_rate, step_seed, update_ema
from bassnb.training.run import Run


def same(folder, other, name="model.safetensors"):
    a, b = (read_tensors(path / name)[0] for path in (folder, other))
    return a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Both smoke autoencoders and the smoke U-Net, trained without interruption."""
    root = tmp_path_factory.mktemp("trained")
    for stem in ("mix", "bass"):
        train_autoencoder(
            SMOKE, stem, root / stem, TrainingSettings(cache=root / "cache", device="cpu")
        )
    train_diffusion(
        SMOKE,
        root / "diffusion",
        TrainingSettings(cache=root / "cache", device="cpu"),
        mix=root / "mix",
        bass=root / "bass",
    )
    return root


@pytest.mark.evidence("autoencoder-resumes")
def test_autoencoder_resumes_to_the_bit(trained, tmp_path):
    """The stop at 5 lies in the magnitude stage, the one at 14 after the encoder has been frozen."""
    for steps in (5, 14, None):
        train_autoencoder(
            SMOKE,
            "bass",
            tmp_path / "bass",
            TrainingSettings(cache=trained / "cache", device="cpu", resume=True, steps=steps),
        )
    assert same(tmp_path / "bass", trained / "bass") and same(
        tmp_path / "bass", trained / "bass", "state.safetensors"
    )


@pytest.mark.evidence("diffusion-resumes")
def test_diffusion_resumes_to_the_bit(trained, tmp_path):
    for steps in (10, None):
        train_diffusion(
            SMOKE,
            tmp_path / "d",
            TrainingSettings(cache=trained / "cache", device="cpu", resume=True, steps=steps),
            mix=trained / "mix",
            bass=trained / "bass",
        )
    assert same(tmp_path / "d", trained / "diffusion", "state.safetensors")
    assert same(tmp_path / "d" / "pretrained", trained / "diffusion" / "pretrained")


def test_a_compiled_training_resumes_a_plain_one_and_is_the_same(trained, tmp_path, monkeypatch):
    """Traced but not compiled, which would take minutes: names, shapes and numbers stay."""
    monkeypatch.setattr(
        torch.nn.Module, "compile", partialmethod(torch.nn.Module.compile, backend="eager")
    )
    torch.compiler.reset()
    where = {"cache": trained / "cache", "device": "cpu", "resume": True}
    for steps, compile in ((12, False), (None, True)):
        train_autoencoder(
            SMOKE,
            "bass",
            tmp_path / "bass",
            TrainingSettings(steps=steps, compile=compile, **where),
        )
        train_diffusion(
            SMOKE,
            tmp_path / "d",
            TrainingSettings(steps=steps, compile=compile, **where),
            mix=trained / "mix",
            bass=trained / "bass",
        )
    assert same(tmp_path / "bass", trained / "bass", "state.safetensors")
    assert same(tmp_path / "d", trained / "diffusion", "state.safetensors")
    assert not torch._dynamo.utils.counters["graph_break"]


def test_batches_made_ahead_are_the_same_training(trained, tmp_path, monkeypatch):
    monkeypatch.setattr(ahead.Ahead.__init__, "__kwdefaults__", {"workers": 2})
    where = {"cache": trained / "cache", "device": "cpu"}
    train_autoencoder(SMOKE, "bass", tmp_path / "bass", TrainingSettings(**where))
    train_diffusion(
        SMOKE, tmp_path / "d", TrainingSettings(**where), mix=trained / "mix", bass=trained / "bass"
    )
    assert same(tmp_path / "bass", trained / "bass", "state.safetensors")
    assert same(tmp_path / "d", trained / "diffusion", "state.safetensors")


def test_a_training_may_start_from_a_model(trained, tmp_path):
    given = trained / "diffusion" / "pretrained"
    plan = dataclasses.replace(SMOKE.diffusion_training, learning_rate=0.0)
    preset = dataclasses.replace(SMOKE, diffusion_training=plan)
    parts = {"mix": trained / "mix", "bass": trained / "bass"}
    few = {"cache": trained / "cache", "device": "cpu", "steps": 2}
    system = train_diffusion(
        preset, tmp_path / "d", TrainingSettings(start=str(given), **few), **parts
    )
    expected = load_pretrained(given).unet.state_dict()
    assert all(
        torch.equal(value, expected[name]) for name, value in system.unet.state_dict().items()
    )
    with pytest.raises(CheckpointError):
        train_diffusion(preset, tmp_path / "e", TrainingSettings(start="classroom", **few), **parts)


@pytest.mark.parametrize("part", ["mix", "bass"])
def test_the_training_of_an_autoencoder_may_start_from_a_model(part, trained, tmp_path):
    given = trained / "diffusion" / "pretrained"
    plan = dataclasses.replace(getattr(SMOKE, f"{part}_training"), learning_rate=0.0)
    preset = dataclasses.replace(SMOKE, **{f"{part}_training": plan})
    few = {"cache": trained / "cache", "device": "cpu", "steps": 2}
    folder = tmp_path / part
    model = train_autoencoder(preset, part, folder, TrainingSettings(start=str(given), **few))
    expected = getattr(load_pretrained(given), f"{part}_autoencoder").state_dict()
    weights = (name for name in expected if not name.startswith("latent_"))
    assert all(torch.equal(model.state_dict()[name], expected[name]) for name in weights)
    with pytest.raises(CheckpointError):
        train_autoencoder(SMOKE, part, tmp_path / "e", TrainingSettings(start="classroom", **few))
    with pytest.raises(BassnbError):  # it began elsewhere
        train_autoencoder(preset, part, folder, TrainingSettings(resume=True, **few))


@pytest.mark.evidence("pipeline-leaves-model")
def test_pipeline_leaves_a_model_that_loads(trained):
    system = load_pretrained(trained / "diffusion" / "pretrained")
    assert system.preset == SMOKE
    assert (system.bass_autoencoder.latent_std != 1).all()  # statistics were measured and stored
    assert (trained / "bass" / "log.jsonl").read_text().count("\n") >= 2
    assert any((trained / "bass" / "tensorboard").iterdir())


@pytest.mark.evidence("frozen-encoder")
def test_encoder_stays_as_it_is_once_frozen(trained, tmp_path):
    train_autoencoder(
        SMOKE,
        "bass",
        tmp_path / "b",
        TrainingSettings(cache=trained / "cache", device="cpu", steps=11),
    )
    early, late = (
        read_tensors(path / "model.safetensors")[0] for path in (tmp_path / "b", trained / "bass")
    )
    for name in early:
        frozen = name.startswith(("encoder.", "latent_"))
        assert torch.equal(early[name], late[name]) == frozen, name


def test_a_used_folder_is_refused_without_resume(trained):
    with pytest.raises(BassnbError, match="--resume"):
        train_autoencoder(
            SMOKE, "bass", trained / "bass", TrainingSettings(cache=trained / "cache", device="cpu")
        )
    other = dataclasses.replace(
        SMOKE, bass_training=dataclasses.replace(SMOKE.bass_training, batch=3)
    )
    with pytest.raises(BassnbError, match="another configuration"):
        train_autoencoder(
            other,
            "bass",
            trained / "bass",
            TrainingSettings(cache=trained / "cache", device="cpu", resume=True),
        )


@pytest.mark.evidence("unknown-stem")
def test_unknown_stem_is_refused(tmp_path):
    with pytest.raises(BassnbError, match="tuba"):
        train_autoencoder(SMOKE, "tuba", tmp_path)


@pytest.mark.parametrize("log_every", [1, 50])
def test_nan_stops_the_run_at_its_step_and_keeps_the_checkpoint(tmp_path, log_every, monkeypatch):
    monkeypatch.setattr(run_module, "LOG_EVERY", log_every)
    run = Run(
        tmp_path, Accelerator(cpu=True), {"m": torch.nn.Linear(2, 1)}, {}, {"seed": 3}, resume=False
    )
    run.steps(1, lambda k: {"loss": torch.tensor(1.0)}, describe="good")
    before = (tmp_path / "state.safetensors").read_bytes()
    with pytest.raises(BassnbError, match="step 4"):
        run.steps(
            9, lambda k: {"loss": torch.tensor(float("nan") if k >= 4 else 1.0)}, describe="bad"
        )
    assert (tmp_path / "state.safetensors").read_bytes() == before
    assert json.loads((tmp_path / "nan.json").read_text())["batch_seed"] == step_seed(3, 4)


def test_learning_rate_warms_up_holds_and_anneals():
    rates = [learning_rate(k, 100, 1100, 1e-3, 50, 0.6, 0.02) for k in range(100, 1100)]
    assert rates[0] == pytest.approx(2e-5) and rates[49] == rates[599] == 1e-3
    assert rates[-1] < 3e-5 and all(a >= b for a, b in zip(rates[600:], rates[601:]))


def test_moving_average_converges_to_a_resting_model():
    model = torch.nn.Linear(2, 2)
    average = copy.deepcopy(model)
    with torch.no_grad():
        model.weight.add_(1.0)
    distances = []
    for k in range(300):
        update_ema(average, model, 0.9, k)
        distances.append(float((average.weight - model.weight).detach().abs().max()))
    assert distances[0] == pytest.approx(0.1, abs=0.01) and distances[-1] < 1e-4


def test_step_seeds_differ():
    seeds = {step_seed(s, k, stream) for s in range(3) for k in range(50) for stream in range(3)}
    assert len(seeds) == 450 and all(0 <= seed < 2**63 for seed in seeds)
