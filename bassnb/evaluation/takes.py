"""Many takes at once: what the accompanist plays to each of many mixes, sampled in batches. Taught in chapter 9.

The same noise and the same steps as in `Accompanist`, so take i is the take that it would have given for seed i; only
the encoding of the mixes is done once for all settings, and the network sees several songs at a time.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from bassnb.accompanist import Accompanist, guided_denoiser
from bassnb.sampling import ddim, initial_noise

BATCH = 8  # songs: more is not faster on two cores


@torch.inference_mode()
def sample_latents(
    accompanist: Accompanist, c_x: Tensor, seeds: Iterable[int], *, steps: int = 64, guidance: float | None = None,
    phi: float | None = None,
) -> Tensor:  # fmt: skip
    """Standardised latents of one take for each mix.

    Parameters
    ----------
    c_x : Tensor (n, 64, L), standardised latents of the mixes; see `bassnb.evaluation.contrastive.latents_of`
    seeds : n numbers, of the noise of each take
    guidance, phi : None takes the defaults of the model; guidance 0 does not hear the mixes

    Returns
    -------
    Tensor (n, 32, L)
    """
    system, device = accompanist.system, accompanist.device
    guidance = system.defaults["guidance"] if guidance is None else guidance
    phi = system.defaults["phi"] if phi is None else phi
    noise = torch.stack([initial_noise(seed, (system.preset.unet.stem_channels, c_x.shape[-1])) for seed in seeds])
    return torch.cat([
        ddim(guided_denoiser(system.unet, mixes, guidance, phi), z.to(device), steps)
        for mixes, z in zip(c_x.to(device).split(BATCH), noise.split(BATCH), strict=True)
    ])  # fmt: skip


@torch.inference_mode()
def decode_takes(accompanist: Accompanist, latents: Tensor, length: int) -> list[Tensor]:
    """Waves (2, length) of standardised latents (n, 32, L), at the level that the model chose (`LEVEL` is usual)."""
    autoencoder = accompanist.system.bass_autoencoder
    return [autoencoder.decode(autoencoder.unstandardise(one[None]), length)[0].cpu() for one in latents]
