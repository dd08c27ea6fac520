"""The judge learns, and its training resumes to the bit."""

import dataclasses

import pytest
import torch
from accelerate import Accelerator

from bassnb.checkpoints import System
from bassnb.collections.latents import LatentDataset
from bassnb.metrics.contrastive import load_judge
from bassnb.presets import get_preset
from bassnb.settings import TrainingSettings
from bassnb.stored import read_tensors
from bassnb.training import contrastive
from bassnb.training.contrastive import ContrastivePlan, held_out_scores, train_contrastive
from bassnb.training.sources import latent_pairs

PLAN = ContrastivePlan(
    steps=120, batch=16, latents=16, width=12, embedding=8, warmup=5, noise=0.1, songs=40
)


def pairs(seed, songs=400):
    """Latents in which a bass is known by two numbers that its mix has too."""
    generator = torch.Generator().manual_seed(seed)
    key = torch.randn(songs, 8, 1, generator=generator)
    bass = torch.cat([key.expand(-1, -1, 24), torch.zeros(songs, 24, 24)], 1)
    mix = torch.cat([torch.zeros(songs, 56, 24), key.flip(1).expand(-1, -1, 24)], 1)
    return LatentDataset(bass.half(), mix[:, None].half())


@pytest.fixture
def system(monkeypatch):
    """The smoke system, and data that need no rendering."""
    monkeypatch.setattr(contrastive, "latent_pairs", lambda *_: [pairs(0), pairs(1)])
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return System(get_preset("smoke"))


@pytest.mark.evidence("judge-learns")
def test_the_judge_learns_what_belongs_together(system, tmp_path):
    model = train_contrastive(system, tmp_path / "run", TrainingSettings(device="cpu"), plan=PLAN)
    found = held_out_scores(model, pairs(2), 16, torch.device("cpu"))
    assert found["validation_top1"] > 0.2  # chance is 0.0025
    assert (
        load_judge(tmp_path / "run" / "judge.safetensors", system).mix_tower.head.in_features == 12
    )
    assert '"validation_top1"' in (tmp_path / "run" / "log.jsonl").read_text()


def test_the_training_resumes_to_the_bit(system, tmp_path):
    plan = dataclasses.replace(PLAN, steps=8)
    train_contrastive(system, tmp_path / "whole", TrainingSettings(device="cpu"), plan=plan)
    for steps in (3, None):
        train_contrastive(
            system,
            tmp_path / "parts",
            TrainingSettings(device="cpu", resume=True, steps=steps),
            plan=plan,
        )
    whole, parts = (
        read_tensors(tmp_path / name / "judge.safetensors")[0] for name in ("whole", "parts")
    )
    assert all(torch.equal(whole[key], parts[key]) for key in whole)
    other = dataclasses.replace(PLAN, batch=8)
    with pytest.raises(ValueError, match="another configuration"):
        train_contrastive(
            system, tmp_path / "parts", TrainingSettings(device="cpu", resume=True), plan=other
        )


def test_pairs_are_made_where_they_are_missing(tmp_path):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        system = System(get_preset("smoke")).requires_grad_(False)
    plan = dataclasses.replace(PLAN, songs=2, song_seconds=3.0)
    train, held_out = latent_pairs(
        plan, [system.mix_autoencoder, system.bass_autoencoder], tmp_path, Accelerator(cpu=True)
    )
    assert train.bass.shape[:2] == (2, 32)
    assert held_out.mix.shape[:3] == (2, plan.submixes, 64)
