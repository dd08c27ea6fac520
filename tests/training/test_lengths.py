"""Trainings of another length and with other songs than the preset names."""

import dataclasses

import pytest
import torch

from bassnb.errors import BassnbError
from bassnb.presets import SMOKE
from bassnb.settings import TrainingSettings
from bassnb.stored import read_json
from bassnb.training import run as run_module
from bassnb.training.autoencoder import train_autoencoder
from bassnb.training.diffusion import train_diffusion
from tests.refusals import assert_sentence


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A collection of two songs, and the smoke autoencoders trained for six steps in all."""
    from bassnb.composer.render import write_song
    from bassnb.composer.songs import compose

    root = tmp_path_factory.mktemp("lengths")
    for seed in range(2):
        write_song(compose(seed, seconds=8.0), root / "songs" / "train" / f"song {seed}")
    for stem in ("mix", "bass"):
        settings = TrainingSettings(
            cache=root / "cache",
            data=root / "songs",
            composed=0.5,
            device="cpu",
            total_steps=6,
            save_minutes=0,
        )
        train_autoencoder(SMOKE, stem, root / stem, settings)
    return root


def test_all_stages_fit_into_the_steps(place):
    preset = read_json(place / "bass" / "config.json")["preset"]
    plan = SMOKE.bass_training
    assert (preset["bass_training"]["steps"], plan.steps) == (6, 20)
    assert preset["bass_training"]["phase_start"] == 3  # half of them, as in the preset
    assert preset["mix_training"]["steps"] == plan.steps  # the part that is not trained here
    assert read_json(place / "bass" / "config.json")["steps"] == 6


def test_composed_and_recorded_songs_train_together(place, tmp_path):
    settings = TrainingSettings(
        cache=place / "cache", data=place / "songs", composed=0.5, device="cpu", total_steps=3
    )
    parts = {"mix": place / "mix", "bass": place / "bass"}
    system = train_diffusion(SMOKE, tmp_path / "d", settings, **parts)
    assert all(p.isfinite().all() for p in system.parameters())
    alone = dataclasses.replace(settings, composed=0.0)
    other = train_diffusion(SMOKE, tmp_path / "e", alone, **parts)
    assert not torch.equal(*(list(s.unet.parameters())[-1] for s in (system, other)))


@pytest.mark.parametrize("stem", ["mix", "diffusion"])
def test_a_share_of_composed_songs_needs_others(place, tmp_path, stem):
    settings = TrainingSettings(cache=place / "cache", composed=0.5, device="cpu")
    with pytest.raises(BassnbError) as refused:
        if stem == "mix":
            train_autoencoder(SMOKE, stem, tmp_path / "r", settings)
        else:
            train_diffusion(SMOKE, tmp_path / "r", settings, mix=place / "mix", bass=place / "bass")
    assert_sentence(refused.value, "0.5", "--data")


@pytest.mark.parametrize("minutes, writes", [(0.0, 3), (60.0, 1)])
def test_checkpoints_are_as_far_apart_as_one_asks(tmp_path, monkeypatch, minutes, writes):
    from accelerate import Accelerator

    saved = []
    monkeypatch.setattr(run_module, "LOG_EVERY", 1)
    monkeypatch.setattr(run_module, "save_state", lambda path, *rest: saved.append(path))
    model = {"model": torch.nn.Linear(1, 1)}
    run = run_module.Run(
        tmp_path, Accelerator(cpu=True), model, {}, {}, resume=False, save_minutes=minutes
    )
    run.steps(3, lambda k: {"loss": torch.tensor(1.0)}, describe="few")
    assert len(saved) == writes
