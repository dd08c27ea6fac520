"""Augmentation of pitch, tempo and level, the same for every stem of a stretch.

A collection of a hundred songs covers few keys and few tempi. Changes of pitch and tempo add more.
Mix and bass must be changed alike, or they no longer fit together. Taught in chapter 10.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import librosa
import numpy as np
import torch
from torch import Tensor

from bassnb.audio import read_stretch

MOST_SEMITONES = 2.0
MOST_TEMPO = 1.1  # and its inverse
MOST_GAIN = 3.0  # dB
WINDOW = 4096  # samples of the phase vocoder: a resolution of 11 Hz, as a bass needs


@dataclass(frozen=True)
class Change:
    """`pitch` in semitones, `tempo` as a ratio, `gain_db` in decibels; the default changes nothing.

    A change of tempo and pitch by the same ratio, as by a faster tape, is resampling alone and free
    of artefacts.
    """

    pitch: float = 0.0
    tempo: float = 1.0
    gain_db: float = 0.0


def draw_change(rng: np.random.Generator) -> Change:
    """Draw a change: gain only, resampling, or pitch and tempo apart.

    Their probabilities are 0.3, 0.6 and 0.1.
    """
    kind, gain = rng.random(), float(rng.uniform(-MOST_GAIN, MOST_GAIN))
    pitch = float(rng.uniform(-MOST_SEMITONES, MOST_SEMITONES))
    tempo = float(MOST_TEMPO ** rng.uniform(-1, 1))
    if kind < 0.3:
        return Change(gain_db=gain)
    return Change(pitch, 2 ** (pitch / 12) if kind < 0.9 else tempo, gain)


def read_changed(
    path: str | Path,
    start: float,
    samples: int,
    change: Change = Change(),
    *,
    minus: Iterable[str | Path] = (),
) -> Tensor:
    """Read `samples` samples of a changed file, from second `start` of the file on.

    Resampling changes pitch and tempo together; a phase vocoder does the rest of the tempo change.
    Its frames lie at the same places in all stems, but it softens attacks and moves them by up to a
    few hundredths of a second, so `draw_change` asks for it seldom.

    Parameters
    ----------
    path : audio file
    start : seconds
    samples : length of the result
    change : what to change
    minus : files that are subtracted at the same place after resampling
        The phase vocoder comes later because it is not linear.

    Returns
    -------
    wave : Tensor (2, samples), float32, 44.1 kHz; silent where the file has ended

    Raises
    ------
    AudioError
        As `bassnb.audio.read_stretch`.
    """
    speed = 2 ** (change.pitch / 12)
    rate = change.tempo / speed
    same = abs(rate - 1) < 1e-6
    wave = read_stretch(path, start, samples if same else math.ceil(samples * rate), speed=speed)
    for other in minus:
        wave -= read_stretch(other, start, wave.shape[-1], speed=speed)
    if not same:
        stretched = librosa.effects.time_stretch(wave.numpy(), rate=rate, n_fft=WINDOW)
        wave = torch.from_numpy(librosa.util.fix_length(stretched, size=samples))
    return wave * 10 ** (change.gain_db / 20)
