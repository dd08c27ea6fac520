"""The U-Net: shapes at any length, what each output may depend on, and that it can learn."""

from dataclasses import replace

import pytest
import torch

from bassnb.diffusion import diffusion_loss
from bassnb.errors import BassnbError
from bassnb.presets import PRESETS, UNetConfig
from bassnb.unet import UNet1d, time_embedding

TINY = UNetConfig(
    stem_channels=4,
    mix_channels=6,
    widths=(8, 12, 16, 16),
    blocks=1,
    heads=2,
    embedding=8,
    dpb_hidden=8,
)


def draws(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(autouse=True)
def _seeded():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


def trained(config):
    """A U-Net whose zero-initialised layers have been disturbed, as training would."""
    unet = UNet1d(config)
    for i, parameter in enumerate(unet.parameters()):
        parameter.data += 0.1 * draws(*parameter.shape, seed=i)
    return unet.eval()


def inputs(length, batch=2):
    return draws(batch, 4, length), torch.linspace(0, 1, batch), draws(batch, 6, length, seed=1)


@pytest.mark.evidence("unet-any-length")
@pytest.mark.parametrize("length", [1, 2, 3, 7, 8, 37, 256])
def test_any_length_in_the_same_length_out(length):
    v = trained(TINY)(*inputs(length))
    assert v.shape == (2, 4, length) and v.isfinite().all()


def test_a_new_unet_predicts_zero():
    assert torch.equal(UNet1d(TINY)(*inputs(16)), torch.zeros(2, 4, 16))


def test_samples_do_not_see_one_another():
    unet, (z, t, mix) = trained(TINY), inputs(16, batch=3)
    alone = torch.cat([unet(z[i : i + 1], t[i : i + 1], mix[i : i + 1]) for i in range(3)])
    assert torch.allclose(unet(z, t, mix), alone, atol=1e-5)


@pytest.mark.evidence("unet-hears-time-and-mix")
def test_time_and_mix_change_the_answer():
    unet, (z, t, mix) = trained(TINY), inputs(16)
    v = unet(z, t, mix)
    assert not torch.allclose(v, unet(z, t + 0.01, mix), atol=1e-3)
    assert not torch.allclose(v, unet(z, t, torch.zeros_like(mix)), atol=1e-3)


def without_attention(config):
    unet = trained(config)
    for name, module in unet.named_modules():
        if name.split(".")[-1] == "attentions":
            for i in range(len(module)):
                module[i] = torch.nn.Identity()
    return unet


def test_without_attention_a_far_change_is_not_heard():
    # A norm or any other statistic over time would carry the change everywhere.
    unet, (z, t, mix) = without_attention(TINY), inputs(512)
    loud = mix.clone()
    loud[..., -8:] *= 100
    before, after = unet(z, t, mix), unet(z, t, loud)
    assert torch.equal(before[..., :256], after[..., :256])
    assert not torch.allclose(before[..., -8:], after[..., -8:], atol=1e-2)


def test_without_attention_the_length_of_the_file_is_not_heard():
    unet, (z, t, mix) = without_attention(TINY), inputs(512)
    short = unet(z[..., :384], t, mix[..., :384])
    assert torch.allclose(unet(z, t, mix)[..., :192], short[..., :192], atol=1e-5)


def test_with_attention_a_far_change_is_heard():
    unet, (z, t, mix) = trained(TINY), inputs(512)
    loud = mix.clone()
    loud[..., -8:] *= 100
    assert not torch.equal(unet(z, t, mix)[..., :256], unet(z, t, loud)[..., :256])


def test_skips_carry_the_detail_past_the_lower_levels():
    unet, (z, t, mix) = trained(TINY), inputs(16)
    for parameter in unet.upsample[0].parameters():
        parameter.data.zero_()  # nothing comes up from below
    other = mix.clone()
    other[..., 4] += 1
    change = (unet(z, t, mix) - unet(z, t, other)).abs().amax(dim=(0, 1))
    assert change[4] > 1e-3 and change[15] == 0


@pytest.mark.evidence("attention-levels")
def test_attention_stands_only_where_the_configuration_says():
    def count(attention):
        return sum(
            "qkv.weight" in name
            for name, _ in UNet1d(replace(TINY, attention=attention)).named_parameters()
        )

    assert count((False,) * 4) == 1  # the middle
    assert count((False, False, True, True)) == 1 + 2 * 2


def test_gradient_reaches_every_parameter():
    unet = trained(TINY)
    unet(*inputs(32)).square().mean().backward()
    silent = [
        name for name, p in unet.named_parameters() if p.grad is None or p.grad.abs().max() == 0
    ]
    # Softmax is blind to a constant added to all scores, and to the keys' bias, which adds the same
    # to a whole row.
    assert all(name.endswith(("mlp.4.bias", "qkv.bias")) for name in silent), silent


def test_one_batch_can_be_learned_by_heart():
    # The rotation makes v independent of z for normal latents, so whoever ignores the mix cannot
    # get below 1.
    unet = UNet1d(replace(TINY, widths=(24, 32), attention=(False, True)))
    optimiser = torch.optim.Adam(unet.parameters(), 5e-3)
    generator = torch.Generator().manual_seed(0)
    c_y, c_x = draws(4, 4, 8).repeat(4, 1, 1), draws(4, 6, 8, seed=1).repeat(4, 1, 1)
    losses = []
    for _ in range(120):
        loss = diffusion_loss(unet, c_y, c_x, generator=generator, drop=0.0)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[0] > 0.8
    assert sum(losses[-20:]) / 20 < 0.4


@pytest.mark.evidence("time-embedding")
def test_time_embedding_tells_times_apart():
    t = torch.linspace(0, 1, 65)
    e = time_embedding(t, 32)
    assert e.shape == (65, 32) and e.abs().max() <= 1
    assert torch.allclose(e[0], torch.cat([torch.zeros(16), torch.ones(16)]))
    distance = torch.cdist(e, e) + 10 * torch.eye(65)
    assert distance.min() > 0.5


@pytest.mark.evidence("unet-wrong-shapes")
@pytest.mark.parametrize(
    ("name", "shapes"),
    [
        ("z", ((2, 5, 8), (2,), (2, 6, 8))),
        ("t", ((2, 4, 8), (3,), (2, 6, 8))),
        ("mix", ((2, 4, 8), (2,), (2, 6, 9))),
    ],
)
def test_wrong_shapes_are_named(name, shapes):
    with pytest.raises(BassnbError, match=f"^{name} must have shape"):
        UNet1d(TINY)(*(torch.zeros(shape) for shape in shapes))


def test_each_width_needs_its_attention_switch():
    with pytest.raises(BassnbError, match="one switch per width"):
        UNet1d(replace(TINY, attention=(True,)))


@pytest.mark.evidence("unet-size")
@pytest.mark.parametrize(("preset", "parameters"), [("paper", 42.0e6), ("classroom", 3.0e6)])
def test_presets_have_their_size(preset, parameters):
    with torch.device("meta"):
        unet = UNet1d(PRESETS[preset].unet)
    assert sum(p.numel() for p in unet.parameters()) == pytest.approx(parameters, rel=0.02)
