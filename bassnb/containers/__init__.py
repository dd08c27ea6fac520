"""How long an audio file really is, whatever its header says.

libsndfile trusts the length in the header of a file. Streaming programs leave that field empty,
joining and cutting programs leave a wrong one, and beyond 4 GiB it overflows. The modules of this
package find out from the data what is in a file, and describe it as one or more segments, which
libsndfile reads to their end. What libsndfile does not know is left to ffmpeg.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import lru_cache
from typing import BinaryIO

from bassnb.containers.chunks import FORMS, chunk_segments
from bassnb.containers.ffmpeg import demuxer_of, ffmpeg_segments
from bassnb.containers.flac import flac_segments
from bassnb.containers.mpeg import mpeg_segments
from bassnb.containers.ogg import ogg_segments
from bassnb.containers.spliced import Segment, after_id3


def segments_of(path: str | os.PathLike) -> tuple[Segment, ...]:
    """What a file consists of: usually one segment, the file as it is; several if files were
    joined.

    Raises
    ------
    OSError
        If it cannot be read, or holds more than its format can express.
    """
    facts = os.stat(path)
    return _segments(os.path.abspath(path), facts.st_size, (facts.st_ino, facts.st_mtime_ns))


@lru_cache(maxsize=2**16)
def _segments(path: str, size: int, version: tuple[int, int]) -> tuple[Segment, ...]:
    """The segments of a file that has not changed since."""
    with open(path, "rb") as file:
        start = after_id3(file, 0)
        file.seek(start)
        magic = file.read(8)
        if demuxer := demuxer_of(magic):
            return ffmpeg_segments(demuxer)
        reader = _reader(magic[:4])
        return (reader and tuple(reader(file, start, size))) or (Segment(),)


def _reader(magic: bytes) -> Callable[[BinaryIO, int, int], list[Segment]] | None:
    """The reader of files that begin like this; it returns no segments if libsndfile reads the
    file correctly.
    """
    if magic in FORMS:
        return chunk_segments
    if magic[:1] == b"\xff":
        return mpeg_segments
    return {b"OggS": ogg_segments, b"fLaC": flac_segments}.get(magic)
