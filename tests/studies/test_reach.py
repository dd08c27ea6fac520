"""What a step sees is measured where it can be computed, and a band is exactly as wide as training."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from bassnb.presets import SMOKE
from bassnb.studies.reach import (
    Banded,
    banded,
    convolution_radius,
    influence,
    radius,
    without_attention,
    without_biases,
)
from bassnb.unet import UNet1d

CONFIG = replace(SMOKE.unet, widths=(16, 24), attention=(True, True))


def noise(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(scope="module")
def unet():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        made = UNet1d(CONFIG)
        for parameter in made.parameters():
            nn.init.normal_(parameter, std=0.2)
    return made.eval().requires_grad_(False)


class Shifted(nn.Module):
    """Answers the bass of some steps ago."""

    config = CONFIG

    def forward(self, z, t, mix):
        return torch.roll(z, 5, -1)


def test_influence_is_where_the_answer_comes_from():
    seen = influence(Shifted(), noise(1, 64, 40))
    assert seen.nonzero().flatten().tolist() == [40 // 2 - 5]
    assert radius(seen) == radius(seen, 0.5) == 5


@pytest.mark.parametrize("length", [8, 9])
def test_the_radius_holds_a_share(length):
    seen = torch.zeros(length)
    middle = length // 2
    seen[middle], seen[middle - 3], seen[middle + 2] = 90, 9, 1
    assert [radius(seen, share) for share in (0.9, 0.905, 0.91, 0.99, 1.0)] == [0, 2, 2, 3, 3]
    assert radius(torch.zeros(length)) == 0


def test_attention_sees_everything_and_convolutions_a_part(unet):
    c_x = noise(1, 64, 120)
    assert (influence(unet, c_x) > 0).all()
    near = influence(without_attention(unet), c_x)
    assert 0 < (near > 0).sum() < 80
    assert 0 < convolution_radius(unet, 0.5) <= convolution_radius(unet) < 40


def test_a_band_is_that_of_training(unet):
    """Nothing changes at the length of training; beyond it, a step reads no farther."""
    z, mix, t = noise(1, 32, 32), noise(1, 64, 32, seed=1), torch.ones(1)
    assert torch.equal(banded(unet, 32)(z, t, mix), unet(z, t, mix))
    assert not torch.allclose(banded(unet, 16)(z, t, mix), unet(z, t, mix), atol=1e-3)
    widths = [module.width for module in banded(unet, 32).modules() if isinstance(module, Banded)]
    assert sorted(widths) == [16, 16, 16, 32, 32]  # level 1 twice and the middle, level 0 twice


def test_a_band_hides_what_is_too_far():
    bias = Banded(lambda length: torch.arange(2.0 * length - 1)[None], 2)(4)  # offsets -3 ... 3
    inf = float("inf")
    assert bias.tolist() == [[-inf, -inf, 2, 3, 4, -inf, -inf]]


def test_copies_leave_the_network_as_it_was(unet):
    z, mix, t = noise(1, 32, 24), noise(1, 64, 24, seed=1), torch.ones(1)
    before = unet(z, t, mix)
    others = [change(unet)(z, t, mix) for change in (without_attention, without_biases)]
    assert torch.equal(unet(z, t, mix), before)
    assert not any(torch.equal(other, before) for other in others)
    for module in without_biases(unet).modules():
        if hasattr(module, "bias") and callable(module.bias):
            assert not module.bias(9).any()
