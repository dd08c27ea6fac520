"""Another key, another tempo, another level: the same change for every stem of a stretch. Taught in
chapter 10.

A collection of a hundred songs knows few keys and few tempos. Played a little faster or higher, a
stretch is music that nobody has recorded; mix and bass must then be changed alike, or they no
longer belong together.
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
WINDOW = 4096  # samples of the phase vocoder: a bass needs its 11 Hz


@dataclass(frozen=True)
class Change:
    """`pitch` in semitones, `tempo` as a ratio, `gain_db` in decibels; the default changes nothing.

    A change of tempo and pitch by the same ratio is that of a tape: the only one that leaves no
    trace but itself.
    """

    pitch: float = 0.0
    tempo: float = 1.0
    gain_db: float = 0.0


def draw_change(rng: np.random.Generator) -> Change:
    """As recorded, from a faster or slower tape, or in another key and tempo: three, six and one
    time in ten.
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
    """A stretch of a file, changed: `samples` samples that begin with second `start` of the file.

    Pitch and tempo together come from reading the file at another rate. What is left of the tempo
    is done by a phase vocoder. Its frames lie at the same places in all stems, but it softens
    attacks and moves them by up to a few hundredths of a second: hence it is drawn seldom.

    Parameters
    ----------
    minus : files that are taken off at the same place, before anything but the rate is changed: a
        phase vocoder does not give the difference of two waves as the difference of what it makes
        of them

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
