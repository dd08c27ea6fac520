"""The network as the sampler calls it: (z, t) -> c_hat, guided. Taught in chapters 6 and 12."""

from __future__ import annotations

import re
from collections.abc import Callable

import torch
from torch import Tensor

from bassnb.diffusion import c_from_v
from bassnb.errors import BassnbError
from bassnb.guidance import classifier_free_guidance, rescale
from bassnb.projected_guidance import ProjectedGuidance
from bassnb.windows import Network

Denoise = Callable[[Tensor, Tensor], Tensor]
ALWAYS = (0.0, 1.0)  # from clean latents to pure noise
RULES = ("cfg", "apg")


def guided_denoiser(
    unet: Network,
    c_x: Tensor,
    guidance: float,
    phi: float,
    steps: Tensor | slice = slice(None),
    *,
    rule: str = "cfg",
    interval: tuple[float, float] = ALWAYS,
) -> Denoise:
    """The network as a function (z, t) -> c_hat, with both branches of guidance in one batch.

    Section 3.4, taught in chapter 6. For one run of a sampler: the rule "apg" remembers its steps.

    Parameters
    ----------
    c_x : Tensor (B, 64, L), standardised latents of the mix; zeros stand for "no mix", as in
        training
    guidance, phi : w of section 3.4, and the share of `rescale`
    steps : those over which `rescale` and the rule measure, by default all
    rule : "cfg", or "apg" for `ProjectedGuidance` (chapter 12)
    interval : times t within which guidance acts, both included; outside it the conditional
        estimate is taken, which costs half as much (Kynkaanniemi et al. 2024)
    """
    silence = torch.zeros_like(c_x)
    if guidance in (0.0, 1.0):  # one branch alone
        return lone_branch(unet, c_x if guidance else silence)
    both, conditional = torch.cat([c_x, silence]), lone_branch(unet, c_x)
    project = ProjectedGuidance(guidance, steps=steps) if rule == "apg" else None

    def denoise(z: Tensor, t: Tensor) -> Tensor:
        if interval != ALWAYS and not interval[0] <= t[0] <= interval[1]:
            return conditional(z, t)
        v_cond, v_uncond = unet(torch.cat([z, z]), torch.cat([t, t]), both).chunk(2)
        c_cond, c_uncond = c_from_v(z, v_cond, t), c_from_v(z, v_uncond, t)
        if project is None:
            guided = classifier_free_guidance(c_cond, c_uncond, guidance)
        else:
            guided = project(c_cond, c_uncond)
        return rescale(guided, c_cond, phi, steps)

    return denoise


def autoguided_denoiser(unet: Network, weak: Network, c_x: Tensor, guidance: float) -> Denoise:
    """Guidance by a weaker copy of the network: both listen to the mix (chapter 12).

    ``c = c_weak + w (c_strong - c_weak)`` (Karras et al. 2024, section 3): the mistakes that both
    make, and the weak one more so, are left behind; what the mix demands is not exaggerated.
    """
    strong_branch, weak_branch = lone_branch(unet, c_x), lone_branch(weak, c_x)

    def denoise(z: Tensor, t: Tensor) -> Tensor:
        return classifier_free_guidance(strong_branch(z, t), weak_branch(z, t), guidance)

    return denoise


def lone_branch(unet: Network, condition: Tensor) -> Denoise:
    """The network as a function (z, t) -> c_hat, under one condition (B, 64, L)."""
    return lambda z, t: c_from_v(z, unet(z, t, condition), t)


def interval_of(text: str | None) -> tuple[float, float]:
    """The two times in a text such as "0.3-0.9"; None is `ALWAYS`.

    Raises
    ------
    BassnbError
        If it is no such text, or the times are not in order or not within 0 and 1.
    """
    if text is None:
        return ALWAYS
    found = re.fullmatch(r"\s*(\d*\.?\d+)\s*-\s*(\d*\.?\d+)\s*", text)
    low, high = map(float, found.groups()) if found else (1.0, 0.0)
    if not 0 <= low < high <= 1:
        raise BassnbError(
            f"guidance_interval is {text!r:.60}; give two times from 0 (clean) to 1 (noise), "
            "the smaller one first, such as 0.3-0.9"
        )
    return low, high
