"""Audio of any length, in blocks that can be read repeatedly.

Taught in chapter 8.

A file of hours does not fit in memory, but nearly every operation needs a property of the whole
file first: its level before it is encoded, its peak before it is written. A `Track` is measured
once and read as often as needed. What is costly to make is made once and kept on disk meanwhile: a
`Spool`.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from bassnb.level import Measured, audible, measure, peak
from bassnb.presets import SAMPLE_RATE


@dataclass(frozen=True)
class Track(Measured):
    """Stereo audio of any length that can be read again and again, block by block.

    Attributes
    ----------
    length, level, peak, sounding : measured on what is audible of it; see `bassnb.level.Measured`
    blocks : callable without arguments that begins anew: Tensors (2, n) of the audio as it is
    """

    blocks: Callable[[], Iterable[Tensor]]

    @classmethod
    def of(cls, blocks: Callable[[], Iterable[Tensor]]) -> Track:
        """Measure what `blocks` gives, once through."""
        return cls(**vars(measure(audible(blocks()))), blocks=blocks)

    def audible(self, gain: float) -> Iterator[Tensor]:
        """What is audible of it, times `gain`, in blocks."""
        return (block * gain for block in audible(self.blocks()))


class Spool:
    """Blocks (2, n) that are costly to make: made once, and read as often as needed from a nameless
    file.

    Parameters
    ----------
    blocks : Tensors (2, n), float32
    folder : whose disk has room for 8 bytes a sample; the file vanishes when the spool is closed,
        or its process ends

    Raises
    ------
    OSError
        If the folder is missing or not writable, or the disk is full.
    """

    def __init__(self, blocks: Iterable[Tensor], folder: Path):
        self.file, self.sizes = tempfile.TemporaryFile(dir=folder), []
        with contextlib.ExitStack() as failed:
            failed.callback(self.file.close)
            for block in blocks:
                self.file.write(np.ascontiguousarray(block.numpy(), np.float32).tobytes())
                self.sizes.append(block.shape[-1])
            failed.pop_all()

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, *_) -> None:
        self.file.close()

    def blocks(self) -> Iterator[Tensor]:
        """The blocks again, from the first."""
        self.file.seek(0)
        for size in self.sizes:
            yield torch.from_numpy(
                np.frombuffer(bytearray(self.file.read(8 * size)), np.float32)
            ).reshape(2, size)


@dataclass(frozen=True)
class Lead:
    """Sound that begins before a song and may last into it, a count-in for example.

    Attributes
    ----------
    sound : Tensor (2, n)
    start : samples after which the song begins, at most n
    """

    sound: Tensor
    start: int

    @property
    def facts(self) -> dict:
        """For the settings of a take."""
        return {"count_in_seconds": self.start / SAMPLE_RATE}

    def before(self, blocks: Iterable[Tensor]) -> Iterator[Tensor]:
        """The blocks of a song, `start` samples later, and the sound over them; not longer than
        that.
        """
        yield self.sound[:, : self.start]
        over = self.sound[:, self.start :]
        for block in blocks:
            part = over[:, : block.shape[-1]]
            block = block.clone()
            block[:, : part.shape[-1]] += part
            over = over[:, block.shape[-1] :]
            yield block


def unclipped_gain(blocks: Iterable[Tensor]) -> float:
    """The factor, at most 1, with which no sample of the audio is louder than 1."""
    return 1 / max(1.0, *map(peak, blocks))


def summed(one: Iterable[Tensor], other: Iterable[Tensor]) -> Iterator[Tensor]:
    """The sum of two streams of the same length, whose blocks may be of different sizes."""
    other, waiting = iter(other), torch.zeros(2, 0)
    for block in one:
        while waiting.shape[-1] < block.shape[-1]:
            waiting = torch.cat([waiting, next(other)], -1)
        yield block + waiting[:, : block.shape[-1]]
        waiting = waiting[:, block.shape[-1] :]


def with_progress(
    blocks: Iterable[Tensor], length: int, what: str, progress: bool
) -> Iterator[Tensor]:
    """The blocks, with a bar in seconds of music while they pass, if `progress`."""
    with tqdm(
        total=round(length / SAMPLE_RATE), desc=what, unit="s", disable=not progress, leave=False
    ) as bar:
        for block in blocks:
            yield block
            bar.update(block.shape[-1] / SAMPLE_RATE)
