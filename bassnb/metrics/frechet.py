"""The Fréchet distance between two sets of embeddings, its bias and its interval.

Each set is summed up by a Gaussian, and the distance is how far one Gaussian must be moved to
become the other (section 5, figure 2):

    d^2 = |m1 - m2|^2 + tr(S1) + tr(S2) - 2 tr(sqrt(sqrt(S1) S2 sqrt(S1)))

Functions that resample songs take *items*: arrays (items, frames,
d).

Taught in chapter 9.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from bassnb.errors import BassnbError
from bassnb.presets import SAMPLE_RATE
from bassnb.spectral import log_magnitude, log_mel, stft

WINDOW, HOP = 2048, 512  # 46 ms every 12 ms
BANDS = 24  # mel bands; the lowest are 64 Hz apart, half an octave in the middle of a bass
# of log(|S|^2 + eps), at audio with a root mean square of 0.1: quieter parts are ignored
EPS = 1e-2
PATCH, STRIDE = 86, 43  # frames: patches of 1 s, one every half second


def spectral_embedding(wave: Tensor, *, bandwidth: float) -> np.ndarray:
    """A fixed embedding without weights: spectrum, its variation and its attacks, second by second.

    Of each log-mel band of a patch of one second: the mean (timbre, and the register of the notes,
    for the lowest bands are narrow), the standard deviation over time (how lively it is), and the
    root mean square of its rises from frame to frame (sharpness of attacks: the same rise spread
    over more frames counts less). The level counts, bring waves to one level if it should not.
    Silence is the zero vector.

    It describes neither rhythm nor melody, nor whether a bass fits its mix.

    Parameters
    ----------
    wave : Tensor (2, N), 44.1 kHz, at a root mean square of about 0.1; shorter than 1 s counts as
        padded with zeros
    bandwidth : Hz, as a rule that of the model; frequencies above it are ignored, so that a treble that
        a model cannot make does not drown everything else

    Returns
    -------
    array (frames, 72), float64, one frame every half second
    """
    mono = wave.detach().float().cpu().mean(0)
    shortest = PATCH * HOP
    if mono.shape[-1] < shortest:
        mono = torch.nn.functional.pad(mono, (0, shortest - mono.shape[-1]))
    bins = min(round(bandwidth * WINDOW / SAMPLE_RATE), WINDOW // 2 + 1)
    s = log_magnitude(stft(mono, WINDOW, HOP, bins), EPS)
    # (BANDS, T), silence is 0
    level = log_mel(s, BANDS, bins * SAMPLE_RATE / WINDOW, EPS) - np.log(EPS)
    rise = torch.nn.functional.pad(level.diff(dim=-1).clamp_min(0), (1, 0))
    # (BANDS, frames, PATCH)
    level, rise = level.unfold(-1, PATCH, STRIDE), rise.unfold(-1, PATCH, STRIDE)
    parts = [level.mean(-1), level.std(-1, correction=0), rise.square().mean(-1).sqrt()]
    return torch.cat(parts).T.double().numpy()


def gaussian(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean (d,) and covariance (d, d) of embeddings (n, d), in float64.

    Raises
    ------
    BassnbError
        If there are fewer than two embeddings, or numbers that are not finite.
    """
    x = np.asarray(x, dtype=np.float64)
    if x.ndim != 2 or len(x) < 2:
        raise BassnbError(
            f"embeddings have shape {x.shape}; give at least two of them, shape (n, d)"
        )
    if not np.isfinite(x).all():
        raise BassnbError(
            "embeddings hold NaN or infinite numbers; check the sounds that they come from"
        )
    mean = x.mean(0)
    return mean, (x - mean).T @ (x - mean) / (len(x) - 1)


def root(covariance: np.ndarray) -> np.ndarray:
    """The symmetric square root of a covariance (d, d).

    Eigenvalues are replaced by their roots, negative ones by 0.
    """
    values, vectors = np.linalg.eigh(covariance)
    return (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T


def distance_of_gaussians(
    mean: np.ndarray, covariance: np.ndarray, other_mean: np.ndarray, other_covariance: np.ndarray
) -> float:
    """The squared 2-Wasserstein distance of two Gaussians with means (d,) and covariances (d, d).

    sqrt(S1) S2 sqrt(S1) is symmetric and has the eigenvalues of S1 S2, so the trace of the root is
    a sum of real roots; a general matrix square root of S1 S2 would return complex rounding errors
    where n < d.
    """
    half = root(covariance)
    values = np.linalg.eigvalsh(half @ other_covariance @ half)
    cross = np.sqrt(np.maximum(values, 0)).sum()
    shift = mean - other_mean
    return float(
        max(shift @ shift + np.trace(covariance) + np.trace(other_covariance) - 2 * cross, 0.0)
    )


def frechet_distance(x: np.ndarray, y: np.ndarray) -> float:
    """Fréchet distance between two sets of embeddings, (n, d) and (m, d); also for n or m below d.

    Raises
    ------
    BassnbError
        If a set has fewer than two embeddings, or the dimensions differ.
    """
    first, second = gaussian(x), gaussian(y)
    if first[0].shape != second[0].shape:
        raise BassnbError(
            f"embeddings have {len(first[0])} and {len(second[0])} dimensions; use one embedding for both"
        )
    return distance_of_gaussians(*first, *second)


def pooled(items: np.ndarray) -> np.ndarray:
    """Items (items, frames, d), or embeddings (n, d), as embeddings (n, d)."""
    items = np.asarray(items, dtype=np.float64)
    return items.reshape(-1, items.shape[-1]) if items.ndim == 3 else items


def frechet_infinity(
    items: np.ndarray, reference: np.ndarray, *, sizes: int = 8, repeats: int = 8, seed: int = 0
) -> dict:
    """The distance at infinitely many items, by a straight line through distances at several n.

    A Gaussian fitted to n items is off by an amount of order 1/n, so the expected distance is a + b
    / n. Random subsets of the items give points on that line; a is the estimate (Chong and
    Forsyth 2020).

    Parameters
    ----------
    items : array (items, frames, d) or (items, d)
    reference : array (m, d) or (items, frames, d), used whole
    sizes : number of values of n, from a quarter of the items to all of them, evenly spaced in 1/n
    repeats : subsets of each size

    Returns
    -------
    dict : ``value`` (a), ``slope`` (b), and the points ``n`` and ``distance``

    Raises
    ------
    BassnbError
        If there are fewer than eight items.
    """
    items, other = np.asarray(items, dtype=np.float64), gaussian(pooled(reference))
    count = len(items)
    if count < 8:
        raise BassnbError(
            f"{count} items are too few to see how the distance depends on their number; give at least 8"
        )
    rng = np.random.default_rng(seed)
    smallest = max(count // 4, 2)
    n = np.unique(np.round(1 / np.linspace(1 / smallest, 1 / count, sizes)).astype(int))
    distances = [
        np.mean(
            [
                distance_of_gaussians(
                    *other, *gaussian(pooled(items[rng.choice(count, k, replace=False)]))
                )
                for _ in range(repeats if k < count else 1)
            ]
        )
        for k in n
    ]
    slope, value = np.polyfit(1 / n, distances, 1)
    return {
        "value": float(value),
        "slope": float(slope),
        "n": n.tolist(),
        "distance": [float(d) for d in distances],
    }


def frechet_interval(
    items: np.ndarray, reference: np.ndarray, *, resamples: int = 200, seed: int = 0
) -> dict:
    """The distance with a 95 % interval over items, for a reference that is held fixed.

    Items are resampled with replacement. A resample repeats some of them and has fewer different
    ones, so its distance is larger on average, for the same reason as the distance of a small set
    is. The interval therefore takes only the *spread* of the resampled distances, and centres it on
    the distance itself: it shows how much other items would have changed the figure, not how far the
    figure lies above its limit (see `frechet_infinity`).

    Parameters
    ----------
    items : array (items, frames, d) or (items, d)
    reference : array (m, d) or (items, frames, d)

    Returns
    -------
    dict : ``value``, ``low``, ``high``
    """
    return interval_of_distance(
        *resampled_distances(items, reference, resamples=resamples, seed=seed)
    )


def frechet_difference(
    items: np.ndarray,
    others: np.ndarray,
    reference: np.ndarray,
    *,
    resamples: int = 200,
    seed: int = 0,
) -> dict:
    """How much farther `others` are from the reference than `items`, with a 95 % interval.

    Both are resampled together.

    Item i of both was made for the same song: one draw picks the same songs from both, so that what
    the songs have in common cancels. Arrays and result as in `frechet_interval`; above 0, `items`
    are nearer.

    Raises
    ------
    BassnbError
        If the two do not have the same number of items.
    """
    if len(items) != len(others):
        raise BassnbError(
            f"{len(items)} and {len(others)} items are not pairs; give the same songs in the same order"
        )
    near, near_draws = resampled_distances(items, reference, resamples=resamples, seed=seed)
    far, far_draws = resampled_distances(others, reference, resamples=resamples, seed=seed)
    return centred_interval(far - near, far_draws - near_draws)


def resampled_distances(
    items: np.ndarray, reference: np.ndarray, *, resamples: int = 200, seed: int = 0
) -> tuple[float, np.ndarray]:
    """The distance of the items, and of (resamples,) draws from them.

    The same seed and number of items give the same draws.
    """
    items, other = np.asarray(items, dtype=np.float64), gaussian(pooled(reference))
    draws = np.random.default_rng(seed).integers(0, len(items), size=(resamples, len(items)))
    values = [distance_of_gaussians(*other, *gaussian(pooled(items[draw]))) for draw in draws]
    return distance_of_gaussians(*other, *gaussian(pooled(items))), np.array(values)


def interval_of_distance(value: float, draws: np.ndarray) -> dict:
    """`centred_interval` of what cannot be negative."""
    result = centred_interval(value, draws)
    return {**result, "low": max(result["low"], 0.0)}


def centred_interval(value: float, draws: np.ndarray) -> dict:
    """The interval of resampled figures (resamples,), centred on the figure itself.

    The result has ``value``, ``low`` and ``high``.
    """
    low, middle, high = np.percentile(draws, [2.5, 50, 97.5])
    return {
        "value": float(value),
        "low": float(value + low - middle),
        "high": float(value + high - middle),
    }
