"""One song seen in pieces of several lengths: what more of the song is worth to the network.

Taught in chapters 4 and 9.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from bassnb.checkpoints import System
from bassnb.composer.examples import Example
from bassnb.diffusion import add_noise, v_target
from bassnb.errors import DataError
from bassnb.level import to_level
from bassnb.metrics.statistics import summary
from bassnb.sampling import initial_noise


def measured_steps(length: int, piece: int, margin: int) -> Tensor:
    """Steps (length,) that are `margin` steps or more from every cut into pieces; bool.

    A step at a cut lacks neighbours, and its convolutions notice. If all larger pieces are multiples
    of this one, their cuts are cuts of this one too, and the steps are far from the cuts of all.

    Raises
    ------
    DataError
        If there are none.
    """
    if piece <= 2 * margin:
        raise DataError(
            f"pieces of {piece} steps have no step that is {margin} steps from both of their ends; "
            f"make the smallest piece longer than {2 * margin} steps"
        )
    place = torch.arange(length) % piece
    return (place >= margin) & (place < piece - margin)


@torch.inference_mode()
def window_losses(
    unet: nn.Module,
    c_y: Tensor,
    c_x: Tensor,
    piece: int,
    *,
    windows: int,
    margin: int,
    seed: int = 0,
    times: int = 6,
) -> Tensor:
    """v-loss (chapter 3) of a song cut into pieces, for each window of ``windows`` steps.

    Latents, noise, times, and the measured steps are the same for all sizes of the pieces. What
    differs is how much the network has as input at once.

    Parameters
    ----------
    c_y, c_x : Tensor (1, 32, L), (1, 64, L)
        Latents of bass and mix; L a multiple of ``piece``, which is one of ``windows``.
    piece : steps seen at once
    windows : steps of the smallest piece that is compared
    margin : distance of the measured steps from all cuts, see `measured_steps`
    seed : of the noise

    Returns
    -------
    losses : Tensor (L / windows,)
    """
    measured = measured_steps(windows, windows, margin).to(c_y.device)
    eps = initial_noise(seed, c_y.shape[1:], c_y.device)[None]
    total = c_y.new_zeros(c_y.shape[-1] // windows)
    for t in torch.linspace(0.1, 0.95, times).to(c_y):
        z, v, mix = (_cut(x, piece) for x in (add_noise(c_y, eps, t), v_target(c_y, eps, t), c_x))
        error = (unet(z, t.expand(len(z)), mix) - v).square().mean(1)  # (pieces, piece)
        total += error.flatten().unflatten(0, (-1, windows))[:, measured].mean(1)
    return total / times


def _cut(x: Tensor, size: int) -> Tensor:
    """(1, C, n size) -> (n, C, size)."""
    return x.unflatten(-1, (-1, size)).transpose(1, 2).flatten(0, 1)


@torch.inference_mode()
def piece_losses(
    system: System, one: Example, pieces: Sequence[int], margin: int, times: int = 6
) -> np.ndarray:
    """`window_losses` of a song in pieces of several sizes: array (len(pieces), windows).

    Parameters
    ----------
    pieces : latent steps, ascending; each divides the last, and the first is a window
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
    shared = {"windows": pieces[0], "margin": margin, "seed": one.song.seed, "times": times}
    rows = [window_losses(system.unet, c_y, c_x, size, **shared) for size in pieces]
    return torch.stack(rows).cpu().numpy()


def loss_table(pieces: Sequence[int], losses: np.ndarray) -> list[dict]:
    """For each size the loss, and its change against the first, over windows."""
    return [
        {"steps": size, "loss": summary(row), "change": summary(row - losses[0])}
        for size, row in zip(pieces, losses)
    ]
