"""MP3: frames in a row, of which a first one may say how many follow (Xing, Info or VBRI).

The frames are counted. Where that number is not in the file it is put in front, where it is wrong it is corrected; the
samples that LAME's header says to cut off at the beginning and at the end are still cut off. Files that were joined are
separate segments, and what lies between frames (tags, damage) is left out.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import BinaryIO, NamedTuple

from bassnb.containers.spliced import Segment, after_id3

KILOBITS = (
    (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),  # MPEG-1 layer III
    (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),  # MPEG-2 and 2.5
)
RATES = (44_100, 48_000, 32_000)  # of MPEG-1; half and a quarter of it in the others
SYNC = re.compile(rb"\xff[\xe2\xe3\xf2\xf3\xfa\xfb][\x10-\xef]|ID3")
HEAD = 64  # bytes of a frame up to the fields of its tag


class _Frame(NamedTuple):
    """What the four bytes in front of a frame say; `kind` is what cannot change within a stream."""

    length: int  # bytes
    kind: tuple[int, int, bool]  # version, rate, mono
    tag: int  # where a tag would stand


@dataclass
class _Run:
    """Frames of one kind: the first bytes of the first one, the tag in front of them, where they lie, how many they are."""

    head: bytes
    kind: tuple[int, int, bool]
    tag: bytes | None
    pieces: list[tuple[int, int]] = field(default_factory=list)
    count: int = 0


def mpeg(file: BinaryIO, start: int, end: int) -> list[Segment]:
    """The segments of an MP3 file; see `bassnb.containers.segments_of`."""
    runs: list[_Run] = []
    for place, head, frame in _frames(file, start, end):
        tagged = _name(head, frame) is not None
        if not runs or tagged or frame.kind != runs[-1].kind:
            file.seek(place)
            runs.append(_Run(head, frame.kind, file.read(frame.length) if tagged else None))
        if tagged:
            continue
        run, stop = runs[-1], place + frame.length
        run.count += 1
        if run.pieces and run.pieces[-1][1] == place:
            run.pieces[-1] = (run.pieces[-1][0], stop)
        else:
            run.pieces.append((place, stop))
    runs = [run for run in runs if run.count]
    if len(runs) == 1 and len(runs[0].pieces) == 1 and runs[0].tag and _tag_with(runs[0]) == runs[0].tag:
        return []
    return [Segment((_tag_with(run), *run.pieces)) for run in runs]


def _frames(file: BinaryIO, place: int, end: int) -> Iterator[tuple[int, bytes, _Frame]]:
    """Place, first bytes and description of one frame after the other.

    A frame is believed if it is of the kind of the one before, or if another one of its kind follows.
    """
    kind = None
    while place + 4 <= end:
        file.seek(place)
        head = file.read(HEAD)
        frame = _frame(head[:4])
        after = place + frame.length if frame else end + 1
        if after <= end and (frame.kind == kind or after == end or _kind_at(file, after) == frame.kind):
            kind = frame.kind
            yield place, head, frame
            place = after
        else:
            kind = None
            place = max(after_id3(file, place), _next(file, place + 1, end))


def _kind_at(file: BinaryIO, place: int) -> tuple[int, int, bool] | None:
    file.seek(place)
    frame = _frame(file.read(4))
    return frame.kind if frame else None


def _next(file: BinaryIO, place: int, end: int) -> int:
    """Where the next frame or tag may begin, from `place` on."""
    while place < end:
        file.seek(place)
        if found := SYNC.search(file.read(2**16)):
            return place + found.start()
        place += 2**16 - 2
    return end


@lru_cache(maxsize=2**12)
def _frame(head: bytes) -> _Frame | None:
    """The frame of layer III that begins with these four bytes, or None."""
    if not SYNC.match(head) or head[:3] == b"ID3" or len(head) < 4 or head[2] >> 2 & 3 == 3:
        return None
    version, mono = head[1] >> 3 & 3, head[3] >> 6 == 3  # version 3 is MPEG-1, 2 is MPEG-2, 0 is MPEG-2.5
    first = version == 3
    rate = RATES[head[2] >> 2 & 3] // {3: 1, 2: 2, 0: 4}[version]
    length = (144_000 if first else 72_000) * KILOBITS[not first][head[2] >> 4] // rate + (head[2] >> 1 & 1)
    side = (17 if mono else 32) if first else (9 if mono else 17)
    return _Frame(length, (version, rate, mono), 4 + side + (0 if head[1] & 1 else 2))


def _name(head: bytes, frame: _Frame) -> bytes | None:
    """Which tag a frame holds instead of sound, if any."""
    if head[36:40] == b"VBRI":
        return b"VBRI"
    name = head[frame.tag : frame.tag + 4]
    return name if name in (b"Xing", b"Info") else None


def _tag_with(run: _Run) -> bytes:
    """The tag of a run with the right numbers; a new one if it has none, or one without a number."""
    tag = bytearray(run.tag or b"")
    frame = _frame(run.head[:4])
    if tag and _name(tag, frame) == b"VBRI":
        place = 50
    elif len(tag) >= frame.tag + 12 and tag[frame.tag + 7] & 1:
        place = frame.tag + 8
    else:
        return _new_tag(run)
    if struct.unpack_from(">I", tag, place)[0] != run.count:
        struct.pack_into(">I", tag, place, run.count)
        size = len(tag) + sum(stop - start for start, stop in run.pieces)
        if _name(tag, frame) == b"VBRI":
            struct.pack_into(">I", tag, 46, size)
        elif tag[frame.tag + 7] & 2:
            struct.pack_into(">I", tag, place + 4, size)
    return bytes(tag)


def _new_tag(run: _Run) -> bytes:
    """A silent frame of the kind of a run that says how many frames follow, and nothing else."""
    head = bytes([0xFF, run.head[1] | 1, run.head[2] & 0x0C | 0xE0, run.head[3]])  # no checksum, the highest bit rate
    frame = _frame(head)
    tag = bytearray(head.ljust(frame.length, b"\0"))
    struct.pack_into(">4sII", tag, frame.tag, b"Info", 1, run.count)
    return bytes(tag)
