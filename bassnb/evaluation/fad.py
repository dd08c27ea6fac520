"""Fréchet distances of the model's takes: at one setting, against steps, against guidance (figure 2). Taught in chapter 9.

The reference are true basses of songs for which no take is made. Two rows of true basses stand beside the takes: as
they are, and through the autoencoder, for no take can sound better than what the decoder makes of the truth.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import numpy as np
from torch import Tensor
from tqdm import tqdm

from bassnb.accompanist import Accompanist
from bassnb.audio import to_level
from bassnb.evaluation.contrastive import latents_of
from bassnb.evaluation.embeddings import Embedding, embedding
from bassnb.evaluation.examples import Example, examples
from bassnb.evaluation.frechet import centred_interval, frechet_infinity, interval_of_distance, resampled_distances
from bassnb.evaluation.report import through_autoencoder
from bassnb.evaluation.rule import rule_bass
from bassnb.evaluation.takes import decode_takes, sample_latents

SECONDS = 12.0
REFERENCE_SEED = 1000  # of the first song whose bass is a reference; takes are made for songs below it
COUNTS = (1, 2, 4, 8, 16, 32, 64, 128)  # K of figure 2, left
BEST = 64  # the K that the paper found best
WEIGHTS = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0)  # w of figure 2, right
PHIS = (0.0, 0.25, 0.5, 0.75, 1.0)
STRONG = 2.5  # w above which the paper sees the rescale lower the distance
FEWEST = 8  # items for the extrapolation to infinitely many


@dataclass(frozen=True)
class Ruler:
    """An embedding, the true basses `truth` (songs, frames, d) to compare with, and the draws for intervals.

    Items of one number are always resampled alike, so that the differences and ratios of rows are those of pairs.
    """

    embed: Embedding
    truth: np.ndarray
    resamples: int

    def row(self, waves: list[Tensor]) -> Row:
        """The distance of waves (2, N) of one length."""
        items = np.stack([self.embed(wave) for wave in waves])
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
    """How much farther one row is from the truth than another, song by song: ``value``, ``low``, ``high``."""
    return centred_interval(far.value - near.value, far.draws - near.draws)


@dataclass(frozen=True)
class Stage:
    """The songs of an examination with everything that their takes have in common."""

    accompanist: Accompanist
    ruler: Ruler
    found: list[Example]
    c_x: Tensor
    setting: dict = field(repr=False)

    def latents(self, **settings) -> Tensor:
        """Latents (songs, 32, L) of a take for each song, with the noise of its seed."""
        return sample_latents(self.accompanist, self.c_x, [one.song.seed for one in self.found], **settings)

    def takes(self, latents: Tensor) -> Row:
        """The row of takes with these latents."""
        return self.ruler.row(decode_takes(self.accompanist, latents, self.found[0].mix.shape[-1]))

    def true_rows(self) -> dict[str, Row]:
        """The rows of the true basses, as they are and through the autoencoder."""
        return {
            "true": self.ruler.row([to_level(one.bass) for one in self.found]),
            "autoencoder": self.ruler.row([through_autoencoder(self.accompanist, one.bass) for one in self.found]),
        }


def set_stage(
    accompanist: Accompanist, *, songs: int, reference: int, seconds: float, name: str, resamples: int, progress: bool
) -> Stage:
    """Compose the songs, encode their mixes, and embed the basses of `reference` other songs."""
    embed = embedding(name)  # before minutes of work
    others = examples("test", reference, seconds=seconds, seed0=REFERENCE_SEED, progress=progress)
    truth = np.stack([embed(to_level(example.bass)) for example in others])
    found = list(examples("test", songs, seconds=seconds, progress=progress))
    c_x = latents_of(accompanist.system.mix_autoencoder, [example.mix for example in found])
    setting = {
        "preset": accompanist.system.preset.name, "embedding": name, "split": "test", "songs": songs, "seed0": 0,
        "reference": reference, "reference_seed0": REFERENCE_SEED, "seconds": seconds, "resamples": resamples,
    }  # fmt: skip
    return Stage(accompanist, Ruler(embed, truth, resamples), found, c_x, setting)


def evaluate_frechet(
    accompanist: Accompanist, *, songs: int = 48, reference: int = 200, seconds: float = SECONDS, steps: int = 64,
    embedding: str = "spectral", resamples: int = 200, progress: bool = False,
) -> dict:  # fmt: skip
    """Fréchet distance of takes to the true basses of other songs.

    Parameters
    ----------
    songs : at least 8 for the extrapolation to infinitely many takes
    reference : songs whose true basses are the reference
    embedding : a name in `LOADERS` of `bassnb.evaluation.embeddings`

    Returns
    -------
    dict, JSON-ready
        ``rows``: ``true`` bass, the same through the ``autoencoder``, ``generated`` with the model's own guidance,
        ``unconditional``, and what the ``rule`` plays; each has ``value``, ``low``, ``high``, and ``infinity`` (None
        below 8 songs).
        ``ratio``: generated over autoencoder, with its interval over songs.
    """
    stage = set_stage(accompanist, songs=songs, reference=reference, seconds=seconds, name=embedding,
                      resamples=resamples, progress=progress)  # fmt: skip
    rows = {
        **stage.true_rows(),
        "generated": stage.takes(stage.latents(steps=steps)),
        "unconditional": stage.takes(stage.latents(steps=steps, guidance=0.0)),
        "rule": stage.ruler.row([to_level(rule_bass(one.mix)) for one in stage.found]),
    }
    ours, best = rows["generated"], rows["autoencoder"]
    ratio = interval_of_distance(ours.value / max(best.value, 1e-9), ours.draws / best.draws.clip(1e-9))
    return {**stage.setting, "steps": steps, "rows": {name: row.report() for name, row in rows.items()}, "ratio": ratio}


def evaluate_steps(
    accompanist: Accompanist, *, songs: int = 48, reference: int = 200, seconds: float = SECONDS,
    counts: tuple[int, ...] = COUNTS, embedding: str = "spectral", resamples: int = 200, progress: bool = False,
) -> dict:  # fmt: skip
    """Fréchet distance of unconditional takes against the number K of sampler steps (figure 2, left).

    Returns
    -------
    dict, JSON-ready
        ``rows``: true bass and autoencoder. ``steps``: a row for each K. ``farther``: how much farther each K is than
        K = 64 (or the largest K, if 64 is not among them: ``than``), song by song; below 0 it is nearer.
    """
    stage = set_stage(accompanist, songs=songs, reference=reference, seconds=seconds, name=embedding,
                      resamples=resamples, progress=progress)  # fmt: skip
    rows = {}
    for k in tqdm(counts, desc="numbers of steps", disable=not progress):
        rows[k] = stage.takes(stage.latents(steps=k, guidance=0.0))
    than = BEST if BEST in rows else max(rows)
    return {
        **stage.setting, "counts": list(counts), "than": than,
        "rows": {name: row.report() for name, row in stage.true_rows().items()},
        "steps": {str(k): row.report() for k, row in rows.items()},
        "farther": {str(k): farther(row, rows[than]) for k, row in rows.items() if k != than},
    }  # fmt: skip


def evaluate_rescale(
    accompanist: Accompanist, *, songs: int = 24, reference: int = 200, seconds: float = SECONDS, steps: int = 32,
    weights: tuple[float, ...] = WEIGHTS, phis: tuple[float, ...] = PHIS, embedding: str = "spectral",
    resamples: int = 200, progress: bool = False,
) -> dict:  # fmt: skip
    """Fréchet distance of conditional takes against guidance w, for several phi (figure 2, right).

    Parameters
    ----------
    phis : the first one is what the others are compared with; the paper's is 0, no rescale

    Returns
    -------
    dict, JSON-ready; phi and w are texts in the formats of `key`
        ``rows``: true bass and autoencoder. ``distance``: phi -> w -> a row. ``gain``: phi -> w -> by how much the
        rescale lowered the distance, song by song. ``gain_strong``: phi -> the mean of that over all w above 2.5.
        ``spread``: phi -> w -> standard deviation of the latents, 1 for real basses.
    """
    stage = set_stage(accompanist, songs=songs, reference=reference, seconds=seconds, name=embedding,
                      resamples=resamples, progress=progress)  # fmt: skip
    rows: dict[tuple[float, float], Row] = {}
    spread: dict[tuple[float, float], float] = {}
    for w, phi in tqdm(list(itertools.product(weights, phis)), desc="guidance and phi", disable=not progress):
        if w == 1 and phi != phis[0]:  # without guidance there is nothing to rescale
            rows[w, phi], spread[w, phi] = rows[w, phis[0]], spread[w, phis[0]]
            continue
        latents = stage.latents(steps=steps, guidance=w, phi=phi)
        rows[w, phi], spread[w, phi] = stage.takes(latents), float(latents.std((1, 2)).mean())

    def by_phi(function, chosen: tuple[float, ...]) -> dict[str, dict]:
        return {key(phi): {key(w): function(w, phi) for w in weights} for phi in chosen}

    return {
        **stage.setting, "steps": steps, "weights": list(weights), "phis": list(phis), "strong": STRONG,
        "rows": {name: row.report() for name, row in stage.true_rows().items()},
        "distance": by_phi(lambda w, phi: rows[w, phi].report(), phis),
        "gain": by_phi(lambda w, phi: farther(rows[w, phis[0]], rows[w, phi]), phis[1:]),
        "gain_strong": {key(phi): gain_above(rows, phi, phis[0], STRONG) for phi in phis[1:]},
        "spread": by_phi(lambda w, phi: spread[w, phi], phis),
    }  # fmt: skip


def key(number: float) -> str:
    """A weight or a phi as a key of JSON: 2 and 0.25."""
    return f"{number:g}"


def gain_above(rows: dict[tuple[float, float], Row], phi: float, without: float, weight: float) -> dict | None:
    """Mean over all w above `weight` of how much phi lowered the distance; None if there is no such w."""
    pairs = [(rows[w, without], row) for (w, p), row in rows.items() if p == phi and w > weight]
    if not pairs:
        return None
    value = np.mean([before.value - after.value for before, after in pairs])
    return centred_interval(value, np.mean([before.draws - after.draws for before, after in pairs], axis=0))
