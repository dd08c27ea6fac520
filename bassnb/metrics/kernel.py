"""Kernel distance of two sets of sounds: the squared maximum mean discrepancy, which has no bias.

With a kernel k, for embeddings x of one set and y of the other,

    MMD^2 = E k(x, x') + E k(y, y') - 2 E k(x, y),

where x and x', y and y' are of different songs. Each mean is unbiased for its expectation at any
number of songs, and so is the whole; a Fréchet distance is not. For audio it is known as KAD.
The kernel is Gaussian, on embeddings that are standardised by the reference; its width is the median
distance between songs of the reference. The paper has no such figure.

Taught in chapter 9.
"""

from __future__ import annotations

import numpy as np

from bassnb.errors import BassnbError
from bassnb.metrics.statistics import bootstrap


def kernel_distance(items: np.ndarray, reference: np.ndarray) -> dict:
    """Unbiased squared maximum mean discrepancy, with a 95 % interval over the items.

    The reference is held fixed. Around 0 for sets of one distribution; single values are then often
    negative.

    Parameters
    ----------
    items : array (n, frames, d), the embeddings of n sounds
    reference : array (m, frames, d)

    Returns
    -------
    dict : ``value``, ``low``, ``high``

    Raises
    ------
    BassnbError
        If a set has fewer than two sounds, or the dimensions differ.
    """
    if min(len(items), len(reference)) < 2 or items.shape[-1] != reference.shape[-1]:
        raise BassnbError(
            f"sets have shapes {items.shape} and {reference.shape}; give two sounds or more, in one embedding"
        )
    centre, scale = reference.mean((0, 1)), reference.std((0, 1)) + 1e-6
    x, y = ((points - centre) / scale for points in (items, reference))
    width = median_distance(y)
    within, between = kernel_means(x, x, width), kernel_means(x, y, width).mean(1)
    apart, others = ~np.eye(len(x), dtype=bool), ~np.eye(len(y), dtype=bool)
    fixed = kernel_means(y, y, width)[others].mean()

    def figure(draw: np.ndarray) -> float:
        weight = np.bincount(draw, minlength=len(x)).astype(float)
        return weighted_mean(within, apart, weight) + fixed - 2 * float(between[draw].mean())

    songs = np.arange(len(x))
    low, high = bootstrap(lambda draws: np.apply_along_axis(figure, 1, draws), songs)
    return {"value": figure(songs), "low": low, "high": high}


def kernel_means(x: np.ndarray, y: np.ndarray, width: float) -> np.ndarray:
    """Mean of exp(-|a - b|^2 / (2 width^2)) over the frames of each pair of songs.

    Parameters
    ----------
    x : array (n, frames, d), y : array (m, frames, d)

    Returns
    -------
    array (n, m)
    """
    (n, t, d), (m, s) = x.shape, y.shape[:2]
    a, b = x.reshape(-1, d), y.reshape(-1, d)
    square = (a**2).sum(1)[:, None] + (b**2).sum(1) - 2 * a @ b.T
    return np.exp(-np.maximum(square, 0) / (2 * width**2)).reshape(n, t, m, s).mean((1, 3))


def weighted_mean(kernel: np.ndarray, mask: np.ndarray, weight: np.ndarray) -> float:
    """Mean of a kernel (n, n) over the pairs in `mask`; nan if no pair is left.

    Each song counts `weight` times.
    """
    total = weight @ mask @ weight
    return float(weight @ (kernel * mask) @ weight / total) if total else float("nan")


def median_distance(x: np.ndarray) -> float:
    """Width of the kernel: median distance between frames of different songs.

    x is an array (songs, frames, d).
    """
    first = x[:, 0]
    square = ((first[:, None] - first) ** 2).sum(-1)[np.triu_indices(len(first), 1)]
    return float(np.sqrt(np.median(square[square > 0]))) if (square > 0).any() else 1.0
