"""Which of the eight General MIDI basses plays in a take, whatever its notes?

A mean spectrum confuses the instrument with its notes: the bands of a low line and of a high one
differ more than two instruments do. So the ruler first finds the pitch, and then looks where the
instrument shows, relative to it: how strong each harmonic is, how strong the gaps between harmonics
are (noise of strings and fingers), and how much both change in time. A linear discriminant with a
shrunk covariance, fitted in closed form to true basses of training songs, turns these numbers into
a decision. It is fitted to basses that went through the autoencoder, so that it separates instruments
and not the codec.

Taught in chapters 7 and 9.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from bassnb.composer.songs import BASSES
from bassnb.errors import BassnbError
from bassnb.level import to_level
from bassnb.pitch import track_pitch
from bassnb.presets import SAMPLE_RATE
from bassnb.spectral import stft
from bassnb.temperament import hertz_of_key

TIMBRES, PROGRAMS = tuple(BASSES), tuple(BASSES.values())
HARMONICS = 20
# 93 ms every 23 ms, to 5.5 kHz; the hop is that of `track_pitch`
WINDOW, HOP, BINS = 4096, 1024, 512
FLOOR = 1e-6  # of the energy of all harmonics: -60 dB
SHRINKAGE = 0.2


def timbre_features(wave: Tensor) -> np.ndarray:
    """The sound of a bass relative to its pitch.

    In every voiced frame the energy at f0, 2 f0 ... 20 f0 and halfway above each of them, in dB of
    the energy of all these harmonics together, not below -60; of each number the mean and the
    standard deviation over frames.

    Parameters
    ----------
    wave : Tensor (2, N), 44.1 kHz, at any level

    Returns
    -------
    array (80,), dB

    Raises
    ------
    BassnbError
        If there are fewer than three voiced frames.
    """
    wave = to_level(wave)
    _, midi = track_pitch(wave)
    # (T, BINS); frame i is centred at i + 1/2
    power = stft(wave.mean(0), WINDOW, HOP, BINS).abs().square().numpy().T
    voiced = np.flatnonzero(~np.isnan(midi))
    voiced = voiced[(voiced > 0) & (voiced < len(power))]
    if len(voiced) < 3:
        raise BassnbError(
            "the take has no pitch, so its timbre is unknown; give one with some notes"
        )
    power = (power[voiced - 1] + power[voiced]) / 2
    bin_of_f0 = hertz_of_key(midi[voiced]) * WINDOW / SAMPLE_RATE
    number = np.arange(1, HARMONICS + 1)
    at = bin_of_f0[:, None] * number  # (frames, HARMONICS)
    harmonics = np.maximum.reduce([_power_at(power, at + shift) for shift in (-1, 0, 1)])
    gaps = _power_at(power, at + bin_of_f0[:, None] / 2)
    total = harmonics.sum(1, keepdims=True) + 1e-12
    level = 10 * np.log10(np.concatenate([harmonics, gaps], axis=1) / total + FLOOR)
    return np.concatenate([level.mean(0), level.std(0)])


def _power_at(power: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Power (frames, bins) at fractional bins (frames, n), 0 above the last one."""
    index = np.round(at).astype(int)
    return np.where(
        index < power.shape[1],
        np.take_along_axis(power, np.clip(index, 0, power.shape[1] - 1), 1),
        0.0,
    )


@dataclass(frozen=True)
class TimbreRuler:
    """A linear discriminant of timbres.

    Its scores are the standardised features (80,) times `weights` (80, 8), plus `bias` (8,).
    """

    centre: np.ndarray
    scale: np.ndarray
    weights: np.ndarray
    bias: np.ndarray

    def scores(self, features: np.ndarray) -> np.ndarray:
        """Log-likelihood of each timbre up to a constant, (n, 8), of features (n, 80)."""
        return (np.atleast_2d(features) - self.centre) / self.scale @ self.weights + self.bias

    def recognise(self, wave: Tensor) -> int:
        """The number in `TIMBRES` of the bass in a wave (2, N); -1 without any pitch."""
        try:
            return int(self.scores(timbre_features(wave)).argmax())
        except BassnbError:
            return -1


def fit_ruler(features: np.ndarray, labels: np.ndarray) -> TimbreRuler:
    """Linear discriminant analysis with the covariance shrunk towards a multiple of the identity.

    With class means m_k, pooled covariance S and S' = (1 - a) S + a tr(S)/d I, a = 0.2: weights
    S'^-1 m_k and bias -m_k^T S'^-1 m_k / 2, the Bayes decision for Gaussians of one covariance and
    equal priors (Hastie, Tibshirani and Friedman 2009, section 4.3).

    Parameters
    ----------
    features : array (n, d)
    labels : array (n,), each of 0 ... 7 at least once

    Raises
    ------
    BassnbError
        If a timbre is missing.
    """
    features, labels = np.asarray(features, dtype=float), np.asarray(labels)
    missing = sorted(set(range(len(TIMBRES))) - set(labels.tolist()))
    if missing:
        raise BassnbError(
            f"there is no example of {TIMBRES[missing[0]]}; give at least one of each of the eight basses"
        )
    centre, scale = features.mean(0), features.std(0) + 1e-3
    x = (features - centre) / scale
    means = np.stack([x[labels == k].mean(0) for k in range(len(TIMBRES))])
    rest = x - means[labels]
    covariance = rest.T @ rest / len(x)
    even = max(np.trace(covariance), 1e-9) / len(covariance) * np.eye(len(covariance))
    weights = np.linalg.solve((1 - SHRINKAGE) * covariance + SHRINKAGE * even, means.T)
    return TimbreRuler(centre, scale, weights, -(means.T * weights).sum(0) / 2)
