"""The ruler of timbres, fitted to composed basses that went through a model's autoencoder.

Taught in chapter 9.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from torch import Tensor

from bassnb.accompanist import Accompanist
from bassnb.composer.render import render
from bassnb.composer.songs import compose
from bassnb.errors import BassnbError
from bassnb.metrics.timbre import PROGRAMS, TIMBRES, TimbreRuler, fit_ruler, timbre_features
from bassnb.studies.takes import through_autoencoder

FIT_SEED = 50_000  # first of the training songs that the ruler is fitted to


def labelled_basses(
    seeds: Iterable[int], *, split: str, seconds: float
) -> Iterable[tuple[Tensor, int]]:
    """Basses (2, N) of composed songs, each with its number in `TIMBRES`.

    The eight General MIDI basses take turns.
    """
    for seed in seeds:
        label = seed % len(TIMBRES)
        song = compose(seed, split=split, seconds=seconds, bass_program=PROGRAMS[label])
        yield render(song, parts=["bass"])["bass"], label


def calibrate(accompanist: Accompanist, *, basses: int = 240, seconds: float = 6.0) -> TimbreRuler:
    """Fit the ruler to basses of training songs that went through this model's bass autoencoder.

    With 240 basses of 6 s this takes about half a minute of one core, and gives the same ruler
    every time.
    """
    seeds = range(FIT_SEED, FIT_SEED + basses)
    played = labelled_basses(seeds, split="train", seconds=seconds)
    return ruler_of((through_autoencoder(accompanist, wave), label) for wave, label in played)


def ruler_of(basses: Iterable[tuple[Tensor, int]]) -> TimbreRuler:
    """A ruler fitted to basses (2, N) with their numbers in `TIMBRES`."""
    features, labels = [], []
    for wave, label in basses:
        try:
            features.append(timbre_features(wave))
        except BassnbError:  # a bass that rests all the time teaches nothing
            continue
        labels.append(label)
    return fit_ruler(np.array(features), np.array(labels))
