"""The objective of the autoencoders (section 3.1): its parts, their weights, and who minimises it."""

import dataclasses

import pytest
import torch
from accelerate import Accelerator

from bassnb.autoencoder import Autoencoder
from bassnb.critics import adversarial_loss, critic_hinge_loss
from bassnb.presets import SMOKE
from bassnb.spectral import multi_scale_spectral_distance
from bassnb.training.autoencoder import AutoencoderTrainer

PLAN = dataclasses.replace(
    SMOKE.bass_training, phase_start=0, critic_warmup=0, freeze_encoder=False, decimation=1,
    lambda_rec=25.0, lambda_mssd=0.002, lambda_adv=0.5,
)  # fmt: skip
WAVE = 0.1 * torch.randn(1, 2, 12_288, generator=torch.Generator().manual_seed(3))


@pytest.fixture
def trainer():
    torch.manual_seed(0)
    return AutoencoderTrainer(Autoencoder(SMOKE.bass), SMOKE, PLAN, Accelerator(cpu=True), seed=0)


def test_the_parts_of_the_objective(trainer):
    model = trainer.model
    losses, fake, real = trainer.losses(model, WAVE, voiced=True)
    levels, phase = model.decoder(model.encoder(model.levels(model.log_spectrogram(WAVE))))
    s_hat = model.log_spectrogram_from_levels(levels)
    assert torch.allclose(losses["rec"], torch.nn.functional.l1_loss(s_hat, model.log_spectrogram(WAVE)))
    decoded = model.synthesise(s_hat, phase, WAVE.shape[-1])
    kept = model.wave(model.spectrum(WAVE), WAVE.shape[-1])  # the band that the autoencoder keeps
    assert torch.allclose(losses["mssd"], multi_scale_spectral_distance(kept, decoded))
    assert torch.allclose(fake, model.log_spectrogram(decoded), atol=1e-5)  # the critics judge the decoded wave
    assert torch.allclose(real, model.log_spectrogram(WAVE), atol=1e-5)


def test_the_objective_is_the_weighted_sum(trainer, monkeypatch):
    minimised = []
    monkeypatch.setattr(trainer, "update", lambda optimizer, module, loss, rate: minimised.append(float(loss.detach())))
    losses = trainer.step(WAVE, 0)  # the first step: one stage, everything from the start
    expected = 25 * losses["rec"] + 0.002 * losses["mssd"] + 0.5 * losses["adv"]
    assert minimised == pytest.approx([float(expected), float(losses["critic"])], rel=1e-5)
    _, fake, real = trainer.losses(trainer.model, WAVE, voiced=True)
    assert float(losses["adv"]) == pytest.approx(float(adversarial_loss(trainer.critics(fake)).detach()), rel=1e-4)
    hinge = critic_hinge_loss(trainer.critics(real), trainer.critics(fake))
    assert float(losses["critic"]) == pytest.approx(float(hinge.detach()), rel=1e-4)


def test_both_optimisers_are_adam_with_the_betas_of_the_plan(trainer):
    for optimizer in trainer.optimizers().values():
        assert isinstance(optimizer.optimizer, torch.optim.Adam)
        assert all(group["betas"] == PLAN.betas == (0.5, 0.9) for group in optimizer.param_groups)
