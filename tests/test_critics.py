"""Hinge values as printed, scores of the right shape, critics that learn to tell and whose verdict
reaches the decoder.
"""

import math

import pytest
import torch

from bassnb.critics import Critics, adversarial_loss, critic_hinge_loss
from bassnb.presets import SMOKE, CriticConfig
from bassnb.spectral import log_mel


@pytest.mark.evidence("hinge-values")
def test_hinge_values():
    real, fake = [torch.tensor([2.0, 0.5])], [torch.tensor([-3.0, 0.0])]
    # -E[min(0, -1 + C(s))] = (0 + 0.5) / 2; -E[min(0, -1 - C(s~))] = (0 + 1) / 2
    assert float(critic_hinge_loss(real, fake)) == pytest.approx(0.25 + 0.5)
    assert float(critic_hinge_loss([torch.zeros(3)] * 2, [torch.zeros(3)] * 2)) == 4.0
    assert float(adversarial_loss(fake)) == pytest.approx(1.5)
    assert float(adversarial_loss([torch.ones(2), torch.ones(4)])) == -2.0


def critics():
    torch.manual_seed(0)
    return Critics(SMOKE.critic, 512, 5500.0, 3e-2)


@pytest.mark.evidence("critics-score-coarse-steps")
def test_both_critics_score_every_coarse_step():
    scores = critics()(torch.randn(3, 2, 512, 16))
    assert [score.shape for score in scores] == [(3, 1, 4)] * 2
    assert Critics(CriticConfig(), 513, 22_050.0, 1e-2).mel.mel_bins == 128


def test_critics_learn_to_tell_two_kinds_of_spectrogram():
    model, generator = critics(), torch.Generator().manual_seed(1)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3, betas=(0.5, 0.9))
    for _ in range(80):
        real = torch.randn(4, 2, 512, 8, generator=generator)
        fake = torch.randn(4, 2, 512, 8, generator=generator).abs()
        loss = critic_hinge_loss(model(real), model(fake))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 2.0  # 4 when nothing is learned


@pytest.mark.evidence("verdict-reaches-input")
def test_the_verdict_reaches_its_input():
    s = torch.randn(1, 2, 512, 8, requires_grad=True)
    for index in range(2):
        (gradient,) = torch.autograd.grad(adversarial_loss(critics()(s)[index : index + 1]), s)
        assert gradient.abs().sum() > 0


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_the_mel_axis_is_computed_in_full_precision(dtype):
    """A loud partial has a power beyond 65 504, the largest number of float16."""
    loud = torch.full((1, 2, 64, 6), math.log(1e6)).requires_grad_(True)
    with torch.autocast("cpu", dtype):
        mel = log_mel(loud, 16, 5000.0, 1e-2)
    assert mel.dtype == torch.float32 and mel.isfinite().all()
    assert torch.equal(mel, log_mel(loud, 16, 5000.0, 1e-2))
    mel.sum().backward()
    assert loud.grad.isfinite().all()
