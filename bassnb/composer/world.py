"""Worlds of songs: which instruments play and how they play.

The preset of a model names the world that it is trained in. In "soundfont", ten
General MIDI basses and simple lines are played by one SoundFont. In "wide", half of the instruments
are synthesized, any SoundFont of the machine may join, and bass lines are as dense as those of
human players. Taught in chapter 10.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from bassnb.composer.wide.songs import VERSION
from bassnb.errors import DataError

# Raised whenever a seed gives another song or sound in that world: caches of the old ones are then
# not used.
VERSIONS = {"soundfont": 3, "wide": VERSION}


@dataclass(frozen=True)
class World:
    """A world of songs, and paths of further SoundFonts that play in it.

    Raises
    ------
    DataError
        If there is no such world, or no such SoundFont, or a world that takes none.
    """

    name: str = "soundfont"
    soundfonts: tuple[str, ...] = ()

    def __post_init__(self):
        if self.name not in VERSIONS:
            raise DataError(f"there is no world {self.name!r}; choose one of {', '.join(VERSIONS)}")
        if self.soundfonts and self.name != "wide":
            raise DataError(
                f"songs of the world {self.name!r} have a SoundFont of their own; "
                "give --soundfont with a preset of the world 'wide'"
            )
        missing = [path for path in self.soundfonts if not Path(path).is_file()]
        if missing:
            raise DataError(f"there is no SoundFont {missing[0]}; give the path of an .sf2 file")

    @property
    def version(self) -> int:
        """The version of the songs of this world."""
        return VERSIONS[self.name]

    @property
    def label(self) -> str:
        """The version, and a hash of the further SoundFonts if there are any: for names of caches."""
        if not self.soundfonts:
            return f"songs{self.version}"
        sizes = [(Path(path).name, Path(path).stat().st_size) for path in self.soundfonts]
        return f"songs{self.version}-{hashlib.sha256(repr(sizes).encode()).hexdigest()[:8]}"

    def facts(self) -> dict[str, str]:
        """What a training remembers of its world, JSON-ready; empty for the first."""
        return {} if self == World() else {"world": self.label}


SOUNDFONT, WIDE = World(), World("wide")
DEFAULT = WIDE  # the world of the shipped model, and so of chapters and studies
