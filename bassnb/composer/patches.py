"""Patches: instruments drawn at random, and notes played by them without any recording.

An engine (see `bassnb.composer.engines`) turns the values of a patch and one note into sound.
Taught in chapter 10.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice

import numpy as np
from scipy.signal import lfilter

from bassnb.composer import bass_patches, upper_patches
from bassnb.composer.engines import bell, drums, fm, organ, string, subtractive, voice
from bassnb.composer.engines.tones import Tone, Values
from bassnb.composer.sampler import Stroke
from bassnb.composer.score import Note, Patch
from bassnb.composer.synth import strokes_of
from bassnb.errors import DataError
from bassnb.presets import SAMPLE_RATE
from bassnb.temperament import hertz_of_key

ENGINES = {
    "subtractive": subtractive,
    "fm": fm,
    "string": string,
    "organ": organ,
    "bell": bell,
    "voice": voice,
    "drums": drums,
}
_DRAWS: dict[str, Callable[[np.random.Generator], tuple[str, dict[str, float]]]] = {
    "bass": bass_patches.draw,
    "drums": upper_patches.draw_drums,
    "chords": upper_patches.draw_chords,
    "pad": upper_patches.draw_pad,
    "melody": upper_patches.draw_melody,
}
_LEVEL = 0.25  # of a tone whose peak is about 1
_TOUCH = 1.4  # exponent of the velocity
_LEGATO = 0.03  # seconds between two tones of which the later one still glides
_CHOKED = 0.008  # seconds in which a drum is silenced
_LAYERS = 8  # velocities that a drum distinguishes by more than loudness
_TAKES = 3  # variants of each drum at each of these velocities
_LOWEST = 15.0  # Hz; what is below is direct current


def draw_patch(role: str, rng: np.random.Generator) -> Patch:
    """An instrument for a part.

    Parameters
    ----------
    role : "bass", "drums", "chords", "pad" or "melody"
    rng : decides; the same state gives the same patch

    Returns
    -------
    patch : Patch

    Raises
    ------
    DataError
        If there is no such role.
    """
    if role not in _DRAWS:
        raise DataError(f"there is no role {role!r}; choose one of {', '.join(_DRAWS)}")
    engine, values = _DRAWS[role](rng)
    rounded = {name: float(f"{value:.4g}") for name, value in values.items()}
    return Patch(engine, int(rng.integers(2**31)), tuple(rounded.items()))


def play_patch(
    patch: Patch, notes: Sequence[Note], samples: int, *, tuning: float = 0.0
) -> np.ndarray:
    """Play notes with a patch.

    Parameters
    ----------
    patch : the instrument
    notes : in any order, times in seconds; a note ends where its pitch is struck again
    samples : length N of the result
    tuning : offset from 440 Hz in semitones, without effect on drums

    Returns
    -------
    wave : ndarray (2, N) float32
        The same arguments give the same bytes.

    Raises
    ------
    DataError
        If the engine of the patch, or one of its parameters, does not exist.
    """
    values = _values(patch)
    play = ENGINES[patch.engine].play
    voices = _drums if patch.engine == "drums" else _tones
    out = np.zeros((2, samples), np.float32)
    for start, wave in voices(play, patch, values, strokes_of(notes, samples), samples, tuning):
        sounding = wave[:, : samples - start]
        out[:, start : start + sounding.shape[1]] += sounding
    pole = np.exp(-2 * np.pi * _LOWEST / SAMPLE_RATE)
    return lfilter([pole, -pole], [1, -pole], out, axis=-1).astype(np.float32)


def _values(patch: Patch) -> Values:
    """All parameters of a patch by name."""
    if patch.engine not in ENGINES:
        raise DataError(f"there is no engine {patch.engine!r}; choose one of {', '.join(ENGINES)}")
    defaults = ENGINES[patch.engine].DEFAULTS
    unknown = sorted({name for name, _ in patch.values} - set(defaults))
    if unknown:
        raise DataError(
            f"the engine {patch.engine!r} has no parameter {unknown[0]!r}; "
            f"choose from {', '.join(defaults)}"
        )
    return {**defaults, **dict(patch.values)}


def _tones(
    play: Callable[[Values, Tone], np.ndarray],
    patch: Patch,
    values: Values,
    strokes: Sequence[Stroke],
    samples: int,
    tuning: float,
) -> Iterator[tuple[int, np.ndarray]]:
    """(start, wave (C, n)) of every note."""
    last: Stroke | None = None
    for stroke in strokes:
        legato = last is not None and stroke.start < last.end + _LEGATO * SAMPLE_RATE
        tone = Tone(
            stroke.key,
            hertz_of_key(stroke.key + tuning),
            hertz_of_key((last.key if last and legato else stroke.key) + tuning),
            stroke.velocity / 127.0,
            max(min(stroke.end, samples) - stroke.start, 1),
            np.random.default_rng((patch.seed, stroke.key, stroke.start)),
        )
        yield stroke.start, np.float32(_LEVEL * tone.force**_TOUCH) * play(values, tone)
        last = stroke


def _drums(
    play: Callable[[Values, Tone], np.ndarray],
    patch: Patch,
    values: Values,
    strokes: Sequence[Stroke],
    samples: int,
    tuning: float,
) -> Iterator[tuple[int, np.ndarray]]:
    """(start, wave (1, n)) of every stroke; each drum takes turns between a few takes."""
    takes: dict[tuple[int, int, int], np.ndarray] = {}
    for place, (start, _, key, velocity) in enumerate(strokes):
        layer = velocity * _LAYERS // 128
        which = (key, layer, place % _TAKES)
        if which not in takes:
            rng = np.random.default_rng((patch.seed, *which))
            tone = Tone(key, hertz_of_key(key), hertz_of_key(key), (layer + 0.5) / _LAYERS, 1, rng)
            takes[which] = play(values, tone)
        wave = np.float32(2 * _LEVEL * (velocity / 127.0) ** _TOUCH) * takes[which]
        later = (s.start for s in islice(strokes, place + 1, None) if key in drums.chokes(s.key))
        end = next(later, None)
        yield start, wave if end is None else _choked(wave, end - start)


def _choked(wave: np.ndarray, samples: int) -> np.ndarray:
    """A wave that is silenced after so many samples."""
    fall = np.linspace(1.0, 0.0, round(_CHOKED * SAMPLE_RATE), dtype=np.float32)
    wave = wave[:, : samples + len(fall)].copy()
    tail = wave[:, samples:]
    tail *= fall[: tail.shape[1]]
    return wave
