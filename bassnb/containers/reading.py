"""Segments of audio files opened with libsndfile, or decoded by ffmpeg: their samples as they are,
and how many there are.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeAlias

import numpy as np
import soundfile

from bassnb.containers.ffmpeg import Decoded
from bassnb.containers.spliced import Segment, Spliced

Readable: TypeAlias = soundfile.SoundFile | Decoded
BLOCK = 2**20  # frames read at once, 24 s at 44.1 kHz; fewer where there are more than two channels


class _InOneGo(soundfile.SoundFile):
    """A file that is read on and on: soundfile seeks after each read, and ends elsewhere in an MP3
    of variable bit rate.
    """

    def seekable(self) -> bool:
        return False


@contextmanager
def opened(path: str | os.PathLike, segment: Segment) -> Iterator[Readable]:
    """A segment of a file to read; on Linux and macOS a name is bytes, and need not be text in
    UTF-8.
    """
    if segment.demuxer:
        with Decoded(path, segment.demuxer) as file:
            yield file
    elif not segment.pieces:
        with _InOneGo(os.fsencode(path) if os.name == "posix" else path) as file:
            yield file
    else:
        with Spliced(path, segment.pieces) as pieces, _InOneGo(pieces) as file:
            yield file


@contextmanager
def opened_at(path: str | os.PathLike, segment: Segment, first: int) -> Iterator[Readable]:
    """A segment of which frame `first` is read next; where libsndfile's seeking is not exact, what
    lies before is decoded.
    """
    pieces, before = segment.near(first) if segment.near else (None, 0)
    with opened(path, Segment(pieces) if pieces else segment) as file:
        if not pieces:
            place = min(first, max(file.frames - segment.tail, 0))
            before = first - place
            file.seek(place)
        for _ in samples_of(file, most=before):
            pass
        yield file


def samples_of(file: Readable, frames: int = BLOCK, most: float = math.inf) -> Iterator[np.ndarray]:
    """The next `most` frames of an open file, (n, C) at a time, until nothing comes."""
    # a small file can hold hundreds of channels
    frames = max(1, 2 * frames // max(2, file.channels))
    while most > 0 and len(
        block := file.read(int(min(frames, most)), dtype="float32", always_2d=True)
    ):
        most -= len(block)
        yield block


def facts_of(path: str | os.PathLike, segment: Segment) -> tuple[int, int, int]:
    """Rate in Hz, true number of frames and number of channels of a segment.

    Where its header is not reliable, the frames are decoded and counted.
    """
    with opened(path, segment) as file:
        return (
            file.samplerate,
            file.frames if segment.counted else sum(map(len, samples_of(file))),
            file.channels,
        )
