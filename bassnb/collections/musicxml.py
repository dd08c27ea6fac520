"""A reader of MusicXML: notes, ties, voices, tempi; repeats are ignored."""

from __future__ import annotations

import io
import math
import os
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, cast
from xml.etree import ElementTree

import numpy as np

from bassnb.collections.midi import FASTEST, LONGEST, Score
from bassnb.composer.score import Note, Part
from bassnb.errors import DataError
from bassnb.files import read_all, read_bytes

STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
TEMPO = 90.0  # quarter notes a minute until the first tempo mark
VELOCITY = 84
LARGEST = 50_000_000  # bytes of one score
_SHORTEST = 0.05  # seconds


def read_musicxml(path: str | os.PathLike) -> Score:
    """Read a .musicxml, .xml or compressed .mxl file in the "partwise" form.

    Returns
    -------
    score : Score
        One part for each staff, with the General MIDI program that the file names (piano if none).

    Raises
    ------
    DataError
        If the file cannot be read, is not partwise MusicXML, is too large or too long, or holds no
        notes, or impossible ones.
    """
    root = _root(Path(path))
    if root.tag != "score-partwise":
        raise DataError(
            f"{path} is not partwise MusicXML but <{root.tag}>; export it as MusicXML again"
        )
    try:
        return _to_score(root, path)
    except DataError:
        raise
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise DataError(
            f"{path} holds invalid music ({error}); export it as MusicXML again"
        ) from error


def _root(path: Path) -> ElementTree.Element:
    try:
        return ElementTree.fromstring(_text(path))
    except (
        OSError,
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        StopIteration,
        ElementTree.ParseError,
        RuntimeError,
        LookupError,
        ValueError,
    ) as error:
        why = getattr(error, "strerror", None) or error
        raise DataError(
            f"{path} cannot be read as MusicXML ({why}); give a .musicxml or .mxl file"
        ) from error


def _text(path: Path) -> bytes:
    """Content of a file, or of the score in an archive, of at most `LARGEST` bytes."""
    content = read_bytes(path, LARGEST)
    if path.suffix.lower() != ".mxl":
        return content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        inner = next(entry for entry in archive.infolist() if _is_score(entry))
        with archive.open(inner) as file:
            return read_all(cast(BinaryIO, file), LARGEST)


def _is_score(entry: zipfile.ZipInfo) -> bool:
    """Whether an entry is a score in a standard compression; others may exhaust memory."""
    usual = entry.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
    return usual and entry.filename.endswith("xml") and not entry.filename.startswith("META-INF")


def _to_score(root: ElementTree.Element, name: str | os.PathLike) -> Score:
    heads = {head.get("id"): head for head in root.iter("score-part")}
    read, tempi, last = [], {0.0: TEMPO}, 0.0
    for part in root.iter("part"):
        staves, found, end = _read_part(part)
        tempi.update(found)
        last = max(last, end)
        read += [(heads.get(part.get("id")), notes) for _, notes in sorted(staves.items())]
    if not last < LONGEST:
        raise DataError(
            f"{name} lasts {last:.3g} quarter notes; give a score of fewer than {LONGEST}"
        )
    seconds = _clock(tempi)
    parts = tuple(_to_part(head, notes, seconds) for head, notes in read if notes)
    if not parts:
        raise DataError(f"{name} holds no notes; give a score with notes")
    return Score(
        parts, tuple(round(float(beat), 5) for beat in seconds(np.arange(0, np.ceil(last) + 1)))
    )


def _read_part(part: ElementTree.Element) -> tuple[dict[str, list], dict[float, float], float]:
    """Notes [beat, end, pitch] by staff, tempi by beat, and the last beat, in quarter notes."""
    staves: dict[str, list] = {}
    tempi: dict[float, float] = {}
    tied: dict[tuple[str, int], list] = {}
    divisions, transposed, bar, last = 1.0, 0, 0.0, 0.0
    for measure in part.iter("measure"):
        here = end = begun = bar
        for item in measure:
            divisions = float(item.findtext("divisions", str(divisions)))
            if item.find("transpose") is not None:
                transposed = int(float(item.findtext("transpose/chromatic", "0")))
                transposed += 12 * int(item.findtext("transpose/octave-change", "0"))
            for sound in item.iter("sound"):
                if tempo := sound.get("tempo"):
                    tempi[here] = float(tempo)
            length = float(item.findtext("duration", "0")) / divisions
            if not 0 <= length < math.inf:
                raise ValueError(f"a duration of {length:g} quarter notes")
            if item.tag == "note" and item.find("grace") is None:
                in_chord = item.find("chord") is not None
                start = begun if in_chord else here
                _add(item, start, start + length, transposed, staves, tied)
                begun, here = start, max(here, start + length) if in_chord else start + length
            elif item.tag == "forward":
                here += length
            elif item.tag == "backup":
                here = max(here - length, 0.0)
            end = max(end, here)
        bar = last = end
    return staves, tempi, last


def _add(
    item, start: float, end: float, transposed: int, staves: dict[str, list], tied: dict
) -> None:
    """Add a note, or extend the one to which it is tied."""
    pitch = item.find("pitch")
    if pitch is None:
        return
    staff = item.findtext("staff", "1")
    number = 12 * (int(pitch.findtext("octave")) + 1) + STEPS[pitch.findtext("step")]
    number += round(float(pitch.findtext("alter", "0"))) + transposed
    if not 0 <= number <= 127:
        raise ValueError(f"a note of MIDI number {number}")
    kinds = {tie.get("type") for tie in item.findall("tie")}
    if "stop" in kinds and (staff, number) in tied:
        tied[staff, number][1] = end
        if "start" not in kinds:
            del tied[staff, number]
        return
    note = [start, end, number]
    staves.setdefault(staff, []).append(note)
    if "start" in kinds:
        tied[staff, number] = note


def _clock(tempi: dict[float, float]) -> Callable[[np.ndarray], np.ndarray]:
    """A function from beats to seconds."""
    beats = np.array(sorted(tempi))
    pace = np.array([60 / min(max(1.0, tempi[beat]), FASTEST) for beat in beats])
    starts = np.concatenate([[0.0], np.cumsum(np.diff(beats) * pace[:-1])])

    def seconds(beat: np.ndarray) -> np.ndarray:
        index = np.clip(np.searchsorted(beats, beat, side="right") - 1, 0, None)
        return starts[index] + (beat - beats[index]) * pace[index]

    return seconds


def _to_part(
    head: ElementTree.Element | None, notes: list, seconds: Callable[[np.ndarray], np.ndarray]
) -> Part:
    """One staff as a part, in the order of starts and pitches."""
    name = head.findtext("part-name", "") if head is not None else ""
    program = head.findtext("midi-instrument/midi-program", "1") if head is not None else "1"
    times = seconds(np.array([(start, end) for start, end, _ in notes]))
    sounding = sorted(
        (
            Note(
                round(float(start), 5),
                round(float(max(end, start + _SHORTEST)), 5),
                pitch,
                VELOCITY,
            )
            for (start, end), (_, _, pitch) in zip(times, notes, strict=True)
        ),
        key=lambda note: (note.start, note.pitch),
    )
    return Part(name.strip(), (int(program) - 1) % 128, False, tuple(sounding))
