"""Distances between an original and its reconstruction, on spectrograms. Taught in chapter 9.

Every figure compares magnitudes above a floor 60 dB below the loudest bin of the original: what is
quieter is inaudible, and without a floor the logarithm would grade only that.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from bassnb.spectral import stft

WINDOWS = (512, 1024, 2048, 4096)  # samples, hop a quarter of each


def magnitudes(wave: Tensor, window: int) -> Tensor:
    """|STFT| of a wave (2, N): Tensor (2, F, T) with a hop of a quarter window."""
    return stft(wave, window, window // 4).abs()


def audible_floor(s: Tensor) -> Tensor:
    """Magnitude 60 dB below the loudest bin."""
    return s.max().clamp_min(1e-6) * 1e-3


def spectral_convergence(s: Tensor, other: Tensor) -> float:
    """||S~ - S||_F / ||S||_F of two magnitude spectrograms of one shape (Arık et al. 2019).

    0 is perfect; silence has 1, and what is above adds more error than there was signal.
    """
    return float((other - s).norm() / s.norm().clamp_min(1e-9))


def multi_resolution_stft(wave: Tensor, other: Tensor) -> float:
    """Spectral convergence plus mean log-magnitude difference, over several windows.

    The windows have 512 to 4096 samples.

    ||S| - |S~||_F / ||S||_F + mean |log(|S| + floor) - log(|S~| + floor)| (Yamamoto et al. 2020), waves (2, N).
    """
    total = 0.0
    for window in WINDOWS:
        s, r = magnitudes(wave, window), magnitudes(other, window)
        floor = audible_floor(s)
        difference = (torch.log(s + floor) - torch.log(r + floor)).abs().mean()
        total += spectral_convergence(s, r) + float(difference)
    return total / len(WINDOWS)


def log_spectral_distance(wave: Tensor, other: Tensor, window: int) -> float:
    """Mean over frames of the root mean square difference of the spectra in dB; waves (2, N)."""
    s, r = magnitudes(wave, window), magnitudes(other, window)
    floor = audible_floor(s)
    decibels = 20 / math.log(10) * (torch.log(s + floor) - torch.log(r + floor))
    return float(decibels.square().mean(-2).sqrt().mean())


def flux_ratio(wave: Tensor, other: Tensor, window: int = 512) -> float:
    """Spectral flux of `other` over that of `wave`, waves (2, N).

    1 is ideal, more is grainy, less is smeared.
    """

    def flux(x: Tensor) -> Tensor:
        return magnitudes(x, window).diff(dim=-1).clamp_min(0).mean()

    return float(flux(other) / flux(wave).clamp_min(1e-12))


def spectral_measures(wave: Tensor, other: Tensor) -> dict[str, float]:
    """All of the above for an original (2, N) and its reconstruction (2, N)."""
    return {
        "multi_resolution_stft": multi_resolution_stft(wave, other),
        "log_spectral_distance_512": log_spectral_distance(wave, other, 512),
        "log_spectral_distance_4096": log_spectral_distance(wave, other, 4096),
        "flux_ratio": flux_ratio(wave, other),
    }
