"""Each kind of positions does what its equation says, and is told apart from the others."""

import math
from dataclasses import replace

import pytest
import torch
from torch import nn

from bassnb.errors import BassnbError
from bassnb.presets import SMOKE
from bassnb.studies.positions import ROWS, Alibi, Sinusoids, unet_with

CONFIG = replace(SMOKE.unet, widths=(16, 24), attention=(False, True), heads=4)
LATENTS = 16
BLIND = {"none", "no attention"}


def noise(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def woken(row):
    """A U-Net whose zero-initialised layers have weights, as after a training."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        unet = unet_with(row, CONFIG, LATENTS)
        for parameter in unet.parameters():
            nn.init.normal_(parameter, std=0.3)
    return unet.eval().requires_grad_(False)


@pytest.mark.parametrize("row", ROWS)
def test_attention_feels_the_order_where_it_has_positions(row):
    layer = woken(row).middle.attentions[0]
    x, order = noise(1, 24, 6), torch.tensor([3, 0, 5, 1, 4, 2])
    same = torch.allclose(layer(x[..., order]), layer(x)[..., order], atol=1e-5)
    assert same == (row in BLIND)


@pytest.mark.parametrize("row", ROWS)
def test_every_row_plays_at_other_lengths_than_that_of_training(row):
    unet = woken(row)
    for length in (1, LATENTS, 5 * LATENTS + 1):
        z, mix = noise(1, 32, length), noise(1, 64, length, seed=1)
        v = unet(z, torch.ones(1), mix)
        assert v.shape == z.shape and v.isfinite().all()


def test_only_attention_reads_far():
    for row in ROWS:
        unet, z, mix = woken(row), noise(1, 32, 200), noise(1, 64, 200, seed=1)
        moved = mix.clone()
        moved[..., :8] += 3
        first, second = (unet(z, torch.ones(1), m)[..., -1] for m in (mix, moved))
        assert torch.equal(first, second) == (row == "no attention"), row


def test_alibi_is_a_line_on_each_side():
    bias = Alibi(4)(3)  # offsets -2 ... 2
    inf = float("inf")
    slopes = 2.0**-4, 2.0**-8  # two heads a side
    for k, m in enumerate(slopes):
        assert bias[k].tolist() == [-inf, -inf, 0.0, -m, -2 * m]
        assert bias[k + 2].tolist() == [-2 * m, -m, 0.0, -inf, -inf]


def test_alibi_needs_a_head_for_each_side():
    with pytest.raises(BassnbError, match="3"):
        Alibi(3)


def test_sinusoids_turn_by_the_same_angle_at_every_step():
    """The embedding of step i + 6 is a rotation of that of step i, one for all i."""
    waves = Sinusoids()(torch.zeros(1, 8, 40))[0]  # (C, L)
    assert torch.allclose(waves.square().sum(0), torch.full((40,), 4.0), atol=1e-4)
    products = (waves[:, :-6] * waves[:, 6:]).sum(0)
    assert torch.allclose(products, products[:1].expand(34), atol=1e-4)
    assert waves[:2, 1].tolist() == pytest.approx([math.sin(1), math.cos(1)])


def test_a_learned_embedding_covers_the_crop_and_holds_its_last_entry():
    names, _ = woken("absolute").middle.attentions[0]
    x = names(torch.zeros(1, 24, 12))
    assert names.names.shape == (24, LATENTS // 2)
    assert torch.equal(x[0, :, :8], names.names.data)
    assert torch.equal(x[0, :, 8:], names.names.data[:, -1:].expand(-1, 4))


def test_an_unknown_row_is_refused():
    with pytest.raises(BassnbError, match="'learned'"):
        unet_with("learned", CONFIG, LATENTS)
