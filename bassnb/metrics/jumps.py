"""Jumps from one step of latents, or one frame of a spectrogram, to the next: where seams show.

Taught in chapter 11.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from scipy.ndimage import maximum_filter1d
from torch import Tensor

from bassnb.spectral import log_magnitude, stft

FRAME = 1024  # samples between the spectra that are compared
EPS = 1e-4  # of the logarithm of their power


def latent_jumps(latents: Tensor, *, circular: bool = False) -> np.ndarray:
    """Distance of every step of latents (C, L) from the one before: (L,), the first is that from
    the last step if `circular`, and otherwise nan.
    """
    jumps = (latents - latents.roll(1, -1)).norm(dim=0).double().cpu().numpy()
    if not circular:
        jumps[0] = np.nan
    return jumps


def spectral_jumps(wave: Tensor, *, circular: bool = False) -> np.ndarray:
    """The same for log spectra of a wave (2, N), every `FRAME` samples: array (N // FRAME,).

    Three frames hear a cut; each gets the largest jump of itself and its neighbours.
    """
    count, more = wave.shape[-1] // FRAME, 8
    around = (
        torch.cat([wave[:, -more * FRAME :], wave, wave[:, : more * FRAME]], -1)
        if circular
        else torch.nn.functional.pad(wave, (more * FRAME, more * FRAME))
    )
    frames = log_magnitude(stft(around.mean(0), 2 * FRAME, FRAME), EPS)
    jumps = frames.diff(dim=-1).norm(dim=0).double().numpy()  # of frame 1, 2, ...
    if not circular:  # where the file begins and ends nothing is cut
        jumps[: more + 1] = jumps[more + count - 2 :] = 0
    return maximum_filter1d(jumps, 3)[more - 1 : more - 1 + count]


def jump_at(jumps: np.ndarray, places: Sequence[int]) -> float:
    """Mean jump at some places, in mean jumps; places outside are left out."""
    inside = [place for place in places if 0 < place < len(jumps)]
    return float(np.mean(jumps[inside]) / np.nanmean(jumps))
