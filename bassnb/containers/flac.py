"""FLAC: frames with the number of their first sample, or with their own number (RFC 9639).

The header says how many samples there are, or 0 where the encoder did not know. The last frame has
the true number. Files that were joined are separate segments: there the numbers fall from one frame
to a later one.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from itertools import islice
from typing import BinaryIO, NamedTuple

from bassnb.containers.spliced import Segment

BEGIN = re.compile(rb"fLaC[\x00\x80]\x00\x00\x22")  # followed by the header, 34 bytes
SYNC = re.compile(rb"\xff[\xf8\xf9]")
# samples; 0: see the frame
SIZES = (0, 192, 576, 1152, 2304, 4608, 0, 0, 256, 512, 1024, 2048, 4096, 8192, 16_384, 32_768)
PROBES = 8
WINDOW = 2**16  # bytes in which a frame begins, at the usual sizes of frames


def flac_segments(file: BinaryIO, start: int, end: int) -> list[Segment]:
    """The segments of a FLAC file; see `bassnb.containers.segments_of`."""
    file.seek(start)
    info = file.read(42)
    last = _last(file, start, end, info)
    if last is None:
        return []
    if last == _declared(info) and _rising(file, start, end, info):
        return []
    borders = [*_beginnings(file, start, end), end]
    segments = [_segment(file, *borders[i : i + 2]) for i in range(len(borders) - 1)]
    return [segment for segment in segments if segment]


def _segment(file: BinaryIO, start: int, stop: int) -> Segment | None:
    """One file of those that were joined, with the true number of samples; None if it holds no
    frame.
    """
    file.seek(start)
    info = file.read(42)
    last = _last(file, start, stop, info)
    if last is None:
        return None
    packed = struct.unpack(">Q", info[18:26])[0] >> 36 << 36 | last
    return Segment((info[:18] + struct.pack(">Q", packed) + info[26:], (start + 42, stop)))


def _beginnings(file: BinaryIO, start: int, end: int) -> list[int]:
    """Where files begin within this one."""
    found, place = [], start
    while place < end:
        file.seek(place)
        found += [place + match.start() for match in BEGIN.finditer(file.read(2**20))]
        place += 2**20 - 7
    return sorted(set(found))


def _declared(info: bytes) -> int:
    """The number of samples in the header: the lower 36 bits of its eight bytes from 18 on."""
    return struct.unpack(">Q", info[18:26])[0] & (2**36 - 1)


def _last(file: BinaryIO, start: int, end: int, info: bytes) -> int | None:
    """The number of samples up to the end of the last frame; None if there is no frame.

    Sound can look like the beginning of a frame: one is accepted if another one ends where it
    begins.
    """
    window = WINDOW
    while len(info) == 42:
        place = max(start + 42, end - window)
        file.seek(place)
        frames = list(_frames(file.read(max(0, end - place)), info))
        borders = {0, *(frame.after for frame in frames)}
        if last := next((frame for frame in reversed(frames) if frame.first in borders), None):
            return last.after
        if place == start + 42 or window > 2**24:
            break
        window *= 4
    return None


def _rising(file: BinaryIO, start: int, end: int, info: bytes) -> bool:
    """Whether the numbers of some frames, from the beginning to the end of the file, rise."""
    firsts = {}  # by place; two probes may find the same frame
    for probe in range(PROBES):
        place = start + 42 + (end - start - 42) * probe // PROBES
        file.seek(place)
        for frame in islice(_frames(file.read(WINDOW), info), 1):
            firsts[place + frame.place] = frame.first
    numbers = [firsts[place] for place in sorted(firsts)]
    return numbers == sorted(set(numbers))


class _Frame(NamedTuple):
    """Where a frame begins in what was read, its first sample, and the one after its last."""

    place: int
    first: int
    after: int


def _frames(data: bytes, info: bytes) -> Iterator[_Frame]:
    """All frames that begin in `data`."""
    for match in SYNC.finditer(data):
        if found := _samples(data[match.start() :][:16].ljust(16, b"\0"), info):
            yield _Frame(match.start(), found[0], sum(found))


def _samples(data: bytes, info: bytes) -> tuple[int, int] | None:
    """First sample and number of samples of the frame that begins with these 16 bytes; None if none
    does.
    """
    block, rate, odd = data[2] >> 4, data[2] & 15, data[3] & 1
    # bytes of the number, as in UTF-8: ones in front of the first 0
    extra = min(len(f"{data[4]:08b}".partition("0")[0]), 7)
    if block == 0 or rate == 15 or odd or extra == 1 or data[3] >> 4 > 10:
        return None
    place = 4 + max(extra, 1)
    number = data[4] & (0x7F >> extra)
    for byte in data[5:place]:
        if byte >> 6 != 2:
            return None
        number = number << 6 | byte & 0x3F
    # a size that is no power of two stands there
    after = place + (block - 5 if block in (6, 7) else 0)
    size = SIZES[block] or int.from_bytes(data[place:after], "big") + 1
    place = after + (1 if rate == 12 else 2 if rate > 12 else 0)
    if _crc8(data[:place]) != data[place]:
        return None
    return (number if data[1] & 1 else number * struct.unpack(">H", info[10:12])[0]), size


def _crc8(data: bytes) -> int:
    """CRC-8 with the polynomial 07, from 0 (RFC 9639, section 9.1.8)."""
    value = 0
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value << 1 ^ (0x07 if value & 0x80 else 0)) & 0xFF
    return value
