"""A metronome before the song, so that a player can come in on bar 1.

It is only in the file of mix and bass together. The bass stays exactly as long as the mix,
so that both still lie beside each other in an audio editor.
"""

from __future__ import annotations

import torch
from torch import Tensor

from bassnb.control.beats import Beats
from bassnb.presets import SAMPLE_RATE
from bassnb.tracks import Lead

ACCENT, BEAT = (
    (1500.0, 1.0),
    (1000.0, 0.6),
)  # Hz and height of the first click of a bar, of the others
LENGTH, DECAY = 0.05, 0.01  # seconds


def count_in(beats: Beats, bars: int, level: float) -> Lead:
    """The clicks of `bars` bars that lead to the first beat of bar 1, in the tempo that it has there.

    What sounds before bar 1, a pick-up for example, sounds under the last clicks, as when a band
    counts in. Where more comes before than the clicks take, nothing is put before the song.

    Parameters
    ----------
    bars : 1 or more
    level : linear peak of the loudest click

    Returns
    -------
    Lead : the song starts so many samples after the first click that bar 1 is on time to the sample
    """
    count = bars * beats.beats_per_bar
    places = [round(beats.beat_time(beats.downbeat - k) * SAMPLE_RATE) for k in range(count, 0, -1)]
    start = max(0, -places[0])
    sound = torch.zeros(2, start + max(0, places[-1] + round(LENGTH * SAMPLE_RATE)))
    for number, place in enumerate(places):
        one = click(*(BEAT if number % beats.beats_per_bar else ACCENT)) * level
        sound[:, place + start : place + start + len(one)] += one
    return Lead(sound, start)


def click(hertz: float, height: float) -> Tensor:
    """A short sine that dies away, (n,), with a peak just below `height`."""
    t = torch.arange(round(LENGTH * SAMPLE_RATE)) / SAMPLE_RATE
    return height * torch.sin(2 * torch.pi * hertz * t) * torch.exp(-t / DECAY)
