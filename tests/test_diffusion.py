"""The circle on which noise and signal live: identities of the schedule, of v, and of the loss."""

import pytest
import torch

from bassnb.diffusion import (
    TIMES,
    add_noise,
    alpha_beta,
    c_from_v,
    diffusion_loss,
    draw_noise,
    eps_from_c,
    eps_from_v,
    log_normal_times,
    time_from_alpha,
    v_target,
)
from bassnb.errors import BassnbError


def draws(*shape, seed=0, dtype=torch.float64):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def times(dtype=torch.float64):
    return torch.linspace(0, 1, 1001, dtype=dtype)


@pytest.mark.evidence("schedule-on-circle")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_rates_lie_on_the_unit_circle_and_follow_the_paper(dtype):
    alpha, beta = alpha_beta(times(dtype))
    assert torch.allclose(alpha**2 + beta**2, torch.ones_like(alpha), atol=1e-6)
    assert torch.allclose(alpha, torch.cos(torch.pi * times(dtype) / 2), atol=1e-6)
    assert torch.allclose(beta, torch.sin(torch.pi * times(dtype) / 2), atol=1e-6)
    assert (alpha.diff() < 0).all() and (beta.diff() > 0).all()


@pytest.mark.evidence("schedule-ends")
@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_the_ends_are_exact(dtype):
    alpha, beta = alpha_beta(torch.tensor([0.0, 1.0], dtype=dtype))
    assert alpha.tolist() == [1, 0] and beta.tolist() == [0, 1]


def test_time_is_the_inverse_of_alpha():
    assert torch.allclose(time_from_alpha(alpha_beta(times())[0]), times(), atol=1e-7)


@pytest.mark.evidence("v-gives-back-both")
def test_v_gives_back_clean_latents_and_noise():
    c, eps, t = draws(5, 4, 6), draws(5, 4, 6, seed=1), torch.linspace(0, 1, 5, dtype=torch.float64)
    z, v = add_noise(c, eps, t), v_target(c, eps, t)
    assert torch.allclose(c_from_v(z, v, t), c)
    assert torch.allclose(eps_from_v(z, v, t), eps)
    assert torch.allclose(eps_from_c(z, c, t)[1:], eps[1:])  # t = 0 holds no noise to find
    # (z, v) is (c, eps) turned: the pair keeps its energy.
    assert torch.allclose(z**2 + v**2, c**2 + eps**2)


@pytest.mark.evidence("only-noise-at-time-one")
def test_at_time_one_only_noise_is_left():
    c, eps, t = draws(2, 4, 6), draws(2, 4, 6, seed=1), torch.ones(2)
    assert torch.equal(add_noise(c, eps, t), eps)
    assert torch.equal(v_target(c, eps, t), -c)


@pytest.mark.evidence("v-is-velocity")
def test_v_is_the_velocity_along_the_circle():
    c, eps, t, h = (
        draws(3, 4, 6),
        draws(3, 4, 6, seed=1),
        torch.tensor([0.2, 0.5, 0.9], dtype=torch.float64),
        1e-5,
    )
    velocity = (add_noise(c, eps, t + h) - add_noise(c, eps, t - h)) / (2 * h)
    assert torch.allclose(velocity, torch.pi / 2 * v_target(c, eps, t), atol=1e-6)


def test_each_sample_has_its_own_time():
    c, eps, t = (
        draws(3, 4, 6),
        draws(3, 4, 6, seed=1),
        torch.tensor([0.1, 0.5, 0.9], dtype=torch.float64),
    )
    alone = torch.cat([add_noise(c[i : i + 1], eps[i : i + 1], t[i]) for i in range(3)])
    assert torch.equal(add_noise(c, eps, t), alone)
    with pytest.raises(BassnbError, match=r"\(3,\).*\(6,\)"):
        add_noise(c, eps, torch.rand(6))


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_the_loss_of_an_oracle_is_zero_and_of_silence_is_one():
    c_y, c_x = draws(64, 4, 32, dtype=torch.float32), draws(64, 8, 32, dtype=torch.float32)

    def oracle(z, t, mix):  # knows c_y, hence eps, hence v
        _, beta = alpha_beta(t[:, None, None])
        return v_target(c_y, eps_from_c(z, c_y, t), t).where(beta > 0, -c_y)

    assert diffusion_loss(oracle, c_y, c_x, generator=generator()) < 1e-6
    # v has unit variance when c and eps have.
    silence = diffusion_loss(lambda z, t, mix: torch.zeros_like(z), c_y, c_x, generator=generator())
    assert abs(silence - 1) < 0.05


@pytest.mark.evidence("printed-loss-weight")
def test_the_loss_is_the_printed_one_with_weight_one_over_beta_squared():
    """E w_t || c_hat - c_y ||^2 of section 3.2, for an estimate c_hat that is wrong by a tenth of
    itself.
    """
    c_y, seen = draws(500, 2, 8), {}

    def model(z, t, mix):
        seen.update(t=t, z=z)
        return v_target(0.9 * c_y, eps_from_c(z, c_y, t), t)

    loss = diffusion_loss(model, c_y, draws(500, 3, 8), generator=generator())
    beta = alpha_beta(seen["t"])[1]
    c_hat = c_from_v(seen["z"], model(seen["z"], seen["t"], None), seen["t"])
    printed = ((c_hat - c_y).square().mean((1, 2)) / beta**2).mean()
    assert loss == pytest.approx(float(printed), rel=1e-4)


@pytest.mark.evidence("loss-follows-schedule")
def test_the_loss_shows_the_model_what_the_schedule_says():
    seen = {}

    def model(z, t, mix):
        seen.update(z=z, t=t, mix=mix)
        return torch.zeros_like(z)

    c_y = torch.full((4000, 1, 8), 3.0)
    diffusion_loss(model, c_y, torch.ones(4000, 2, 8), generator=generator(), drop=0.15)
    assert (
        0 <= seen["t"].min() < 0.01
        and 0.99 < seen["t"].max() < 1
        and abs(seen["t"].mean() - 0.5) < 0.02
    )
    alpha, beta = alpha_beta(seen["t"][:, None, None])
    eps = (seen["z"] - alpha * 3) / beta
    noisy = eps[seen["t"] > 0.5]
    assert abs(noisy.mean()) < 0.04 and abs(noisy.std() - 1) < 0.04
    # A sample's conditioning is dropped as a whole or not at all, in 15 % of the samples.
    kept = seen["mix"].flatten(1)
    assert ((kept == 0).all(1) | (kept == 1).all(1)).all()
    assert abs((kept[:, 0] == 0).float().mean() - 0.15) < 0.02


@pytest.mark.parametrize("drop", [0.0, 1.0])
def test_drop_can_be_never_or_always(drop):
    def model(z, t, mix):
        assert torch.equal(mix, torch.full_like(mix, 1 - drop))
        return z

    diffusion_loss(model, draws(50, 2, 4), torch.ones(50, 3, 4), generator=generator(), drop=drop)


def test_the_loss_repeats_with_its_generator_and_ignores_the_global_one():
    def loss(seed):
        torch.rand(3)  # would shift the global generator
        return diffusion_loss(
            lambda z, t, mix: z, draws(4, 2, 8), draws(4, 3, 8), generator=generator(seed)
        ).item()

    assert loss(1) == loss(1) != loss(2)


@pytest.mark.parametrize("shape", [(4, 3, 9), (3, 3, 8), (4, 8)])
def test_latents_that_do_not_match_are_refused(shape):
    with pytest.raises(BassnbError, match=r"c_x must have shape \(4, C, 8\)"):
        diffusion_loss(
            lambda z, t, mix: z, torch.zeros(4, 2, 8), torch.zeros(shape), generator=generator()
        )
    with pytest.raises(
        BassnbError, match=r"c_y must have shape \(B, C, L\), but has shape \(4, 8\)"
    ):
        diffusion_loss(
            lambda z, t, mix: z, torch.zeros(4, 8), torch.zeros(4, 3, 8), generator=generator()
        )


def test_one_time_may_serve_all_samples_and_types_are_those_of_the_latents():
    c, eps = draws(3, 4, 6), draws(3, 4, 6, seed=1)
    assert torch.equal(add_noise(c, eps, torch.tensor([0.3])), add_noise(c, eps, torch.tensor(0.3)))
    half = [x.bfloat16() for x in (c, eps)]
    for function in (add_noise, v_target, c_from_v, eps_from_v, eps_from_c):
        assert function(*half, torch.tensor([0.3, 0.5, 0.7])).dtype == torch.bfloat16


def test_a_tenth_to_a_fifth_of_the_mixes_is_dropped_unless_told_otherwise():
    kept = []
    diffusion_loss(
        lambda z, t, mix: kept.append(mix) or z,
        draws(2000, 1, 1),
        torch.ones(2000, 1, 1),
        generator=generator(),
    )
    assert 0.1 < 1 - kept[0].mean() < 0.2


def test_log_normal_times_have_the_asked_median_and_spread():
    """sigma = beta / alpha = tan(pi t / 2) is log-normal (Karras et al. 2022)."""
    t = log_normal_times(1.2, 0.8)(20_000, generator())
    logs = torch.tan(torch.pi * t.double() / 2).log()
    assert t.shape == (20_000,) and 0 < t.min() and t.max() < 1
    assert logs.mean() == pytest.approx(1.2, abs=0.02) and logs.std() == pytest.approx(
        0.8, abs=0.02
    )
    expected = 1.2 + 0.8 * torch.randn(20_000, generator=generator()).double()
    assert torch.allclose(logs, expected, atol=1e-3)  # the sign of a draw and the generator matter


@pytest.mark.parametrize("parts", [1, 2, 4])
def test_the_noise_of_a_part_is_its_share_of_the_whole(parts):
    whole = draw_noise(torch.zeros(8, 3, 5), TIMES["noisy"], 0.4, generator(), (0, 1))
    size = 8 // parts
    for part in range(parts):
        torch.rand(3)  # would shift the global generator
        own = draw_noise(torch.zeros(size, 3, 5), TIMES["noisy"], 0.4, generator(), (part, parts))
        assert all(
            torch.equal(mine, all_of[size * part : size * (part + 1)])
            for mine, all_of in zip(own, whole)
        )


def test_the_loss_of_the_whole_is_the_mean_of_its_parts():
    c_y, c_x = draws(8, 2, 4), draws(8, 3, 4)
    loss = diffusion_loss(lambda z, t, mix: z, c_y, c_x, generator=generator())
    halves = [
        diffusion_loss(
            lambda z, t, mix: z,
            c_y[4 * i : 4 * i + 4],
            c_x[4 * i : 4 * i + 4],
            generator=generator(),
            share=(i, 2),
        )
        for i in (0, 1)
    ]
    assert float(sum(halves) / 2) == pytest.approx(float(loss), rel=1e-6)


def test_noise_and_drops_have_the_type_of_the_latents_and_times_keep_theirs():
    t, eps, keep = draw_noise(
        torch.zeros(4, 3, 5, dtype=torch.bfloat16), TIMES["noisy"], 0.5, generator(), (0, 1)
    )
    assert (t.dtype, eps.dtype, keep.dtype) == (torch.float32, torch.bfloat16, torch.bfloat16)
