"""One song seen in pieces of several lengths: what the network loses at the cuts.

Taught in chapter 9.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from bassnb.checkpoints import System
from bassnb.composer.examples import Example
from bassnb.diffusion import add_noise, v_target
from bassnb.level import to_level
from bassnb.metrics.statistics import summary
from bassnb.sampling import initial_noise


@torch.inference_mode()
def piece_losses(system: System, one: Example, pieces: Sequence[int], times: int = 6) -> np.ndarray:
    """v-loss of a song cut into pieces of several sizes: array (len(pieces), windows).

    A step at the edge of a piece lacks a neighbour. So only the middle quarter of each window of
    ``pieces[0]`` steps is marked, which is far from the cuts of all sizes; clean latents, noise and
    times are the same for all sizes.
    """
    device = next(system.parameters()).device
    c_x, c_y = (
        autoencoder.standardise(autoencoder.encode(to_level(wave)[None].to(device)))[
            ..., : pieces[-1]
        ]
        for autoencoder, wave in (
            (system.mix_autoencoder, one.mix),
            (system.bass_autoencoder, one.bass),
        )
    )
    eps = initial_noise(one.song.seed, c_y.shape[1:], device)[None]
    rows = []
    for size in pieces:
        total = torch.zeros(c_y.shape[-1] // pieces[0]).to(c_y)
        for t in torch.linspace(0.1, 0.95, times).to(c_y):
            z, v, mix = (
                _cut(x, size) for x in (add_noise(c_y, eps, t), v_target(c_y, eps, t), c_x)
            )
            error = (system.unet(z, t.expand(len(z)), mix) - v).square().mean(1)  # (pieces, size)
            windows = error.flatten().unflatten(0, (-1, pieces[0]))
            total = total + windows[:, pieces[0] * 3 // 8 : pieces[0] * 5 // 8].mean(1)
        rows.append((total / times).cpu().numpy())
    return np.array(rows)


def _cut(x: Tensor, size: int) -> Tensor:
    """(1, C, n size) -> (n, C, size)."""
    return x.unflatten(-1, (-1, size)).transpose(1, 2).flatten(0, 1)


def loss_table(pieces: Sequence[int], losses: np.ndarray) -> list[dict]:
    return [
        {"steps": size, "loss": summary(row), "change": summary(row - losses[0])}
        for size, row in zip(pieces, losses)
    ]
