"""The sampler against an independent loop, against an oracle, and its promises about seeds."""

import math

import numpy as np
import pytest
import torch

from bassnb.diffusion import add_noise, alpha_beta, c_from_v
from bassnb.errors import BassnbError
from bassnb.sampling import ddim, dpm_solver, initial_noise, pairs_of_times


def draws(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def denoise(z, t):
    """Some smooth estimate that depends on the latents and on the time."""
    return torch.tanh(z.roll(1, dims=-1)) * (1 - t.double()[:, None, None]) + 0.3 * z.mean(
        1, keepdim=True
    )


def reference(z, steps, correct=lambda c, beta: c):
    """DDIM as a rotation of the pair (z, v) by the angle of one step, in numpy."""
    for k in range(steps):
        angle = math.pi / 2 * (1 - k / steps)
        t = torch.full((len(z),), angle * 2 / math.pi)
        c = correct(denoise(torch.from_numpy(z), t).numpy(), math.sin(angle))
        v = (math.cos(angle) * z - c) / math.sin(angle)
        step = math.pi / 2 / steps
        z = math.cos(step) * z - math.sin(step) * v
    return z


@pytest.mark.evidence("ddim-independent-loop")
@pytest.mark.parametrize("steps", [1, 2, 7, 64])
def test_equals_an_independent_loop(steps):
    z = draws(2, 3, 8)
    assert np.allclose(ddim(denoise, z, steps).numpy(), reference(z.numpy(), steps), atol=1e-6)


@pytest.mark.evidence("grounding-before-step")
def test_grounding_corrects_every_estimate_before_the_step():
    z = draws(2, 3, 8)
    result = ddim(denoise, z, 9, ground=lambda c, beta: c + beta**2)
    assert np.allclose(
        result.numpy(), reference(z.numpy(), 9, lambda c, beta: c + beta**2), atol=1e-6
    )
    assert not np.allclose(result.numpy(), reference(z.numpy(), 9), atol=1e-2)


@pytest.mark.evidence("ddim-oracle")
@pytest.mark.parametrize("steps", [1, 3, 64])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_an_oracle_is_obeyed_exactly(steps, dtype):
    c = draws(2, 3, 8).to(dtype)
    assert torch.equal(ddim(lambda z, t: c, draws(2, 3, 8, seed=1).to(dtype), steps), c)


def test_an_oracle_keeps_the_path_on_the_right_noise_level():
    c, eps, path = draws(2, 3, 8), draws(2, 3, 8, seed=1), []
    ddim(lambda z, t: c, eps, 8, callback=lambda k, z, c_hat: path.append((k, z, c_hat)))
    assert [k for k, _, _ in path] == list(range(8))
    for k, z, c_hat in path:
        assert torch.allclose(z, add_noise(c, eps, torch.tensor(1 - k / 8, dtype=torch.float64)))
        assert torch.equal(c_hat, c)


def test_gaussian_data_is_sampled_with_the_right_spread():
    # For latents ~ N(0, s^2) the perfect estimate is known, so the only error left is that of the
    # steps.
    spread = 0.3

    def perfect(z, t):
        alpha, beta = alpha_beta(t.double()[:, None, None])
        return alpha * spread**2 / (alpha**2 * spread**2 + beta**2) * z

    error = [
        abs(ddim(perfect, draws(1, 8, 2000), steps).std().item() - spread) for steps in (4, 16, 64)
    ]
    assert error[0] > error[1] > error[2] and error[2] < 0.01


def test_the_network_sees_the_times_from_one_downwards():
    seen = []

    def model(z, t):
        assert t.shape == (5,) and t.dtype == torch.float32 and (t == t[0]).all()
        seen.append(t[0].item())
        return c_from_v(z, z, t)

    ddim(model, draws(5, 2, 4).float(), 4)
    assert seen == [1, 0.75, 0.5, 0.25]


def test_samples_are_independent_of_their_batch_and_need_no_gradient():
    z = draws(3, 2, 8)
    weight = torch.nn.Parameter(torch.ones(1))
    together = ddim(lambda z, t: weight * z.tanh(), z, 5)
    alone = ddim(lambda z, t: weight * z.tanh(), z[1:2], 5)
    assert torch.equal(together[1:2], alone) and not together.requires_grad


@pytest.mark.parametrize("steps", [0, -3])
def test_steps_below_one_are_refused(steps):
    with pytest.raises(BassnbError, match="at least 1"):
        ddim(denoise, draws(1, 2, 4), steps)


def test_noise_belongs_to_its_seed_alone():
    torch.manual_seed(0)
    first, state = initial_noise(7, (32, 50)), torch.random.get_rng_state()
    torch.rand(10)
    assert torch.equal(first, initial_noise(7, (32, 50)))
    assert not torch.equal(first, initial_noise(8, (32, 50)))
    torch.manual_seed(0)
    # drawing noise does not touch the global generator
    assert torch.equal(state, torch.random.get_rng_state())
    assert abs(first.mean()) < 0.1 and abs(first.std() - 1) < 0.1 and first.dtype == torch.float32


# -- the solver of second order --------------------------------------------------------------------


def perfect(spread):
    """The best estimate of latents ~ N(0, spread^2): the path is then known, z = sqrt(alpha^2 s^2 +
    beta^2) times the noise.
    """

    def denoise(z, t):
        alpha, beta = alpha_beta(t.double()[:, None, None])
        return alpha * spread**2 / (alpha**2 * spread**2 + beta**2) * z

    return denoise


def solver_reference(z, steps):
    """DPM-Solver++(2M) as it is printed, in numbers: lambdas, step widths h, ratio r, weights of
    the two estimates.
    """
    times = [1 - (k / steps) ** 2 for k in range(steps + 1)]
    before = None
    for k in range(steps):
        (a, b), (a2, b2) = (
            (math.cos(math.pi / 2 * t), math.sin(math.pi / 2 * t)) for t in times[k : k + 2]
        )
        c = denoise(
            torch.from_numpy(z), torch.full((len(z),), times[k], dtype=torch.float32)
        ).numpy()
        d = c
        if 1 < k + 1 < steps and k > 0 and before[0] is not None:
            r = (math.log(a / b) - before[0]) / (math.log(a2 / b2) - math.log(a / b))
            d = (1 + 1 / (2 * r)) * c - 1 / (2 * r) * before[1]
        # (sigma' / sigma) z - alpha' (exp(-h) - 1) D, with exp(-h) = (alpha / beta) (beta' /
        # alpha')
        z = b2 / b * z - (a * b2 / b - a2) * d
        before = (None if k == 0 else math.log(a / b)), c
    return z


@pytest.mark.parametrize("steps", [1, 2, 3, 7, 12])
def test_solver_equals_the_printed_algorithm(steps):
    z = draws(2, 3, 8)
    assert np.allclose(
        dpm_solver(denoise, z, steps).numpy(), solver_reference(z.numpy(), steps), atol=1e-6
    )


def order(walk, steps, *, until=0.0, **settings):
    """By which power of 1 / K the error falls from `steps` to twice as many, at the time `until`."""
    z, spread, errors = draws(1, 2, 50), 0.7, []
    for K in (steps, 2 * steps):
        path = {}

        def keep(k, z, c, K=K, path=path):
            path[1 - (k / K) ** settings.get("power", 1 if walk is ddim else 2)] = z

        path[0.0] = walk(perfect(spread), z, K, callback=keep, **settings)
        alpha, beta = alpha_beta(torch.tensor(until, dtype=torch.float64))
        exact = (alpha**2 * spread**2 + beta**2).sqrt() * z
        errors.append((path[until] - exact).abs().max().item())
    return math.log2(errors[0] / errors[1])


@pytest.mark.parametrize("power", [1, 2])
def test_ddim_is_of_first_order_at_any_spacing(power):
    assert order(ddim, 256, power=power) == pytest.approx(1, abs=0.02)
    assert order(ddim, 256, power=power, until=0.75) == pytest.approx(1, abs=0.02)


def test_solver_is_of_second_order_away_from_the_end():
    """At t = 0 the last steps stay large in lambda, whatever K is: the order comes near 2 slowly."""
    assert order(dpm_solver, 256, until=0.75) == pytest.approx(2, abs=0.02)
    over_all = [order(dpm_solver, steps) for steps in (128, 512, 2048)]
    assert 1.5 < over_all[0] < over_all[1] < over_all[2] < 2
    assert 1.5 < order(dpm_solver, 256, power=1) < 2


def test_two_first_steps_and_the_last_of_the_solver_are_steps_of_ddim():
    z, path = draws(2, 3, 8), []
    dpm_solver(denoise, z, 12, callback=lambda k, z, c: path.append(z))
    plain = []
    ddim(denoise, z, 12, power=2, callback=lambda k, z, c: plain.append(z))
    assert torch.equal(path[1], plain[1]) and torch.allclose(path[2], plain[2], atol=1e-12)
    assert not torch.allclose(path[3], plain[3], atol=1e-6)


@pytest.mark.parametrize("steps", [1, 2, 3, 12])
def test_solver_obeys_an_oracle_exactly_and_grounding_before_the_step(steps):
    c, z = draws(2, 3, 8), draws(2, 3, 8, seed=1)
    assert torch.equal(dpm_solver(lambda z, t: c, z, steps), c)
    seen = []
    pushed = dpm_solver(
        lambda z, t: 0 * c, z, steps, ground=lambda c_hat, beta: seen.append(beta) or c
    )
    assert torch.equal(pushed, c) and len(seen) == steps and seen[0] == 1


def test_solver_shows_every_estimate_and_sees_its_own_times():
    seen = []
    dpm_solver(
        lambda z, t: z * t[:, None, None],
        draws(2, 2, 4).float(),
        4,
        callback=lambda k, z, c: seen.append((k, c / z)),
    )
    assert [k for k, _ in seen] == [0, 1, 2, 3]
    assert [round(float(t.mean()), 4) for _, t in seen] == [1, 0.9375, 0.75, 0.4375]


@pytest.mark.parametrize("steps", [0, -3])
def test_solver_refuses_steps_below_one(steps):
    with pytest.raises(BassnbError, match="at least 1"):
        dpm_solver(denoise, draws(1, 2, 4), steps)


def test_times_have_twice_the_usual_digits():
    """eps divides by a beta that is 1e-3 at the end of many steps."""
    assert all(t.dtype == after.dtype == torch.float64 for t, after in pairs_of_times(3))
