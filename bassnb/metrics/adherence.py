"""Accompaniment prompt adherence: do basses, as a whole set, fit their mixes?

Grachten and Nistal (2025, arXiv 2503.06346) compare *distributions*. Take pairs of mix and bass.
Let R be embeddings of true pairs, S those of the same mixes with each other's basses, and X those
of the pairs in question. If X lies where R lies, the basses keep to their mixes; if it lies where S
lies, they might as well have been made for others.

Our formula follows from one picture. The maximum mean discrepancy with a kernel k is the distance
of two points, the mean embeddings of two sets in the Hilbert space of k (Gretton et al. 2012), so
three sets span a triangle with sides d_xr, d_xs and d_rs, and Euclid's geometry holds. Drop X onto
the line through S (0) and R (1). By the law of cosines its foot lies at

    APA = 1/2 + (d_xs^2 - d_xr^2) / (2 d_rs^2),   clipped to [0, 1].

R has 1, S has 0, and whatever is as far from one as from the other, such as noise, 1/2. Written out
with <A, B> = mean of k(a, b), the term <X, X> cancels and X enters linearly, so the figure has no
bias from the size of the set once pairs of one song are left out:

    APA = 1/2 + (<S, S> - <R, R> + 2 <X, R> - 2 <X, S>) / (2 (<R, R> + <S, S> - 2 <R, S>)).

The published measure takes the Fréchet audio distance of CLAP embeddings of the sum for d^2. Here
the embedding is `bassnb.metrics.relation`, without weights. Measured on 40 validation songs of 12
s, with true basses at 1 and shifted pairs at 0: another player's bass of the same song 0.96 (0.76
to 1), a second wrong pairing 0 (0 to 0.18), the true bass 2.3 s late 0.23 (0 to 0.41). With the
spectral embedding of the Fréchet distance instead, true and wrong pairs are indistinguishable.

Taught in chapter 9.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from bassnb.errors import BassnbError
from bassnb.metrics.kernel import kernel_means, median_distance, weighted_mean
from bassnb.metrics.relation import relation_embedding
from bassnb.metrics.statistics import bootstrap


@dataclass(frozen=True)
class Pairs:
    """Embeddings (songs, frames, d) of pairs of mix and bass; row i has mix i.

    `basses` names the bass of each row by the number of the song that it was taken from, -1 for one
    that was made for this mix: pairs that share their bass are not compared, no more than pairs
    that share their mix.
    """

    points: np.ndarray
    basses: np.ndarray


def adherence(candidates: dict[str, Pairs], true: Pairs, wrong: Pairs) -> dict[str, dict]:
    """APA of several sets of pairs with the same mixes, with 95 % intervals over songs.

    Parameters
    ----------
    candidates : the sets in question by name
    true : the mixes with their own basses
    wrong : the mixes with basses of other songs

    Returns
    -------
    dict : name -> ``mean`` (the figure), ``low``, ``high``; nan if true and wrong pairs are
        indistinguishable

    Raises
    ------
    BassnbError
        If there are fewer than four songs, or shapes differ.
    """
    shapes = [pairs.points.shape for pairs in (true, wrong, *candidates.values())]
    if shapes[0][0] < 4 or len(set(shapes)) > 1:
        raise BassnbError(
            f"pairs have shapes {shapes}; give the same number of frames of the same four songs or more"
        )
    both = np.concatenate([true.points, wrong.points])
    centre, scale = both.mean((0, 1)), both.std((0, 1)) + 1e-6
    width = median_distance((both - centre) / scale)

    def compared(x: Pairs, y: Pairs) -> tuple[np.ndarray, np.ndarray]:
        """Mean kernels (songs, songs), and which of them count."""
        kernel = kernel_means((x.points - centre) / scale, (y.points - centre) / scale, width)
        same_bass = (x.basses[:, None] == y.basses) & (x.basses[:, None] >= 0)
        return kernel, ~same_bass & ~np.eye(len(kernel), dtype=bool)

    fixed = [compared(true, true), compared(wrong, wrong), compared(true, wrong)]
    songs, found = np.arange(shapes[0][0]), {}
    for name, pairs in candidates.items():
        kernels = [*fixed, compared(pairs, true), compared(pairs, wrong)]

        def figure(draw: np.ndarray, kernels=kernels) -> float:
            weight = np.bincount(draw, minlength=len(songs)).astype(float)
            return position(*(weighted_mean(kernel, mask, weight) for kernel, mask in kernels))

        low, high = bootstrap(lambda draws: np.apply_along_axis(figure, 1, draws), songs)
        found[name] = {"mean": figure(songs), "low": low, "high": high}
    return found


class Gathering:
    """Collects the pairs of a study song by song; only one mix and one bass stay in memory."""

    def __init__(self) -> None:
        self.rows: dict[str, list[np.ndarray]] = {}
        self.wrong: list[np.ndarray] = []
        self.first: Tensor | None = None
        self.last: Tensor | None = None

    def add(self, mix: Tensor, basses: dict[str, Tensor]) -> None:
        """The mix (2, N) of the next song and its basses (2, N) by row, ``true`` among them."""
        for name, bass in basses.items():
            self.rows.setdefault(name, []).append(relation_embedding(mix, bass))
        if self.last is not None:
            self.wrong.append(relation_embedding(self.last, basses["true"]))
        self.first = basses["true"] if self.first is None else self.first
        self.last = mix

    def adherence(self) -> dict[str, dict]:
        """APA of every row; see `adherence`.

        True pairs are compared with those of each mix and the next song's bass.
        """
        if self.last is None or self.first is None:
            raise BassnbError("no song has been added; add at least four")
        wrong = np.stack([*self.wrong, relation_embedding(self.last, self.first)])
        songs = np.arange(len(wrong))
        own = {"true": songs, "autoencoder": songs}
        rows = {
            name: Pairs(np.stack(row), own.get(name, np.full(len(songs), -1)))
            for name, row in self.rows.items()
        }
        return adherence(rows, rows["true"], Pairs(wrong, np.roll(songs, -1)))


def position(rr: float, ss: float, rs: float, xr: float, xs: float) -> float:
    """The formula at the head of this file, from the five mean kernels; nan where R and S coincide."""
    apart = rr + ss - 2 * rs
    if apart <= 0:
        return float("nan")
    return float(np.clip(0.5 + (ss - rr + 2 * xr - 2 * xs) / (2 * apart), 0, 1))
