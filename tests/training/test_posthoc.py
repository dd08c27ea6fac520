"""Post-hoc averages: their profiles, and an average of another width out of snapshots of two."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from bassnb.errors import BassnbError
from bassnb.presets import SMOKE
from bassnb.training import posthoc
from bassnb.training.loop import open_accelerator
from bassnb.unet import UNet1d


@pytest.mark.parametrize("width", [0.05, 0.1, 0.2])
def test_the_width_is_the_spread_of_the_profile(width):
    gamma = posthoc.exponent(width)
    k = (np.arange(200_000) + 0.5) / 200_000
    profile = (gamma + 1) * k**gamma
    middle = np.mean(profile * k)
    assert np.sqrt(np.mean(profile * (k - middle) ** 2)) == pytest.approx(width, rel=1e-3)


def test_products_are_integrals():
    k = (np.arange(200_000) + 0.5) / 200_000 * 10
    (a, g), (b, h) = (6.0, 3.0), (10.0, 8.0)
    one = np.where(k < a, (g + 1) * k**g / a ** (g + 1), 0)
    other = (h + 1) * k**h / b ** (h + 1)
    for first, second in (((a, g), (b, h)), ((b, h), (a, g))):
        found = posthoc.product(*(np.array([x]) for x in (*first, *second)))
        assert found[0, 0] == pytest.approx(np.mean(one * other) * 10, rel=1e-3)


def test_a_snapshot_that_is_wanted_is_taken_alone():
    steps, widths = np.array([50, 100, 50, 100]), np.array([0.05, 0.05, 0.1, 0.1])
    assert np.allclose(posthoc.shares(steps, widths, 100, 0.1), [0, 0, 0, 1], atol=1e-6)


def test_an_average_of_another_width_is_nearly_the_one_that_was_not_kept():
    # one weight that wanders; averages by their definition
    path = np.cumsum(np.random.default_rng(0).normal(size=800)) / 10

    def average(end, width):
        profile = np.arange(1, end + 1) ** posthoc.exponent(width)
        return float((profile * path[:end]).sum() / profile.sum())

    steps = np.repeat(np.arange(100, 801, 100), 2)
    widths = np.tile(posthoc.WIDTHS, 8)
    kept = [average(end, width) for end, width in zip(steps, widths)]
    made = float(posthoc.shares(steps, widths, 800, 0.15) @ kept)
    assert made == pytest.approx(average(800, 0.15), abs=0.1)
    assert abs(made - average(800, 0.15)) < abs(kept[-1] - average(800, 0.15)) / 3


def test_a_training_leaves_snapshots_from_which_averages_are_made(tmp_path):
    plan = replace(SMOKE.diffusion_training, steps=8, latents=8, batch=2)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        unet = UNet1d(SMOKE.unet)
    trainer = posthoc.PosthocTrainer(
        unet, plan, open_accelerator("cpu"), 0, snapshots=tmp_path / "snapshots"
    )
    draw = torch.Generator().manual_seed(0)
    for k in range(plan.steps):
        c_y, c_x = (torch.randn(2, c, 8, generator=draw) for c in (32, 64))
        trainer.step(c_y, c_x, k)
    assert len(list((tmp_path / "snapshots").iterdir())) == 16
    again = posthoc.posthoc_average(unet, tmp_path / "snapshots", 8, 0.1).state_dict()
    for name, tensor in trainer.averages[0.1].state_dict().items():
        assert torch.allclose(again[name], tensor, atol=1e-5)
    with pytest.raises(BassnbError, match="no snapshots"):
        posthoc.posthoc_average(unet, tmp_path / "nowhere", 8, 0.1)

    def loss(network):
        return float(next(network.parameters()).detach().square().mean())

    width, best = posthoc.chosen(unet, tmp_path / "snapshots", 8, loss)
    assert width in posthoc.CHOICES and loss(best) <= loss(trainer.averages[0.1]) + 1e-6
