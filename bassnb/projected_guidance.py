"""Adaptive projected guidance: strong guidance that does not raise the level.

Taught in chapter 12. Classifier-free guidance adds a multiple of the difference ``d = c_cond -
c_uncond`` to the conditional estimate. Sadat, Hilliges and Weber (2025, "Eliminating oversaturation
and artifacts of high guidance scales in diffusion models") split it in two,

    d_par = (<d, c_cond> / <c_cond, c_cond>) c_cond,      d_orth = d - d_par,
    c_apg = c_cond + (w - 1) (d_orth + eta d_par).                                            (their section 4)

The parallel part makes the estimate larger or smaller and nothing else; the orthogonal part changes
what is played. With ``eta`` = 1 this is classifier-free guidance, with 0 the parallel part is left
out. Before the split the difference is averaged over the steps of the sampler with a negative
weight, and its norm is limited: both keep one step from going far in a direction that the last one
took already.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from bassnb.errors import BassnbError, check_shape

MOMENTUM = -0.5  # weight of the average so far; the authors use -0.5 and -0.75
RADIUS = 1.0  # largest root mean square of the difference, in units of real latents


def split(d: Tensor, c: Tensor, steps: Tensor | slice = slice(None)) -> tuple[Tensor, Tensor]:
    """The parts of `d` parallel and orthogonal to `c`, sample by sample.

    Parameters
    ----------
    d, c : Tensor (B, C, L)
    steps : Tensor (L,), bool, or slice
        Latent steps over which the inner products are taken: those in which there is music.

    Returns
    -------
    d_par, d_orth : Tensor (B, C, L)
        They add up to ``d``. Where ``c`` is zero nothing is parallel to it.
    """
    check_shape(BassnbError, "d", d, *c.shape)
    at = c[..., steps]
    norm = at.square().sum(dim=(1, 2), keepdim=True)
    share = (d[..., steps] * at).sum(dim=(1, 2), keepdim=True) / norm.where(norm > 0, 1.0)
    return share * c, d - share * c


def limited(d: Tensor, radius: float, steps: Tensor | slice = slice(None)) -> Tensor:
    """`d`, made smaller if its root mean square exceeds `radius`; Tensor (B, C, L)."""
    rms = d[..., steps].square().mean(dim=(1, 2), keepdim=True).sqrt()
    return d * (radius / rms).clamp(max=1.0)  # 1 also where there is no difference


class ProjectedGuidance:
    """The rule of one run of a sampler; it remembers the differences of the steps before.

    Parameters
    ----------
    guidance : float, at least 0
        The weight w: 1 is no guidance.
    eta : float
        Weight of the parallel part: 1 as in classifier-free guidance, 0 leaves it out.
    momentum : float above -1 and below 1
        ``d_k <- d_k + momentum d_(k-1)``; 0 forgets.
    radius : float above 0
        Largest root mean square of the averaged difference; infinity sets no limit.
    steps : Tensor (L,), bool, or slice
        Latent steps over which all of it is measured.

    Raises
    ------
    BassnbError
        If a number is out of its range.
    """

    def __init__(
        self,
        guidance: float,
        *,
        eta: float = 0.0,
        momentum: float = MOMENTUM,
        radius: float = RADIUS,
        steps: Tensor | slice = slice(None),
    ):
        if not math.isfinite(guidance) or guidance < 0:
            raise BassnbError(
                f"guidance must be a finite number of at least 0, not {guidance}; "
                "1 means no guidance"
            )
        if not -1 < momentum < 1:
            raise BassnbError(f"momentum must lie between -1 and 1, not {momentum}; 0 forgets")
        if not radius > 0:
            raise BassnbError(f"radius must be above 0, not {radius}; infinity sets no limit")
        self.guidance, self.eta, self.momentum, self.radius = guidance, eta, momentum, radius
        self.steps = steps
        self._before: Tensor | None = None

    def __call__(self, c_cond: Tensor, c_uncond: Tensor) -> Tensor:
        """The guided estimate of the next step, Tensor (B, C, L), of two estimates of that shape."""
        check_shape(BassnbError, "c_uncond", c_uncond, *c_cond.shape)
        d = c_cond - c_uncond
        if self._before is not None:
            d = torch.add(d, self._before, alpha=self.momentum)
        self._before = d
        d_par, d_orth = split(limited(d, self.radius, self.steps), c_cond, self.steps)
        return c_cond + (self.guidance - 1) * (d_orth + self.eta * d_par)
