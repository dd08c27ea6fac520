"""What trainings learn from: songs of a collection, composed songs, or both.

An autoencoder learns from pools of crops, the diffusion network from pairs of latents. Taught in
chapter 10.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

from accelerate import Accelerator

from bassnb.autoencoder import Autoencoder
from bassnb.collections.cache import CachedPairs, cached_splits
from bassnb.collections.latents import LatentDataset, encode_songs, fingerprint
from bassnb.collections.pairs import LivePairs, MixedPairs, Pairs
from bassnb.collections.pools import OTHERS, TARGET, MixedPool, Pool, RecordedPool, StemPool
from bassnb.collections.stems import open_splits
from bassnb.composer.world import DEFAULT, World
from bassnb.errors import BassnbError
from bassnb.schedules import AutoencoderTraining, DiffusionTraining
from bassnb.settings import TrainingSettings
from bassnb.training.loop import check_composed

PARTS = {"bass": (TARGET,), "mix": OTHERS}


def open_pools(
    plan: AutoencoderTraining,
    stem: str,
    settings: TrainingSettings,
    accelerator: Accelerator,
    world: World,
) -> tuple[Pool, Pool | None]:
    """Songs to train and to validate with, of the collection in `data`, generated, or both.

    With both, those of the collection validate. One process renders or reads; the others find the
    files.
    """
    with accelerator.main_process_first():
        if not settings.data:
            check_composed(settings.composed, None)
            return generated_pools(plan, stem, settings, world)
        train, held_out = recorded_pools(stem, settings, accelerator)
        if settings.composed:
            composed, _ = generated_pools(plan, stem, settings, world)
            train = MixedPool(composed, train, settings.composed)
        return train, held_out


def generated_pools(
    plan: AutoencoderTraining, stem: str, settings: TrainingSettings, world: World
) -> tuple[Pool, Pool]:
    """Generated songs to train and to validate with, rendered first where they are missing."""
    if stem not in PARTS:
        raise BassnbError(
            f"generated songs have no autoencoder for {stem!r}; choose mix or bass, or give --data, a collection of stems"
        )
    splits = (("train", plan.songs), ("validation", min(plan.songs, 32)))
    train, held_out = (
        StemPool(
            Path(settings.cache),
            split=split,
            count=count,
            seconds=plan.song_seconds,
            parts=PARTS[stem],
            world=world,
        )
        for split, count in splits
    )
    return train, held_out


def recorded_pools(
    stem: str, settings: TrainingSettings, accelerator: Accelerator
) -> tuple[Pool, Pool | None]:
    """Songs of a collection to train and to validate with, indexed first where needed."""
    assert settings.data is not None
    train, held_out = open_splits(
        Path(settings.data),
        stem,
        Path(settings.cache),
        without_musdb=settings.without_musdb,
        progress=accelerator.is_main_process,
    )
    return RecordedPool(train), RecordedPool(held_out) if held_out else None


def open_pairs(
    plan: DiffusionTraining,
    settings: TrainingSettings,
    stem: str,
    autoencoders: tuple[Autoencoder, Autoencoder],
    accelerator: Accelerator,
    world: World,
) -> tuple[Pairs, Pairs | None]:
    """Pairs to train with and to validate with.

    The second is None where a collection is too small for a validation split. Composed songs beside
    those of a collection are for training alone.

    Raises
    ------
    BassnbError
        If `data` and `latents` are both given, or generated songs do not have the stem.
    """
    if settings.data and settings.latents:
        raise BassnbError(
            "the pairs come from a collection or from a cache of latents; name one of them"
        )
    recorded = recorded_pairs(plan, settings, stem, autoencoders, accelerator)
    check_composed(settings.composed, recorded)
    if recorded and not settings.composed:
        return recorded
    if stem != "bass":
        raise BassnbError(
            f"generated songs have no {stem} to be played; name a collection of stems"
        )
    composed = latent_pairs(plan, autoencoders, settings.cache, accelerator, world)
    if recorded is None:
        return composed
    return MixedPairs(composed[0], recorded[0], settings.composed), recorded[1]


def recorded_pairs(
    plan: DiffusionTraining,
    settings: TrainingSettings,
    stem: str,
    autoencoders: tuple[Autoencoder, Autoencoder],
    accelerator: Accelerator,
) -> tuple[Pairs, Pairs | None] | None:
    """The pairs of `latents` or `data`, for training and validation; None where neither is given."""
    if settings.latents:
        folder, encoders = Path(settings.latents), fingerprint(*autoencoders)
        train, *held_out = (
            CachedPairs(folder, split=split, encoders=encoders, target=stem)
            for split in cached_splits(folder)
        )
        train.check(plan.latents)
        return train, held_out[0] if held_out else None
    if settings.data is not None:
        with accelerator.main_process_first():  # one process reads, the others find the index
            train_songs, held_out_songs = open_splits(
                Path(settings.data),
                stem,
                Path(settings.cache),
                without_musdb=settings.without_musdb,
                progress=accelerator.is_main_process,
            )
        unseen = LivePairs(held_out_songs, *autoencoders) if held_out_songs else None
        return LivePairs(train_songs, *autoencoders), unseen
    return None


class SongPlan(Protocol):
    """The part of a training plan that says which latents it needs."""

    @property
    def songs(self) -> int:
        """Number of training songs."""

    @property
    def song_seconds(self) -> float:
        """Length of each."""

    @property
    def submixes(self) -> int:
        """Random sub-mixes encoded for each song."""


def latent_pairs(
    plan: SongPlan,
    autoencoders: tuple[Autoencoder, Autoencoder],
    cache: str | os.PathLike,
    accelerator: Accelerator,
    world: World = DEFAULT,
) -> tuple[LatentDataset, LatentDataset]:
    """Latents of the training songs and of up to 100 validation songs, encoded where missing.

    `plan` says how many songs, how long, and how many sub-mixes of each; the judge's plan serves as
    well. Where there are several processes, each encodes its share of the shards.
    """
    mix, bass = autoencoders
    shards = [
        encode_songs(
            mix,
            bass,
            Path(cache),
            split=split,
            count=count,
            seconds=plan.song_seconds,
            submixes=plan.submixes,
            world=world,
            worker=accelerator.process_index,
            workers=accelerator.num_processes,
        )
        for split, count in (("train", plan.songs), ("validation", min(plan.songs, 100)))
    ]
    accelerator.wait_for_everyone()
    return LatentDataset.load(shards[0]), LatentDataset.load(shards[1])
