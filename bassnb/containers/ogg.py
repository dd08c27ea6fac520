"""Ogg: a sequence of pages.

A file may be a chain of streams (RFC 3533), of which libsndfile reads the first. The last page of a
stream says how many samples there are. A page that says less than the one before is wrong; then
there are as many samples as can be decoded. On the last page libsndfile seeks wrongly, because some
of its samples are cut off.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO

from bassnb.containers.spliced import Segment

BEGINS = 2  # flag of the first page of a stream
LONGEST = 8192  # samples: the longest block of Vorbis
MOST = 255 * LONGEST  # samples of a page, which has at most 255 packets
ENDLESS = 2**40  # samples: more than any stream holds


@dataclass
class _Link:
    """A stream of the chain: its bytes, where its last page lies, and the largest position before
    and the one on it.
    """

    start: int
    stop: int
    last: int = 0
    before: int = 0
    position: int = 0


def ogg_segments(file: BinaryIO, start: int, end: int) -> list[Segment]:
    """The streams of an Ogg file; see `bassnb.containers.segments_of`."""
    links: list[_Link] = []
    begins = False
    while (page := _page(file, start, end)) is not None:
        length, flags, position = page
        if flags & BEGINS and not begins or not links:
            links.append(_Link(start, start))
        begins, link = bool(flags & BEGINS), links[-1]
        link.before = max(link.before, link.position)
        link.last, link.stop, link.position = start, start + length, position
        start += length
    if len(links) == 1 and not _wrong(links[0]):
        return [Segment(tail=_tail(links[0]))]
    return [_segment(file, link) for link in links]


def _page(file: BinaryIO, place: int, end: int) -> tuple[int, int, int] | None:
    """Length, flags and position of the page at `place`; None if there is no whole one."""
    file.seek(place)
    head = file.read(27 + 255)
    if len(head) < 27 or head[:4] != b"OggS" or len(head) < 27 + head[26]:
        return None
    length = 27 + head[26] + sum(head[27 : 27 + head[26]])
    return (length, head[5], struct.unpack("<q", head[6:14])[0]) if place + length <= end else None


def _wrong(link: _Link) -> bool:
    """Whether the position on the last page cannot be."""
    return not link.before <= link.position or 0 < link.before < link.position - MOST


def _tail(link: _Link) -> int:
    """Samples of the last page and of the block before it."""
    return link.position - link.before + LONGEST


def _segment(file: BinaryIO, link: _Link) -> Segment:
    """The stream alone; its last page corrected, if need be."""
    if not _wrong(link):
        return Segment(((link.start, link.stop),), tail=_tail(link))
    file.seek(link.last)
    page = bytearray(file.read(link.stop - link.last))
    page[6:14] = struct.pack("<q", link.before + ENDLESS)
    page[22:26] = bytes(4)
    page[22:26] = struct.pack("<I", _checksum(page))
    return Segment(((link.start, link.last), bytes(page)), counted=False, tail=ENDLESS)


def _checksum(page: bytes | bytearray) -> int:
    """CRC-32 with the polynomial 04c11db7, not reflected, from 0 (RFC 3533, section 6)."""
    value = 0
    for byte in page:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1 ^ (0x04C11DB7 if value & 0x80000000 else 0)) & 0xFFFFFFFF
    return value
