"""The text notation of the transfer set, parsed into songs.

A piece is a head and some lines, each `what [arguments]: bars`. Bars are divided by ``|`` and
repeat in a circle until the song is full; ``%`` is the bar before. Lengths are sixteenths and hold
until another one is given.

``chords: Em7 | Am7:12 D9:8``
    Chord symbols; several in a bar share it equally unless their lengths are given.
``bass 33: 1:6 5:2 b7:4 8 | 1:4 r:8 a:4``
    General MIDI program, then degrees of the chord: 3, 5 and 7 are the chord's own, ``b`` and ``#``
    alter the degree of the major scale, ``<`` is an octave lower, ``a`` and ``A`` lie a semitone
    below and above the root of the next chord; ``r`` rests.
``lead 71: b4:6 d5:2 f#5:8``
    A melody: notes by name.
``comp 4 open 60: x--.x---``
    Program, voicing, lowest pitch; each ``x`` strikes the chord, ``-`` holds it.
``drums: k x...x... s ....x...``
    Strokes by instrument of `DRUMS`, ``o`` soft.

Taught in chapter 9.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass

import numpy as np

from bassnb.composer.score import Chord, Note, Part, Song
from bassnb.errors import DataError
from bassnb.studies.transfer_songs.chord_notation import (
    NAMES,
    Harmony,
    in_circle,
    read_chords,
    voice,
)

DRUMS = {
    "k": 36,
    "s": 38,
    "i": 37,
    "c": 39,
    "h": 42,
    "o": 46,
    "r": 51,
    "x": 49,
    "t": 45,
    "T": 48,
    "m": 70,
    "b": 54,
    "w": 76,
}
MAJOR = (0, 2, 4, 5, 7, 9, 11)
LOWEST = 28  # E1, the open string
_NOTE = re.compile(r"([a-g])([#b]?)(\d)")
_DEGREE = re.compile(r"(<?)([b#]?)(\d{1,2})")
_LEAD_IN = 0.03  # seconds before the first bar


@dataclass(frozen=True)
class Clock:
    """Sixteenths to seconds, with `steps` in a bar.

    `swing` is the place of the off-beat eighth in its beat, 0.5 is straight.
    """

    tempo: float
    steps: int
    swing: float

    def seconds(self, step: float) -> float:
        """When a step of the song sounds."""
        beat, inside = divmod(step, 4)
        swung = np.interp(inside, [0, 2, 4], [0, 4 * self.swing, 4])
        return _LEAD_IN + (4 * beat + swung) * 15 / self.tempo


def read_score(text: str, seconds: float) -> Song:
    """A song of `seconds` seconds out of the text of one piece.

    Raises
    ------
    DataError
        If a line, a bar or a symbol cannot be read.
    """
    lines = [line.partition(":") for line in text.strip().splitlines()]
    head = {
        key.strip(): rest.strip()
        for key, _, rest in lines
        if key.strip() in ("title", "family", "time")
    }
    tempo, metre, swing = head["time"].split()
    above, below = (int(number) for number in metre.split("/"))
    clock = Clock(float(tempo), above * 16 // below, float(swing))
    bars = int(np.ceil(seconds / (clock.steps * 15 / clock.tempo)))
    chords = next(rest for key, _, rest in lines if key.strip() == "chords")
    harmony = read_chords(chords, clock.steps, bars)
    rng = np.random.default_rng(zlib.crc32(head["title"].encode()))
    parts = []
    for key, _, rest in lines:
        name, *arguments = key.split()
        if name in head or name == "chords":
            continue
        events = _events(name, arguments, rest, harmony, clock.steps, bars)
        notes = _perform(events, clock, seconds, rng)
        program = 0 if name == "drums" else int(arguments[0])
        parts.append(Part(name, program, name == "drums", notes))
    beats = [clock.seconds(step) for step in range(0, bars * clock.steps, 4)]
    return Song(
        seed=0,
        split="transfer",
        idiom=f"{head['family']}: {head['title']}",
        tempo=clock.tempo,
        metre=metre,
        key=harmony[0].root,
        mode="free",
        duration=float(seconds),
        tuning=0.0,
        gain_db=0.0,
        beats=tuple(beat for beat in beats if beat < seconds),
        downbeats=tuple(
            beat
            for beat in (clock.seconds(bar * clock.steps) for bar in range(bars))
            if beat < seconds
        ),
        chords=_timed(harmony, clock, seconds),
        parts=tuple(parts),
        bass_style="written",
        bass_timbre=0,
    )


def _events(
    name: str, arguments: list[str], text: str, harmony: list[Harmony], steps: int, bars: int
) -> list[tuple]:
    """What one line plays: (step, length, pitch, velocity)."""
    if name == "drums":
        return _drums(text, steps, bars)
    if name.startswith("comp"):
        return _comp(arguments[1], int(arguments[2]), text, harmony, steps, bars)
    return _line(text, harmony if name == "bass" else None, steps, bars)


def _drums(text: str, steps: int, bars: int) -> list[tuple]:
    events = []
    for number, bar in enumerate(in_circle(text, bars)):
        words = bar.split()
        for key, pattern in zip(words[::2], words[1::2], strict=True):
            if len(pattern) != steps or key not in DRUMS:
                raise DataError(
                    f"{key} {pattern!r} is not {steps} sixteenths; use {', '.join(DRUMS)}"
                )
            events += [
                (number * steps + step, 1.0, DRUMS[key], 104 if mark == "x" else 58)
                for step, mark in enumerate(pattern)
                if mark != "."
            ]
    return events


def _at(harmony: list[Harmony], step: float) -> int:
    return next(
        (index for index, chord in enumerate(harmony) if chord.start <= step < chord.end),
        len(harmony) - 1,
    )


def _line(text: str, harmony: list[Harmony] | None, steps: int, bars: int) -> list[tuple]:
    """Notes one after the other: degrees of the harmony, names where none is given."""
    events, last, length = [], LOWEST + 8, 4
    for number, bar in enumerate(in_circle(text, bars)):
        step = number * steps
        for token in bar.split():
            name, _, given = token.partition(":")
            length = int(given) if given else length
            if name != "r":
                last = _degree(name, harmony, _at(harmony, step), last) if harmony else _named(name)
                events.append((step, length * 0.92, last, 98 if step % steps == 0 else 88))
            step += length
        if step != (number + 1) * steps:
            raise DataError(
                f"the bar {bar!r} lasts {step - number * steps} sixteenths; write {steps}"
            )
    return events


def _named(name: str) -> int:
    """The MIDI pitch of ``c#5``."""
    found = _NOTE.fullmatch(name)
    if not found:
        raise DataError(f"{name!r} is not a note of this notation; write a name such as e4 or bb4")
    return 12 * (int(found[3]) + 1) + NAMES[found[1]] + {"": 0, "#": 1, "b": -1}[found[2]]


def _degree(name: str, harmony: list[Harmony], index: int, last: int) -> int:
    """The MIDI pitch of a degree of chord `index`, near the `last` pitch.

    It may also be an approach to the next root.
    """
    chord, after = harmony[index], harmony[min(index + 1, len(harmony) - 1)]
    if name in ("a", "A"):
        target = after.root + (1 if name == "A" else -1)
        return min(
            (target % 12 + 12 * octave for octave in range(2, 6)),
            key=lambda pitch: (pitch < LOWEST, abs(pitch - last)),
        )
    found = _DEGREE.fullmatch(name)
    if not found:
        raise DataError(f"{name!r} is not a degree of this notation; write 1 to 13, b7, <5, a or A")
    degree, altered = int(found[3]) - 1, {"": 0, "#": 1, "b": -1}[found[2]]
    step = MAJOR[degree % 7] + altered
    if not altered and degree % 7 in (2, 4, 6):  # the chord's own third, fifth and seventh
        window = {2: (3, 4, 5), 4: (6, 7, 8), 6: (9, 10, 11)}[degree % 7]
        step = next(
            (tone for tone in chord.tones if tone in window), {2: 4, 4: 7, 6: 10}[degree % 7]
        )
    pitch = LOWEST + (chord.root - LOWEST) % 12 + step + 12 * (degree // 7) - 12 * bool(found[1])
    return pitch if pitch >= LOWEST else pitch + 12


def _comp(
    voicing: str, low: int, text: str, harmony: list[Harmony], steps: int, bars: int
) -> list[tuple]:
    events, struck = [], 0
    for number, bar in enumerate(in_circle(text, bars)):
        if len(bar) != steps:
            raise DataError(f"the rhythm {bar!r} has {len(bar)} sixteenths; write {steps}")
        for step, mark in enumerate(bar):
            if mark != "x":
                continue
            rest = bar[step + 1 :]
            length = 1 + len(rest) - len(rest.lstrip("-"))
            pitches = voice(harmony[_at(harmony, number * steps + step)], voicing, low)
            if voicing == "arp":
                order = (*pitches, *pitches[-2:0:-1])
                pitches, struck = (order[struck % len(order)],), struck + 1
            events += [
                (number * steps + step, length * 0.95, pitch, 92 if step % 4 == 0 else 80)
                for pitch in pitches
            ]
    return events


def _perform(
    events: list[tuple], clock: Clock, seconds: float, rng: np.random.Generator
) -> tuple[Note, ...]:
    """Notes in seconds, each up to 8 ms early or late."""
    notes = []
    for step, length, pitch, velocity in sorted(events):
        start = max(clock.seconds(step) + float(np.clip(rng.normal(0, 0.004), -0.008, 0.008)), 0.0)
        end = max(clock.seconds(step + length), start + 0.03)
        if start < seconds:
            notes.append(
                Note(
                    round(start, 5), round(end, 5), int(pitch), int(velocity + rng.integers(-6, 7))
                )
            )
    return tuple(notes)


def _timed(harmony: list[Harmony], clock: Clock, seconds: float) -> tuple[Chord, ...]:
    starts = [0.0, *(clock.seconds(chord.start) for chord in harmony[1:])]
    sounding = [(start, chord) for start, chord in zip(starts, harmony) if start < seconds]
    ends = [*(start for start, _ in sounding[1:]), float(seconds)]
    return tuple(
        Chord(start, end, chord.root, chord.quality)
        for (start, chord), end in zip(sounding, ends, strict=True)
    )
