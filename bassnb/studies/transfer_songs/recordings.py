"""Real recordings with a separate bass: the reference is transcribed, not written.

The bass stem is transcribed as the takes are: pitch, onsets and tuning. Chords come from the
spectrum of mix and bass together.

Taught in chapter 9.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from bassnb.audio import read_audio, read_stretch
from bassnb.collections.layouts import find_songs
from bassnb.collections.song_files import SongFiles, folders
from bassnb.collections.stem_index import listened
from bassnb.collections.stem_songs import reasons
from bassnb.collections.stem_songs import song_of as song_of_index
from bassnb.composer.score import Note, Part, Song
from bassnb.errors import DataError
from bassnb.harmony import chroma_of_wave, estimate_chords
from bassnb.level import to_level
from bassnb.metrics.match import Transcription, transcribe
from bassnb.presets import SAMPLE_RATE
from bassnb.studies.transfer_songs.excerpts import song_of

_SEGMENT = 0.37  # seconds between the places where a chord may change: 16 frames of 1024 samples
_SHORTEST = 0.06  # seconds


def recorded_songs(
    folder: Path, split: str | None = None, above: frozenset[Path] = frozenset()
) -> list[SongFiles]:
    """Songs with a bass and something else in a collection of any layout.

    The collection may also lie below `folder`.

    Parameters
    ----------
    split : "test", for example, leaves out what a model may have been trained on; None takes all
    above : folders that are being looked through, to which a link may lead back
    """
    try:
        found = find_songs(folder)[1]
    except DataError:
        above = above | {folder.resolve()}
        inside = [inner for inner in folders(folder) if inner.resolve() not in above]
        return [song for inner in inside for song in recorded_songs(inner, split, above)]
    return [
        song
        for song in found
        if "bass" in song.stems and len(song.stems) > 1 and split in (None, song.split)
    ]


def read_recording(files: SongFiles, seconds: float) -> tuple[Song, Tensor, Tensor]:
    """The `seconds` seconds of a song in which its bass is loudest, and the truth about them.

    Returns
    -------
    song, bass, mix : Song, Tensors (2, N) at 44.1 kHz; the mix is the sum of all other stems in
        which the bass is silent

    Raises
    ------
    DataError
        If the bass is silent or has no pitch, or if it is in all other files.
    """
    recorded = song_of_index(listened(files), "bass")
    if len(recorded.stems) < 2:
        raise DataError(
            f"the song {files.name} has nothing but a bass: {reasons(recorded)}; give it stems without the bass"
        )
    bass = summed(files.stems["bass"])
    signed = [
        (path, 1) for name, paths in recorded.stems.items() if name != "bass" for path in paths
    ]
    signed += [(path, -1) for paths in recorded.minus.values() for path in paths]
    samples = min(round(seconds * SAMPLE_RATE), bass.shape[-1])
    start = loudest(bass, samples)
    bass = bass[:, start : start + samples]
    mix = torch.zeros_like(bass)
    for path, sign in signed:
        mix += sign * read_stretch(path, start / SAMPLE_RATE, samples)
    name = f"{files.stems['bass'][0].parent.parent.name}: {files.name}"
    take = transcribe(bass)
    if np.isnan(take.midi).all():
        raise DataError(f"the bass of {files.name} has no pitch; give a song in which a bass plays")
    duration = samples / SAMPLE_RATE
    borders = np.array([*np.arange(0, duration - _SEGMENT / 2, _SEGMENT), duration])
    tuning = tuning_of(take.midi)
    # One level for both: the louder is no truer, and chroma is compared with chroma.
    upper, low = (chroma_of_wave(to_level(wave), borders, tuning=tuning) for wave in (mix, bass))
    part = Part("bass", 33, False, transcribed_notes(take, tuning, duration))
    return (
        song_of(name, duration, (part,), (), estimate_chords(upper, low, borders), tuning),
        bass,
        mix,
    )


def summed(paths: Sequence[Path]) -> Tensor:
    """The sum (2, N) of files that may end at different times."""
    waves = [read_audio(path) for path in paths]
    total = torch.zeros(2, max(wave.shape[-1] for wave in waves))
    for wave in waves:
        total[:, : wave.shape[-1]] += wave
    return total


def loudest(bass: Tensor, samples: int) -> int:
    """First sample of the stretch of `samples` samples with the most energy, by seconds."""
    energy = torch.cat([torch.zeros(1), bass.square().mean(0).cumsum(0)])
    starts = torch.arange(0, bass.shape[-1] - samples + 1, SAMPLE_RATE)
    return int(starts[(energy[starts + samples] - energy[starts]).argmax()])


def tuning_of(midi: np.ndarray) -> float:
    """Tuning of a pitch track (T,) in semitones from 440 Hz, -0.5 to 0.5.

    It is the circular mean of the deviations from the nearest pitches.
    """
    turn = np.exp(2j * np.pi * midi[~np.isnan(midi)]).mean()
    return round(float(np.angle(turn) / (2 * np.pi)), 4)


def transcribed_notes(take: Transcription, tuning: float, duration: float) -> tuple[Note, ...]:
    """The transcription as notes, one from each onset to the next.

    A note has the median of its pitches and sounds where the track is voiced.

    Onsets without a pitch after them are strokes of a dead string: they stay out of the pitches and
    out of the rhythm.
    """
    voiced = ~np.isnan(take.midi)
    borders = [*take.onsets, duration]
    notes = []
    for start, end in zip(borders[:-1], borders[1:]):
        inside = voiced & (take.times >= start) & (take.times < end)
        if inside.sum() >= 2:
            last = max(float(take.times[inside][-1]), start + _SHORTEST)
            pitch = round(float(np.median(take.midi[inside])) - tuning)
            notes.append(Note(round(float(start), 5), round(last, 5), pitch, 90))
    return tuple(notes)
