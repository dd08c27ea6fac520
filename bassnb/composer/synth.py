"""Notes to sound, played by the instruments of a SoundFont.

They are those of TimGM6mb, which is part of the `pretty_midi` wheel, or of another SoundFont that
the caller names. Taught in chapter 10.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from bassnb.composer.sampler import Stroke, play_strokes
from bassnb.composer.score import Note
from bassnb.composer.soundfont import open_soundfont
from bassnb.errors import DataError
from bassnb.presets import SAMPLE_RATE

_DRUM_BANK = 128
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
        The same arguments give the same bytes.

    Raises
    ------
    DataError
        If the SoundFont is missing or damaged.
    """
    font = open_soundfont(soundfont or soundfont_path())
    sharp = 0.0 if is_drum or soundfont else _SHARP.get(program, _SHARP_UPPER)
    return play_strokes(
        font,
        font.zones(_DRUM_BANK if is_drum else 0, program),
        strokes_of(notes, samples),
        samples,
        tuning=0.0 if is_drum else tuning - sharp,
    )


def strokes_of(notes: Sequence[Note], samples: int) -> list[Stroke]:
    """Notes in samples, in the order of their starts.

    A note ends where the same pitch is struck again.
    """
    struck: dict[int, list[Note]] = {}
    for note in sorted(notes, key=lambda note: note.start):
        struck.setdefault(note.pitch, []).append(note)
    strokes = []
    for same in struck.values():
        for note, after in zip(same, [*same[1:], None], strict=True):
            start = max(0, round(note.start * SAMPLE_RATE))
            end = round(note.end * SAMPLE_RATE)
            if after is not None:
                end = min(end, round(after.start * SAMPLE_RATE))
            if start < samples:
                strokes.append(Stroke(start, max(end, start), note.pitch, note.velocity))
    return sorted(strokes)
