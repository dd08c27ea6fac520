"""Notes as a Standard MIDI File, with the tempo of the song where it is known.

Whatever the tempo map, a note sounds in the file when it sounds in the take, to half a millisecond:
its tick is computed from the tempi as they are written, in whole microseconds a beat. A beat of an
estimate may be off by `BEAT_ERROR` in the map, which so has few changes of tempo.

Why not pretty_midi? It has no public way to write a tempo map, and it cuts a tempo down to whole
microseconds only after it has placed the notes: they drift by 7 ms in an hour. It would also be an
extra; this file needs none.

Taught in chapter 11.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bassnb.control.beats import Beats, beats_of
from bassnb.control.notes import Note
from bassnb.errors import BassnbError
from bassnb.extras import missing
from bassnb.files import write_atomically
from bassnb.settings import ControlSettings
from bassnb.tracks import Track

PROGRAM = 33  # of General MIDI: finger bass
TICK = 0.001  # seconds, of the longest tick
BEAT_ERROR = 0.01  # seconds: less than one frame of an estimate
USUAL = 500_000  # microseconds a beat of a file without a tempo

Event = tuple[int, bytes]  # tick, message
TempoMap = list[tuple[int, int]]  # beat, microseconds a beat from there on


def write_midi(
    path: str | os.PathLike,
    notes: Sequence[Note],
    beats: Beats | None = None,
    *,
    program: int = PROGRAM,
) -> Path:
    """Write notes to a Standard MIDI File of type 1: a track of tempi and bars, a track of notes.

    Parameters
    ----------
    notes : from `bassnb.control.notes.notes_of`
    beats : of the song; None writes 120 beats a minute, and no bars
    program : of General MIDI, from 0

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    return write_atomically(path, midi_bytes(notes, beats, program))


def beats_for_map(control: ControlSettings, mix: Track) -> Beats | None:
    """The beats of a mix for the tempo map: those of a given tempo, or estimated; None where that is
    not possible.
    """
    if control.tempo is None and missing("beats"):
        return None
    try:
        return beats_of(control, mix)
    except BassnbError:
        if control.tempo is not None:
            raise
        return None


def midi_bytes(notes: Sequence[Note], beats: Beats | None, program: int) -> bytes:
    """The bytes of the file; see `write_midi`."""
    times = None if beats is None else from_zero(beats.times)
    error = TICK if beats is None or beats.confidence is None else BEAT_ERROR
    tempi = [(0, USUAL)] if times is None else tempo_map(times, error)
    slowest = max(pace for _, pace in tempi) / 1e6
    division = 480 * math.ceil(slowest / TICK / 480)  # ticks a beat
    bars = [] if times is None or beats is None else signatures(beats, len(times))
    conductor = [(beat * division, tempo_event(pace)) for beat, pace in tempi]
    conductor += [(beat * division, signature_event(count)) for beat, count in bars]
    played = note_events(notes, program, tempi, division)
    header = b"MThd" + (6).to_bytes(4, "big") + b"\0\1\0\2" + division.to_bytes(2, "big")
    return header + track_chunk(conductor) + track_chunk(played)


def from_zero(times: np.ndarray) -> np.ndarray:
    """The times of beats (n,) with as many before them as fit, so that the first lies at 0.

    What is left before the first beat is shared by those before it; a first beat that lies within a
    quarter of a beat of 0 is moved there.
    """
    before = max(0, math.ceil(times[0] / float(np.median(np.diff(times))) - 0.25))
    return (
        np.r_[np.linspace(0, times[0], before + 1)[:before], times]
        if before
        else np.r_[0.0, times[1:]]
    )


def tempo_map(times: np.ndarray, error: float) -> TempoMap:
    """The fewest changes of tempo, going forward, that keep every beat within `error` seconds.

    Between two changes beats lie on a line through the beat of the first; the slopes that pass
    within the error of all beats so far are an interval, and when it is empty a new line begins.

    Parameters
    ----------
    times : array (n,), seconds, ascending from 0
    """
    tempi, start, begun = [], 0, 0.0
    low, high = 0.0, math.inf
    for beat in range(1, len(times) + 1):
        if beat < len(times):
            span = beat - start
            lower = max(low, (times[beat] - error - begun) / span)
            upper = min(high, (times[beat] + error - begun) / span)
            if lower <= upper:
                low, high = lower, upper
                continue
        pace = round((low + high) / 2 * 1e6)
        tempi.append((start, pace))
        start, begun = beat - 1, begun + (beat - 1 - start) * pace / 1e6
        if beat < len(times):
            step = times[beat] - begun
            low, high = step - error, step + error
    return tempi


def ticks_of(times: Sequence[float], tempi: TempoMap, division: int) -> np.ndarray:
    """Ticks of times in seconds, array (n,) of int."""
    beats, paces = (np.array(column, dtype=float) for column in zip(*tempi))
    starts = np.r_[0.0, np.cumsum(np.diff(beats) * paces[:-1])] / 1e6
    part = np.searchsorted(starts, times, side="right") - 1
    along = (np.asarray(times) - starts[part]) / paces[part] * 1e6
    return np.round((beats[part] + along) * division).astype(int)


def signatures(beats: Beats, total: int) -> list[tuple[int, int]]:
    """(beat, beats a bar): those of a pick-up, and of the bars from the first on."""
    pickup = beats.downbeat + total - len(beats.times)
    short = pickup % beats.beats_per_bar
    return [(0, short), (short, beats.beats_per_bar)] if short else [(0, beats.beats_per_bar)]


def note_events(notes: Sequence[Note], program: int, tempi: TempoMap, division: int) -> list[Event]:
    """The program and the beginnings and ends of notes, at least a tick apart."""
    if not notes:
        return [(0, bytes([0xC0, program]))]
    onsets = ticks_of([note.onset for note in notes], tempi, division)
    offsets = np.maximum(ticks_of([note.offset for note in notes], tempi, division), onsets + 1)
    events = [(0, bytes([0xC0, program]))]
    for note, begin, end in zip(notes, onsets.tolist(), offsets.tolist()):
        events.append((begin, bytes([0x90, note.pitch, note.velocity])))
        events.append((end, bytes([0x80, note.pitch, 0])))
    return events


def tempo_event(pace: int) -> bytes:
    """Microseconds a beat."""
    return b"\xff\x51\x03" + pace.to_bytes(3, "big")


def signature_event(count: int) -> bytes:
    """`count` quarters a bar."""
    return bytes([0xFF, 0x58, 4, count, 2, 24, 8])


def track_chunk(events: Sequence[Event]) -> bytes:
    """A track of events, which may be out of order; at one tick, ends of notes come first."""
    data, now = bytearray(), 0
    for tick, message in sorted(events, key=lambda event: (event[0], event[1][0] & 0xF0 == 0x90)):
        data += variable_length(tick - now) + message
        now = tick
    data += b"\0\xff\x2f\0"
    return b"MTrk" + len(data).to_bytes(4, "big") + bytes(data)


def variable_length(number: int) -> bytes:
    """A number in groups of seven bits, of which all but the last have the eighth bit set."""
    groups = [number & 0x7F]
    while number := number >> 7:
        groups.append(number & 0x7F | 0x80)
    return bytes(reversed(groups))
