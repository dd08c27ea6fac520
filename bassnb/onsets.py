"""When does a bass start its notes, and where are the strokes of the bass drum: rises of the spectrum
and a peak picker. Taught in chapter 9.
"""

from __future__ import annotations

import numpy as np
import torch
from scipy.ndimage import maximum_filter1d, uniform_filter1d
from scipy.signal import find_peaks

from bassnb.presets import SAMPLE_RATE
from bassnb.spectral import stft

HOP = 256  # 5.8 ms
# 46 ms: two octaves of a bass are resolved, an attack is not smeared past the 70 ms tolerance
WINDOW = 2048
# to 5.5 kHz: what lies above does not help with a bass and is missing in band-limited takes
BINS = 256
KICK_WINDOW, KICK_BINS = 4096, 12  # 93 ms; to 120 Hz
KICK_RISE = 0.4  # of the largest rise: weaker ones are notes of deep instruments


def magnitudes(wave: torch.Tensor) -> np.ndarray:
    """Magnitudes below 5.5 kHz of a wave (2, N) or (N,), 44.1 kHz: array (256, T), T = ceil(N /
    256).
    """
    mono = wave.detach().float().cpu()
    mono = mono.mean(0) if mono.ndim == 2 else mono
    return stft(mono, WINDOW, HOP, BINS).abs().numpy()


def superflux(
    s: np.ndarray, loudest: float, *, compression: float = 100.0, lag: int = 4
) -> np.ndarray:
    """Onset strength by the SuperFlux of Böck and Widmer (2013).

    It is the energy that appears, bin by bin, within `lag` frames.

    flux[t] = mean over f of max(0, S[f, t] - max(S[f-1..f+1, t - lag])) with S = log(1 +
    compression |STFT| / loudest). The maximum over neighbouring bins forgives a vibrato.

    Parameters
    ----------
    s : array (F, T), from `magnitudes`
    loudest : float
        The largest magnitude of the recording.
    compression : float
        How far quiet partials are raised; the level of the file itself does not matter.
    lag : int
        Frames of 5.8 ms between the compared spectra.

    Returns
    -------
    array (T,)
    """
    s = np.log1p(compression * s / max(loudest, 1e-9))
    before = np.pad(maximum_filter1d(s, 3, axis=0), ((0, 0), (lag, 0)))[:, : s.shape[1]]
    return np.maximum(s - before, 0).mean(0)


def onset_strength(wave: torch.Tensor, *, compression: float = 100.0, lag: int = 4) -> np.ndarray:
    """Onset strength of a whole recording, Tensor (2, N) or (N,) at 44.1 kHz: its `superflux`.

    Returns
    -------
    array (T,), T = ceil(N / 256)
    """
    s = magnitudes(wave)
    return without_end(superflux(s, float(s.max()), compression=compression, lag=lag))


def without_end(strength: np.ndarray) -> np.ndarray:
    """Onset strength (T,) without the last frames, whose windows reach over the end: a cut through
    a note looks like an onset.
    """
    strength[-(WINDOW // HOP // 2) :] = 0
    return strength


def onsets(wave: torch.Tensor, *, height: float = 0.025, wait: float = 0.06) -> np.ndarray:
    """Times of the notes' beginnings in a wave (2, N), 44.1 kHz: those of `onset_peaks`.

    Returns
    -------
    array (number of onsets,), seconds, ascending
    """
    return onset_peaks(onset_strength(wave), height=height, wait=wait)


def onset_peaks(strength: np.ndarray, *, height: float = 0.025, wait: float = 0.06) -> np.ndarray:
    """Times of the peaks of an onset strength (T,).

    A peak counts if it rises `height` above the mean of its surroundings (0.4 s).

    Parameters
    ----------
    height : float
        In units of the onset strength. With 0.025 rendered basses, and the same through an
        autoencoder or through Griffin-Lim, score above 0.98 against their written notes; 0.05
        misses soft notes of dark basses.
    wait : float
        Shortest time between two onsets, seconds.

    Returns
    -------
    array (number of onsets,), seconds, ascending
    """
    frame = HOP / SAMPLE_RATE
    excess = strength - uniform_filter1d(strength, int(0.4 / frame))
    peaks, _ = find_peaks(np.pad(excess, 1), height=height, distance=max(int(wait / frame), 1))
    return (peaks - 1) * frame


def hear_kicks(mix: torch.Tensor) -> np.ndarray:
    """Times of bass drum strokes in seconds, ascending.

    A stroke is a sudden rise of energy below 120 Hz in a mix (2, N) without its bass.
    """
    power = stft(mix.mean(0), KICK_WINDOW, HOP, KICK_BINS).abs().square().sum(0).numpy()
    level = np.sqrt(power)
    rise = np.maximum(level - np.pad(level, (4, 0))[: len(level)], 0.0)  # over 23 ms
    if not rise.any():
        return np.zeros(0)
    least = KICK_RISE * np.percentile(maximum_filter1d(rise, 345), 75)  # 345 frames: 2 s
    peaks, _ = find_peaks(rise, height=max(least, 1e-9), distance=round(0.1 * SAMPLE_RATE / HOP))
    return peaks * HOP / SAMPLE_RATE
