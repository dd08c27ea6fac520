"""Chord symbols: those of lead sheets and those of Harte, as pitch classes.

A symbol is a root, a suffix and perhaps another bass note: F#m7b5/E. The suffix is read from left
to right; every token in it changes some degrees of the chord, which begins as a major triad.
Harte's labels (Harte, "Towards automatic extraction of harmony information from music signals",
2010, chapter 3) put a colon after the root, name the bass by its degree and list degrees in
brackets: A:min/b3, C:maj(9).

Packages that parse symbols read fewer of them: pychord (1.4) reads neither C-7, Cø, C+ and CΔ7 nor
the signs ♯ and ♭, and takes C6/9 for a chord over 9; mingus (0.6) does not read Cadd9, C7sus4 and
Cm(maj7); neither reads a label of Harte's, and the library that does brings 114 MB of music21.

Taught in chapter 11.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from bassnb.errors import DataError

NATURAL = dict(zip("CDEFGAB", (0, 2, 4, 5, 7, 9, 11)))
MAJOR = (0, 2, 4, 5, 7, 9, 11)  # semitones of the degrees 1 to 7
NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
NOTHING = ("N", "N.C.", "NC", "X")  # no chord; Harte's X is a chord that he could not name
_NOTE = r"[A-G](?:#+|b+)?"
_LEAD = re.compile(rf"({_NOTE})(.*?)(?:/({_NOTE}))?")
_HARTE = re.compile(rf"({_NOTE}):([a-z0-9]*)(?:\(([^()]*)\))?(?:/([b#]*\d+))?")
_SIGNS = str.maketrans(
    {"♯": "#", "♭": "b", "Δ": "maj", "△": "maj", "^": "maj", "°": "dim", "º": "dim", "ø": "hdim"}
    | {"Ø": "hdim", "−": "-", "–": "-", "(": "", ")": "", ",": ""}
)
_SPELLINGS = (  # what is written in several ways -> the form in `_TOKENS`
    (r"major|Major|Maj|MAJ|maj|ma|Ma|MA|M|j", "maj"),
    (r"minor|min|mi(?!n)|m(?!aj|in|i)|^-", "m"),
    (r"dim|(?<!n)o(?!m)", "dim"),
    (r"^\+|\+$", "aug"),
    (r"\+(?=\d)", "#"),
    (r"-(?=\d)", "b"),
)


@dataclass(frozen=True)
class ChordSymbol:
    """A chord: its `text`, pitch class of the `root` (C = 0; None for no chord), `steps` above the
    root in semitones, each in 0 to 11, and pitch class of the `bass`.
    """

    text: str
    root: int | None
    steps: tuple[int, ...] = ()
    bass: int | None = None

    @property
    def pitch_classes(self) -> frozenset[int]:
        """What sounds, the bass included; empty for no chord."""
        if self.root is None or self.bass is None:
            return frozenset()
        return frozenset({(self.root + step) % 12 for step in self.steps} | {self.bass})


NO_CHORD = ChordSymbol("N", None)


def parse_chord(text: str, where: str = "the chord") -> ChordSymbol:
    """Read a chord symbol, such as C, F#m7b5, Bb7, Gsus4, C/E, N.C., C:maj7 or A:min/b3.

    Parameters
    ----------
    text : the symbol, without spaces
    where : where it stands, for the error

    Raises
    ------
    DataError
        If it is no chord symbol.
    """
    if text in NOTHING:
        return ChordSymbol(text, None)
    read = _read_harte if ":" in text else _read_lead
    found = read(text.translate(_SIGNS) if read is _read_lead else text)
    if found is None:
        raise DataError(
            f"{where}, {text[:40]!r}, is no chord symbol; write it like C, Am, F#m7b5, Bbmaj7, "
            "Gsus4, C/E, C:min7 or N.C."
        )
    root, steps, bass = found
    return ChordSymbol(text, root, tuple(sorted({step % 12 for step in steps})), bass % 12)


def pitch_class(note: str) -> int:
    """Pitch class of the name of a note, such as Eb or F#."""
    return (NATURAL[note[0]] + note.count("#") - note.count("b")) % 12


def semitones(degree: str) -> int | None:
    """Semitones of a degree such as 3, b7 or #11 above the root, below an octave; None if there is
    no such degree.
    """
    number = int(degree.lstrip("b#"))
    if not 1 <= number <= 13:
        return None
    return (MAJOR[(number - 1) % 7] + degree.count("#") - degree.count("b")) % 12


def _read_lead(text: str) -> tuple[int, set[int], int] | None:
    """Root, steps and bass of a symbol of lead sheets; None if it is none."""
    match = _LEAD.fullmatch(text)
    degrees = match and read_suffix(match[2])
    if not match or not degrees:
        return None
    root = pitch_class(match[1])
    return root, set(degrees.values()), pitch_class(match[3]) if match[3] else root


def _read_harte(text: str) -> tuple[int, set[int], int] | None:
    """Root, steps and bass of a label of Harte's; None if it is none."""
    match = _HARTE.fullmatch(text)
    if not match:
        return None
    root, shorthand, listed, bass = pitch_class(match[1]), match[2], match[3], match[4]
    degrees = read_suffix(shorthand) if shorthand or listed is None else {"1": 0}
    if shorthand == "1":
        degrees = {"1": 0}
    added = [part.strip() for part in listed.split(",")] if listed else []
    if degrees is None or not all(re.fullmatch(r"\*?[b#]*\d{1,2}", part) for part in added):
        return None
    lowest = semitones(bass) if bass else 0
    heights = {part: semitones(part.lstrip("*")) for part in added}
    if lowest is None or None in heights.values():
        return None
    steps = set(degrees.values()) | {heights[part] for part in added if part[0] != "*"}
    steps -= {heights[part] for part in added if part[0] == "*"}
    return root, {step for step in steps if step is not None}, root + lowest


# -- the suffix ------------------------------------------------------------------------------------

Degrees = dict[str, int]  # name of a degree -> semitones above the root
_ABOVE = {"7": (), "9": ("9",), "11": ("9", "11"), "13": ("9", "13")}  # the seventh


def read_suffix(suffix: str) -> Degrees | None:
    """The degrees of a chord from what follows its root, such as m7b5; None if it means nothing.

    Returns
    -------
    dict : name of each degree -> semitones above the root, below an octave
    """
    degrees, rest, read = {"1": 0, "3": 4, "5": 7}, _spelled(suffix), set()
    if rest == "5":
        return {"1": 0, "5": 7}
    while rest:
        fits = ((re.match(pattern, rest), change) for pattern, change in _TOKENS)
        match, change = next(((m, change) for m, change in fits if m), (None, None))
        if match is None or change is None or match[0] in read:
            return None
        change(degrees, match[0])
        read.add(match[0])
        rest = rest[match.end() :]
    return degrees


def _spelled(suffix: str) -> str:
    """A suffix with one spelling for everything."""
    pattern = "|".join(f"({spelling})" for spelling, _ in _SPELLINGS)
    return re.sub(pattern, lambda match: _SPELLINGS[(match.lastindex or 1) - 1][1], suffix)


def _major(degrees: Degrees, token: str) -> None:
    if token != "maj":
        _stack(degrees, token.removeprefix("maj"))
        degrees["7"] = 11


def _stack(degrees: Degrees, token: str) -> None:
    """7, 9, 11 or 13: a seventh, diminished over a diminished triad, and what stands above it."""
    diminished = (degrees.get("3"), degrees.get("5")) == (3, 6)
    degrees["7"] = 9 if diminished else 10
    degrees.update({name: semitones(name) or 0 for name in _ABOVE[token]})


def _suspended(degrees: Degrees, token: str) -> None:
    degrees.pop("3", None)
    degrees.update({"2": 2} if token == "sus2" else {"4": 5})


def _altered(degrees: Degrees, token: str) -> None:
    """b5, #5, b9, #9, #11, b13: the fifth is replaced, the others stand beside what is there."""
    degrees["5" if token[1:] == "5" else token] = semitones(token) or 0


def _alt(degrees: Degrees, _: str) -> None:
    degrees.pop("5")
    degrees.update({"7": 10, "b9": 1, "#9": 3, "b13": 8})


def _added(degrees: Degrees, token: str) -> None:
    degrees[token] = semitones(token.removeprefix("add")) or 0


def _set(**heights: int) -> Callable[[Degrees, str], object]:
    return lambda degrees, _: degrees.update({name[1:]: high for name, high in heights.items()})


_TOKENS: tuple[tuple[str, Callable[[Degrees, str], object]], ...] = (  # the first that fits is read
    (r"maj(?:13|11|9|7)?", _major),
    (r"m", _set(_3=3)),
    (r"hdim7?", _set(_3=3, _5=6, _7=10)),
    (r"dim", _set(_3=3, _5=6)),
    (r"aug", _set(_5=8)),
    (r"sus[24]?", _suspended),
    (r"6/?9", _set(_6=9, _9=2)),
    (r"alt", _alt),
    (r"add[b#]?(?:13|11|9|6|4|2)(?!\d)", _added),
    (r"(?:no|omit)[35]", lambda degrees, token: degrees.pop(token[-1], None)),
    (r"[b#](?:13|11|9|6|5)", _altered),
    (r"13|11|9|7", _stack),
    (r"[642](?!\d)", _added),
)
