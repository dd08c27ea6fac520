"""Distance between the sound of a take and that of a style reference (section 5, table 1).

Taught in chapter 9.
"""

from __future__ import annotations

import numpy as np
from torch import Tensor

from bassnb.errors import BassnbError
from bassnb.level import to_level
from bassnb.metrics.frechet import spectral_embedding


def style_embedding(wave: Tensor, *, bandwidth: float) -> np.ndarray:
    """Mean over time of `spectral_embedding` up to `bandwidth` Hz, at one level: wave (2, N) to array
    (72,).
    """
    return spectral_embedding(to_level(wave), bandwidth=bandwidth).mean(0)


def euclidean_distance(a: np.ndarray, b: np.ndarray) -> float:
    """|a - b| of two embeddings (d,).

    Raises
    ------
    BassnbError
        If they do not have one shape.
    """
    a, b = _pair(a, b)
    return float(np.linalg.norm(a - b))


def cosine_distance(a: np.ndarray, b: np.ndarray) -> float:
    """1 - cos of the angle between two embeddings (d,).

    It is 0 for one direction, 1 for a right angle, 2 for opposites.

    Raises
    ------
    BassnbError
        If they do not have one shape, or one of them has no direction because it is zero.
    """
    a, b = _pair(a, b)
    lengths = np.linalg.norm(a) * np.linalg.norm(b)
    if lengths == 0:
        raise BassnbError(
            "an embedding is zero and has no direction; give takes that are not silent"
        )
    return float(1 - a @ b / lengths)


def style_distances(take: Tensor, reference: Tensor, *, bandwidth: float) -> dict[str, float]:
    """``euclidean`` and ``cosine`` distance between the sounds of two waves (2, N) up to `bandwidth`
    Hz.
    """
    a, b = (style_embedding(wave, bandwidth=bandwidth) for wave in (take, reference))
    return {"euclidean": euclidean_distance(a, b), "cosine": cosine_distance(a, b)}


def _pair(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if a.ndim != 1 or a.shape != b.shape:
        raise BassnbError(
            f"embeddings have shapes {a.shape} and {b.shape}; compare two vectors of one embedding"
        )
    return a, b
