"""Real recordings with a separate bass: the truth is heard, not written. Taught in chapter 9.

The bass stem is transcribed with the ear that will judge the takes: pitch, onsets and tuning. Chords come from the
spectrum of mix and bass together.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from bassnb.audio import read_audio, to_level
from bassnb.data.score import DataError, Note, Part, Song
from bassnb.evaluation.excerpts import song_of
from bassnb.evaluation.harmony import chroma_of_wave, estimate_chords
from bassnb.evaluation.match import Transcription, transcribe
from bassnb.presets import SAMPLE_RATE

SUFFIXES = (".wav", ".flac", ".ogg", ".mp3")
WHOLE = ("mix", "mixture")  # names of a file that holds everything but the bass, used where no other stems are given
_SEGMENT = 0.37  # seconds between the places where a chord may change: 16 frames of 1024 samples
_SHORTEST = 0.06  # seconds


def recorded_songs(folder: Path) -> list[Path]:
    """Folders below `folder` that hold a bass and something else."""
    found = {path.parent for suffix in SUFFIXES for path in folder.rglob(f"bass{suffix}")}
    return sorted(place for place in found if len(_stems(place)) > 1)


def _stems(place: Path) -> dict[str, Path]:
    return {path.stem.lower(): path for path in sorted(place.iterdir()) if path.suffix.lower() in SUFFIXES}


def read_recording(place: Path, seconds: float) -> tuple[Song, Tensor, Tensor]:
    """The `seconds` seconds of a song in which its bass is loudest, and the truth about them.

    Parameters
    ----------
    place : folder with ``bass.wav`` and the other stems, ``drums.wav``, ``vocals.wav`` ...; or with ``bass.wav`` and
        ``mix.wav``, the sum of all others. FLAC, Ogg and MP3 are read as well.

    Returns
    -------
    song, bass, mix : Song, Tensors (2, N) at 44.1 kHz

    Raises
    ------
    DataError
        If the bass is silent or has no pitch.
    """
    files = _stems(place)
    bass = read_audio(files.pop("bass"))
    stems = [path for name, path in files.items() if name not in WHOLE] or list(files.values())
    samples = min(round(seconds * SAMPLE_RATE), bass.shape[-1])
    start = loudest(bass, samples)
    bass = bass[:, start : start + samples]
    mix = torch.zeros_like(bass)
    for path in stems:
        wave = read_audio(path)[:, start : start + samples]
        mix[:, : wave.shape[-1]] += wave
    name = f"{place.parent.name}: {place.name}"
    heard = transcribe(bass)
    if np.isnan(heard.midi).all():
        raise DataError(f"The bass of {place} has no pitch; give a song in which a bass plays.")
    duration = samples / SAMPLE_RATE
    borders = np.array([*np.arange(0, duration - _SEGMENT / 2, _SEGMENT), duration])
    tuning = tuning_of(heard.midi)
    # One level for both: the louder is no truer, and chroma is compared with chroma.
    chroma = [chroma_of_wave(to_level(wave), borders, tuning=tuning) for wave in (mix, bass)]
    part = Part("bass", 33, False, heard_notes(heard, tuning, duration))
    return song_of(name, duration, (part,), (), estimate_chords(*chroma, borders), tuning), bass, mix


def loudest(bass: Tensor, samples: int) -> int:
    """First sample of the stretch of `samples` samples with the most energy, by seconds."""
    energy = torch.cat([torch.zeros(1), bass.square().mean(0).cumsum(0)])
    starts = torch.arange(0, bass.shape[-1] - samples + 1, SAMPLE_RATE)
    return int(starts[(energy[starts + samples] - energy[starts]).argmax()])


def tuning_of(midi: np.ndarray) -> float:
    """Semitones, -0.5 to 0.5, by which the pitches of a track (T,) lie above the nearest ones of 440 Hz, on a circle."""
    turn = np.exp(2j * np.pi * midi[~np.isnan(midi)]).mean()
    return round(float(np.angle(turn) / (2 * np.pi)), 4)


def heard_notes(heard: Transcription, tuning: float, duration: float) -> tuple[Note, ...]:
    """The transcription as notes: one from each onset to the next, with the median of its pitches and where it sounds.

    Onsets without a pitch after them are strokes of a dead string: they stay out of the pitches and out of the rhythm.
    """
    voiced = ~np.isnan(heard.midi)
    borders = [*heard.onsets, duration]
    notes = []
    for start, end in zip(borders[:-1], borders[1:]):
        inside = voiced & (heard.times >= start) & (heard.times < end)
        if inside.sum() >= 2:
            last = max(float(heard.times[inside][-1]), start + _SHORTEST)
            pitch = round(float(np.median(heard.midi[inside])) - tuning)
            notes.append(Note(round(float(start), 5), round(last, 5), pitch, 90))
    return tuple(notes)
