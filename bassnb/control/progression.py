"""Chords in time: a line of text, a lead sheet, labels of a recording, or a MIDI file.

A progression is a sequence of spans in seconds. Text is laid on the bars of the song and repeated to
its end; labels (`.lab`) say themselves when they begin.

Taught in chapter 11.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

from bassnb.control.beats import Beats
from bassnb.control.chords import NO_CHORD, ChordSymbol, parse_chord
from bassnb.errors import DataError
from bassnb.files import read_bytes

LARGEST = 1_000_000  # bytes of a file of text
MOST_CHORDS = 10_000
LABELS, SHEETS, MIDI = (".lab",), (".txt", ".chords"), (".mid", ".midi")
REPEAT = "%"


@dataclass(frozen=True)
class Span:
    """A chord from `start` to `end`, in seconds."""

    start: float
    end: float
    chord: ChordSymbol


@dataclass(frozen=True)
class Placed:
    """A chord and how long it lasts, in bars or in beats."""

    chord: ChordSymbol
    length: float


def chord_file(chords: str | None) -> str | None:
    """The setting `chords` if it names a file, that is, ends like one; otherwise None."""
    known = (*LABELS, *SHEETS, *MIDI)
    return chords if chords and Path(chords).suffix.lower() in known else None


def placed_of_text(
    text: str, bars_per_chord: float | None = None, source: str = "the progression"
) -> list[Placed]:
    """The chords of a text with their lengths in bars.

    Every chord lasts `bars_per_chord` bars, by default 1. If there are bar lines, the chords
    between two of them share one bar equally. % repeats the chord before it, or alone in a bar the
    whole bar. Lines that begin with # or [ are left out.

    Parameters
    ----------
    text : such as "Am F C G" or "| Am F | C G7 | % |"
    bars_per_chord : not together with bar lines
    source : what the text is, for errors

    Raises
    ------
    DataError
        Naming the first thing that is no chord, and its place.
    """
    music = [line for line in text.splitlines() if not line.strip().startswith(("#", "["))]
    bars = [bar.split() for bar in " ".join(music).split("|")]
    barred = len(bars) > 1
    bars = [bar for bar in bars if bar]
    if not bars:
        raise DataError(f"{source} holds no chord; write it like Am F C G")
    if barred and bars_per_chord is not None:
        raise DataError(
            f"{source} has bar lines and bars_per_chord is given too; choose one of the two"
        )
    if sum(map(len, bars)) > MOST_CHORDS:
        raise DataError(f"{source} holds more than {MOST_CHORDS} chords; give fewer")
    placed: list[Placed] = []
    previous: list[Placed] = []
    number = 0
    for bar in bars:
        length = 1 / len(bar) if barred else bars_per_chord or 1.0
        if barred and bar == [REPEAT] and previous:
            number += 1
            placed += previous
            continue
        previous = []
        for symbol in bar:
            number += 1
            if symbol == REPEAT and placed:
                chord = placed[-1].chord
            else:
                chord = parse_chord(symbol, f"chord {number} of {source}")
            placed.append(Placed(chord, length))
            previous.append(placed[-1])
    return placed


def on_beats(placed: Sequence[Placed], beats: Beats, seconds: float, *, unit: int) -> list[Span]:
    """Chords one after another on the beats of a song, from bar 1 and again from the first chord, until the song ends.

    What comes before bar 1 has the first chord.

    Parameters
    ----------
    unit : beats in one of the lengths: `beats.beats_per_bar` for bars, 1 for beats
    seconds : length of the song
    """
    spans: list[Span] = []
    position, start = float(beats.downbeat), 0.0
    for one in cycle(placed):
        position += one.length * unit
        end = min(beats.beat_time(position), seconds)
        if end > start:
            spans.append(Span(start, end, one.chord))
        start = max(end, start)
        if start >= seconds:
            return spans
    return spans


def read_labels(path: str | os.PathLike) -> list[Span]:
    """The chords of a .lab file, one a line: start and end in seconds, and a symbol.

    Raises
    ------
    DataError
        Naming the line that cannot be used.
    """
    spans: list[Span] = []
    for number, line in enumerate(read_text(path).splitlines(), 1):
        where = f"line {number} of {path}"
        if not line.strip() or line.startswith("#"):
            continue
        match = re.fullmatch(r"\s*(\d+(?:\.\d*)?)\s+(\d+(?:\.\d*)?)\s+(\S+)\s*", line)
        if not match:
            raise DataError(f"{where} is no label; write start, end and chord, like 0.0 2.5 A:min")
        start, end = float(match[1]), float(match[2])
        if end <= start or (spans and start < spans[-1].end - 1e-3):
            raise DataError(
                f"{where} ends before it begins or begins before the line above ends; "
                "put the labels in order"
            )
        spans.append(Span(start, end, parse_chord(match[3], f"the label in {where}")))
        if len(spans) > MOST_CHORDS:
            raise DataError(f"{path} holds more than {MOST_CHORDS} labels; give fewer")
    if not spans:
        raise DataError(f"{path} holds no label; write start, end and chord, like 0.0 2.5 A:min")
    return spans


def read_text(path: str | os.PathLike) -> str:
    """The text of a small file.

    Raises
    ------
    DataError
        If it cannot be read, or is no text.
    """
    try:
        return read_bytes(path, LARGEST).decode("utf-8-sig")
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(f"{path} cannot be read ({reason}); give a file of chords") from None
    except UnicodeDecodeError:
        raise DataError(f"{path} is not text in UTF-8; give a file of chords") from None


def merged(spans: Iterable[Span]) -> Iterator[Span]:
    """The spans, neighbours with the same chord as one, without those that hold no chord."""
    last = Span(0.0, 0.0, NO_CHORD)
    for span in spans:
        if span.chord == last.chord and abs(span.start - last.end) < 1e-6:
            last = Span(last.start, span.end, span.chord)
            continue
        if last.chord.root is not None:
            yield last
        last = span
    if last.chord.root is not None:
        yield last
