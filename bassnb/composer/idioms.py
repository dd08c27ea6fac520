"""Idioms: which tempi, metres, instruments, grooves and bass styles keep company.

Each idiom is a row of preferences; `compose` draws a song from one row. Weights need not add up to one.
Taught in chapter 10.
"""

from __future__ import annotations

from dataclasses import dataclass

PIANOS, KEYS, ORGANS, GUITARS = (0, 1, 2), (4, 5, 7, 11), (16, 17, 18), (24, 25, 26, 27, 28)
STRINGS, SYNTHS, VOICES = (48, 50, 51), (88, 89, 90, 91, 94, 95), (52, 53, 54)
WINDS, BRASS, LEADS = (64, 66, 68, 71, 73, 75), (56, 57, 59, 61), (80, 82, 84, 85, 87)
FIDDLES, MALLETS = (40, 41, 110), (8, 11, 12, 108)


@dataclass(frozen=True)
class Idiom:
    """Preferences of one kind of music.

    tempo : lowest and highest beats a minute. metres, modes, bass : weights by name. grooves : names of groups
    of kick patterns in 4/4. swing : probability of swung off-beats. sevenths : how readily triads grow a seventh.
    comp, pad, melody : General MIDI programs. kits : drum kits. rhythms : names of comping patterns. drums : probability
    that there is a drummer.
    """

    name: str
    weight: float
    tempo: tuple[float, float]
    metres: dict[str, float]
    modes: dict[str, float]
    grooves: tuple[str, ...]
    swing: float
    sevenths: float
    bass: dict[str, float]
    comp: tuple[int, ...]
    pad: tuple[int, ...]
    melody: tuple[int, ...]
    kits: tuple[int, ...]
    rhythms: tuple[str, ...]
    drums: float = 0.9


# What a part may be played on when the idiom is not asked.
ANY = {"chords": (*range(0, 32), 46, *range(48, 55), *range(61, 64), 81, *range(88, 96), 104, 105, 106, 107),
       "pad": (*range(16, 24), 40, 41, 42, *range(48, 53), 54, *range(61, 64), *range(88, 96)),
       "melody": (*range(0, 32), *range(40, 47), 52, 53, *range(56, 88), 104, 105, 107, 108, 110)}
_PAIR = {"major": 0.55, "minor": 0.45}

IDIOMS = (
    Idiom("pop", 3.0, (80, 140), {"4/4": 9, "6/8": 1}, _PAIR, ("straight", "busy"), 0.05, 0.15,
          {"roots": 4, "pump": 2, "octaves": 1, "syncopated": 2, "fifths": 1, "arpeggio": 1, "pedal": 0.4},
          PIANOS + KEYS + GUITARS, STRINGS + SYNTHS + VOICES, LEADS + WINDS + PIANOS + MALLETS, (0, 8, 16, 24),
          ("held", "halves", "quarters", "eighths", "push", "broken")),
    Idiom("rock", 2.5, (90, 160), {"4/4": 9, "3/4": 0.5, "6/8": 1}, _PAIR, ("straight", "busy"), 0.05, 0.05,
          {"roots": 3, "pump": 4, "fifths": 1, "syncopated": 1.5, "pedal": 0.6, "octaves": 0.5},
          (27, 29, 30, 25, 17, 18), ORGANS + STRINGS + SYNTHS, LEADS + (29, 30, 56, 18), (0, 8, 16),
          ("held", "halves", "eighths", "kicks", "push")),
    Idiom("funk", 1.8, (85, 120), {"4/4": 1}, {"major": 0.25, "minor": 0.6, "blues": 0.15}, ("busy",), 0.15, 0.6,
          {"syncopated": 6, "octaves": 2, "roots": 1}, KEYS + (27, 28, 16, 17), STRINGS + SYNTHS + BRASS,
          BRASS + WINDS + LEADS, (0, 8, 16, 24), ("funk", "offbeats", "kicks", "push")),
    Idiom("dance", 1.8, (110, 135), {"4/4": 1}, {"major": 0.35, "minor": 0.65}, ("four",), 0.05, 0.15,
          {"octaves": 3, "pump": 2, "syncopated": 2, "roots": 2, "arpeggio": 1, "pedal": 0.4},
          PIANOS + KEYS + (90, 81, 62), SYNTHS + STRINGS, LEADS + (4, 11), (24, 24, 16, 0),
          ("offbeats", "held", "push", "funk", "broken")),
    Idiom("ballad", 1.6, (70, 95), {"4/4": 6, "3/4": 2, "6/8": 2}, {"major": 0.6, "minor": 0.4}, ("sparse",), 0.05,
          0.3, {"roots": 5, "fifths": 2, "arpeggio": 1.5, "pedal": 0.6}, PIANOS + KEYS + GUITARS,
          STRINGS + SYNTHS + VOICES, WINDS + FIDDLES + PIANOS + (11,), (0, 8, 32),
          ("held", "halves", "quarters", "broken")),
    Idiom("jazz", 1.6, (90, 160), {"4/4": 8, "3/4": 2}, {"jazz": 1.0}, ("swing",), 0.85, 0.0,
          {"walking": 7, "fifths": 2, "roots": 1.5}, PIANOS + (4, 11, 26, 16), STRINGS + VOICES,
          WINDS + BRASS + (11, 26, 0), (32, 32, 0), ("charleston", "held", "halves", "quarters")),
    Idiom("blues", 0.9, (80, 150), {"4/4": 8, "6/8": 2}, {"blues": 1.0}, ("straight", "swing"), 0.6, 0.0,
          {"walking": 3, "arpeggio": 2, "roots": 2, "pump": 1.5, "fifths": 1}, PIANOS + ORGANS + (25, 26, 27, 29),
          ORGANS + STRINGS, WINDS + (22, 26, 29, 56, 0), (0, 8, 32), ("charleston", "eighths", "quarters", "halves")),
    Idiom("latin", 1.2, (90, 150), {"4/4": 1}, {"jazz": 0.5, "minor": 0.3, "major": 0.2}, ("latin",), 0.0, 0.5,
          {"fifths": 5, "syncopated": 2, "arpeggio": 1.5, "roots": 1.5}, (0, 4, 24, 25, 11, 26), STRINGS + VOICES,
          WINDS + BRASS + MALLETS, (0, 8, 32), ("push", "funk", "charleston", "offbeats")),
    Idiom("reggae", 0.8, (70, 100), {"4/4": 1}, _PAIR, ("drop",), 0.3, 0.15,
          {"syncopated": 3, "roots": 3, "arpeggio": 2}, ORGANS + (0, 27, 28), ORGANS + STRINGS + SYNTHS,
          WINDS + BRASS + LEADS, (0, 8), ("offbeats", "offbeats", "push")),
    Idiom("folk", 1.0, (80, 140), {"4/4": 4, "3/4": 4, "6/8": 3}, _PAIR, ("straight", "sparse"), 0.1, 0.05,
          {"fifths": 5, "roots": 3, "walking": 1, "arpeggio": 1}, (24, 25, 0, 46, 105, 15), STRINGS + (20, 53, 91),
          FIDDLES + WINDS + (22, 79, 74), (0, 32, 8), ("halves", "quarters", "broken", "eighths")),
    Idiom("metal", 1.0, (100, 190), {"4/4": 9, "7/4": 0.6, "5/4": 0.4}, {"minor": 1.0}, ("straight", "busy", "breaks"), 0.0,
          0.0, {"pump": 4, "roots": 5, "tresillo": 1}, (29, 30), (48, 52, 18), (29, 30, 81, 84), (16, 8),
          ("kicks", "kicks", "eighths", "eighths", "push")),
    Idiom("country", 0.9, (85, 190), {"4/4": 4, "3/4": 2}, {"major": 1.0}, ("straight", "sparse"), 0.3, 0.1,
          {"fifths": 7, "walking": 1, "roots": 2}, (25, 105, 0, 27), (48, 20, 21), (22, 110, 25, 26, 27, 40), (0, 8, 40),
          ("halves", "halves", "quarters", "offbeats", "eighths")),
    Idiom("disco", 1.0, (108, 130), {"4/4": 1}, {"minor": 0.6, "major": 0.4}, ("four",), 0.0, 0.4,
          {"octaves": 6, "syncopated": 3, "pump": 1}, (0, 4, 27, 28, 5), (48, 50, 51, 90), (56, 61, 48, 80, 65), (8, 24, 0),
          ("offbeats", "offbeats", "funk", "held", "eighths")),
    Idiom("breakbeat", 0.9, (155, 182), {"4/4": 1}, {"minor": 0.8, "major": 0.2}, ("breaks",), 0.0, 0.3,
          {"held": 3, "roots": 3, "syncopated": 2, "tresillo": 1}, (4, 5, 90, 88, 81), SYNTHS + STRINGS, LEADS + (4, 53, 11),
          (24, 25, 8), ("held", "held", "push", "funk", "broken")),
    Idiom("trap", 0.9, (62, 80), {"4/4": 1}, {"minor": 0.9, "major": 0.1}, ("breaks", "sparse", "latin"), 0.0, 0.2,
          {"roots": 6, "held": 2, "tresillo": 1}, (4, 8, 10, 46, 88, 0), (52, 89, 91, 94), (11, 80, 79, 75, 108), (25, 24),
          ("held", "broken", "halves", "kicks")),
    Idiom("ambient", 0.7, (55, 100), {"4/4": 4, "6/8": 1, "5/4": 0.6}, _PAIR, ("sparse",), 0.0, 0.5,
          {"held": 6, "pedal": 3, "roots": 1}, (88, 89, 92, 95, 11, 46, 4), SYNTHS + STRINGS, (75, 79, 73, 53, 108, 98), (0, 48),
          ("held", "held", "broken"), 0.25),
    Idiom("chamber", 0.9, (60, 130), {"4/4": 3, "3/4": 2, "6/8": 1}, {"major": 0.55, "minor": 0.45}, ("sparse",), 0.0, 0.2,
          {"fifths": 2, "walking": 3, "roots": 2, "arpeggio": 1, "held": 2}, (0, 6, 48, 49, 46, 19, 24), (48, 42, 19, 52),
          (40, 41, 68, 71, 73, 60), (48,), ("held", "halves", "quarters", "broken", "eighths"), 0.08),
    Idiom("prog", 0.7, (110, 210), {"5/4": 1, "7/4": 1.2, "4/4": 0.6}, {"minor": 0.7, "major": 0.3}, ("straight", "busy"), 0.0,
          0.25, {"roots": 4, "pump": 2, "syncopated": 3, "arpeggio": 1}, (16, 18, 27, 29, 4, 7), (48, 52, 90), LEADS + (29, 0, 73),
          (0, 8, 16), ("kicks", "eighths", "push", "broken", "held")),
    Idiom("soul", 1.0, (60, 115), {"4/4": 3, "6/8": 2}, {"major": 0.6, "minor": 0.4}, ("straight", "busy", "sparse"), 0.25, 0.6,
          {"syncopated": 4, "roots": 3, "walking": 1.5, "fifths": 1}, (0, 4, 5, 16, 27, 26), (48, 52, 61), BRASS + WINDS + (53, 16),
          (0, 8, 32), ("quarters", "push", "offbeats", "held", "broken")),
    Idiom("afro", 0.7, (95, 130), {"4/4": 3, "6/8": 1}, _PAIR, ("latin", "four", "breaks"), 0.0, 0.3,
          {"tresillo": 5, "syncopated": 3, "roots": 1}, (27, 26, 12, 0, 28), (48, 54, 17), (56, 65, 27, 12, 75), (0, 8, 24),
          ("push", "push", "funk", "broken")),
)
