"""Style grounding: steer the timbre of a sample by the time average of a reference.

Taught in chapter 7.

What stays the same through a whole recording (the instrument, the way it is played and recorded)
survives an average over time; what is played does not. So the mean of the reference's latents
describes its timbre, and each denoised estimate of the sampler has its own mean moved towards it,

    c_ground = c - mu(c) + beta^2 mu(c_style) + (1 - beta^2) mu(c)  =  c + beta^2 (mu(c_style) - mu(c))

with mu the mean over time (paper section 3.3). While the noise rate beta is near 1 the style
dominates; as beta falls to 0 the network does.
"""

import math

from torch import Tensor

from bassnb.errors import BassnbError


def style_mean(c_style: Tensor) -> Tensor:
    """``mu(c_style)``, the mean over time (paper section 3.3, taught in chapter 7).

    Parameters
    ----------
    c_style : Tensor (B, C, L) or (C, L)
        Standardised latents of the reference, of any length L >= 1.

    Returns
    -------
    style : Tensor (B, C, 1), or (1, C, 1) for a single reference
    """
    if c_style.dim() not in (2, 3) or c_style.shape[-1] == 0:
        raise BassnbError(
            "the style latents must have shape (B, C, L) or (C, L) with at least one step, "
            f"but have shape {tuple(c_style.shape)}"
        )
    mean = c_style.mean(dim=-1, keepdim=True)
    return mean if mean.dim() == 3 else mean[None]


def ground(
    c_hat: Tensor,
    style: Tensor,
    beta: Tensor | float,
    strength: float = 1.0,
    steps: Tensor | slice = slice(None),
) -> Tensor:
    """``c + beta^2 (mu(c_style) - mu(c))``, softened or exaggerated (paper section 3.3).

    Taught in chapter 7.

    With strength s up to 1, s beta^2 takes the place of beta^2. Above 1, s mu(c_style) takes the
    place of mu(c_style): in standardised latents 0 is the mean of all basses, so the style is
    exaggerated, away from the average bass. The weight stays beta^2: a larger one would push away
    the take's own mean, with which its notes are bound up.

    Parameters
    ----------
    c_hat : Tensor (B, C, L)
        Denoised estimate of this sampler step.
    style : Tensor (B, C, 1) or (1, C, 1)
        From `style_mean`.
    beta : float or Tensor () in [0, 1]
        Noise rate of this step.
    strength : float, at least 0
        1 is the paper's formula, 0 switches grounding off, values between blend, values above
        exaggerate.
    steps : Tensor (L,), bool, or slice
        Latent steps over which mu(c) is taken: those in which there is music. By default all of
        them.

    Returns
    -------
    c_ground : Tensor (B, C, L)

    Raises
    ------
    BassnbError
        If the style does not fit the latents, or strength is negative or not finite.
    """
    if not math.isfinite(strength) or strength < 0:
        raise BassnbError(
            f"strength must be a finite number of at least 0, not {strength}; 1 is the paper's value"
        )
    if (
        style.dim() != 3
        or style.shape[0] not in (1, c_hat.shape[0])
        or style.shape[1:] != (c_hat.shape[1], 1)
    ):
        raise BassnbError(
            f"the style must have shape ({c_hat.shape[0]}, {c_hat.shape[1]}, 1) or "
            f"(1, {c_hat.shape[1]}, 1), but has shape {tuple(style.shape)}"
        )
    weight, emphasis = min(strength, 1.0), max(strength, 1.0)
    return c_hat + weight * beta**2 * (
        emphasis * style - c_hat[..., steps].mean(dim=-1, keepdim=True)
    )
