"""The jobs of `benchmarks.gpu` on recorded songs: how long the diffusion training waits for pairs that
are read and encoded as it runs, and for pairs from a cache.

The songs are random samples in WAV files, made in a folder that is removed afterwards: reading and
encoding them costs what other songs cost.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor

from bassnb.audio import SAMPLE_RATE, write_audio
from bassnb.autoencoder import Autoencoder
from bassnb.collections.cache import CachedPairs
from bassnb.collections.encoding import CachePlan, encode_splits
from bassnb.collections.latents import fingerprint
from bassnb.collections.pairs import LivePairs, Pairs
from bassnb.collections.stems import StemDataset, open_splits
from benchmarks.gpu_jobs import diffusion_trainer, stall
from benchmarks.gpu_measuring import Bench

SONGS = 12
STEMS = ("bass", "drums", "guitar", "piano")


@contextlib.contextmanager
def collection(bench: Bench) -> Iterator[tuple[StemDataset, Path]]:
    """Songs for training, and the folder in which they lie."""
    plan = bench.preset.diffusion_training
    samples = round(plan.song_seconds * SAMPLE_RATE)
    with tempfile.TemporaryDirectory() as folder:
        draws = torch.Generator().manual_seed(0)
        for number in range(SONGS):
            for stem in STEMS:
                place = Path(folder) / "songs" / "train" / f"song {number}"
                place.mkdir(parents=True, exist_ok=True)
                wave = 0.1 * torch.randn(2, samples, generator=draws)
                write_audio(place / f"{stem}.wav", wave)
        yield open_splits(Path(folder) / "songs", "bass", Path(folder))[0], Path(folder)


def autoencoders(bench: Bench) -> tuple[Autoencoder, Autoencoder]:
    """Those of mix and bass, with random weights."""
    mix, bass = (
        Autoencoder(config).to(bench.device).eval().requires_grad_(False)
        for config in (bench.preset.mix, bench.preset.bass)
    )
    return mix, bass


def waiting(pairs: Pairs, bench: Bench) -> dict:
    """How long the diffusion training waits for such pairs; a step includes their encoding."""
    plan = bench.preset.diffusion_training
    trainer, _ = diffusion_trainer(bench, "compiled")

    def draw(k: int) -> tuple[Tensor, ...]:
        return pairs.batch(k, plan.batch, plan.latents)

    return stall(lambda *batch: trainer.step(*pairs.latents(*batch), plan.warmup), draw, bench)


def stall_recorded(bench: Bench) -> dict:
    """Waiting time for songs that are read and encoded while the training runs."""
    with collection(bench) as (songs, _):
        return waiting(LivePairs(songs, *autoencoders(bench)), bench)


def stall_cached(bench: Bench) -> dict:
    """Waiting time for songs that `bassnb encode` has encoded before."""
    plan = bench.preset.diffusion_training
    with collection(bench) as (songs, folder):
        mix, bass = autoencoders(bench)
        out = folder / "cache"
        encode_splits(
            [songs],
            mix,
            bass,
            out,
            CachePlan(plan.song_seconds, 2),
            bench.accelerator,
            progress=False,
        )
        pairs = CachedPairs(out, split="train", encoders=fingerprint(mix, bass))
        return waiting(pairs, bench)
