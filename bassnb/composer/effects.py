"""The channel strip: a few fast effects on stereo waves.

All of them work in place, block by block, because allocating memory for a whole song costs more
than the arithmetic. Delays process the blocks from the end to the start, so that they read dry
samples. Taught in chapter 10.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.signal import lfilter

from bassnb.composer.amplifier import amplify, cabinet, compress
from bassnb.composer.equaliser import equalise
from bassnb.composer.score import Effects
from bassnb.composer.space import chorus, reverberate
from bassnb.composer.wear import wear_out

_BLOCK = 16384
# Early reflections of a small room: seconds, gain, channel.
_REFLECTIONS = (
    (0.0113, 0.7, 0),
    (0.0171, 0.6, 1),
    (0.0237, 0.5, 1),
    (0.0313, 0.4, 0),
    (0.0419, 0.3, 1),
    (0.0487, 0.25, 0),
)
_ECHOES = 4


def apply_effects(wave: np.ndarray, effects: Effects, pan: float, sample_rate: int) -> None:
    """Run a wave through the channel strip, in place.

    Parameters
    ----------
    wave : ndarray (2, N) float32, overwritten
    effects : what to apply, in the order filter, drive, amplifier, compressor, equaliser, chorus,
        room, echo, width, wear
    pan : -1 (left) to 1 (right)
    sample_rate : Hz
    """
    if effects.lowpass:
        low_pass(wave, effects.lowpass, sample_rate)
    if effects.drive:
        soft_clip(wave, effects.drive)
    _shape(wave, effects, sample_rate)
    if effects.room:
        reflect(wave, effects.room, sample_rate)
    if effects.room and effects.room_decay:
        reverberate(wave, effects.room, effects.room_decay, effects.seed, sample_rate)
    if effects.delay:
        echo(wave, round(effects.delay * sample_rate), effects.feedback)
    if pan or effects.width != 1.0:
        place(wave, pan, effects.width)
    wear_out(wave, effects, sample_rate)


def _shape(wave: np.ndarray, effects: Effects, sample_rate: int) -> None:
    """Amplifier, compressor, equaliser and chorus, in place."""
    if effects.amp:
        amplify(wave, effects.amp, effects.bias)
    if effects.cabinet_low or effects.cabinet_high:
        cabinet(wave, effects.cabinet_low, effects.cabinet_high, sample_rate)
    if effects.ratio > 1.0:
        compress(
            wave,
            ratio=effects.ratio,
            threshold=effects.threshold,
            attack=effects.attack,
            release=effects.release,
            makeup=effects.makeup,
            sample_rate=sample_rate,
        )
    equalise(wave, effects, sample_rate)
    if effects.chorus:
        chorus(wave, effects, sample_rate)


def _blocks(samples: int) -> Iterator[tuple[int, int]]:
    for start in range(0, samples, _BLOCK):
        yield start, min(start + _BLOCK, samples)


def low_pass(wave: np.ndarray, corner: float, sample_rate: int) -> None:
    """Two equal one-pole low-pass filters in series.

    Each is y[n] = p y[n-1] + (1 - p) x[n] with p = exp(-2 pi corner / sample_rate).
    """
    pole = np.exp(-2.0 * np.pi * corner / sample_rate)
    numerator = np.array([(1.0 - pole) ** 2], np.float32)
    denominator = np.array([1.0, -2.0 * pole, pole**2], np.float32)
    state = np.zeros((2, 2), np.float32)
    for start, end in _blocks(wave.shape[1]):
        dry = wave[:, start:end] + np.float32(1e-9)  # denormal numbers are slow
        wave[:, start:end], state = lfilter(numerator, denominator, dry, axis=-1, zi=state)


def soft_clip(wave: np.ndarray, drive: float) -> None:
    """tanh of the wave, scaled so that its peak enters at 1 + `drive` and hardly changes."""
    top = float(max(wave.max(initial=0.0), -wave.min(initial=0.0)))
    if top > 0.0:
        wave *= np.float32((1.0 + drive) / top)
        np.tanh(wave, out=wave)
        wave *= np.float32(top)


def reflect(wave: np.ndarray, level: float, sample_rate: int) -> None:
    """Add six early reflections, three a side, of the mono sum."""
    longest = round(max(seconds for seconds, _, _ in _REFLECTIONS) * sample_rate)
    for start, end in reversed(list(_blocks(wave.shape[1]))):
        mono = np.zeros(longest + end - start, np.float32)
        known = min(longest, start)
        np.add(
            wave[0, start - known : end], wave[1, start - known : end], out=mono[longest - known :]
        )
        for seconds, loud, side in _REFLECTIONS:
            lag = longest - round(seconds * sample_rate)
            wave[side, start:end] += np.float32(0.5 * level * loud) * mono[lag : lag + end - start]


def echo(wave: np.ndarray, lag: int, feedback: float) -> None:
    """Add four echoes `lag` samples apart, each `feedback` times as loud as the one before."""
    for start, end in reversed(list(_blocks(wave.shape[1]))):
        wet = wave[:, start:end].copy()
        for count in range(1, _ECHOES + 1):
            begin = max(start - count * lag, 0)
            source = wave[:, begin : max(end - count * lag, 0)]
            if source.shape[1]:
                wet[:, wet.shape[1] - source.shape[1] :] += np.float32(feedback**count) * source
        wave[:, start:end] = wet


def place(wave: np.ndarray, pan: float, width: float) -> None:
    """Scale the side signal by `width`, then pan with equal power (unit gain in the middle)."""
    angle = (pan + 1.0) * np.pi / 4.0
    left, right = np.sqrt(2.0) * np.cos(angle), np.sqrt(2.0) * np.sin(angle)
    near, far = (1.0 + width) / 2.0, (1.0 - width) / 2.0
    matrix = np.array([[left * near, left * far], [right * far, right * near]], np.float32)
    for start, end in _blocks(wave.shape[1]):
        wave[:, start:end] = matrix @ wave[:, start:end]
