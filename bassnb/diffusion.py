"""The forward process and its target: cosine schedule, v <-> c <-> eps, training loss.

Taught in chapter 3.

A clean latent ``c`` and Gaussian noise ``eps`` are mixed by two rates that lie on the unit circle,

    z_t = alpha c + beta eps,   alpha = cos(pi t / 2),   beta = sin(pi t / 2),   t in [0, 1]   (paper section 3.2)

and the network predicts ``v = alpha eps - beta c``, the direction in which ``z_t`` moves along that
circle. Since (z, v) is (c, eps) turned by the angle pi t / 2, turning back gives everything: ``c =
alpha z - beta v`` and ``eps = beta z + alpha v``. At t = 1 the rates are exactly 0 and 1, so
training has seen pure noise and sampling may start from it (zero terminal signal-to-noise ratio).

In all functions ``t`` has shape (B,) or is a scalar, and a latent has shape (B, C, L) or starts
with B.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from bassnb.errors import BassnbError, check_shape


def alpha_beta(t: Tensor) -> tuple[Tensor, Tensor]:
    """Signal rate and noise rate of the cosine schedule (paper section 3.2, taught in chapter 3).

    ``alpha = cos(pi t / 2)``, ``beta = sin(pi t / 2)``, hence ``alpha^2 + beta^2 = 1``.

    Parameters
    ----------
    t : Tensor (...), float in [0, 1]
        0 is clean, 1 is pure noise.

    Returns
    -------
    alpha, beta : Tensor (...), float in [0, 1]
        ``alpha(1)`` is exactly 0 and ``beta(0)`` exactly 0.
    """
    # cos(pi / 2) in floating point is 6e-17 or -4e-8, because pi has been rounded. The same number
    # written as the sine of the complement is exact at t = 1 (sin 0), and 1 - t loses nothing for t
    # >= 1/2.
    alpha = torch.sin((1 - t) * (math.pi / 2))
    beta = torch.sin(t * (math.pi / 2))
    return alpha, beta


def time_from_alpha(alpha: Tensor) -> Tensor:
    """Inverse of the schedule: ``t = (2 / pi) arccos(alpha)`` (taught in chapter 3).

    Parameters
    ----------
    alpha : Tensor (...), float in [0, 1]

    Returns
    -------
    t : Tensor (...), float in [0, 1]
    """
    return torch.acos(alpha) * (2 / math.pi)


def _rates_like(z: Tensor, t: Tensor, **other: Tensor) -> tuple[Tensor, Tensor]:
    """alpha and beta shaped (B, 1, 1) so that they broadcast against ``z`` (B, C, L), and the other
    has its shape.
    """
    for name, tensor in other.items():
        check_shape(BassnbError, name, tensor, *z.shape)
    if t.shape not in ((), (1,), z.shape[:1]):
        raise BassnbError(
            f"t must be a scalar or must have shape ({z.shape[0]},), one time per sample, "
            f"but has shape {tuple(t.shape)}"
        )
    # The rates are computed in the type of t and cast last: bfloat16 has too few digits for a time.
    alpha, beta = alpha_beta(t.reshape(-1, *[1] * (z.dim() - 1)))
    return alpha.to(z.dtype).to(z.device), beta.to(z.dtype).to(z.device)


def add_noise(c: Tensor, eps: Tensor, t: Tensor) -> Tensor:
    """``z = alpha c + beta eps``: the latent at time ``t`` (paper section 3.2).

    Taught in chapter 3.

    Parameters
    ----------
    c, eps : Tensor (B, C, L)
        Clean latents and standard normal noise.
    t : Tensor (B,) or scalar, float in [0, 1]

    Returns
    -------
    z : Tensor (B, C, L)
    """
    alpha, beta = _rates_like(c, t, eps=eps)
    return alpha * c + beta * eps


def v_target(c: Tensor, eps: Tensor, t: Tensor) -> Tensor:
    """``v = alpha eps - beta c``: the target of the network (paper section 3.2).

    Taught in chapter 3. Shapes as in `add_noise`.
    """
    alpha, beta = _rates_like(c, t, eps=eps)
    return alpha * eps - beta * c


def c_from_v(z: Tensor, v: Tensor, t: Tensor) -> Tensor:
    """``c = alpha z - beta v``: the denoised estimate (paper section 3.2).

    Taught in chapter 3. Shapes as in `add_noise`. At t = 1 the estimate is ``-v``: the network must
    guess from the mix alone.
    """
    alpha, beta = _rates_like(z, t, v=v)
    return alpha * z - beta * v


def eps_from_v(z: Tensor, v: Tensor, t: Tensor) -> Tensor:
    """``eps = beta z + alpha v``: the noise estimate (paper section 3.2, taught in chapter 3).

    Shapes as in `add_noise`.
    """
    alpha, beta = _rates_like(z, t, v=v)
    return beta * z + alpha * v


def eps_from_c(z: Tensor, c: Tensor, t: Tensor) -> Tensor:
    """``eps = (z - alpha c) / beta``: the noise that explains ``z`` once ``c`` is given.

    Taught in chapter 5. Needed when guidance or grounding has changed the estimate, so that signal
    and noise still add up to ``z``. Shapes as in `add_noise`; t must be greater than 0, since a
    clean latent contains no noise to find.
    """
    alpha, beta = _rates_like(z, t, c=c)
    return (z - alpha * c) / beta


# -- training --------------------------------------------------------------------------------------


def log_normal_times(mean: float, std: float) -> Callable[[int, torch.Generator], Tensor]:
    """Draws of t for which the noise level ``sigma = beta / alpha = tan(pi t / 2)`` has a normal
    logarithm (chapter 10).
    """

    def draw(batch: int, generator: torch.Generator) -> Tensor:
        sigma = torch.exp(
            mean + std * torch.randn(batch, generator=generator, device=generator.device)
        )
        return torch.atan(sigma) * (2 / math.pi)

    return draw


TIMES: dict[str, Callable[[int, torch.Generator], Tensor]] = {
    # paper section 3.2
    "uniform": lambda batch, generator: torch.rand(
        batch, generator=generator, device=generator.device
    ),
    # Most draws where the mix decides what is played: measured against the others in chapter 10.
    "noisy": log_normal_times(1.2, 1.2),
}


def diffusion_loss(
    model: Callable[[Tensor, Tensor, Tensor], Tensor],
    c_y: Tensor,
    c_x: Tensor,
    *,
    generator: torch.Generator,
    drop: float = 0.15,
    times: str = "uniform",
    share: tuple[int, int] = (0, 1),
) -> Tensor:
    """``E || G(z_t, t, c_x) - v ||^2`` with eps ~ N(0, I) and t as `times` draws it.

    Paper sections 3.2 and 4, with t ~ U[0, 1]; taught in chapter 3.

    The mix of a fraction ``drop`` of the samples is replaced by zeros, so that the same network
    also learns to play without the mix, which classifier-free guidance (chapter 6) needs.

    Parameters
    ----------
    model : callable (z (B, 32, L), t (B,), mix (B, 64, L)) -> v (B, 32, L)
    c_y : Tensor (B, 32, L)
        Standardised latents of the bass.
    c_x : Tensor (B, 64, L)
        Standardised latents of the mix, of the same length.
    generator : torch.Generator
        Source of t, eps and the drops, drawn where it lives: other numbers on a GPU, but the GPU
        does not wait.
    drop : float in [0, 1]
        Probability with which a sample's conditioning is zeroed.
    times : str
        Key of `TIMES`: how t is drawn.
    share : (i, n)
        This batch is part i of n equal parts of a larger one. Numbers are drawn for all of it, so
        that the mean of the n losses is the loss of the whole, whoever computes the parts (chapter
        10).

    Returns
    -------
    loss : Tensor (), float

    Raises
    ------
    BassnbError
        If batch or length of the two latents differ.
    """
    check_shape(BassnbError, "c_y", c_y, "B", "C", "L")
    check_shape(BassnbError, "c_x", c_x, c_y.shape[0], "C", c_y.shape[2])
    t, eps, keep = draw_noise(c_y, TIMES[times], drop, generator, share)
    v = model(add_noise(c_y, eps, t), t, c_x * keep[:, None, None])
    return (v.float() - v_target(c_y, eps, t).float()).square().mean()


def draw_noise(
    c_y: Tensor,
    times: Callable[[int, torch.Generator], Tensor],
    drop: float,
    generator: torch.Generator,
    share: tuple[int, int] = (0, 1),
) -> tuple[Tensor, Tensor, Tensor]:
    """The random numbers of a training step: times, noise and kept mixes.

    Times t (B,), noise eps like c_y (B, C, L), and keep (B,), 0 for a dropped mix.

    Parameters as in `diffusion_loss`, with the function that draws the times itself.
    """
    (part, parts), batch, device = share, c_y.shape[0], generator.device
    own = slice(batch * part, batch * (part + 1))
    t = times(batch * parts, generator)[own]
    eps = torch.randn(batch * parts, *c_y.shape[1:], generator=generator, device=device)[own]
    keep = torch.rand(batch * parts, generator=generator, device=device)[own] >= drop
    return t.to(c_y.device), eps.to(c_y), keep.to(c_y)
