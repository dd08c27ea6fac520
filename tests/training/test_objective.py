"""The objective of the autoencoders (section 3.1): its parts, their weights, and who minimises it."""

import dataclasses

import pytest
import torch
from accelerate import Accelerator

from bassnb.autoencoder import Autoencoder
from bassnb.critics import adversarial_loss, critic_hinge_loss
from bassnb.presets import SMOKE
from bassnb.spectral import multi_scale_spectral_distance
from bassnb.training.autoencoder_trainer import AutoencoderTrainer, rises

PLAN = dataclasses.replace(
    SMOKE.bass_training,
    phase_start=0,
    critic_warmup=0,
    freeze_encoder=False,
    decimation=1,
    lambda_rec=25.0,
    lambda_mssd=0.002,
    lambda_adv=0.5,
)
WAVE = 0.1 * torch.randn(1, 2, 12_288, generator=torch.Generator().manual_seed(3))


@pytest.fixture
def trainer():
    torch.manual_seed(0)
    return AutoencoderTrainer(Autoencoder(SMOKE.bass), SMOKE, PLAN, Accelerator(cpu=True))


@pytest.mark.evidence("objective-parts")
def test_the_parts_of_the_objective(trainer):
    model = trainer.model
    losses, fake, real = trainer.losses(model, WAVE, voiced=True)
    levels, phase = model.decoder(model.encoder(model.levels(model.log_spectrogram(WAVE))))
    s_hat = model.log_spectrogram_from_levels(levels)
    assert torch.allclose(
        losses["rec"], torch.nn.functional.l1_loss(s_hat, model.log_spectrogram(WAVE))
    )
    decoded = model.synthesise(s_hat, phase, WAVE.shape[-1])
    kept = model.wave(model.spectrum(WAVE), WAVE.shape[-1])  # the band that the autoencoder keeps
    assert torch.allclose(losses["mssd"], multi_scale_spectral_distance(kept, decoded))
    # the critics judge the decoded wave
    assert torch.allclose(fake, model.log_spectrogram(decoded), atol=1e-5)
    assert torch.allclose(real, model.log_spectrogram(kept), atol=1e-5)


def test_critics_compare_waves_that_went_the_same_way(trainer):
    """At a lower rate the top of the band changes a little, in both spectrograms alike."""
    trainer.plan = dataclasses.replace(PLAN, decimation=4)
    model, noise = (
        trainer.model,
        torch.randn(1, 2, 12_288, generator=torch.Generator().manual_seed(4)),
    )
    _, fake, real = trainer.losses(model, noise, voiced=True)
    quarter = model.wave(model.spectrum(noise), noise.shape[-1], decimation=4)
    assert torch.allclose(real, model.log_spectrogram(quarter, decimation=4), atol=1e-5)
    # the hint
    assert fake.shape == real.shape and (real - model.log_spectrogram(noise)).abs().max() > 1e-2


def test_the_last_stage_is_trained_through_the_projections_and_asks_for_flux():
    torch.manual_seed(0)
    config = dataclasses.replace(SMOKE.bass, projections=1)
    plan = dataclasses.replace(
        SMOKE.bass_training,
        phase_start=1,
        settle_start=2,
        steps=4,
        lambda_flux=3.0,
        critic_warmup=9,
    )
    trainer = AutoencoderTrainer(Autoencoder(config), SMOKE, plan, Accelerator(cpu=True))
    assert [trainer.stage(k) for k in range(4)] == [(0, 1), (1, 2), (2, 4), (2, 4)]
    minimised = []
    trainer.update = lambda *ignored: None
    trainer.accelerator.backward = lambda loss: minimised.append(float(loss.detach()))
    direct, settled = trainer.step(WAVE, 1), trainer.step(WAVE, 2)
    assert (
        "flux" not in direct
        and settled["mssd"] != direct["mssd"]
        and settled["rec"] == direct["rec"]
    )
    total = (
        plan.lambda_rec * settled["rec"] + plan.lambda_mssd * settled["mssd"] + 3 * settled["flux"]
    )
    assert minimised[2] == pytest.approx(float(total), rel=1e-5)


@pytest.mark.evidence("objective-weighted-sum")
def test_the_objective_is_the_weighted_sum(trainer, monkeypatch):
    minimised = []
    monkeypatch.setattr(trainer, "update", lambda *ignored: None)
    monkeypatch.setattr(
        trainer.accelerator, "backward", lambda loss: minimised.append(float(loss.detach()))
    )
    losses = trainer.step(WAVE, 0)  # the first step: one stage, everything from the start
    expected = 25 * losses["rec"] + 0.002 * losses["mssd"] + 0.5 * losses["adv"]
    assert minimised == pytest.approx([float(expected), float(losses["critic"])], rel=1e-5)
    _, fake, real = trainer.losses(trainer.model, WAVE, voiced=True)
    assert float(losses["adv"]) == pytest.approx(
        float(adversarial_loss(trainer.critics(fake)).detach()), rel=1e-4
    )
    hinge = critic_hinge_loss(trainer.critics(real), trainer.critics(fake))
    assert float(losses["critic"]) == pytest.approx(float(hinge.detach()), rel=1e-4)


@pytest.mark.evidence("adam-betas")
def test_both_optimisers_are_adam_with_the_betas_of_the_plan(trainer):
    for optimizer in trainer.optimizers().values():
        assert isinstance(optimizer.optimizer, torch.optim.Adam)
        assert all(group["betas"] == PLAN.betas == (0.5, 0.9) for group in optimizer.param_groups)


def test_rises_last_for_two_frames():
    assert rises(torch.tensor([5.0, 5, 7, 6, 6, 9])).tolist() == [0, 0, 2, 2, 0, 3]


def test_errors_at_attacks_weigh_more_with_lambda_onset(trainer, monkeypatch):
    minimised = []
    trainer.plan = dataclasses.replace(PLAN, phase_start=9, steps=20, lambda_onset=7.0)
    monkeypatch.setattr(trainer, "update", lambda *ignored: None)
    monkeypatch.setattr(
        trainer.accelerator, "backward", lambda loss: minimised.append(float(loss.detach()))
    )
    losses = trainer.step(WAVE, 0)
    assert losses["onset"] > 0
    expected = 25 * losses["rec"] + 7 * losses["onset"]
    assert minimised == pytest.approx([float(expected)], rel=1e-5)
