"""Post-hoc averages of weights: any length of the average, after the training.

Taught in chapter 10. The weights of step k count in a power-function average with ``k^gamma``, so its
length is a share of the training and not a number of steps. Snapshots of two such averages span, to
a good approximation, all others: the one that is wanted is a weighted sum of them (Karras et al.
2024, "Analyzing and Improving the Training Dynamics of Diffusion Models", section 3).
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from bassnb.errors import BassnbError
from bassnb.stored import load_strictly, read_tensors, write_tensors
from bassnb.training.diffusion_trainer import DiffusionTrainer

WIDTHS = (0.05, 0.10)  # of the averages that are kept, as shares of the training
SNAPSHOTS = 8  # of each
CHOICES = (0.03, 0.05, 0.075, 0.10, 0.15, 0.20)  # among which `chosen` looks


def exponent(width: float) -> float:
    """gamma of the average whose standard deviation is `width` of the training.

    ``width^2 = (gamma + 1) / ((gamma + 2)^2 (gamma + 3))``, solved for gamma.
    """
    inverse = width**-2
    return float(np.roots([1, 7, 16 - inverse, 12 - inverse]).real.max())


def product(steps: np.ndarray, gammas: np.ndarray, other: np.ndarray, others: np.ndarray):
    """Inner products of profiles ``(gamma + 1) k^gamma / K^(gamma + 1)`` on 0 to K, (n, m)."""
    k, g, l, h = steps[:, None], gammas[:, None], other[None], others[None]  # noqa: E741
    shared = np.minimum(k, l)
    return (g + 1) * (h + 1) / (g + h + 1) * (shared / k) ** (g + 1) * (shared / l) ** h / l


def shares(steps: np.ndarray, widths: np.ndarray, end: int, width: float) -> np.ndarray:
    """How much each snapshot counts (n,) in the average of `width` at step `end`: the weights whose
    sum of profiles is nearest to the wanted profile.
    """
    gammas = np.array([exponent(one) for one in widths])
    wanted = np.array([float(end)]), np.array([exponent(width)])
    steps = np.asarray(steps, dtype=float)
    gram = product(steps, gammas, steps, gammas)
    return np.linalg.lstsq(gram, product(steps, gammas, *wanted)[:, 0], rcond=None)[0]


class PosthocTrainer(DiffusionTrainer):
    """A trainer that keeps two power-function averages, and `SNAPSHOTS` of them in a folder."""

    def __init__(self, *args, snapshots: Path, **options):
        super().__init__(*args, **options)
        self.snapshots = Path(snapshots)
        self.averages = {width: copy.deepcopy(self.average) for width in WIDTHS}

    def modules(self) -> dict[str, nn.Module]:
        """The modules that a checkpoint holds."""
        powers = {f"power-{width:g}": average for width, average in self.averages.items()}
        return {**super().modules(), **powers}

    def step(self, c_y: Tensor, c_x: Tensor, k: int) -> dict[str, Tensor]:
        """One update, of the averages too."""
        losses = super().step(c_y, c_x, k)
        done = k + 1
        for width, average in self.averages.items():
            keep = (1 - 1 / done) ** (exponent(width) + 1)
            with torch.no_grad():
                mine, new = list(average.parameters()), list(self.bare.parameters())
                torch._foreach_lerp_(mine, new, 1 - keep)
            if done % max(self.plan.steps // SNAPSHOTS, 1) == 0:
                path = self.snapshots / f"{done:07d}-{width:g}.safetensors"
                write_tensors(path, average.state_dict())
        return losses


def posthoc_average(network: nn.Module, snapshots: Path, end: int, width: float) -> nn.Module:
    """A copy of `network` with the average of `width` at step `end`, from the snapshots.

    Raises
    ------
    BassnbError
        If there are no snapshots.
    """
    paths = sorted(snapshots.glob("*.safetensors"))
    if not paths:
        raise BassnbError(f"{snapshots} holds no snapshots; train anew in another folder")
    steps, widths = zip(*(map(float, path.stem.split("-")) for path in paths))
    total: dict[str, Tensor] = {}
    for share, path in zip(shares(np.array(steps), np.array(widths), end, width), paths):
        for name, tensor in read_tensors(path)[0].items():
            total[name] = total.get(name, torch.zeros_like(tensor)) + float(share) * tensor
    made = copy.deepcopy(network)
    load_strictly(made, total, str(snapshots))
    return made


def chosen(
    network: nn.Module, snapshots: Path, end: int, loss: Callable[[nn.Module], float]
) -> tuple[float, nn.Module]:
    """The width of `CHOICES` with the lowest loss, and its average."""
    averages = {width: posthoc_average(network, snapshots, end, width) for width in CHOICES}
    best = min(CHOICES, key=lambda width: loss(averages[width]))
    return best, averages[best]
