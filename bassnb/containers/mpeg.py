"""MP3: a sequence of frames.

The first one may state how many follow (Xing or Info, with LAME's extension).
The frames are counted. Where that number is not in the file it is put in front, where it is wrong
it is corrected; the samples that LAME's header says to cut off at the beginning and at the end are
still cut off. Files that were joined are separate segments, and what lies between frames (tags,
damage) is left out. libmpg123 seeks in files of variable bit rate by guessing; here the places of
some frames are noted, and decoding begins at one of them.
"""

from __future__ import annotations

import re
import struct
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import BinaryIO, NamedTuple

from bassnb.containers.spliced import Piece, Segment, after_id3

KILOBITS = (
    (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),  # MPEG-1 layer III
    (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),  # MPEG-2 and 2.5
)
RATES = (44_100, 48_000, 32_000)  # of MPEG-1; half and a quarter of it in the others
SYNC = re.compile(rb"\xff[\xe2\xe3\xf2\xf3\xfa\xfb][\x10-\xef]|ID3")
HEAD = 64  # bytes of a frame up to the fields of its tag
DELAY = 529  # samples that libmpg123 cuts off at the beginning besides those of LAME's header
NOTED = 64  # of so many frames, the place of one is noted
RESERVOIR = 32  # frames on which the sound of one may depend


class _Frame(NamedTuple):
    """The header of a frame; `kind` cannot change within a stream."""

    length: int  # bytes
    samples: int
    kind: tuple[int, int, bool]  # version, rate, mono
    tag: int  # where a tag would stand


@dataclass
class _Run:
    """Frames of one kind.

    Attributes
    ----------
    head, tag : the first bytes of the first frame; the whole of it if it is a tag
    pieces, count : where the others lie, and how many they are
    noted : where every 64th of them begins
    """

    head: bytes
    tag: bytes
    pieces: list[tuple[int, int]] = field(default_factory=list)
    count: int = 0
    noted: array = field(default_factory=lambda: array("Q"))


def mpeg_segments(file: BinaryIO, start: int, end: int) -> list[Segment]:
    """The segments of an MP3 file; see `bassnb.containers.segments_of`."""
    runs: list[_Run] = []
    for place, head, frame in _frames(file, start, end):
        tagged = _is_tag(head, frame)
        if not runs or tagged or frame.kind != _known(runs[-1].head[:4]).kind:
            file.seek(place)
            runs.append(_Run(head, file.read(frame.length) if tagged else b""))
        if not tagged:
            _add(runs[-1], place, place + frame.length)
    runs = [run for run in runs if run.count]
    clean = len(runs) == 1 and len(runs[0].pieces) == 1 and _first(runs[0]) == runs[0].tag
    return [
        Segment(() if clean else (_first(run), *run.pieces), near=partial(_near, run))
        for run in runs
    ]


def _add(run: _Run, start: int, stop: int) -> None:
    """Append a frame to a run."""
    if run.count % NOTED == 0:
        run.noted.append(start)
    run.count += 1
    if run.pieces and run.pieces[-1][1] == start:
        run.pieces[-1] = (run.pieces[-1][0], stop)
    else:
        run.pieces.append((start, stop))


def _frames(file: BinaryIO, place: int, end: int) -> Iterator[tuple[int, bytes, _Frame]]:
    """Place, first bytes and description of one frame after the other.

    A frame is accepted if it is of the kind of the one before, or if another one of its kind
    follows.
    """
    kind: tuple[int, int, bool] | None = None
    while place + 4 <= end:
        file.seek(place)
        head = file.read(HEAD)
        frame = _frame(head[:4])
        after = place + frame.length if frame else end + 1
        if (
            frame
            and after <= end
            and (frame.kind == kind or after == end or _kind_at(file, after) == frame.kind)
        ):
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
    # version 3 is MPEG-1, 2 is MPEG-2, 0 is MPEG-2.5
    version, mono = head[1] >> 3 & 3, head[3] >> 6 == 3
    first = version == 3
    rate = RATES[head[2] >> 2 & 3] // {3: 1, 2: 2, 0: 4}[version]
    length = (144_000 if first else 72_000) * KILOBITS[not first][head[2] >> 4] // rate + (
        head[2] >> 1 & 1
    )
    side = (17 if mono else 32) if first else (9 if mono else 17)
    return _Frame(length, 1152 if first else 576, (version, rate, mono), 4 + side)


def _known(head: bytes) -> _Frame:
    """The frame that begins with four bytes which `_frame` has accepted before."""
    frame = _frame(head)
    assert frame is not None
    return frame


def _is_tag(head: bytes, frame: _Frame) -> bool:
    """Whether a frame holds no sound, but facts about those that follow."""
    return head[36:40] == b"VBRI" or _xing(head, frame) is not None


def _xing(head: bytes, frame: _Frame) -> int | None:
    """Where an Xing header begins: behind the side information, or two bytes later, if those of a
    checksum are counted.
    """
    return next(
        (
            place
            for place in (frame.tag, frame.tag + 2)
            if head[place : place + 4] in (b"Xing", b"Info")
        ),
        None,
    )


def _count_at(run: _Run) -> int | None:
    """Where the number of frames stands in the tag of a run, if there; libmpg123 ignores that
    of VBRI.
    """
    place = _xing(run.tag, _known(run.head[:4]))
    return place + 8 if place is not None and run.tag[place + 7] & 1 else None


def _first(run: _Run) -> bytes:
    """The tag of a run with the right number of frames; a new one if it has none."""
    place = _count_at(run)
    if place is None:
        return _new_tag(run.head, run.count + 1) + _silent(run.head)
    if struct.unpack_from(">I", run.tag, place)[0] == run.count:
        return run.tag
    tag = bytearray(run.tag)
    struct.pack_into(">I", tag, place, run.count)
    if tag[place - 1] & 2:  # the number of bytes is there, too
        struct.pack_into(
            ">I", tag, place + 4, len(tag) + sum(stop - start for start, stop in run.pieces)
        )
    return bytes(tag)


def _new_tag(head: bytes, count: int) -> bytes:
    """A tag for `count` frames, of which the first one is cut off.

    libmpg123 always cuts off `DELAY` samples, here from a frame that is there for it.
    """
    tag = _silent(head, 14)
    frame = _known(tag[:4])
    # samples at the beginning and at the end, less and more by `DELAY`
    cut = (frame.samples - DELAY) << 12 | DELAY
    fields = struct.pack(">4sII9s12x3s", b"Info", 1, count, b"bassnb", cut.to_bytes(3, "big"))
    return tag[: frame.tag] + fields + tag[frame.tag + len(fields) :]


def _silent(head: bytes, rate: int = 1) -> bytes:
    """A silent frame of the kind of another one, without checksum; of the lowest bit rate, unless
    more room is needed.
    """
    head = bytes([0xFF, head[1] | 1, head[2] & 0x0C | rate << 4, head[3]])
    return head.ljust(_known(head).length, b"\0")


def _cut(run: _Run) -> int:
    """Samples that libmpg123 cuts off at the beginning of a run because of its tag."""
    place = _count_at(run)
    if place is None:
        return 0
    flags = run.tag[place - 1]
    place += 4 + (4 if flags & 2 else 0) + (100 if flags & 4 else 0) + (4 if flags & 8 else 0) + 21
    return int.from_bytes(run.tag[place : place + 2].ljust(2, b"\0"), "big") // 16 + DELAY


def _near(run: _Run, sample: int) -> tuple[tuple[Piece, ...], int]:
    """Pieces that begin before a sample of a run, and how many samples before; see `Segment.near`."""
    samples = _known(run.head[:4]).samples
    sample += _cut(run)
    index = max(0, (sample // samples - RESERVOIR) // NOTED)
    if index == 0:
        return (_new_tag(run.head, run.count + 1), _silent(run.head), *run.pieces), sample
    place, left = run.noted[index], run.count - index * NOTED
    pieces = [(max(start, place), stop) for start, stop in run.pieces if stop > place]
    return (_new_tag(run.head, left), *pieces), sample - (index * NOTED + 1) * samples
