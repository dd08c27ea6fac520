"""Guidance at its fixed points, its direction, and the two ends of the rescale."""

import pytest
import torch

from bassnb.errors import BassnbError
from bassnb.guidance import classifier_free_guidance, rescale


def draws(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture
def answers():
    return draws(3, 4, 20), 0.5 * draws(3, 4, 20, seed=1) + 0.2


@pytest.mark.evidence("guidance-fixed-points")
def test_fixed_points_and_direction(answers):
    cond, uncond = answers
    assert torch.equal(classifier_free_guidance(cond, uncond, 1), cond)
    assert torch.equal(classifier_free_guidance(cond, uncond, 0), uncond)
    # More guidance goes on in the direction from "without the mix" to "with the mix".
    assert torch.allclose(
        classifier_free_guidance(cond, uncond, 3), cond + 2 * (cond - uncond), atol=1e-5
    )


@pytest.mark.evidence("guidance-printed-formula")
def test_the_printed_formula_is_ours_with_lambda_one_minus_w(answers):
    cond, uncond = answers
    w = 2.5
    printed = cond + (1 - w) * (uncond - cond)
    assert torch.allclose(classifier_free_guidance(cond, uncond, w), printed, atol=1e-5)


@pytest.mark.parametrize("guidance", [-0.1, float("nan"), float("inf")])
def test_guidance_must_be_a_finite_number(answers, guidance):
    with pytest.raises(BassnbError, match="guidance must be a finite number"):
        classifier_free_guidance(*answers, guidance)


@pytest.mark.evidence("rescale-ends")
def test_phi_zero_changes_nothing_and_phi_one_matches_the_spread(answers):
    cond, uncond = answers
    guided = classifier_free_guidance(cond, uncond, 4)
    assert torch.equal(rescale(guided, cond, 0), guided)
    full = rescale(guided, cond, 1)
    for i in range(3):  # of each sample, over channels and time together
        assert guided[i].std() > 1.5 * cond[i].std()
        assert torch.allclose(full[i].std(), cond[i].std())
        assert torch.allclose(
            full[i] / guided[i], (cond[i].std() / guided[i].std()).expand(4, 20), atol=1e-5
        )


@pytest.mark.evidence("rescale-blend")
def test_phi_blends_the_two_ends(answers):
    cond, uncond = answers
    guided = classifier_free_guidance(cond, uncond, 4)
    expected = 0.7 * rescale(guided, cond, 1) + 0.3 * guided
    assert torch.allclose(rescale(guided, cond, 0.7), expected, atol=1e-6)


def test_samples_do_not_share_their_spread(answers):
    cond, uncond = answers
    guided = classifier_free_guidance(cond, uncond, 4)
    assert torch.allclose(rescale(guided, cond, 1)[1:2], rescale(guided[1:2], cond[1:2], 1))


@pytest.mark.parametrize("value", [0.0, 3.0])
def test_constant_estimates_stay_as_they_are(value):
    flat = torch.full((2, 4, 5), value)
    assert torch.allclose(rescale(flat, draws(2, 4, 5), 0.7), flat)


def test_quiet_estimates_are_rescaled_too(answers):
    cond = answers[0]
    assert torch.allclose(rescale(1e-3 * cond, cond, 1), cond, atol=1e-5)


@pytest.mark.evidence("rescale-limits")
@pytest.mark.parametrize("phi", [-0.1, 1.1, float("nan")])
def test_phi_must_lie_between_zero_and_one(answers, phi):
    with pytest.raises(BassnbError, match="phi must lie between 0"):
        rescale(*answers, phi)
