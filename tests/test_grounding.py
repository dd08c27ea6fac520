"""The identities of style grounding."""

import pytest
import torch

from bassnb.errors import BassnbError
from bassnb.grounding import ground, style_mean


def draws(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.fixture
def latents():
    return draws(2, 4, 9)


@pytest.fixture
def style():
    return style_mean(draws(4, 30, seed=1) + 2)


@pytest.mark.evidence("grounding-formula")
def test_equals_the_formula_as_printed(latents, style):
    beta = 0.6
    mean = latents.mean(-1, keepdim=True)
    printed = latents - mean + beta**2 * style + (1 - beta**2) * mean
    assert torch.allclose(ground(latents, style, beta), printed)


def test_beta_zero_changes_nothing(latents, style):
    assert torch.equal(ground(latents, style, 0.0), latents)


@pytest.mark.evidence("grounding-beta-one")
def test_beta_one_makes_the_mean_the_style(latents, style):
    grounded = ground(latents, style, torch.tensor(1.0))
    assert torch.allclose(style_mean(grounded), style.expand(2, 4, 1))
    assert torch.allclose(grounded.std(-1), latents.std(-1))  # what varies in time is left alone


def test_its_own_mean_changes_nothing(latents):
    assert torch.allclose(ground(latents, style_mean(latents), 0.8), latents)


def test_commutes_with_any_order_of_time(latents, style):
    order = torch.randperm(9, generator=torch.Generator().manual_seed(3))
    assert torch.allclose(
        ground(latents, style, 0.7)[..., order], ground(latents[..., order], style, 0.7)
    )


def test_strength_scales_the_shift(latents, style):
    full, half = (
        ground(latents, style, 0.7) - latents,
        ground(latents, style, 0.7, strength=0.5) - latents,
    )
    assert torch.allclose(half, full / 2) and full.abs().max() > 0.1
    assert torch.equal(ground(latents, style, 0.7, strength=0), latents)


@pytest.mark.evidence("style-mean")
def test_style_mean_of_one_reference_or_of_a_batch(latents):
    assert style_mean(latents).shape == (2, 4, 1)
    assert torch.equal(style_mean(latents[0]), style_mean(latents)[:1])
    assert torch.allclose(style_mean(latents[0])[0, 2, 0], latents[0, 2].sum() / 9)


def test_each_sample_may_have_its_own_style(latents):
    styles = style_mean(draws(2, 4, 5, seed=2))
    together = ground(latents, styles, 0.7)
    assert torch.allclose(together[1:], ground(latents[1:], styles[1:], 0.7))


@pytest.mark.parametrize("shape", [(3, 4, 1), (2, 5, 1), (2, 4, 9), (4, 1)])
def test_a_style_of_another_shape_is_refused(latents, shape):
    with pytest.raises(BassnbError, match=r"\(1, 4, 1\)"):
        ground(latents, torch.zeros(shape), 0.5)


@pytest.mark.parametrize("strength", [-1, float("nan"), float("inf")])
def test_strength_must_be_a_finite_number(latents, style, strength):
    with pytest.raises(BassnbError, match="strength must be a finite number"):
        ground(latents, style, 0.5, strength)


@pytest.mark.parametrize("shape", [(4,), (4, 0)])
def test_an_empty_style_is_refused(shape):
    with pytest.raises(BassnbError, match="at least one step"):
        style_mean(torch.zeros(shape))


def test_strength_above_one_exaggerates_the_style(latents, style):
    """The target moves away from 0, the mean of all basses, and beta decides as before how far to
    follow it.
    """
    found = ground(latents, style, 1.0, strength=1.5).mean(-1, keepdim=True)
    assert torch.allclose(found, (1.5 * style).expand_as(found), atol=1e-5)
    assert torch.allclose(
        ground(latents, style, 0.7, strength=1.5), ground(latents, 1.5 * style, 0.7), atol=1e-6
    )
    assert torch.equal(ground(latents, style, 0.0, strength=1.5), latents)
