"""Notes to sound: a SoundFont player without state between two calls.

The player is TinySoundFont. The instruments are those of TimGM6mb, which is part of the
`pretty_midi` wheel, or of another SoundFont that the caller names. Taught in chapter 10.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from bassnb.composer.score import Note
from bassnb.errors import DataError

SAMPLE_RATE = 44100
_DRUM_BANK = 128
_FLUSH = 4096  # samples after which every stopped voice is silent
# Semitones by which sampled instruments are sharp of concert pitch, measured at E1 to G3; `play`
# subtracts them. Programs 32 to 39, then the synth leads.
_SHARP = dict(
    zip(
        (*range(32, 40), 80, 87),
        (0.03, -0.01, 0.03, 0.03, 0.035, 0.03, 0.02, 0.037, -0.02, 0.0),
        strict=True,
    )
)
_SHARP_UPPER = 0.03  # most others


def soundfont_path() -> Path:
    """Path of TimGM6mb.sf2.

    Raises
    ------
    DataError
        If `pretty_midi`, whose wheel contains it, is not installed.
    """
    spec = find_spec("pretty_midi")  # finds the package without importing it
    path = Path(spec.origin).parent / "TimGM6mb.sf2" if spec and spec.origin else None
    if path is None or not path.is_file():
        raise DataError('the SoundFont TimGM6mb.sf2 is missing; run pip install "bassnb[songs]"')
    return path


@lru_cache(maxsize=2)
def _player(soundfont: str | None):
    """A synthesizer with one SoundFont loaded into it, TimGM6mb if None."""
    try:
        from tinysoundfont import Synth
    except ImportError as error:
        raise DataError(
            "the package tinysoundfont is missing; run pip install --no-deps tinysoundfont"
        ) from error
    if soundfont is not None and not Path(soundfont).is_file():
        raise DataError(f"the SoundFont {soundfont} is missing; give the path of an .sf2 file")
    synth = Synth(gain=0.0, samplerate=SAMPLE_RATE)
    try:
        return synth, synth.sfload(soundfont or str(soundfont_path()), max_voices=128)
    except Exception as error:  # the player raises a plain Exception
        raise DataError(
            f"{soundfont} cannot be read as a SoundFont; give the path of an .sf2 file"
        ) from error


@lru_cache(maxsize=1)
def _scratch(samples: int) -> np.ndarray:
    """Interleaved stereo memory (samples, 2), which every call of `play` overwrites completely."""
    return np.empty((samples, 2), dtype=np.float32)


def play(
    notes: Sequence[Note],
    program: int,
    samples: int,
    *,
    is_drum: bool = False,
    tuning: float = 0.0,
    soundfont: str | None = None,
) -> np.ndarray:
    """Play notes with one instrument.

    Parameters
    ----------
    notes : in any order, times in seconds
    program : General MIDI program, or drum kit if `is_drum`
    samples : length N of the result
    is_drum : whether `program` is a drum kit
    tuning : offset from 440 Hz in semitones, without effect on drums
    soundfont : path of an .sf2 file, TimGM6mb if None; its first instrument replaces missing ones

    Returns
    -------
    wave : ndarray (2, N) float32
        The same arguments give the same bytes, whatever was played before.
    """
    synth, font = _player(soundfont)
    channel = 9 if is_drum else 0
    bank = _DRUM_BANK if is_drum else 0
    try:
        synth.program_select(channel, font, bank, program, is_drum)
    except RuntimeError:  # only a foreign SoundFont can lack an instrument
        synth.program_select(channel, font, bank, 0, is_drum)
    sharp = 0.0 if is_drum or soundfont else _SHARP.get(program, _SHARP_UPPER)
    synth.set_tuning(channel, 0.0 if is_drum else tuning - sharp)
    out = _scratch(samples)
    buffer, here = out.data.cast("B"), 0
    try:
        for sample, on, pitch, velocity in _events(notes, samples):
            if sample > here:
                synth.generate_simple(sample - here, buffer=buffer[here * 8 : sample * 8])
                here = sample
            if on:
                synth.noteon(channel, pitch, velocity)
            else:
                synth.noteoff(channel, pitch)
        if samples > here:
            synth.generate_simple(samples - here, buffer=buffer[here * 8 :])
    finally:
        synth.sounds_off(channel)
        synth.generate_simple(_FLUSH)
    return np.ascontiguousarray(out.T)


def _events(notes: Sequence[Note], samples: int) -> list[tuple[int, bool, int, int]]:
    """Events (sample, on, pitch, velocity), ends before beginnings.

    A note ends where the same pitch is struck again.
    """
    struck: dict[int, list[Note]] = {}
    for note in sorted(notes, key=lambda note: note.start):
        struck.setdefault(note.pitch, []).append(note)
    events = []
    for same in struck.values():
        for note, after in zip(same, [*same[1:], None], strict=True):
            start = round(note.start * SAMPLE_RATE)
            end = round(note.end * SAMPLE_RATE)
            if after is not None:
                end = min(end, round(after.start * SAMPLE_RATE))
            if start < samples:
                events.append((start, True, note.pitch, note.velocity))
            if end < samples:
                events.append((end, False, note.pitch, 0))
    return sorted(events)
