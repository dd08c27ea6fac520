"""Classifier-free guidance on the denoised estimate, and its rescale.

Taught in chapter 6. The network is evaluated twice, with the mix and without it (zeros). The
difference of the two estimates is the effect of the mix; ``guidance`` w is its weight:

    c_cfg = c_uncond + w (c_cond - c_uncond)                                                    (paper section 3.4)

w = 1 is the conditional estimate itself (no guidance), w = 0 the unconditional one, w > 1 goes
beyond.

The paper prints ``c_cond + lambda (c_uncond - c_cond)``. There the two terms are swapped: as
printed, any lambda > 0 moves *away* from the mix. It is the same line with ``lambda = 1 - w``; we
keep the field's convention, in which larger means more guidance.
"""

import math

from torch import Tensor

from bassnb.errors import BassnbError, check_shape


def classifier_free_guidance(c_cond: Tensor, c_uncond: Tensor, guidance: float) -> Tensor:
    """``c_cfg = c_uncond + w (c_cond - c_uncond)`` (paper section 3.4, taught in chapter 6).

    The paper's printed formula has the terms swapped; its lambda is ``1 - w`` (see the top of this
    module).

    Parameters
    ----------
    c_cond, c_uncond : Tensor (B, C, L)
        Denoised estimates with the mix and without it.
    guidance : float, at least 0
        The weight w: 0 ignores the mix, 1 is no guidance, about 2 to 3 is usual.

    Returns
    -------
    c_cfg : Tensor (B, C, L)

    Raises
    ------
    BassnbError
        If ``guidance`` is negative, infinite or not a number, or the shapes differ.
    """
    check_shape(BassnbError, "c_uncond", c_uncond, *c_cond.shape)
    if not math.isfinite(guidance) or guidance < 0:
        raise BassnbError(
            f"guidance must be a finite number of at least 0, not {guidance}; 1 means no guidance"
        )
    if guidance == 1:
        return c_cond  # Exactly, not up to a rounding error.
    return c_uncond + guidance * (c_cond - c_uncond)


def rescale(
    c_cfg: Tensor, c_cond: Tensor, phi: float, steps: Tensor | slice = slice(None)
) -> Tensor:
    """Rescale the guided estimate to the spread of the conditional one (paper section 3.4).

    Taught in chapter 6. ``c_final = phi c_cfg std(c_cond) / std(c_cfg) + (1 - phi) c_cfg``, std
    over channels and time of each sample. Strong guidance inflates the estimate, which decodes to
    over-driven sound.

    Parameters
    ----------
    c_cfg, c_cond : Tensor (B, C, L)
        Guided and conditional estimates.
    phi : float in [0, 1]
        0 keeps the guided estimate, 1 matches the conditional spread; the paper recommends 0.7.
    steps : Tensor (L,), bool, or slice
        Latent steps over which the spread is taken: those in which there is music. By default all
        of them.

    Returns
    -------
    c_final : Tensor (B, C, L)

    Raises
    ------
    BassnbError
        If ``phi`` is outside [0, 1] or not a number, or the shapes differ.
    """
    check_shape(BassnbError, "c_cfg", c_cfg, "B", "C", "L")
    check_shape(BassnbError, "c_cond", c_cond, *c_cfg.shape)
    if not 0 <= phi <= 1:
        raise BassnbError(f"phi must lie between 0 (no rescale) and 1 (full rescale), not {phi}")
    if phi == 0:
        return c_cfg
    std_cond, std_cfg = _std(c_cond[..., steps]), _std(c_cfg[..., steps])  # (B, 1, 1)
    # A constant estimate has no spread to restore; dividing by it would fill the sample with NaN.
    ratio = (std_cond / std_cfg).where(std_cfg > 0, 1.0)
    return phi * c_cfg * ratio + (1 - phi) * c_cfg


def _std(c: Tensor) -> Tensor:
    """Standard deviation over channels and time of each sample: (B, C, L) -> (B, 1, 1)."""
    return c.std(dim=(1, 2), keepdim=True, correction=0)
