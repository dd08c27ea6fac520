"""Takes of all songs of a stage with what is measured on them, and the gain of some over others.

Taught in chapter 9.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from bassnb.metrics.statistics import summary
from bassnb.studies.stage import Row, Stage, farther


@dataclass(frozen=True)
class Takes:
    """One take for each song; arrays are (songs,)."""

    row: Row
    marks: np.ndarray  # mean of the measures of the match
    level: np.ndarray  # standard deviation of the latents, 1 for real basses

    def report(self, score: Callable[[np.ndarray], dict]) -> dict:
        """``distance``, and means with intervals of the normalised ``score`` and the ``level``."""
        return {
            "distance": self.row.report(),
            "score": score(self.marks),
            "level": summary(self.level),
        }


def measured(stage: Stage, latents: Tensor, waves: list[Tensor] | None = None) -> Takes:
    """What is measured on takes with these latents; `waves` (2, N), if they are decoded already."""
    if waves is None:
        waves = stage.waves(latents)
    return Takes(stage.ruler.row(waves), stage.marks(waves), levels(latents))


def levels(latents: Tensor) -> np.ndarray:
    """Standard deviation (songs,) of the latents (songs, d, L) of each take."""
    return latents.std((1, 2)).cpu().numpy()


def gains(first: Takes, second: Takes) -> dict[str, dict]:
    """By how much the first takes are nearer to true basses, and match better, song by song.

    ``distance`` and ``mark``, each with its interval.
    """
    return {
        "distance": farther(second.row, first.row),
        "mark": summary(first.marks - second.marks),
    }
