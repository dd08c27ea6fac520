"""Formats that libsndfile does not read, decoded by the program ffmpeg: AAC, MP4, Matroska, WMA.

ffmpeg is started without a shell. The name of the file is passed as `file:name`, so that no name is
taken for an option or an address; the demuxer is the one that the first bytes call for, and the
only protocols are files and pipes: no file can make it open another one. It writes its samples into
a pipe, so that a film of hours needs no more memory than a song.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import struct
import subprocess
import tempfile
import threading
from typing import BinaryIO

import numpy as np

from bassnb.containers.spliced import Segment

PROGRAM = "ffmpeg"
PATIENCE = 60.0  # seconds that ffmpeg may take for the next block
DEMUXERS = {  # first bytes -> ffmpeg's name of the reader
    b"\x1aE\xdf\xa3": "matroska",  # Matroska and WebM
    b"0&\xb2u": "asf",  # WMA
}
SUFFIXES = tuple(".m4a .mp4 .aac .m4b .mov .mka .mkv .webm .wma".split())
HEAD = struct.Struct(
    ">4s5I"
)  # of an AU file: magic, size of the head, of the data, coding, rate, channels
MOST_HEAD, MOST_CHANNELS = 4096, 1024


def demuxer_of(magic: bytes) -> str | None:
    """ffmpeg's reader for a file that begins with these 8 bytes; None if it is none of its formats."""
    if magic[4:8] == b"ftyp":
        return "mov"  # MP4, M4A, QuickTime, Native Instruments' stems
    if len(magic) > 1 and magic[0] == 0xFF and magic[1] & 0xF6 == 0xF0:
        return "aac"  # in ADTS frames; MPEG layers 1 to 3 have other bits there
    return DEMUXERS.get(magic[:4])


def ffmpeg_segments(demuxer: str) -> tuple[Segment, ...]:
    """A file that ffmpeg decodes: one segment, whose length is known when it has been decoded."""
    return (Segment(counted=False, demuxer=demuxer),)


def program() -> str | None:
    """The path of ffmpeg; None where there is none."""
    return shutil.which(PROGRAM)


def arguments(path: str | os.PathLike, demuxer: str) -> list:
    """The command that writes the first audio stream of a file to standard output, as an AU file of
    32-bit floats: its head has the rate and the channels, and no length is needed.
    """
    reads = ["-protocol_whitelist", "file,pipe", "-f", demuxer, "-i", b"file:" + os.fsencode(path)]
    writes = ["-map", "0:a:0", "-map_metadata", "-1", "-c:a", "pcm_f32be", "-f", "au", "pipe:1"]
    quiet = ["-nostdin", "-hide_banner", "-loglevel", "error", "-xerror"]
    return [program() or PROGRAM, *quiet, *reads, *writes]


class Decoded:
    """A file that ffmpeg decodes, with the part of `soundfile.SoundFile` that is used here.

    Attributes
    ----------
    samplerate : Hz
    channels : their number, in the order of WAV files
    frames : 0, for their number is not known before the end
    subtype : empty

    Raises
    ------
    OSError
        If ffmpeg cannot decode the file, or takes longer than `PATIENCE` for its next samples.
    """

    frames, subtype = 0, ""

    def __init__(self, path: str | os.PathLike, demuxer: str):
        self._late = False
        self._errors = tempfile.TemporaryFile()
        command = [
            os.fsencode(word) if os.name == "posix" else os.fsdecode(word)
            for word in arguments(path, demuxer)
        ]
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._errors
        )
        assert self._process.stdout is not None
        self._pipe: BinaryIO = self._process.stdout  # type: ignore[assignment]
        try:
            head = self._next(HEAD.size)
            if len(head) < HEAD.size:
                self._end()
            magic, size, _, _, self.samplerate, self.channels = HEAD.unpack(
                head.ljust(HEAD.size, b"\0")
            )
            if (
                magic != b".snd"
                or not HEAD.size <= size <= MOST_HEAD
                or not 0 < self.channels <= MOST_CHANNELS
            ):
                raise OSError(errno.EIO, "ffmpeg found no sound in it")
            self._next(size - HEAD.size)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Decoded:
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        """End ffmpeg, whether or not it has decoded everything."""
        self._process.kill()
        self._process.wait()
        self._pipe.close()
        self._errors.close()

    def seek(self, frame: int) -> None:
        """Only the beginning can be found: what lies before a frame has to be decoded."""
        assert frame == 0

    def read(self, frames: int, **_) -> np.ndarray:
        """The next frames, float32 (n, C); fewer than asked for, or none, at the end."""
        size = 4 * self.channels
        data = self._next(frames * size)
        if len(data) < frames * size:
            self._end()
        samples = np.frombuffer(data, ">f4", len(data) // size * self.channels)
        return samples.astype(np.float32).reshape(-1, self.channels)

    def _next(self, size: int) -> bytes:
        """The next bytes, fewer at the end; ffmpeg is killed if it lets us wait."""
        watch = threading.Timer(PATIENCE, self._give_up)
        watch.start()
        try:
            return self._pipe.read(size)
        finally:
            watch.cancel()

    def _give_up(self) -> None:
        self._late = True
        self._process.kill()

    def _end(self) -> None:
        """What ffmpeg has to say at its end; nothing, if all went well."""
        status = self._process.wait()
        if self._late:
            raise OSError(errno.ETIMEDOUT, f"ffmpeg did nothing for {PATIENCE:g} s")
        if status:
            raise OSError(errno.EIO, f"ffmpeg says: {self._complaint() or status}")

    def _complaint(self) -> str:
        """The last line of what ffmpeg printed, without addresses of memory and names of files."""
        self._errors.seek(0)
        lines = self._errors.read(10_000).decode(errors="replace").strip().splitlines()
        text = re.sub(r"\[.*? @ 0x[0-9a-f]+\] ", "", lines[-1]) if lines else ""
        return text.rpartition(": ")[2].strip().rstrip(".")
