"""Many takes at once: one for each of many mixes, sampled in batches.

The same noise and the same steps as in `Accompanist`, so take i is the take that it would have
given for seed i; only the encoding of the mixes is done once for all settings, and the network sees
several songs at a time.

Taught in chapter 9.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, cast

import torch
from torch import Tensor

from bassnb.accompanist import Accompaniment, Accompanist
from bassnb.level import to_level
from bassnb.sampling import initial_noise

BATCH = 8  # songs: more is not faster on two cores
GPU_BATCH = 64  # as `benchmarks.gpu` measures it


def single_take(accompanist: Accompanist, mix: Tensor, **settings: Any) -> Tensor:
    """The wave (2, N) of one take for a mix (2, N); `settings` are those of `Accompanist`.

    Without ``variations`` an accompanist returns one `Accompaniment`, not a list.
    """
    return cast(Accompaniment, accompanist(mix, **settings)).audio


def sample_latents(
    accompanist: Accompanist, c_x: Tensor, seeds: Iterable[int], **settings
) -> Tensor:
    """Standardised latents of one take for each mix, sampled `BATCH` or `GPU_BATCH` at a time.

    Parameters
    ----------
    c_x : Tensor (n, 64, L), standardised latents of the mixes; see
        `bassnb.metrics.contrastive.encode_waves`
    seeds : n numbers, of the noise of each take
    settings : guidance, phi, sampler, steps; None takes the defaults of the model, guidance 0
        ignores the mixes

    Returns
    -------
    Tensor (n, 32, L)
    """
    parts = batches(accompanist, c_x, seeds)
    return torch.cat([accompanist.sample(mixes, some, **settings) for mixes, some in parts])


def batches(
    accompanist: Accompanist, c_x: Tensor, seeds: Iterable[int]
) -> Iterator[tuple[Tensor, list[int]]]:
    """Mixes on the device and their seeds, as many at a time as the network sees at once."""
    seeds, size = list(seeds), GPU_BATCH if accompanist.device.type == "cuda" else BATCH
    for i, mixes in enumerate(c_x.to(accompanist.device).split(size)):
        yield mixes, seeds[size * i : size * (i + 1)]


def starts(
    accompanist: Accompanist, c_x: Tensor, seeds: Iterable[int]
) -> Iterator[tuple[Tensor, Tensor]]:
    """The same batches with the noise of their seeds, for samplers that an accompanist lacks."""
    channels = accompanist.system.preset.unet.stem_channels
    for mixes, some in batches(accompanist, c_x, seeds):
        shape = (channels, mixes.shape[-1])
        yield mixes, torch.stack([initial_noise(seed, shape, mixes.device) for seed in some])


@torch.inference_mode()
def decode_takes(accompanist: Accompanist, latents: Tensor, length: int) -> list[Tensor]:
    """Waves (2, length) of standardised latents (n, 32, L), at the level of the model.

    `LEVEL` is usual.
    """
    autoencoder = accompanist.system.bass_autoencoder
    return [
        autoencoder.decode(autoencoder.unstandardise(one[None]), length)[0].cpu() for one in latents
    ]


@torch.no_grad()
def through_autoencoder(accompanist: Accompanist, bass: Tensor) -> Tensor:
    """The true bass (2, N), encoded and decoded: what a perfect diffusion model would sound like."""
    autoencoder = accompanist.system.bass_autoencoder
    device = next(autoencoder.parameters()).device
    return autoencoder.decode(autoencoder.encode(to_level(bass)[None].to(device)), bass.shape[-1])[
        0
    ].cpu()
