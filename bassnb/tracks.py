"""Audio of any length, in blocks that can be gone through again and again. Taught in chapter 8.

A file of hours does not fit in memory, but nearly everything needs to know something of the whole of it first: its
level before it is encoded, its peak before it is written. A `Track` is measured once and read as often as needed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from tqdm import tqdm

from bassnb.audio import peak
from bassnb.presets import SAMPLE_RATE


@dataclass(frozen=True)
class Track:
    """Stereo audio of any length that can be read again and again, block by block.

    Attributes
    ----------
    length : samples at 44.1 kHz
    rms, peak : of the whole, linear
    blocks : callable without arguments that begins anew: Tensors (2, n)
    """

    length: int
    rms: float
    peak: float
    blocks: Callable[[], Iterable[Tensor]]

    @classmethod
    def of(cls, blocks: Callable[[], Iterable[Tensor]]) -> Track:
        """Measure what `blocks` gives, once through."""
        length, energy, loudest = 0, 0.0, 0.0
        for block in blocks():
            length += block.shape[-1]
            energy += float(block.double().square().sum())
            loudest = max(loudest, peak(block))
        return cls(length, math.sqrt(energy / max(2 * length, 1)), loudest, blocks)

    def scaled(self, gain: float) -> Iterator[Tensor]:
        """The blocks, each times `gain`."""
        return (block * gain for block in self.blocks())


def unclipped(blocks: Callable[[], Iterable[Tensor]]) -> Track:
    """The same audio, turned down as a whole if it would clip; what makes it is run once to find that out."""
    track = Track.of(blocks)
    return Track(track.length, track.rms, track.peak, lambda: track.scaled(1 / max(track.peak, 1.0)))


def together(one: Iterable[Tensor], other: Iterable[Tensor]) -> Iterator[Tensor]:
    """The sum of two streams of the same length, whose blocks may be of different sizes."""
    other, waiting = iter(other), torch.zeros(2, 0)
    for block in one:
        while waiting.shape[-1] < block.shape[-1]:
            waiting = torch.cat([waiting, next(other)], -1)
        yield block + waiting[:, : block.shape[-1]]
        waiting = waiting[:, block.shape[-1] :]


def shown(blocks: Iterable[Tensor], length: int, what: str, progress: bool) -> Iterator[Tensor]:
    """The blocks, with a bar in seconds of music while they pass, if `progress`."""
    with tqdm(total=round(length / SAMPLE_RATE), desc=what, unit="s", disable=not progress, leave=False) as bar:
        for block in blocks:
            yield block
            bar.update(block.shape[-1] / SAMPLE_RATE)
