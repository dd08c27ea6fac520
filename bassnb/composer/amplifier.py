"""Amplifier, loudspeaker and compressor of the channel strip. Taught in chapter 10."""

from __future__ import annotations

import numpy as np
from scipy.signal import butter, sosfilt

_STEP = 32  # samples between two values of the compressor's gain
_DRIVE = 4.0  # how far `amp` = 1 drives a wave whose peak is 1
_SILENT = 1e-6


def peak_of(wave: np.ndarray) -> float:
    """Highest absolute value of a wave."""
    return float(max(wave.max(initial=0.0), -wave.min(initial=0.0)))


def loudness_of(wave: np.ndarray) -> float:
    """Root mean square of a wave where it is not silent, at least 1e-6."""
    power = np.einsum("cn,cn->n", wave, wave)
    loud = power > 1e-4 * power.max(initial=0.0)
    return max(float(np.sqrt(power[loud].mean() / len(wave))) if loud.any() else 0.0, _SILENT)


def amplify(wave: np.ndarray, gain: float, bias: float) -> None:
    """A valve that saturates, in place: tanh(g x + b) - tanh(b).

    The bias makes it asymmetrical, which adds even harmonics. The peak stays what it was.

    Parameters
    ----------
    wave : ndarray (2, N) float32
    gain : 0 to 4; the peak of the wave enters at 4 times that
    bias : 0 to 1
    """
    top = peak_of(wave)
    if top < _SILENT:
        return
    wave *= np.float32(_DRIVE * gain / top)
    wave += np.float32(bias)
    np.tanh(wave, out=wave)
    wave -= np.float32(np.tanh(bias))
    wave *= np.float32(top / max(peak_of(wave), _SILENT))


def cabinet(wave: np.ndarray, low: float, high: float, sample_rate: int) -> None:
    """A loudspeaker, in place: high-pass of 2nd order at `low`, low-pass of 4th order at `high`."""
    sections = [butter(2, low, "highpass", fs=sample_rate, output="sos")] if low else []
    if high and high < 0.49 * sample_rate:
        sections.append(butter(4, high, fs=sample_rate, output="sos"))
    if sections:
        wave[:] = sosfilt(np.concatenate(sections), wave, axis=-1)


def compress(
    wave: np.ndarray,
    *,
    ratio: float,
    threshold: float,
    attack: float,
    release: float,
    makeup: float,
    sample_rate: int,
) -> None:
    """A feed-forward compressor, in place.

    Where the level in dB is above the threshold T, the gain is (T - level) (1 - 1 / ratio). It falls
    with the time constant `attack` and recovers with `release`. Source: D. Giannoulis, M. Massberg
    and J. Reiss, "Digital dynamic range compressor design", Journal of the AES, 2012.

    Parameters
    ----------
    wave : ndarray (2, N) float32
    ratio : above 1
    threshold : dB relative to the loudness of the wave
    attack, release : seconds
    makeup : dB
    """
    count = -(-wave.shape[1] // _STEP)
    levels = np.zeros(count * _STEP, np.float32)
    np.abs(wave).max(axis=0, out=levels[: wave.shape[1]])
    over = 20 * np.log10(np.maximum(levels.reshape(count, _STEP).max(axis=1), _SILENT))
    over -= 20 * np.log10(loudness_of(wave)) + threshold
    wanted = -np.maximum(over, 0.0) * (1.0 - 1.0 / ratio)
    falls, recovers = (
        float(np.exp(-_STEP / (max(seconds, 1e-4) * sample_rate))) for seconds in (attack, release)
    )
    gain, now = np.empty(count), 0.0
    for place, aim in enumerate(wanted.tolist()):
        pole = falls if aim < now else recovers
        now = pole * now + (1.0 - pole) * aim
        gain[place] = now
    factor = 10.0 ** ((gain + makeup) / 20.0)
    centres = (np.arange(count) + 0.5) * _STEP
    wave *= np.interp(np.arange(wave.shape[1]), centres, factor).astype(np.float32)
