"""Training pairs of mix and stem: the interface of all sources, and pairs of recorded songs.

There are three sources: `bassnb.collections.latents` (generated songs, encoded once),
`bassnb.collections.cache` (a collection, encoded once) and `LivePairs` (a collection, read and
encoded while the training runs). `MixedPairs` joins the first to one of the others. Taught in
chapter 10.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from bassnb.autoencoder import Autoencoder
from bassnb.collections.augment import colour_mix
from bassnb.collections.change import draw_change
from bassnb.collections.pools import own_part, random_subset
from bassnb.collections.stem_songs import Place
from bassnb.collections.stems import StemDataset
from bassnb.level import to_level
from bassnb.presets import TIME_RATIO


def read_pair(
    songs: StemDataset, place: Place, rng: np.random.Generator | None = None
) -> tuple[Tensor, Tensor]:
    """Stem and mix (2, samples) at a place, at about -20 dBFS.

    Parameters
    ----------
    songs : the collection
    place : song, start and length
    rng : draws a sub-mix and colours it; without it the mix is the plain sum of all other stems
    """
    names = [name for name in place.sounding() if name != songs.target]
    names = names or sorted(name for name in place.song.stems if name != songs.target)
    if rng:
        names = [names[index] for index in random_subset(range(len(names)), rng)]
    stems = songs.read(place, [songs.target, *names])
    stem = stems.pop(songs.target)
    mix = sum(stems.values(), torch.zeros_like(stem))
    if rng:
        mix = colour_mix(mix, rng)
    return to_level(stem, place.change.gain_db), to_level(mix, place.change.gain_db)


class Pairs(Protocol):
    """A source of pairs of standardised latents for the training of the diffusion network."""

    def facts(self) -> dict:
        """Facts about the data for the checkpoint, JSON-ready; empty for generated songs."""

    def batch(
        self, seed: int, size: int, length: int, *, share: tuple[int, int] = (0, 1)
    ) -> tuple[Tensor, ...]:
        """Random crops of `length` latent steps, in the form that `latents` takes.

        They depend on `seed` alone and are this process's `share` of `size` pairs of stem and mix,
        see `bassnb.collections.pools.own_part`.
        """

    @property
    def latents(self) -> Callable[..., tuple[Tensor, Tensor]]:
        """Called with a batch, which may have been moved to another device.

        Returns its latents c_y (size, 32, length) and c_x (size, 64, length) there.
        """


class LivePairs:
    """Pairs drawn as waves and encoded on the device of the training, without a cache.

    Each crop is read with the receptive field of the encoders on both sides, so that its latents
    are those of the whole song.
    """

    def __init__(
        self, songs: StemDataset, mix_autoencoder: Autoencoder, stem_autoencoder: Autoencoder
    ):
        self.songs, self.autoencoders = songs, (stem_autoencoder, mix_autoencoder)
        self.reach = max(autoencoder.encoder_reach for autoencoder in self.autoencoders)

    def facts(self) -> dict:
        """Facts about the data for the checkpoint, JSON-ready."""
        return self.songs.facts()

    def batch(
        self, seed: int, size: int, length: int, *, share: tuple[int, int] = (0, 1)
    ) -> tuple[Tensor, Tensor]:
        """Waves of stems and mixes, each (size, 2, N), for `latents`; see `Pairs.batch`."""
        samples = (length + 2 * self.reach) * TIME_RATIO
        pairs = [
            self._pair(np.random.default_rng([seed, item]), samples)
            for item in own_part(size, share)
        ]
        return torch.stack([stem for stem, _ in pairs]), torch.stack([mix for _, mix in pairs])

    def _pair(self, rng: np.random.Generator, samples: int) -> tuple[Tensor, Tensor]:
        songs = self.songs
        return songs.readable(
            lambda: read_pair(songs, songs.draw(rng, samples, change=draw_change(rng)), rng)
        )

    @torch.inference_mode()
    def encode(self, *waves: Tensor) -> tuple[Tensor, Tensor]:
        """Standardised latents (size, 32, L) of stems and (size, 64, L) of mixes.

        `waves` are the stems and the mixes, (size, 2, N) each; L counts whole steps only.
        """
        steps = waves[0].shape[-1] // TIME_RATIO
        stem, mix = (
            autoencoder.standardise(autoencoder.encode(wave))[..., :steps]
            for autoencoder, wave in zip(self.autoencoders, waves)
        )
        return stem, mix

    def latents(self, stems: Tensor, mixes: Tensor, /) -> tuple[Tensor, Tensor]:
        """Latents c_y (size, 32, length) and c_x (size, 64, length) of a batch of waves."""
        stem, mix = (c[..., self.reach : -self.reach].clone() for c in self.encode(stems, mixes))
        return stem, mix


class MixedPairs:
    """Pairs of composed and of recorded songs in one batch.

    Parameters
    ----------
    composed, recorded : sources of both kinds
    share : of composed songs in every batch, 0 to 1
    """

    def __init__(self, composed: Pairs, recorded: Pairs, share: float):
        self.composed, self.recorded, self.share = composed, recorded, share

    def facts(self) -> dict:
        """Facts about the data for the checkpoint, JSON-ready."""
        return {**self.recorded.facts(), "composed": self.share}

    def is_composed(self, item: int) -> bool:
        """Whether an item of a batch is a composed song; these are spread over the batch."""
        return int((item + 1) * self.share) > int(item * self.share)

    def batch(
        self, seed: int, size: int, length: int, *, share: tuple[int, int] = (0, 1)
    ) -> tuple[Tensor, ...]:
        """The order of the items, and the two batches that they are in; see `Pairs.batch`."""
        own = own_part(size, share)
        kinds = [self.is_composed(item) for item in own]
        composed, recorded = (
            _items(source, seed, size, length, [i for i, k in zip(own, kinds) if k is kind])
            for source, kind in ((self.composed, True), (self.recorded, False))
        )
        # (own items,): where each stands behind all composed ones and then all recorded ones
        order = torch.tensor(kinds).logical_not().int().argsort(stable=True).argsort()
        return (order, *composed, *recorded)

    def latents(self, order: Tensor, *batches: Tensor) -> tuple[Tensor, Tensor]:
        """Latents c_y (size, 32, length) and c_x (size, 64, length) of a batch."""
        half = len(batches) // 2
        parts = [
            source.latents(*batch)
            for source, batch in ((self.composed, batches[:half]), (self.recorded, batches[half:]))
            if len(batch[0])
        ]
        c_y, c_x = (torch.cat(latents)[order] for latents in zip(*parts))
        return c_y, c_x


def _items(
    source: Pairs, seed: int, size: int, length: int, items: list[int]
) -> tuple[Tensor, ...]:
    """These items of a batch of `size`; none of them still has the shape of one."""
    drawn = [source.batch(seed, size, length, share=(item, size)) for item in items or [0]]
    return tuple(torch.cat(parts)[: len(items)] for parts in zip(*drawn))
