"""The network as the sampler calls it: (z, t) -> c_hat, guided. Taught in chapter 6."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from bassnb.diffusion import c_from_v
from bassnb.guidance import classifier_free_guidance, rescale
from bassnb.windows import Network


def guided_denoiser(
    unet: Network, c_x: Tensor, guidance: float, phi: float, steps: Tensor | slice = slice(None)
) -> Callable[[Tensor, Tensor], Tensor]:
    """The network as a function (z, t) -> c_hat, with both branches of guidance in one batch.

    Section 3.4, taught in chapter 6.

    Parameters
    ----------
    c_x : Tensor (B, 64, L), standardised latents of the mix; zeros stand for "no mix", as in
        training
    steps : those over which `rescale` measures, by default all
    """
    silence = torch.zeros_like(c_x)
    if guidance in (0.0, 1.0):  # one branch alone
        condition = c_x if guidance else silence
        return lambda z, t: c_from_v(z, unet(z, t, condition), t)
    both = torch.cat([c_x, silence])

    def denoise(z: Tensor, t: Tensor) -> Tensor:
        v_cond, v_uncond = unet(torch.cat([z, z]), torch.cat([t, t]), both).chunk(2)
        c_cond, c_uncond = c_from_v(z, v_cond, t), c_from_v(z, v_uncond, t)
        return rescale(classifier_free_guidance(c_cond, c_uncond, guidance), c_cond, phi, steps)

    return denoise
