"""Retrieval baseline: the bass of the training song whose mix is most similar.

Whoever only remembers can still accompany: look for the nearest mix among those known, and play
what was played there. A model that learned the songs by heart would do no better, so a model worth
its training must.

Taught in chapter 9.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from bassnb.autoencoder import Autoencoder
from bassnb.composer.examples import examples
from bassnb.composer.render import render
from bassnb.composer.score import Song
from bassnb.composer.world import DEFAULT, World
from bassnb.metrics.contrastive import encode_waves
from bassnb.presets import TIME_RATIO

POOL_SEED = 60_000  # first of the training songs that are remembered


@dataclass(frozen=True)
class Pool:
    """Remembered songs and the latents of their mixes, (songs, 64, L)."""

    songs: list[Song]
    latents: Tensor


def remember(
    autoencoder: Autoencoder,
    songs: int,
    *,
    seconds: float,
    world: World = DEFAULT,
    progress: bool = False,
) -> Pool:
    """Render training songs and encode their mixes: about half a second each."""
    kept, latents = [], []
    found = examples(
        "train", songs, seconds=seconds, seed0=POOL_SEED, world=world, progress=progress
    )
    for example in found:
        kept.append(example.song)
        latents.append(encode_waves(autoencoder, [example.mix])[0].cpu())
    return Pool(kept, torch.stack(latents))


def nearest(query: Tensor, pool: Tensor) -> tuple[int, int]:
    """The most similar sequence, and the cyclic shift at which it is.

    The similarity of q and p at shift s is the cosine of q[:, t] and p[:, t - s], all channels and
    steps taken as one long vector: a correlation, computed for all shifts at once by the Fourier
    transform.

    Parameters
    ----------
    query : Tensor (C, L), pool : Tensor (songs, C, L)

    Returns
    -------
    index : int
    shift : int, steps by which to roll song `index` to the right
    """
    correlation = torch.fft.irfft(
        (torch.fft.rfft(query) * torch.fft.rfft(pool).conj()).sum(1), n=query.shape[-1]
    )  # (songs, L)
    best = int((correlation / pool.flatten(1).norm(dim=1)[:, None]).argmax())
    return divmod(best, query.shape[-1])


def retrieved_bass(latents: Tensor, pool: Pool, samples: int) -> Tensor:
    """The bass (2, samples) of the most similar song in the pool.

    Its mix is the nearest to the latents (64, L); the bass is rolled to fit.
    """
    index, shift = nearest(latents.cpu(), pool.latents)
    bass = render(pool.songs[index], parts=["bass"])["bass"]
    return bass.roll(shift * TIME_RATIO, -1)[:, :samples]
