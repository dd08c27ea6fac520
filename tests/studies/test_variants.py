"""Each variant is the recipe with one thing changed, and that thing is what its name says."""

import math
from dataclasses import asdict, replace

import pytest
import torch
from torch import nn

from bassnb.diffusion import add_noise, c_from_v, diffusion_loss, v_target
from bassnb.presets import SMOKE
from bassnb.studies.variants import (
    POSITIONS,
    TIMES,
    VARIANTS,
    Names,
    NoiseAsV,
    RotaryProjection,
    Variant,
    make_unet,
    min_snr_weight,
    name_beyond,
    variant_loss,
)
from bassnb.unet import UNet1d

CONFIG = replace(SMOKE.unet, widths=(16, 24, 24), attention=(False, True, True))
LATENTS = 12


def draws(seed=0):
    return torch.Generator().manual_seed(seed)


def latents(length=LATENTS, batch=3):
    return torch.randn(batch, 32, length, generator=draws(1)), torch.randn(
        batch, 64, length, generator=draws(2)
    )


def woken(variant):
    """A U-Net whose zero-initialised layers have weights, as after a training."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        unet = make_unet(variant, CONFIG, LATENTS)
        for parameter in unet.parameters():
            nn.init.normal_(parameter, std=0.2)
    return unet.eval().requires_grad_(False)


def test_every_variant_changes_one_thing():
    default = asdict(VARIANTS[0])
    for variant in VARIANTS[1:]:
        changed = [
            key for key, value in asdict(variant).items() if value != default[key] and key != "name"
        ]
        assert len(changed) == 1, variant
    assert len({variant.name for variant in VARIANTS}) == len(VARIANTS)
    assert {variant.positions for variant in POSITIONS} == {
        "log",
        "raw",
        "absolute",
        "rotary",
        "none",
    } and len(POSITIONS) == 5


def test_variants_share_a_training_only_where_they_differ_in_the_weights_that_are_marked():
    trainings = {}
    for variant in VARIANTS:
        trainings.setdefault(variant.training, []).append(variant)
    assert sorted(map(len, trainings.values()))[-2:] == [1, 2]
    assert {variant.average for variant in max(trainings.values(), key=len)} == {True, False}


def test_the_loss_of_the_default_is_that_of_the_package():
    unet, (c_y, c_x) = woken(Variant("")), latents()
    ours = variant_loss(unet, c_y, c_x, generator=draws(), drop=0.5, ask="v", times="uniform")
    assert torch.equal(ours, diffusion_loss(unet, c_y, c_x, generator=draws(), drop=0.5))


def test_min_snr_does_not_count_the_clean_end_beyond_its_bound():
    t = torch.tensor([0.02, 0.5, 0.98])
    snr = 1 / torch.tan(t * math.pi / 2) ** 2
    expected = snr.clamp(max=5) / (snr + 1)
    assert torch.allclose(min_snr_weight(t), expected, rtol=1e-4)
    c_y, c_x = latents()
    options = {"drop": 0.0, "ask": "v", "times": "uniform"}

    def model(z, t, mix):
        return 0 * z

    plain, weighted = (
        variant_loss(model, c_y, c_x, generator=draws(), weight=weight, **options)
        for weight in ("none", "min-snr")
    )
    assert 0 < weighted < plain


def test_rotary_products_depend_on_the_distance_alone():
    heads, steps = 2, 9
    layer = RotaryProjection(16, heads)
    same = torch.randn(1, 16, 1, generator=draws()).expand(-1, -1, steps)
    q, k, v = (part.unflatten(1, (heads, -1)) for part in layer(same).chunk(3, dim=1))
    scores = torch.einsum("bhdi,bhdj->bhij", q, k)[0]
    assert torch.allclose(scores[:, 1:, 1:], scores[:, :-1, :-1], atol=1e-5)
    assert not torch.allclose(scores[:, 0, 1], scores[:, 0, 4], atol=1e-3)
    assert torch.allclose(v[..., :1].expand_as(v), v)  # values are not turned
    assert torch.allclose(q.norm(dim=2), q.norm(dim=2)[..., :1].expand(-1, -1, steps), atol=1e-5)


def test_the_loss_of_the_noise_is_zero_for_who_knows_the_noise():
    c_y, c_x = latents()
    seen = {}

    def model(z, t, mix):
        seen["t"] = t
        alpha, beta = torch.cos(t * math.pi / 2), torch.sin(t * math.pi / 2)
        return (z - alpha[:, None, None] * c_y) / beta[:, None, None]

    loss = variant_loss(model, c_y, c_x, generator=draws(), drop=0.0, ask="eps", times="noisy")
    assert float(loss) < 1e-6 and seen["t"].mean() > 0.5


@pytest.mark.parametrize(("times", "mean"), [("edm", -1.2), ("noisy", 1.2)])
def test_noise_levels_are_log_normal(times, mean):
    t = TIMES[times](20_000, draws())
    sigma = torch.tan(t * math.pi / 2)
    assert float(sigma.log().mean()) == pytest.approx(mean, abs=0.05)
    assert float(sigma.log().std()) == pytest.approx(1.2, abs=0.05)


def test_preconditioning_of_edm_with_unit_variance_is_v():
    """D = c_skip x + c_out F of Karras et al. 2022, table 1, with sigma_data = 1, is the estimate
    for F = -v.
    """
    (c, _), t = latents(), torch.tensor([0.2, 0.5, 0.8])
    eps = torch.randn(c.shape, generator=draws(3))
    sigma = torch.tan(t * math.pi / 2)[:, None, None]
    noisy = c + sigma * eps
    # c_in x is z
    assert torch.allclose(noisy / (sigma**2 + 1).sqrt(), add_noise(c, eps, t), atol=1e-5)
    answer = -v_target(c, eps, t)
    denoised = noisy / (sigma**2 + 1) + sigma / (sigma**2 + 1).sqrt() * answer
    assert torch.allclose(denoised, c_from_v(add_noise(c, eps, t), -answer, t), atol=1e-4)
    weight = (sigma**2 + 1) / sigma**2  # their lambda times c_out^2 is 1: the plain loss of v
    assert torch.allclose(weight * (sigma / (sigma**2 + 1).sqrt()) ** 2, torch.ones_like(weight))


def test_a_right_estimate_of_the_noise_becomes_the_right_v():
    (c, mix), t = latents(), torch.tensor([0.1, 0.5, 0.9])
    eps = torch.randn(c.shape, generator=draws(3))

    class Knows(nn.Module):
        def forward(self, z, t, mix):
            return eps

    v = NoiseAsV(Knows())(add_noise(c, eps, t), t, mix)
    assert torch.allclose(v, v_target(c, eps, t), atol=1e-4)
    assert NoiseAsV(Knows())(eps, torch.ones(3), mix).isfinite().all()


def test_the_default_and_raw_networks_are_those_of_the_package():
    for positions in ("log", "raw"):
        with torch.random.fork_rng():
            torch.manual_seed(0)
            ours = make_unet(Variant("", positions=positions), CONFIG, LATENTS)
            torch.manual_seed(0)
            product = UNet1d(replace(CONFIG, dpb_offsets=positions))
        assert ours.config == product.config
        for name, tensor in product.state_dict().items():
            assert torch.equal(ours.state_dict()[name], tensor)


@pytest.mark.parametrize(
    ("positions", "blind"), [("none", True), ("log", False), ("raw", False), ("absolute", False)]
)
def test_attention_without_positions_is_blind_to_order(positions, blind):
    attention = woken(Variant("", positions=positions)).middle.attentions[0]
    x, order = torch.randn(1, 24, 3, generator=draws()), torch.tensor([2, 0, 1])
    assert torch.allclose(attention(x[..., order]), attention(x)[..., order], atol=1e-5) == blind


@pytest.mark.parametrize("positions", ["absolute", "none"])
def test_attention_without_dpb_has_no_bias_network(positions):
    unet = make_unet(Variant("", positions=positions), CONFIG, LATENTS)
    assert not [name for name, _ in unet.named_parameters() if "mlp" in name]
    names = [module for module in unet.modules() if isinstance(module, Names)]
    # crops of 12 steps, halved
    shapes = [(24, 3), (24, 3), (24, 3), (24, 6), (24, 6)] if positions == "absolute" else []
    assert sorted(tuple(module.names.shape) for module in names) == shapes


def test_names_beyond_the_last():
    names = Names(1, 3)
    names.names.data = torch.tensor([[0.0, 1.0, 2.0]])
    nothing = torch.zeros(1, 1, 5)
    assert names(nothing[..., :2]).flatten().tolist() == [0.0, 1.0]
    assert names(nothing).flatten().tolist() == [0.0, 0.5, 1.0, 1.5, 2.0]
    name_beyond(nn.Sequential(names), "held")
    assert names(nothing).flatten().tolist() == [0.0, 1.0, 2.0, 2.0, 2.0]
