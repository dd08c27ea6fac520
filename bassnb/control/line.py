"""The user's own line, hummed, played or written: as the audio of a bass that the model can begin
from. Taught in chapter 11.

A voice lies one to three octaves above a bass, where the bass autoencoder was not trained. Its
pitch is tracked (pYIN, Mauch and Dixon 2014), moved down by whole octaves, and played by a plain
tone (`bassnb.control.tone`). A line that lies in the register of a bass is used as it is, and a
MIDI file is played by the same tone.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from bassnb.collections.midi import read_midi
from bassnb.control.tone import HOP, contours_of_notes, tone
from bassnb.errors import BassnbError, DataError
from bassnb.extras import need
from bassnb.presets import SAMPLE_RATE
from bassnb.sources import sounding_track, track_of
from bassnb.temperament import key_of_hertz
from bassnb.tracks import Track
from bassnb.waves import resample

MIDI = (".mid", ".midi")
LOWEST, HIGHEST = 28.0, 48.0  # E1 to C3: where the median pitch of a bass line lies
TOLERANCE = 1.0  # seconds by which a recording may be shorter or longer than the mix
RATE = 11_025  # Hz at which pitch is tracked
QUIETEST = 0.02  # of the loudest frame: below, nothing sounds
# share of what sounds that has a pitch, in a line: 0.1 of noise, 0.9 of sung and played basses
CLEAR = 0.2
FRAME = 1024  # samples at that rate, 93 ms
STEP = 0.2  # semitones between neighbouring candidates of pitch; finer ones take twice the time


def line_track(source, sample_rate: float, mix: Track, cents: float) -> Track:
    """A line in the register of a bass, exactly as long as the mix.

    Parameters
    ----------
    source : path of audio or of a MIDI file, or an array or Tensor at `sample_rate`
    mix : as it was given
    cents : tuning of the mix, at which a MIDI file is played

    Raises
    ------
    BassnbError
        If it cannot be read, is silent, has no pitch, or lasts longer or shorter than the mix;
        rests at the end of a MIDI file are no matter.
    """
    name = str(source) if isinstance(source, (str, os.PathLike)) else "the line"
    if isinstance(source, (str, os.PathLike)) and Path(source).suffix.lower() in MIDI:
        wave = midi_line(source, mix.length, cents)
    else:
        track = track_of(source, sample_rate, "the line")
        beyond = (track.length - mix.length) / SAMPLE_RATE
        if abs(beyond) > TOLERANCE:
            raise BassnbError(
                f"{name} lasts {track.length / SAMPLE_RATE:.1f} s, {abs(beyond):.1f} s {'more' if beyond > 0 else 'less'} "
                "than the mix; give a line that begins and ends with it"
            )
        wave = torch.cat(list(track.blocks()), -1)
        wave = in_bass_register(fitted(wave, mix.length), name)
    return sounding_track(lambda: [wave], source, "the line")


def fitted(wave: Tensor, length: int) -> Tensor:
    """`wave` (2, N) cut, or followed by silence, to `length` samples."""
    return torch.nn.functional.pad(wave[:, :length], (0, max(length - wave.shape[-1], 0)))


def midi_line(path: str | os.PathLike, length: int, cents: float = 0.0) -> Tensor:
    """The notes of a MIDI file, whatever their instruments, played by a plain tone.

    They are moved by whole octaves into the register of a bass.

    Returns
    -------
    wave : Tensor (2, length)

    Raises
    ------
    DataError
        If the file is missing, is not MIDI, holds no notes, or lasts longer than `length` samples.
    """
    notes = read_notes(path)
    seconds = length / SAMPLE_RATE
    if max(onset for onset, *_ in notes) > seconds:
        raise DataError(
            f"{path} lasts longer than the mix with its {seconds:.1f} s; give a line to this mix"
        )
    moved = 12 * octaves(float(np.median([pitch for _, _, pitch, _ in notes])))
    notes = [(onset, min(offset, seconds), pitch + moved, v) for onset, offset, pitch, v in notes]
    wave = tone(*contours_of_notes(notes, length, cents), length)
    return torch.from_numpy(0.2 * wave).float().expand(2, -1)


def read_notes(path: str | os.PathLike) -> list[tuple[float, float, float, float]]:
    """Onset and offset in seconds, pitch in semitones and velocity (0 to 1) of every note of a MIDI
    file that is no drum, by onset; of notes that begin together only the lowest.

    Raises
    ------
    DataError
        If the file is missing, is not MIDI, or holds no notes.
    """
    found = sorted(
        (note.start, note.pitch, note.end, note.velocity / 127)
        for part in read_midi(path).parts
        for note in part.notes
        if not part.is_drum
    )
    notes: list[tuple[float, float, float, float]] = []
    for start, pitch, end, velocity in found:
        if not notes or start > notes[-1][0]:
            notes.append((start, end, float(pitch), velocity))
    if not notes:
        raise DataError(f"{path} holds no notes; give a MIDI file with a line in it")
    return notes


def octaves(median: float) -> int:
    """By how many octaves a line with this median pitch, in semitones, is to be moved so that the
    median lies in the register of a bass; 0 if it does already.
    """
    if not np.isfinite(median) or LOWEST <= median <= HIGHEST:
        return 0
    return (
        -int(np.ceil((median - HIGHEST) / 12))
        if median > HIGHEST
        else int(np.ceil((LOWEST - median) / 12))
    )


def in_bass_register(wave: Tensor, name: str) -> Tensor:
    """A recorded line (2, N), as it is if its median pitch is that of a bass, and otherwise played
    by a plain tone, whole octaves lower or higher.

    Raises
    ------
    BassnbError
        If it has no pitch, such as speech or drums, or librosa is not installed.
    """
    hertz, amplitude, clear = contours_of_wave(wave)
    sounding = amplitude > 0
    if clear < CLEAR:
        raise BassnbError(f"{name} has no clear pitch; give a hummed, sung or played line")
    moved = octaves(float(np.median(key_of_hertz(hertz[sounding]))))
    if not moved:
        return wave
    sound = tone(hertz * 2.0**moved, amplitude, wave.shape[-1])
    return torch.from_numpy(sound).float().expand(2, -1)


def contours_of_wave(wave: Tensor) -> tuple[np.ndarray, np.ndarray, float]:
    """Pitch by pYIN and root mean square of a recording (2, N), as contours for `tone`; the
    amplitude is 0 where there is no pitch. And the share of what sounds that has a pitch.
    """
    need("line")
    import librosa

    mono = resample(wave.mean(0, keepdim=True), SAMPLE_RATE, RATE)[0].numpy()
    hop = FRAME // 4
    hertz, voiced, _ = librosa.pyin(
        mono,
        fmin=41.0,
        fmax=1000.0,
        sr=RATE,
        frame_length=FRAME,
        hop_length=hop,
        resolution=STEP,
    )
    rms = librosa.feature.rms(y=mono, frame_length=FRAME // 2, hop_length=hop)[0][: len(hertz)]
    voiced = voiced & np.isfinite(hertz)
    amplitude = np.where(voiced, rms, 0.0)
    known = np.flatnonzero(voiced)
    frames = np.arange(len(hertz))
    # a pitch is needed everywhere, so that the phase runs on: the nearest one
    filled = np.interp(frames, known, hertz[known]) if len(known) else np.full(len(hertz), 55.0)
    at = np.arange(wave.shape[-1] // HOP + 2) * HOP / SAMPLE_RATE * RATE / hop
    loud = rms > QUIETEST * rms.max()
    clear = float(voiced[loud].mean()) if loud.any() else 0.0
    return np.interp(at, frames, filled), np.interp(at, frames, amplitude), clear
