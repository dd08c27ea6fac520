"""Deterministic sampling (DDIM): from noise to latents in K steps. Taught in chapter 5.

Each step asks the network what the clean latents are, lets the caller correct the answer, works out which noise
would explain the present ``z`` if that answer were true, and mixes the two again with a little less noise:

    c = denoise(z, t);   eps = (z - alpha c) / beta;   z' = alpha' c + beta' eps               (paper section 3.2)

Guidance (chapter 6) lives inside ``denoise`` and grounding (chapter 7) inside ``ground``: this file knows neither.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from bassnb.diffusion import add_noise, alpha_beta, eps_from_c
from bassnb.errors import BassnbError


class SamplingError(BassnbError):
    """A number of sampler steps that cannot be walked."""


@torch.no_grad()
def ddim(
    denoise: Callable[[Tensor, Tensor], Tensor],
    z: Tensor,
    steps: int,
    *,
    ground: Callable[[Tensor, float], Tensor] | None = None,
    callback: Callable[[int, Tensor, Tensor], None] | None = None,
) -> Tensor:
    """Walk from pure noise at t = 1 to clean latents at t = 0 (paper sections 3.2 and 4, taught in chapter 5).

    Parameters
    ----------
    denoise : callable (z (B, C, L), t (B,)) -> c (B, C, L)
        The denoised estimate, guided or not.
    z : Tensor (B, C, L)
        Standard normal noise, see `initial_noise`.
    steps : int, at least 1
        K, the number of network evaluations; the paper found 64 best.
    ground : callable (c (B, C, L), beta float) -> c (B, C, L), optional
        Correction of the estimate before the step is taken, such as style grounding.
    callback : callable (k, z, c), optional
        Called at step k = 0 ... K - 1 with the noisy latents and the estimate made from them. To stop early, raise.

    Returns
    -------
    c : Tensor (B, C, L)
        The last estimate: at t = 0 the rates are exactly 1 and 0, so nothing else remains.

    Raises
    ------
    SamplingError
        If ``steps`` is below 1.
    """
    if steps < 1:
        raise SamplingError(f"steps must be at least 1, not {steps}; 64 is the paper's value.")
    # Times and rates stay float64 on the CPU: eps divides by beta, which is small near the end.
    times = torch.linspace(1, 0, steps + 1, dtype=torch.float64)
    for k, (t, t_next) in enumerate(zip(times[:-1], times[1:])):
        c = denoise(z, t.float().to(z.device).expand(z.shape[0]))
        if ground is not None:
            c = ground(c, alpha_beta(t)[1].item())
        if callback is not None:
            callback(k, z, c)
        # The noise is derived again from the corrected c, so that both still add up to z.
        z = add_noise(c, eps_from_c(z, c, t), t_next)
    return z


def initial_noise(seed: int, shape: Sequence[int], device: torch.device | str = "cpu") -> Tensor:
    """Standard normal noise of one take (taught in chapter 5).

    Each take has its own generator on the CPU: the same seed gives the same bass on any device, alone or in a
    batch, and nobody else's random numbers are touched.

    Parameters
    ----------
    seed : int
    shape : sequence of int
        Shape of one take, (C, L).
    device : torch.device or str

    Returns
    -------
    z : Tensor (C, L), float32
        Stack several takes to make a batch.
    """
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(tuple(shape), generator=generator).to(device)
