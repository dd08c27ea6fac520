"""Latents of generated songs on disk, to train the diffusion model on. Taught in chapter 10.

Mix and bass of a song are encoded whole and from the same first sample, so that latent step l of
one belongs to latent step l of the other, and a crop takes one offset for both.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from bassnb.autoencoder import Autoencoder
from bassnb.collections.augment import colour_mix
from bassnb.collections.pools import OTHERS, TARGET, own_part, random_submix, stems_of
from bassnb.composer.world import DEFAULT, World
from bassnb.level import to_level
from bassnb.stored import read_tensors, write_tensors

SHARD = 50  # songs a file


@torch.inference_mode()
def encode_song(
    mix_autoencoder: Autoencoder,
    bass_autoencoder: Autoencoder,
    seed: int,
    split: str,
    seconds: float,
    submixes: int,
    world: World = DEFAULT,
) -> tuple[Tensor, Tensor]:
    """Encode one generated song with several mixes.

    The first mix is the plain sum of all other stems. The others are random non-empty subsets of
    them (section 4 of the paper) through `colour_mix`. The level of a mix varies by +-3 dB, that of
    the bass does not.

    Returns
    -------
    bass, mix : standardised latents (32, L) and (submixes, 64, L) on the CPU
    """
    rng = np.random.default_rng([seed, submixes])
    stems = stems_of(seed, split, seconds, (TARGET, *OTHERS), world)
    waves = [
        stems[1:].sum(0),
        *(colour_mix(random_submix(stems[1:], rng), rng) for _ in range(submixes - 1)),
    ]
    mixes = torch.stack([to_level(mix, rng.uniform(-3, 3)) for mix in waves])
    device = cast(Tensor, mix_autoencoder.latent_mean).device
    c_x = mix_autoencoder.standardise(mix_autoencoder.encode(mixes.to(device)))
    c_y = bass_autoencoder.standardise(bass_autoencoder.encode(to_level(stems[0])[None].to(device)))
    return c_y[0].cpu(), c_x.cpu()


def fingerprint(*autoencoders: Autoencoder) -> str:
    """Sixteen hexadecimal digits: a hash of the encoder weights and the latent statistics."""
    digest = hashlib.sha256()
    for autoencoder in autoencoders:
        for tensor in (
            *autoencoder.encoder.state_dict().values(),
            autoencoder.latent_mean,
            autoencoder.latent_std,
        ):
            digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]


def encode_songs(
    mix_autoencoder: Autoencoder,
    bass_autoencoder: Autoencoder,
    folder: str | Path,
    *,
    split: str,
    count: int,
    seconds: float,
    submixes: int,
    world: World = DEFAULT,
    worker: int = 0,
    workers: int = 1,
) -> list[Path]:
    """Encode songs 0 to count - 1 into shards of 50; existing shards are kept.

    Several processes share the work when each is given its own `worker` of `workers`.

    Returns
    -------
    paths : of all shards, also those of other workers
    """
    key = fingerprint(mix_autoencoder, bass_autoencoder)
    folder = Path(folder) / f"latents-{split}-{seconds:g}s-{submixes}x-{key}-{world.label}"
    # The name contains first and last song, so that a last shard of 4 songs is not mistaken for one
    # of 50 when `count` has grown.
    paths = [
        folder / f"{first:06d}-{min(first + SHARD, count):06d}.safetensors"
        for first in range(0, count, SHARD)
    ]
    todo = [
        path for index, path in enumerate(paths) if index % workers == worker and not path.exists()
    ]
    for path in tqdm(todo, desc=f"encoding {split} songs", unit="shard", disable=not todo):
        songs = [
            encode_song(mix_autoencoder, bass_autoencoder, seed, split, seconds, submixes, world)
            for seed in range(*map(int, path.stem.split("-")))
        ]
        bass, mix = (torch.stack(latents).half() for latents in zip(*songs))
        write_tensors(path, {"bass": bass, "mix": mix}, {"split": split, "encoders": key})
    return paths


@dataclass(frozen=True)
class LatentDataset:
    """Pairs of standardised latents in memory, float16.

    Attributes
    ----------
    bass : Tensor (songs, 32, L)
    mix : Tensor (songs, submixes, 64, L)
    """

    bass: Tensor
    mix: Tensor

    @classmethod
    def load(cls, paths: list[Path]) -> LatentDataset:
        """Read the shards that `encode_songs` wrote."""
        shards = [read_tensors(path)[0] for path in paths]
        return cls(*(torch.cat([shard[name] for shard in shards]) for name in ("bass", "mix")))

    @staticmethod
    def facts() -> dict:
        """Empty, because the preset describes generated songs."""
        return {}

    def batch(
        self, seed: int, size: int, length: int, *, share: tuple[int, int] = (0, 1)
    ) -> tuple[Tensor, Tensor]:
        """Random crops c_y (size, 32, length) and c_x (size, 64, length).

        Each pair has its own song, submix and offset. The same `seed` always gives the same batch;
        `share` selects a part of it, see `bassnb.collections.pools.own_part`.
        """
        rng = np.random.default_rng(seed)
        songs = rng.integers(len(self.bass), size=size)
        submixes = rng.integers(self.mix.shape[1], size=size)
        offsets = rng.integers(max(self.bass.shape[-1] - length, 0) + 1, size=size)
        own = [(songs[item], submixes[item], offsets[item]) for item in own_part(size, share)]
        c_y = torch.stack([self.bass[s, :, o : o + length] for s, _, o in own])
        c_x = torch.stack([self.mix[s, m, :, o : o + length] for s, m, o in own])
        return c_y.float(), c_x.float()

    @staticmethod
    def latents(c_y: Tensor, c_x: Tensor) -> tuple[Tensor, Tensor]:
        """The batch unchanged, because it consists of latents; see `Pairs.latents`."""
        return c_y, c_x
