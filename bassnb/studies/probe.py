"""Do the mix latents encode the chord? A small classifier predicts its root from them.

Taught in chapter 9.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bassnb.accompanist import Accompanist
from bassnb.audio import to_level
from bassnb.autoencoder import Autoencoder
from bassnb.composer.examples import examples
from bassnb.composer.score import Song, chord_at
from bassnb.metrics.statistics import summary, with_interval
from bassnb.presets import SAMPLE_RATE, TIME_RATIO

CONTEXT = 2  # latent steps on each side that the probe may look at: half a second in all
QUICK = {"songs": 4, "seconds": 8.0}


def with_context(latents: Tensor, context: int = CONTEXT) -> Tensor:
    """Each step beside its neighbours, with zeros beyond the ends.

    Latents (C, L) become features (L, C * (2 context + 1)).
    """
    width = 2 * context + 1
    windows = F.pad(latents, (context, context)).unfold(-1, width, 1)  # (C, L, width)
    return windows.permute(1, 0, 2).flatten(1)


def root_per_step(song: Song, steps: int) -> Tensor:
    """Root of the chord in the middle of each latent step, Tensor (L,) of pitch classes."""
    roots, _ = chord_at(song, (np.arange(steps) + 0.5) * TIME_RATIO / SAMPLE_RATE)
    return torch.from_numpy(roots).long()


@torch.no_grad()
def probe_data(
    autoencoder: Autoencoder, split: str, songs: int, **options
) -> list[tuple[Tensor, Tensor]]:
    """For each song the features (L, D) and the roots (L,)."""
    device = next(autoencoder.parameters()).device
    data = []
    for example in examples(split, songs, **options):
        latents = autoencoder.standardise(
            autoencoder.encode(to_level(example.mix)[None].to(device))
        )[0].cpu()
        data.append((with_context(latents), root_per_step(example.song, latents.shape[-1])))
    return data


def train_probe(
    features: Tensor, roots: Tensor, *, hidden: int = 128, epochs: int = 12, seed: int = 0
) -> nn.Module:
    """Fit a classifier with one hidden layer: features (M, D), roots (M,) of 0..11."""
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        probe = nn.Sequential(
            nn.Linear(features.shape[1], hidden), nn.SiLU(), nn.Dropout(0.3), nn.Linear(hidden, 12)
        )
        optimizer = torch.optim.AdamW(probe.parameters(), lr=2e-3, weight_decay=0.01)
        for _ in range(epochs):
            for batch in torch.randperm(len(roots), generator=generator).split(256):
                optimizer.zero_grad()
                F.cross_entropy(probe(features[batch]), roots[batch]).backward()
                optimizer.step()
    return probe.eval()


@torch.no_grad()
def run(
    accompanist: Accompanist,
    *,
    songs: int = 40,
    train_songs: int | None = None,
    seconds: float = 24.0,
    seed0: int = 0,
    progress: bool = False,
) -> dict:
    """Accuracy of the chord root that a small probe reads from mix latents of unseen songs.

    The probe learns from training songs and is marked, step by step (93 ms), on songs of the test
    split. The mix is the sum of all stems but the bass, the root is that of the chord in the middle
    of the step.

    Parameters
    ----------
    songs : of the test split
    train_songs : None takes five for each test song

    Returns
    -------
    dict, JSON-ready
        ``accuracy`` with its 95 % interval over songs; chance is about 1 / 12.
    """
    autoencoder, train_songs = (
        accompanist.system.mix_autoencoder,
        5 * songs if train_songs is None else train_songs,
    )
    options = {"seconds": seconds, "seed0": seed0, "progress": progress}
    train = probe_data(autoencoder, "train", train_songs, **options)
    with torch.enable_grad():
        probe = train_probe(torch.cat([x for x, _ in train]), torch.cat([y for _, y in train]))
    test = probe_data(autoencoder, "test", songs, **options)
    right = [float((probe(x).argmax(-1) == y).float().mean()) for x, y in test]
    return {
        "preset": accompanist.system.preset.name,
        "split": "test",
        "songs": songs,
        "train_songs": train_songs,
        "seed0": seed0,
        "seconds": seconds,
        "context": CONTEXT,
        "accuracy": summary(right),
    }


def headline(report: dict) -> str:
    """The line worth reading."""
    return f"chord root right in {with_interval(report['accuracy'], '.1%')} of steps"
