"""A tolerant reader of Standard MIDI files.

It keeps notes, programs, volumes, pans and tempi, not bends, pedals and lyrics, and skips what it
cannot use: many files have invalid key signatures, unknown chunks, truncated tracks, or notes
without an end. The package mido, which pretty_midi uses, raises an exception at the first three
(version 1.3.3).
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from bassnb.composer.score import Note, Part
from bassnb.errors import DataError
from bassnb.files import read_bytes

DRUM_CHANNEL = 9
LARGEST = 10_000_000  # bytes of one file
LONGEST = 100_000  # quarter notes of a piece, more than half a day
FASTEST = 1200.0  # quarter notes a minute
_TEMPO = 500_000  # microseconds a quarter note until the first tempo event
_DATA_BYTES = {0x8: 2, 0x9: 2, 0xA: 2, 0xB: 2, 0xC: 1, 0xD: 1, 0xE: 2}


@dataclass(frozen=True)
class Score:
    """A score that was read: its `parts`, and `beats`, the times of quarter notes in seconds."""

    parts: tuple[Part, ...]
    beats: tuple[float, ...]


@dataclass
class _Events:
    """Events of all tracks of a file.

    Attributes
    ----------
    messages : (tick, status, first data byte, second data byte)
    tempi : (tick, microseconds a quarter note)
    names : name of the track by channel
    """

    messages: list[tuple[int, int, int, int]] = field(default_factory=list)
    tempi: list[tuple[int, int]] = field(default_factory=list)
    names: dict[int, str] = field(default_factory=dict)


def read_midi(path: str | os.PathLike) -> Score:
    """Read a Standard MIDI File of type 0 or 1.

    Returns
    -------
    score : Score
        One part per channel and program, named after its track, with the gain of its volume
        controller and its pan.

    Raises
    ------
    DataError
        If the file cannot be read, is not MIDI, is too large or too long, or holds no notes.
    """
    try:
        data = read_bytes(path, LARGEST)
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}); give a MIDI file") from error
    if data[:4] != b"MThd" or len(data) < 14:
        raise DataError(f"{path} is not a MIDI file; give a file that begins with MThd")
    division = int.from_bytes(data[12:14], "big")
    if not 0 < division < 0x8000:
        raise DataError(f"{path} counts time in film frames; give a MIDI file that counts beats")
    events = _Events()
    here = 8 + int.from_bytes(data[4:8], "big")
    while here + 8 <= len(data):
        size = int.from_bytes(data[here + 4 : here + 8], "big")
        if data[here : here + 4] == b"MTrk":
            _read_track(data[here + 8 : here + 8 + size], events)
        here += 8 + size
    length = max((message[0] for message in events.messages), default=0) / division
    if length >= LONGEST:
        raise DataError(
            f"{path} lasts {length:.3g} quarter notes; give a file of fewer than {LONGEST}"
        )
    score = _to_score(events, division)
    if not score.parts:
        raise DataError(f"{path} holds no notes; give a MIDI file with notes")
    return score


def _number(data: bytes, here: int) -> tuple[int, int]:
    """A variable-length quantity, seven bits a byte, and the offset after it."""
    value = 0
    for place in range(here, here + 4):
        value = value << 7 | data[place] & 0x7F
        if data[place] < 0x80:
            return value, place + 1
    raise IndexError("numbers have at most four bytes")


def _read_track(data: bytes, events: _Events) -> None:
    """Append the events of one track, up to the point where it is truncated."""
    here = tick = status = 0
    name, channels = "", set()
    try:
        while here < len(data):
            delta, here = _number(data, here)
            tick += delta
            if data[here] >= 0x80:
                status, here = data[here], here + 1
            if status in (0xFF, 0xF0, 0xF7):
                kind = data[here] if status == 0xFF else -1
                size, here = _number(data, here + (status == 0xFF))
                body, here = data[here : here + size], here + size
                if kind == 0x51 and size == 3:
                    events.tempi.append((tick, int.from_bytes(body, "big")))
                elif kind == 0x03:
                    name = body.decode("latin-1").strip()
                continue
            count = _DATA_BYTES[status >> 4]
            events.messages.append(
                (tick, status, data[here] & 0x7F, data[here + 1] & 0x7F if count == 2 else 0)
            )
            channels.add(status & 0xF)
            here += count
    except (IndexError, KeyError):
        pass
    events.names.update({channel: name for channel in channels if name})


def _to_score(events: _Events, division: int) -> Score:
    """Parts and beats in seconds; `division` is the number of ticks in a quarter note."""
    notes, ends = _pair(events)
    if not notes:
        return Score((), ())
    seconds = _clock(events.tempi, division)
    volume, pan = (_controller(events, number, usual) for number, usual in ((7, 100), (10, 64)))
    parts = []
    for (channel, program), played in sorted(notes.items()):
        times = seconds(np.array([(on, off) for on, off, _, _ in played]))
        sounding = tuple(
            Note(round(float(start), 5), round(float(max(end, start + 0.03)), 5), pitch, velocity)
            for (start, end), (_, _, pitch, velocity) in zip(times, played, strict=True)
        )
        gain = 40 * np.log10(max(volume[channel], 1) / 100)  # the General MIDI law
        parts.append(
            Part(
                events.names.get(channel, ""),
                program,
                channel == DRUM_CHANNEL,
                sounding,
                round(float(gain), 2),
                round((pan[channel] - 64) / 64, 3),
            )
        )
    beats = seconds(np.arange(0, ends + division, division))
    return Score(tuple(parts), tuple(round(float(beat), 5) for beat in beats))


def _pair(events: _Events) -> tuple[dict[tuple[int, int], list[tuple]], int]:
    """Notes (tick on, tick off, pitch, velocity) by channel and program, and the last tick."""
    notes: dict[tuple[int, int], list[tuple]] = defaultdict(list)
    open_notes: dict[tuple[int, int], tuple[int, int, tuple[int, int]]] = {}
    program: dict[int, int] = defaultdict(int)
    last = max((message[0] for message in events.messages), default=0)
    # At one tick: ends first, then programs and controllers, then beginnings.
    for tick, status, first, second in sorted(events.messages, key=lambda m: (m[0], _rank(m))):
        kind, channel = status >> 4, status & 0xF
        if kind == 0xC:
            program[channel] = first
        elif kind in (0x8, 0x9):
            begun = open_notes.pop((channel, first), None)
            if begun is not None and begun[0] < tick:
                notes[begun[2]].append((begun[0], tick, first, begun[1]))
            if kind == 0x9 and second:
                open_notes[channel, first] = (tick, second, (channel, program[channel]))
    for (_, pitch), (tick, velocity, where) in open_notes.items():
        if tick < last:
            notes[where].append((tick, last, pitch, velocity))
    return {key: sorted(played) for key, played in notes.items()}, last


def _rank(message: tuple[int, int, int, int]) -> int:
    """Order at one tick: 0 for ends of notes, 1 for programs and controllers, 2 for beginnings."""
    kind, second = message[1] >> 4, message[3]
    return 2 if kind == 0x9 and second else 0 if kind in (0x8, 0x9) else 1


def _controller(events: _Events, number: int, usual: int) -> dict[int, float]:
    """Mean value of one controller for every channel, `usual` where it is not set."""
    found = defaultdict(list)
    for _, status, first, second in events.messages:
        if status >> 4 == 0xB and first == number:
            found[status & 0xF].append(second)
    return defaultdict(
        lambda: usual, {channel: float(np.mean(values)) for channel, values in found.items()}
    )


def _clock(tempi: list[tuple[int, int]], division: int) -> Callable[[np.ndarray], np.ndarray]:
    """A function from ticks to seconds through all tempo changes."""
    changes = dict([(0, _TEMPO), *sorted(tempi)])
    ticks = np.array(sorted(changes), dtype=float)
    pace = np.array([max(changes[int(tick)], 60e6 / FASTEST) for tick in ticks]) / 1e6 / division
    starts = np.concatenate([[0.0], np.cumsum(np.diff(ticks) * pace[:-1])])

    def seconds(tick: np.ndarray) -> np.ndarray:
        index = np.searchsorted(ticks, tick, side="right") - 1
        return starts[index] + (tick - ticks[index]) * pace[index]

    return seconds
