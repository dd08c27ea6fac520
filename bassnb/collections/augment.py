"""`colour_mix`: random equaliser, room, stereo width, saturation and noise. Taught in chapter 10.

All composed songs come from one synthesizer and one mixer, recorded ones do not. Properties of the
conditioning mix that do not change the music are therefore drawn at random, so that the diffusion
model cannot depend on them. The bass, which is the target, is not changed.
"""

from __future__ import annotations

import numpy as np
import torch
from scipy.fft import irfft, next_fast_len, rfft, rfftfreq
from torch import Tensor

from bassnb.presets import SAMPLE_RATE

_OCTAVES = 62.5 * 2.0 ** np.arange(8)  # Hz, 62.5 to 8000: bands of the equaliser
_LONGEST_ROOM = 1.0  # seconds


def colour_mix(mix: Tensor, rng: np.random.Generator) -> Tensor:
    """Equaliser, room, width, saturation and noise, each with its own probability.

    Parameters
    ----------
    mix : Tensor (2, N), 44.1 kHz; not changed
    rng : source of all random choices

    Returns
    -------
    wave : Tensor (2, N), of about the same loudness and in time with `mix`
    """
    wave = mix.numpy().astype(np.float32)
    if not wave.any():
        return mix.clone()
    wave = _linear(wave, rng)
    if rng.random() < 0.5:
        wave = _width(wave, float(rng.uniform(0, 1.3)))
    if rng.random() < 0.3:
        top = float(np.abs(wave).max())
        drive = float(rng.uniform(1.0, 4.0))
        wave = top / np.tanh(drive) * np.tanh(wave * (drive / top))
    if rng.random() < 0.35:
        level = float(np.sqrt(np.mean(wave**2)) * 10 ** (rng.uniform(-50, -20) / 20))
        wave = wave + level * rng.standard_normal(wave.shape, dtype=np.float32)
    return torch.from_numpy(np.ascontiguousarray(wave, dtype=np.float32))


def _linear(wave: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Equaliser and room as one filter, with a single Fourier transform and its inverse."""
    samples = wave.shape[1]
    size = next_fast_len(samples + int(_LONGEST_ROOM * SAMPLE_RATE), real=True)
    frequencies = rfftfreq(size, 1 / SAMPLE_RATE)
    filters = np.broadcast_to(equaliser(frequencies, rng), (2, len(frequencies)))
    if rng.random() < 0.3:
        filters = filters * (1 + rfft(room(rng), size).astype(np.complex64))
    return irfft(rfft(wave, size) * filters, size)[:, :samples].astype(np.float32)


def equaliser(frequencies: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Gain (F,) at `frequencies` (F,) in Hz: a smooth random curve.

    With probability 0.15 each, low or high frequencies are cut off.
    """
    decibels = np.clip(rng.normal(0, 4, len(_OCTAVES)), -9, 9)
    gain = 10 ** (np.interp(np.log2(np.maximum(frequencies, 1)), np.log2(_OCTAVES), decibels) / 20)
    if rng.random() < 0.15:
        gain = gain / np.sqrt(1 + (rng.uniform(80, 300) / np.maximum(frequencies, 1)) ** 4)
    if rng.random() < 0.15:
        gain = gain / np.sqrt(1 + (frequencies / rng.uniform(2000, 8000)) ** 4)
    return gain.astype(np.float32)


def room(rng: np.random.Generator) -> np.ndarray:
    """Reverberation tail (2, N): noise that decays by 60 dB in 0.2 to 1 s.

    Its level relative to the direct sound is -22 to -8 dB.
    """
    times = np.arange(int(_LONGEST_ROOM * SAMPLE_RATE)) / SAMPLE_RATE
    tail = rng.standard_normal((2, len(times))) * 10 ** (
        -3 * times / rng.uniform(0.2, _LONGEST_ROOM)
    )
    tail[:, : int(0.005 * SAMPLE_RATE)] = 0
    level = 10 ** (rng.uniform(-22, -8) / 20)
    return (level * tail / np.sqrt((tail**2).sum(1, keepdims=True))).astype(np.float32)


def _width(wave: np.ndarray, width: float) -> np.ndarray:
    """Scale the side signal."""
    mid, side = (wave[0] + wave[1]) / 2, (wave[0] - wave[1]) / 2 * width
    return np.stack([mid + side, mid - side])
