"""A file put together from pieces of another one and bytes of our own, without copying it."""

from __future__ import annotations

import io
import os
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import BinaryIO

# bytes of our own, or those from one place of the file up to another
Piece = bytes | tuple[int, int]


@dataclass(frozen=True)
class Segment:
    """A part of a file that libsndfile can read as a file of its own.

    Attributes
    ----------
    pieces : what it consists of; nothing stands for the whole file, unchanged
    counted : whether the number of frames that libsndfile finds in it is true; otherwise it is an
        upper bound
    tail : frames at its end among which libsndfile does not find the one that is sought
    near : callable that gives, for the number of a frame, pieces that begin somewhat before it and
        by how many frames; where libsndfile finds no frame exactly
    demuxer : ffmpeg's reader of a file that libsndfile cannot read; see `bassnb.containers.ffmpeg`
    """

    pieces: tuple[Piece, ...] = ()
    counted: bool = True
    tail: int = 0
    near: Callable[[int], tuple[tuple[Piece, ...], int]] | None = None
    demuxer: str = ""


class Spliced(io.RawIOBase):
    """The pieces of a segment as one file, to be read.

    Parameters
    ----------
    path : of the file that the pieces are taken from
    pieces : at least one
    """

    def __init__(self, path: str | os.PathLike, pieces: Sequence[Piece]) -> None:
        super().__init__()
        self._pieces = pieces
        self._ends = list(
            accumulate(
                len(piece) if isinstance(piece, bytes) else piece[1] - piece[0] for piece in pieces
            )
        )
        self._place = 0
        self._file = open(path, "rb")

    def close(self) -> None:
        self._file.close()
        super().close()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._place = (0, self._place, self._ends[-1])[whence] + offset
        return self._place

    def readinto(self, buffer) -> int:
        done = 0
        while (
            done < len(buffer)
            and 0 <= self._place < self._ends[-1]
            and (data := self._read(len(buffer) - done))
        ):
            buffer[done : done + len(data)] = data
            done += len(data)
            self._place += len(data)
        return done

    def _read(self, most: int) -> bytes:
        """Bytes from here on, all from one piece."""
        index = bisect_right(self._ends, self._place)
        piece, left = self._pieces[index], self._ends[index] - self._place
        if isinstance(piece, bytes):
            return piece[len(piece) - left :][:most]
        self._file.seek(piece[1] - left)
        return self._file.read(min(most, left))


def after_id3(file: BinaryIO, place: int) -> int:
    """Where the ID3v2 tags end that begin at `place`; `place` itself if none do."""
    while True:
        file.seek(place)
        tag = file.read(10)
        if len(tag) < 10 or tag[:3] != b"ID3" or tag[3] == 0xFF or max(tag[6:]) > 0x7F:
            return place
        size = tag[6] << 21 | tag[7] << 14 | tag[8] << 7 | tag[9]
        place += 10 + size + (10 if tag[5] & 0x10 else 0)  # a tag may have a footer
