"""Projected guidance: its two parts, its limits, and what remains of classifier-free guidance."""

import math

import pytest
import torch

from bassnb.errors import BassnbError
from bassnb.guidance import classifier_free_guidance
from bassnb.projected_guidance import ProjectedGuidance, limited, split


def draws(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.fixture
def answers():
    return draws(3, 4, 20), 0.5 * draws(3, 4, 20, seed=1) + 0.2


def test_the_parts_add_up_and_stand_at_right_angles(answers):
    d, c = answers
    parallel, orthogonal = split(d, c)
    assert torch.allclose(parallel + orthogonal, d)
    assert torch.allclose((orthogonal * c).sum((1, 2)), torch.zeros(3).double(), atol=1e-9)
    factor = parallel / c
    assert torch.allclose(factor, factor[:, :1, :1].expand_as(factor))


def test_nothing_is_parallel_to_nothing(answers):
    d = answers[0]
    parallel, orthogonal = split(d, torch.zeros_like(d))
    assert not parallel.any() and torch.equal(orthogonal, d)


def test_with_all_of_the_parallel_part_and_no_memory_it_is_classifier_free_guidance(answers):
    rule = ProjectedGuidance(4.0, eta=1.0, momentum=0.0, radius=math.inf)
    for _ in range(2):
        assert torch.allclose(rule(*answers), classifier_free_guidance(*answers, 4.0))


def test_weight_one_is_the_conditional_estimate(answers):
    assert torch.equal(ProjectedGuidance(1.0)(*answers), answers[0])


@pytest.mark.parametrize("w", [2.0, 20.0])
def test_without_the_parallel_part_the_estimate_keeps_its_length_along_itself(answers, w):
    cond, uncond = answers
    guided = ProjectedGuidance(w, momentum=0.0, radius=math.inf)(cond, uncond)
    parallel, _ = split(guided, cond)
    assert torch.allclose(parallel, cond)


def test_the_memory_subtracts_a_part_of_the_step_before(answers):
    cond, uncond = answers
    rule = ProjectedGuidance(2.0, eta=1.0, momentum=-0.5, radius=math.inf)
    first, second, third = (rule(cond, uncond) - cond for _ in range(3))
    d = cond - uncond
    assert torch.allclose(first, d)
    assert torch.allclose(second, 0.5 * d) and torch.allclose(third, 0.75 * d)


def test_the_limit_bounds_large_differences_and_leaves_small_ones(answers):
    d = answers[0]
    large = limited(100 * d, 2.0)
    assert torch.allclose(large.square().mean((1, 2)).sqrt(), torch.full((3,), 2.0).double())
    assert torch.equal(limited(0.01 * d, 2.0), 0.01 * d)
    assert torch.equal(limited(0 * d, 2.0), 0 * d)


def test_silent_steps_are_not_measured(answers):
    cond, uncond = answers
    loud = torch.cat([uncond, uncond + 50], -1), torch.cat([cond, cond - 50], -1)
    sounding = torch.arange(40) < 20
    rule = ProjectedGuidance(3.0, steps=sounding)
    assert torch.allclose(rule(*loud)[..., :20], ProjectedGuidance(3.0)(uncond, cond))


@pytest.mark.parametrize(
    "wrong", [{"guidance": -1.0}, {"guidance": math.nan}, {"momentum": 1.0}, {"radius": 0.0}]
)
def test_wrong_numbers_are_refused(wrong):
    with pytest.raises(BassnbError, match=f"{next(iter(wrong))} must"):
        ProjectedGuidance(**{"guidance": 2.0, **wrong})
