"""Rectified flow: the same network on a straight road from noise to latents.

Taught in chapter 13. Chapter 3 mixes signal and noise on a circle. Rectified flow (Liu et al. 2022,
Lipman et al. 2022) mixes them on the straight line between them, and its network estimates the
direction of that line:

    x_s = (1 - s) c + s eps,      u = d x_s / d s = eps - c,      s in [0, 1].

Both are views of one process: ``x_s = z_t / (alpha + beta)`` with ``s = beta / (alpha + beta)``, and
v and u give the same c and eps. So a network of the circle can be sampled on the line
(`velocity_from_v`). What differs is where the steps are and how much the loss counts each time.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from bassnb.diffusion import TIMES, alpha_beta, c_from_v, draw_noise, eps_from_v
from bassnb.errors import BassnbError, check_shape

Velocity = Callable[[Tensor, Tensor], Tensor]


def interpolate(c: Tensor, eps: Tensor, s: Tensor) -> Tensor:
    """``x = (1 - s) c + s eps``, Tensor (B, C, L): the point at time s (B,) of the straight line.

    c and eps (B, C, L) are clean latents and standard normal noise.
    """
    check_shape(BassnbError, "eps", eps, *c.shape)
    s = s.reshape(-1, *[1] * (c.dim() - 1)).to(c)
    return (1 - s) * c + s * eps


def flow_loss(
    model: Callable[[Tensor, Tensor, Tensor], Tensor],
    c_y: Tensor,
    c_x: Tensor,
    *,
    generator: torch.Generator,
    drop: float = 0.15,
    times: str = "noisy",
    share: tuple[int, int] = (0, 1),
) -> Tensor:
    """``E || G(x_s, s, c_x) - (eps - c) ||^2``; parameters as in `bassnb.diffusion.diffusion_loss`.

    The times of the circle are drawn, and s has their ratio of noise to signal: a log-normal ratio
    is the logit-normal s of Esser et al. 2024, section 3.1.
    """
    check_shape(BassnbError, "c_x", c_x, c_y.shape[0], "C", c_y.shape[2])
    t, eps, keep = draw_noise(c_y, TIMES[times], drop, generator, share)
    s = line_time(t)
    u = model(interpolate(c_y, eps, s), s, c_x * keep[:, None, None])
    return (u.float() - (eps - c_y).float()).square().mean()


def circle_time(s: Tensor) -> Tensor:
    """Time on the circle with the same ratio of noise to signal: ``t = (2 / pi) atan(s / (1 - s))``."""
    return torch.atan2(s, 1 - s) * (2 / math.pi)


def line_time(t: Tensor) -> Tensor:
    """Time on the line with the same ratio of noise to signal: ``s = beta / (alpha + beta)``."""
    alpha, beta = alpha_beta(t)
    return beta / (alpha + beta)


def velocity_from_v(model: Velocity) -> Velocity:
    """A network of the circle, ``(z, t) -> v``, as one of the line, ``(x, s) -> u``."""

    def velocity(x: Tensor, s: Tensor) -> Tensor:
        t = circle_time(s)
        # alpha + beta = 1 / sqrt((1 - s)^2 + s^2)
        radius = torch.sqrt((1 - s) ** 2 + s**2).reshape(-1, *[1] * (x.dim() - 1)).to(x)
        z = x / radius
        v = model(z, t)
        return eps_from_v(z, v, t) - c_from_v(z, v, t)

    return velocity


def shifted_times(steps: int, shift: float = 1.0) -> Tensor:
    """Times from 1 to 0, moved towards the noise: ``s' = shift s / (1 + (shift - 1) s)``.

    Parameters
    ----------
    steps : int, at least 1
    shift : float above 0
        1 spaces evenly; above 1 more steps are near s = 1 (Esser et al. 2024, section 5.3).

    Returns
    -------
    Tensor (steps + 1,), float64

    Raises
    ------
    BassnbError
        If a number is out of its range.
    """
    if steps < 1:
        raise BassnbError(f"steps must be at least 1, not {steps}")
    if not 0 < shift < math.inf:
        raise BassnbError(f"shift must be a finite number above 0, not {shift}; 1 spaces evenly")
    s = torch.linspace(1, 0, steps + 1, dtype=torch.float64)
    return shift * s / (1 + (shift - 1) * s)


def integrate(velocity: Velocity, x: Tensor, times: Tensor, *, heun: bool = False) -> Tensor:
    """From noise to latents along ``dx / ds = u(x, s)``.

    Parameters
    ----------
    velocity : callable (x (B, C, L), s (B,)) -> u (B, C, L)
    x : Tensor (B, C, L)
        Standard normal noise, see `bassnb.sampling.initial_noise`.
    times : Tensor (K + 1,), falling from 1 to 0
        See `shifted_times`.
    heun : bool
        Average the directions at both ends of a step: a second network evaluation and an error of
        third order in its length, in place of Euler's second.

    Returns
    -------
    c : Tensor (B, C, L)
    """

    def at(x: Tensor, s: Tensor) -> Tensor:
        return velocity(x, s.float().to(x.device).expand(x.shape[0]))

    with torch.no_grad():
        for s, following in zip(times[:-1], times[1:]):
            step, u = (following - s).item(), at(x, s)
            ahead = x + step * u
            x = ahead if not heun else x + step * (u + at(ahead, following)) / 2
    return x
