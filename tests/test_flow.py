"""The straight road: its ends, its direction, its orders, and the circle seen from it."""

import math

import pytest
import torch

from bassnb.diffusion import add_noise, alpha_beta, v_target
from bassnb.errors import BassnbError
from bassnb.flow import (
    circle_time,
    flow_loss,
    integrate,
    interpolate,
    line_time,
    shifted_times,
    velocity_from_v,
)


def draws(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_the_ends_of_the_line_are_latents_and_noise():
    c, eps = draws(2, 3, 5), draws(2, 3, 5, seed=1)
    assert torch.equal(interpolate(c, eps, torch.tensor(0.0)), c)
    assert torch.equal(interpolate(c, eps, torch.tensor([1.0, 1.0])), eps)


def test_times_of_line_and_circle_are_inverse_and_agree_on_the_noise():
    t = torch.linspace(0, 1, 21, dtype=torch.float64)
    s = line_time(t)
    assert torch.allclose(circle_time(s), t) and s[0] == 0 and s[-1] == 1
    alpha, beta = alpha_beta(t[1:-1])
    assert torch.allclose(s[1:-1] / (1 - s[1:-1]), beta / alpha)


def test_a_network_of_the_circle_gives_the_direction_of_the_line():
    c, eps = draws(4, 3, 5), draws(4, 3, 5, seed=1)
    s = torch.tensor([0.0, 0.3, 0.8, 1.0], dtype=torch.float64)
    asked = []

    def exact(z, t):
        asked.append((z, t))
        return v_target(c, eps, t)

    u = velocity_from_v(exact)(interpolate(c, eps, s), s)
    assert torch.allclose(u, eps - c)
    (z, t), *_ = asked
    assert torch.allclose(z, add_noise(c, eps, t))  # what the network was trained on


def test_one_step_is_exact_where_the_road_is_straight():
    c, eps = draws(2, 3, 5), draws(2, 3, 5, seed=1)
    assert torch.allclose(integrate(lambda x, s: eps - c, eps, shifted_times(1)), c)


@pytest.mark.parametrize("heun, order", [(False, 1), (True, 2)])
def test_the_error_falls_with_the_order_of_the_method(heun, order):
    # latents N(0, 0.5^2): the exact direction is (s - 0.25 (1 - s)) / var(s) x
    def velocity(x, s):
        s = s[:, None, None]
        return (s - 0.25 * (1 - s)) / (s**2 + 0.25 * (1 - s) ** 2) * x

    x = draws(1, 4, 8)
    errors = [
        (integrate(velocity, x, shifted_times(k), heun=heun) - 0.5 * x).abs().max().item()
        for k in (64, 128, 256)
    ]
    for coarse, fine in zip(errors, errors[1:]):
        assert math.log2(coarse / fine) == pytest.approx(order, abs=0.15)


def test_the_shift_moves_times_towards_noise_and_keeps_the_ends():
    even, moved = shifted_times(8), shifted_times(8, 3.0)
    assert even[0] == moved[0] == 1 and even[-1] == moved[-1] == 0
    assert (moved[1:-1] > even[1:-1]).all() and (moved.diff() < 0).all()
    # a shift is a factor on the ratio of noise to signal
    assert torch.allclose((moved / (1 - moved))[1:-1], 3 * (even / (1 - even))[1:-1])


def test_the_loss_is_zero_for_a_network_that_knows_the_answer():
    c_y, c_x = draws(8, 3, 5).float(), draws(8, 2, 5).float()

    def knows(x, s, mix):
        return (x - c_y) / s[:, None, None]  # x - c = s (eps - c)

    generator = torch.Generator().manual_seed(0)
    assert flow_loss(knows, c_y, c_x, generator=generator) < 1e-8
    generator.manual_seed(0)
    assert flow_loss(lambda x, s, mix: 0 * x, c_y, c_x, generator=generator) > 1


@pytest.mark.parametrize("wrong", [{"steps": 0}, {"steps": 4, "shift": 0.0}])
def test_wrong_numbers_are_refused(wrong):
    with pytest.raises(BassnbError, match="must be"):
        shifted_times(**wrong)
