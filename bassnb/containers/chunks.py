"""WAV, RF64, AIFF and CAF: files of chunks, each with its size in front.

The size of the samples is wrong where a program did not return to the header (0 or the largest
number), where it was stopped (too small), or where 32 bits were too few. A WAV file beyond 4 GiB is
presented as RF64, which has 64 bits (EBU Tech 3306).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO

from bassnb.containers.spliced import Segment

# what a size of 32 bits can be; as a size, it means that the true one stands elsewhere
LARGEST = 2**32 - 1
# bytes, 0.7 s of stereo in 16 bits; fewer bytes than that behind the samples need not be sound
TRAILER = 2**17


@dataclass(frozen=True)
class _Form:
    """How a format writes its chunks: the format of `struct` for a size, where the first one lies,
    the one with samples.
    """

    size: str
    first: int = 12
    samples: bytes = b"data"
    even: bool = True  # chunks of odd size are followed by a zero


FORMS = {
    b"RIFF": _Form("<I"),
    b"RIFX": _Form(">I"),
    b"RF64": _Form("<I"),
    b"FORM": _Form(">I", samples=b"SSND"),
    b"caff": _Form(">q", first=8, even=False),
}


def chunk_segments(file: BinaryIO, start: int, end: int) -> list[Segment]:
    """One segment with the true size, if that in the file is wrong; see
    `bassnb.containers.segments_of`.
    """
    file.seek(start)
    magic = file.read(4)
    form = FORMS[magic]
    chunk = samples_chunk(file, form, start + form.first, end)
    if chunk is None:
        return []
    place, declared = chunk
    file.seek(start)
    head = file.read(place - start)
    if magic == b"RF64" and head[12:16] == b"ds64" and len(head) >= 48:
        declared = struct.unpack("<Q", head[28:36])[0]
        head = head[:12] + head[20 + struct.unpack("<I", head[16:20])[0] :]
    size = _true_size(file, form, place, declared, end)
    if size == declared:
        return []
    width = struct.calcsize(form.size)
    if magic in (b"RIFF", b"RF64") and size >= LARGEST or magic == b"RF64":
        head = rf64(head, size)
    elif width == 4 and size >= LARGEST:
        raise OSError("it holds more than 4 GiB, which its format cannot express")
    else:
        head = head[:-width] + struct.pack(form.size, size)
    return [Segment((head, (place, place + size)))]


def samples_chunk(file: BinaryIO, form: _Form, place: int, end: int) -> tuple[int, int] | None:
    """Where the samples begin, and how many bytes they are said to be; None if there are none."""
    while chunk := _chunk(file, form, place, end):
        name, begin, size = chunk
        if name == form.samples:
            return begin, size
        place = begin + size + (size % 2 if form.even else 0)
    return None


def _chunk(file: BinaryIO, form: _Form, place: int, end: int) -> tuple[bytes, int, int] | None:
    """Name, first byte and size of the chunk at `place`, unless what lies there cannot be one."""
    file.seek(place)
    head = file.read(4 + struct.calcsize(form.size))
    if (
        place < 0
        or place + len(head) > end
        or len(head) < 4 + struct.calcsize(form.size)
        or not all(32 <= c < 127 for c in head[:4])
    ):
        return None
    return head[:4], place + len(head), struct.unpack(form.size, head[4:])[0] % 2**64


def _true_size(file: BinaryIO, form: _Form, place: int, declared: int, end: int) -> int:
    """How many bytes of samples really begin at `place`.

    The size is right if chunks follow up to the end of the file, and so it is plus a multiple of 4
    GiB. Otherwise the samples go on up to the end, unless what is left is too little.
    """
    there = end - place
    for size in range(declared, there + 1, 2**32):
        if _only_chunks(file, form, place + size, end):
            return size
    return declared if 0 <= there - declared < min(declared, TRAILER) else there


def _only_chunks(file: BinaryIO, form: _Form, place: int, end: int) -> bool:
    """Whether nothing but chunks lies between `place` and the end."""
    while place < end - 1:
        file.seek(place)
        if form.even and place % 2 and file.read(1) == b"\0":
            place += 1
        chunk = _chunk(file, form, place, end)
        if chunk is None:
            return False
        place = chunk[1] + chunk[2]
    return place <= end + 1


def rf64(head: bytes, size: int) -> bytes:
    """The header of a WAV file up to its samples, with 64 bits for their size; the number of frames
    may be left out.
    """
    ds64 = struct.pack("<4sIQQQI", b"ds64", 28, len(head) - 8 + 36 + size, size, 0, 0)
    return (
        b"RF64"
        + struct.pack("<I", LARGEST)
        + head[8:12]
        + ds64
        + head[12:-4]
        + struct.pack("<I", LARGEST)
    )
