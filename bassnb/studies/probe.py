"""Do the mix latents encode harmony and rhythm? Small probes read chord roots and strokes from them.

A probe of the spectrogram that the encoder sees says how much of a failure is the encoder's. Taught
in chapter 9.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bassnb.accompanist import Accompanist
from bassnb.autoencoder import Autoencoder
from bassnb.composer.examples import examples
from bassnb.composer.score import Song, chord_at
from bassnb.level import to_level
from bassnb.metrics.statistics import figure, summary, with_interval
from bassnb.presets import SAMPLE_RATE, TIME_RATIO
from bassnb.spectral import mel_filters
from bassnb.studies.onset_probe import TARGETS, TOLERANCE, ProbeSong, onset_report, strokes

CONTEXT = 2  # latent steps on each side that the probe may look at: half a second in all
BANDS = 64  # mel bands of mid and of side to which the spectrogram is reduced
QUICK = {"songs": 4, "seconds": 8.0}


@dataclass(frozen=True)
class Probed:
    """A song with its standardised `latents` (C, L) and its `spectrogram` (D, L)."""

    song: Song
    latents: Tensor
    spectrogram: Tensor

    @property
    def chords(self) -> tuple[Tensor, Tensor]:
        """Features (L, D) and roots (L,) for the probe of the chord."""
        return with_context(self.latents), root_per_step(self.song, self.latents.shape[-1])

    def for_strokes(self, features: str) -> ProbeSong:
        """For the probe of the strokes, which reads the "latents" or the "spectrogram"."""
        return ProbeSong(getattr(self, features), strokes(self.song))


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
def probe_data(autoencoder: Autoencoder, split: str, songs: int, **options) -> list[Probed]:
    """The songs of a split as the probes read them."""
    device = next(autoencoder.parameters()).device
    data = []
    for example in examples(split, songs, **options):
        wave = to_level(example.mix)[None].to(device)
        latents = autoencoder.standardise(autoencoder.encode(wave))[0].cpu()
        data.append(Probed(example.song, latents, mel_per_step(autoencoder, wave).cpu()))
    return data


def mel_per_step(autoencoder: Autoencoder, wave: Tensor) -> Tensor:
    """What the encoder reads, reduced to mel bands, its frames stacked by latent step.

    wave (1, 2, N) becomes features (2 BANDS stride, L).
    """
    config = autoencoder.config
    s = autoencoder.log_spectrogram(wave)[0]  # (2, F, T)
    filters = mel_filters(config.bins, BANDS, config.bandwidth, s.device)
    power = filters.T @ (s.exp() - config.log_eps) / filters.sum(0).clamp_min(1)[:, None]
    mel = autoencoder.levels(torch.log(power.clamp_min(0) + config.log_eps)[None])[0]
    return mel.unflatten(-1, (-1, config.stride)).transpose(1, 2).flatten(0, 1)


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


def chord_accuracy(train: list[Probed], test: list[Probed]) -> dict:
    """Share of the steps of each test song whose chord root is right: a `summary`."""
    learned = [song.chords for song in train]
    with torch.enable_grad():
        probe = train_probe(torch.cat([x for x, _ in learned]), torch.cat([y for _, y in learned]))
    marked = [song.chords for song in test]
    return summary([float((probe(x).argmax(-1) == y).float().mean()) for x, y in marked])


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
    """What small probes read from the mix latents of unseen songs: chord roots and strokes.

    The probes learn from training songs and are marked on songs of the test split. The mix is the
    sum of all stems but the bass, the root is that of the chord in the middle of each step (93 ms).

    Parameters
    ----------
    songs : of the test split
    train_songs : None takes five for each test song

    Returns
    -------
    dict, JSON-ready
        ``accuracy`` of the chord root with its 95 % interval over songs; chance is about 1 / 12.
        ``strokes``: for "latents" and for "spectrogram", which the encoder reads, the
        `onset_report` of bass drum, snare, chords and melody.
    """
    autoencoder, train_songs = (
        accompanist.system.mix_autoencoder,
        5 * songs if train_songs is None else train_songs,
    )
    options = {"seconds": seconds, "seed0": seed0, "progress": progress}
    train = probe_data(autoencoder, "train", train_songs, **options)
    test = probe_data(autoencoder, "test", songs, **options)
    return {
        "preset": accompanist.system.preset.name,
        "split": "test",
        "songs": songs,
        "train_songs": train_songs,
        "seed0": seed0,
        "seconds": seconds,
        "context": CONTEXT,
        "accuracy": chord_accuracy(train, test),
        "tolerance": TOLERANCE,
        "strokes": {
            features: onset_report(
                [song.for_strokes(features) for song in train],
                [song.for_strokes(features) for song in test],
            )
            for features in ("latents", "spectrogram")
        },
    }


def headline(report: dict) -> str:
    """The line worth reading."""
    latents, spectrogram = (report["strokes"][name] for name in ("latents", "spectrogram"))
    read = ", ".join(
        f"{name} {figure(latents[name]['f1']['mean'], '.2f')}"
        f" ({figure(spectrogram[name]['f1']['mean'], '.2f')})"
        for name in TARGETS
    )
    return (
        f"chord root right in {with_interval(report['accuracy'], '.1%')} of steps; F of strokes in"
        f" latents (in the spectrogram): {read}"
    )
