"""Workarounds for writing with libsndfile: unreported write errors, and WAV files beyond 4 GiB."""

from __future__ import annotations

import errno
import io
import os
from pathlib import Path

from bassnb.containers.chunks import FORMS, LARGEST, rf64, samples_chunk

MOVED = 2**24  # bytes at a time


class Watched(io.FileIO):
    """A file that records failed writes: libsndfile does not report those of its last kilobytes."""

    failure: OSError | None = None

    def write(self, data) -> int:
        try:
            if super().write(data) < len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            self.failure = self.failure or error
        return len(data)

    def check(self) -> None:
        """Raise the first error, if there was one."""
        if self.failure:
            raise self.failure


def make_readable(path: Path, largest: int = LARGEST) -> None:
    """Make a WAV file of at least `largest` bytes an RF64 file, in place; its samples move back by
    36 bytes.

    EBU Tech 3306 defines RF64 for sizes that 32 bits cannot hold; other programs read it as WAV.
    """
    with open(path, "rb+") as file:
        end = file.seek(0, os.SEEK_END)
        if end < largest:
            return
        chunk = samples_chunk(file, FORMS[b"RIFF"], 12, end)
        assert chunk is not None  # libsndfile has just written it
        place, _ = chunk
        file.seek(0)
        head = file.read(place)
        head = rf64(head, end - place)
        for start in reversed(range(place, end, MOVED)):
            file.seek(start)
            data = file.read(MOVED)
            file.seek(start + len(head) - place)
            file.write(data)
        file.seek(0)
        file.write(head)
