"""The score of a song: notes, chords and parts, and functions that look up chords and pitches.

A `Song` is pure data. It holds what is rendered (the parts) and the ground truth for the metrics
(beats, chords, key). Taught in chapter 10.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields

import numpy as np

from bassnb.errors import DataError

QUALITIES: dict[str, tuple[int, ...]] = {
    "maj": (0, 4, 7),
    "min": (0, 3, 7),
    "dom7": (0, 4, 7, 10),
    "maj7": (0, 4, 7, 11),
    "min7": (0, 3, 7, 10),
    "sus4": (0, 5, 7),
    "dim": (0, 3, 6),
    "halfdim": (0, 3, 6, 10),
}


@dataclass(frozen=True)
class Note:
    """One note: `start` and `end` in seconds, `pitch` a MIDI number, `velocity` 1..127."""

    start: float
    end: float
    pitch: int
    velocity: int


@dataclass(frozen=True)
class Chord:
    """One chord: `start`, `end` in seconds, pitch class `root` (C = 0), `quality`."""

    start: float
    end: float
    root: int
    quality: str

    @property
    def pitch_classes(self) -> frozenset[int]:
        """The sounding pitch classes, 0..11."""
        return frozenset((self.root + step) % 12 for step in QUALITIES[self.quality])


@dataclass(frozen=True)
class Effects:
    """The channel strip of one part, in the order in which it is applied.

    Attributes
    ----------
    drive : soft clipping, 0 (clean) to 3
    lowpass : corner frequency in Hz, 0 for none
    delay : seconds between echoes, 0 for none
    feedback : gain of each echo relative to the one before
    room : level of the early reflections, 0 for none
    width : 0 mono, 1 as played
    amp : gain into the amplifier's valve, 0 (none) to 4
    bias : asymmetry of the valve, 0 to 1
    cabinet_low, cabinet_high : corners of the loudspeaker in Hz, 0 for no loudspeaker
    ratio : of the compressor, 1 for none
    threshold : where it begins, in dB relative to the loudness (rms) of the part
    attack, release : of the compressor, in seconds
    makeup : gain after the compressor in dB
    low_gain, mid_gain, high_gain : low shelf, bell and high shelf of the equaliser in dB
    low_hertz, mid_hertz, high_hertz : their frequencies
    mid_quality : frequency of the bell divided by its bandwidth
    chorus : level of the delayed copy, 0 for none
    chorus_delay, chorus_depth : its mean delay and how far that moves, in seconds
    chorus_rate : cycles a second
    room_decay : seconds in which the room falls by 60 dB, 0 for early reflections alone
    wow, flutter : slow and fast deviation of the pitch in cents, at most
    crackle : clicks of a record a second
    band : highest frequency that a codec or tape keeps in Hz, 0 for all
    bits : depth of a coarse converter, 0 for none
    noise, hum : level in dB below the loudness of the part, 0 for none
    offset : direct current, as a share of the peak
    seed : of the noise and the crackle
    """

    drive: float = 0.0
    lowpass: float = 0.0
    delay: float = 0.0
    feedback: float = 0.0
    room: float = 0.0
    width: float = 1.0
    amp: float = 0.0
    bias: float = 0.0
    cabinet_low: float = 0.0
    cabinet_high: float = 0.0
    ratio: float = 1.0
    threshold: float = 0.0
    attack: float = 0.01
    release: float = 0.1
    makeup: float = 0.0
    low_gain: float = 0.0
    mid_gain: float = 0.0
    high_gain: float = 0.0
    low_hertz: float = 100.0
    mid_hertz: float = 800.0
    high_hertz: float = 4000.0
    mid_quality: float = 0.7
    chorus: float = 0.0
    chorus_delay: float = 0.015
    chorus_depth: float = 0.003
    chorus_rate: float = 0.6
    room_decay: float = 0.0
    wow: float = 0.0
    flutter: float = 0.0
    crackle: float = 0.0
    band: float = 0.0
    bits: int = 0
    noise: float = 0.0
    hum: float = 0.0
    offset: float = 0.0
    seed: int = 0


@dataclass(frozen=True)
class Patch:
    """An instrument of the synthesizer, as pure data.

    Attributes
    ----------
    engine : one of ``ENGINES`` of `bassnb.composer.patches`
    seed : of its noise and of the small differences between its notes
    values : parameters by name; those that are missing have the engine's default
    """

    engine: str
    seed: int
    values: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Part:
    """One stem: General MIDI `program` (a drum kit if `is_drum`), notes and channel strip.

    `program` is that of TimGM6mb or of the SoundFont at the path `soundfont`; a `patch` replaces
    it. `gain_db` is relative to the usual level of that stem, `pan` runs from -1 (left) to 1 (right).
    """

    name: str
    program: int
    is_drum: bool
    notes: tuple[Note, ...]
    gain_db: float = 0.0
    pan: float = 0.0
    effects: Effects = field(default_factory=Effects)
    patch: Patch | None = None
    soundfont: str | None = None


@dataclass(frozen=True)
class Song:
    """A whole song and its ground truth.

    Attributes
    ----------
    seed, split : arguments of `compose`
    idiom : name of the idiom
    tempo : beats a minute
    metre : "4/4", "3/4", "6/8", "5/4" or "7/4"
    key : pitch class of the tonic
    mode : "major", "minor", "jazz" or "blues"
    duration : seconds
    tuning : offset of all parts from 440 Hz in semitones
    gain_db : level of the song
    beats, downbeats : seconds
    chords : cover [0, duration] without gaps
    parts : the stems
    bass_style : styles of the sections, each once, joined by "+"
    bass_timbre : 0 to 7 for programs 32 to 39, 8 and 9 for synth leads, -1 for any other sound
    world : argument of `compose`
    """

    seed: int
    split: str
    idiom: str
    tempo: float
    metre: str
    key: int
    mode: str
    duration: float
    tuning: float
    gain_db: float
    beats: tuple[float, ...]
    downbeats: tuple[float, ...]
    chords: tuple[Chord, ...]
    parts: tuple[Part, ...]
    bass_style: str
    bass_timbre: int
    world: str = "soundfont"

    def part(self, name: str) -> Part | None:
        """The part called `name`, or None if this song has none."""
        return next((part for part in self.parts if part.name == name), None)

    def to_json(self) -> str:
        """The song as JSON text; `Song.from_json` is the inverse."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Song:
        """Read what `to_json` wrote.

        Raises
        ------
        DataError
            If the text is not JSON or lacks a field of the song.
        """
        try:
            raw = json.loads(text)
            raw["chords"] = tuple(Chord(**chord) for chord in raw["chords"])
            raw["parts"] = tuple(_part(part) for part in raw["parts"])
            raw["beats"], raw["downbeats"] = tuple(raw["beats"]), tuple(raw["downbeats"])
            return cls(**{item.name: raw[item.name] for item in fields(cls) if item.name in raw})
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise DataError(
                f"the text is not a song ({error}); give what Song.to_json wrote"
            ) from error


def _part(raw: dict) -> Part:
    notes = tuple(Note(**note) for note in raw["notes"])
    patch = raw.get("patch")
    if patch is not None:
        values = tuple((str(name), float(value)) for name, value in patch["values"])
        patch = Patch(**{**patch, "values": values})
    return Part(**{**raw, "notes": notes, "effects": Effects(**raw["effects"]), "patch": patch})


def chord_at(song: Song, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The chord that sounds at each time.

    Parameters
    ----------
    times : ndarray (T,), seconds.

    Returns
    -------
    roots : ndarray (T,) of int, pitch classes.
    mask : ndarray (T, 12) of bool, True where the pitch class belongs to the chord.
    """
    starts = np.array([chord.start for chord in song.chords])
    table = np.zeros((len(song.chords), 12), dtype=bool)
    for row, chord in zip(table, song.chords, strict=True):
        row[list(chord.pitch_classes)] = True
    index = np.clip(np.searchsorted(starts, np.asarray(times), side="right") - 1, 0, None)
    return np.array([chord.root for chord in song.chords])[index], table[index]


def pitch_at(song: Song, times: np.ndarray) -> np.ndarray:
    """MIDI pitch of the bass at each of `times` (T,) in seconds, NaN where the bass rests."""
    times = np.asarray(times, dtype=float)
    part = song.part("bass")
    if part is None or not part.notes:
        return np.full(times.shape, np.nan)
    starts, ends, pitches = np.array([(note.start, note.end, note.pitch) for note in part.notes]).T
    index = np.searchsorted(starts, times, side="right") - 1
    held = (index >= 0) & (times < ends[np.clip(index, 0, None)])
    return np.where(held, pitches[np.clip(index, 0, None)], np.nan)
