"""Songs, takes and references for the studies of Fréchet distances (section 5, figure 2).

The reference are true basses of songs for which no take is made. Two rows of true basses stand
beside the takes: as they are, and through the autoencoder, for no take can sound better than what
the decoder makes of the truth.

Taught in chapter 9.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property, partial

import numpy as np
from torch import Tensor

from bassnb.accompanist import Accompanist
from bassnb.composer.examples import Example, examples
from bassnb.level import to_level
from bassnb.metrics import embeddings
from bassnb.metrics.contrastive import encode_waves
from bassnb.metrics.embeddings import Embedding
from bassnb.metrics.frechet import (
    centred_interval,
    frechet_infinity,
    interval_of_distance,
    resampled_distances,
)
from bassnb.metrics.match import MEASURES, compare, transcribe
from bassnb.metrics.statistics import normalised_score_summary
from bassnb.studies.marks import column, floor_marks
from bassnb.studies.takes import decode_takes, sample_latents, through_autoencoder

SECONDS = 12.0
# of the first song whose bass is a reference; takes are made for songs below it
REFERENCE_SEED = 1000
FEWEST = 8  # items for the extrapolation to infinitely many


@dataclass(frozen=True)
class Ruler:
    """An embedding, true basses to compare with, and the number of draws for intervals.

    `truth` is an array (songs, frames, d).

    Items of one number are always resampled alike, so that the differences and ratios of rows are
    those of pairs.
    """

    embed: Embedding
    truth: np.ndarray
    resamples: int

    def row(self, waves: list[Tensor]) -> Row:
        """The distance of waves (2, N) of one length."""
        return self.row_of(self.points(waves))

    def points(self, waves: list[Tensor]) -> np.ndarray:
        """Embeddings (songs, frames, d) of waves (2, N) of one length."""
        return np.stack([self.embed(wave) for wave in waves])

    def row_of(self, items: np.ndarray) -> Row:
        """The distance of embeddings (songs, frames, d)."""
        infinity = frechet_infinity(items, self.truth)["value"] if len(items) >= FEWEST else None
        return Row(*resampled_distances(items, self.truth, resamples=self.resamples), infinity)


@dataclass(frozen=True)
class Row:
    """The distance of one set of takes, and of the draws (resamples,) from it."""

    value: float
    draws: np.ndarray
    infinity: float | None

    def report(self) -> dict:
        """``value``, ``low``, ``high``, and ``infinity`` (None below 8 songs)."""
        return {**interval_of_distance(self.value, self.draws), "infinity": self.infinity}


def farther(far: Row, near: Row) -> dict:
    """How much farther one row is from the reference basses than another, song by song.

    The result has ``value``, ``low`` and ``high``.
    """
    return centred_interval(far.value - near.value, far.draws - near.draws)


@dataclass(frozen=True)
class Stage:
    """The songs of a study with everything that their takes share."""

    accompanist: Accompanist
    ruler: Ruler
    found: list[Example]
    c_x: Tensor
    setting: dict = field(repr=False)

    def first(self, count: int) -> Stage:
        """The same stage with the first songs alone."""
        return replace(self, found=self.found[:count], c_x=self.c_x[:count])

    def latents(self, **settings) -> Tensor:
        """Latents (songs, 32, L) of a take for each song, with the noise of its seed."""
        return sample_latents(
            self.accompanist, self.c_x, [one.song.seed for one in self.found], **settings
        )

    def waves(self, latents: Tensor) -> list[Tensor]:
        """The decoded takes (2, N) with these latents."""
        return decode_takes(self.accompanist, latents, self.found[0].mix.shape[-1])

    def takes(self, latents: Tensor) -> Row:
        """The row of takes with these latents."""
        return self.ruler.row(self.waves(latents))

    def marks(self, waves: list[Tensor]) -> np.ndarray:
        """Mean of the measures of the match of each wave with its song, (songs,)."""
        pairs = zip(waves, self.found, strict=True)
        found = [compare(transcribe(wave), one.song) for wave, one in pairs]
        return np.nanmean([[mark[key] for key in MEASURES] for mark in found], axis=1)

    def scorer(self) -> Callable[[np.ndarray], dict]:
        """A function: marks (songs,) -> their normalised score, between the basses of the other songs
        and the true one through the autoencoder.
        """
        songs, true = [one.song for one in self.found], [transcribe(x) for x in self.decoded]
        ends = (floor_marks(true, songs), [compare(take, song) for take, song in zip(true, songs)])
        floor, ceiling = (
            np.nanmean([column(marks, key) for key in MEASURES], axis=0) for marks in ends
        )
        return partial(normalised_score_summary, floor=floor, ceiling=ceiling)

    @cached_property
    def decoded(self) -> list[Tensor]:
        """The true basses (2, N) through the autoencoder."""
        return [through_autoencoder(self.accompanist, one.bass) for one in self.found]

    def true_rows(self) -> dict[str, Row]:
        """The rows of the true basses, as they are and through the autoencoder."""
        return {
            "true": self.ruler.row([to_level(one.bass) for one in self.found]),
            "autoencoder": self.ruler.row(self.decoded),
        }


def embedded_reference(
    embed: Embedding, songs: int, seconds: float, *, progress: bool = False
) -> np.ndarray:
    """Points (songs, frames, d) of the true basses of the songs from `REFERENCE_SEED` on."""
    others = examples("test", songs, seconds=seconds, seed0=REFERENCE_SEED, progress=progress)
    return np.stack([embed(to_level(example.bass)) for example in others])


def set_stage(
    accompanist: Accompanist,
    songs: int,
    reference: int,
    *,
    seconds: float = SECONDS,
    embedding: str = "spectral",
    resamples: int = 200,
    progress: bool = False,
) -> Stage:
    """Compose the songs, encode their mixes, and embed the basses of `reference` other songs.

    Parameters
    ----------
    seconds : of each song
    embedding : a name that `bassnb.metrics.embeddings.embedding` takes
    resamples : draws for the intervals of distances
    """
    # before minutes of work
    embed = embeddings.embedding(embedding, bandwidth=accompanist.system.preset.bass.bandwidth)
    truth = embedded_reference(embed, reference, seconds, progress=progress)
    found = list(examples("test", songs, seconds=seconds, progress=progress))
    c_x = encode_waves(accompanist.system.mix_autoencoder, [example.mix for example in found])
    setting = {
        "preset": accompanist.system.preset.name,
        "embedding": embedding,
        "split": "test",
        "songs": songs,
        "seed0": 0,
        "reference": reference,
        "reference_seed0": REFERENCE_SEED,
        "seconds": seconds,
        "resamples": resamples,
    }
    return Stage(accompanist, Ruler(embed, truth, resamples), found, c_x, setting)
