"""A key or a scale as a wish: A minor, D dorian, C major pentatonic. Taught in chapter 11."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bassnb.control.chords import ChordSymbol, pitch_class
from bassnb.errors import DataError

SCALES: dict[str, tuple[int, ...]] = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "harmonic minor": (0, 2, 3, 5, 7, 8, 11),
    "melodic minor": (0, 2, 3, 5, 7, 9, 11),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
    "lydian": (0, 2, 4, 6, 7, 9, 11),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "locrian": (0, 1, 3, 5, 6, 8, 10),
    "major pentatonic": (0, 2, 4, 7, 9),
    "minor pentatonic": (0, 3, 5, 7, 10),
    "blues": (0, 3, 5, 6, 7, 10),
}


@dataclass(frozen=True)
class Key:
    """A scale: its `text`, the pitch class of its `tonic` (C = 0), `steps` above it in semitones."""

    text: str
    tonic: int
    steps: tuple[int, ...]

    @property
    def pitch_classes(self) -> frozenset[int]:
        """The pitch classes of the scale."""
        return frozenset((self.tonic + step) % 12 for step in self.steps)


def parse_key(text: str) -> Key:
    """Read a key, such as "A minor", "D dorian" or "C major pentatonic"; "A" is A major and "Am" A
    minor.

    Raises
    ------
    DataError
        If it is no key.
    """
    match = re.fullmatch(r"([A-G](?:[#♯]+|[b♭]+)?)(m?)(?:\s+([a-z ]+?))?\s*", text.strip())
    words = " ".join((match[3] or "").split()) if match else ""
    name = words or ("minor" if match and match[2] else "major")
    if not match or name not in SCALES or (match[2] and words):
        raise DataError(
            f"key is {text[:40]!r}; give a tonic and a scale, like A minor, where the scale is one "
            f"of {', '.join(SCALES)}"
        )
    tonic = pitch_class(match[1].replace("♯", "#").replace("♭", "b"))
    return Key(text.strip(), tonic, SCALES[name])


def chord_of_scale(key: Key) -> ChordSymbol:
    """The whole scale, sounding at once above its tonic.

    On drums alone and on a mix in another key the triad of the tonic, the scale's own triads bar by
    bar and the whole scale all kept the bass in the scale; the triad made it a drone on the tonic,
    and the triads dictate a progression.
    """
    return ChordSymbol(key.text, key.tonic, key.steps, key.tonic)
