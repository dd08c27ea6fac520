"""Does a bass fit its song? Chord tones, roots, pitch classes and onsets against the score.

A take is transcribed once (`transcribe`) and can then be marked against any number of songs (`compare`):
the floor of the evaluation marks each bass against all songs it was not made for.

Taught in chapter 9.
"""

from __future__ import annotations

from dataclasses import dataclass

import mir_eval
import numpy as np
import torch

from bassnb.composer.score import Song, chord_at, pitch_at
from bassnb.onsets import onsets
from bassnb.pitch import track_pitch

MEASURES = ("chord_tone", "root", "pitch_class", "onset_f1")
TOLERANCE = 0.07  # seconds: an onset this close to a written one is right
LOCKED = 0.05  # seconds: a note this close to a stroke of the bass drum is with it
KICKS = (35, 36)  # the bass drums of General MIDI


@dataclass(frozen=True)
class Transcription:
    """A transcribed take: frame centres (T,) in s, MIDI pitch (T,), onsets in s."""

    times: np.ndarray
    midi: np.ndarray
    onsets: np.ndarray

    def between(self, begin: float, end: float) -> Transcription:
        """What lies in [`begin`, `end`) seconds, at the times where it was."""
        frames, starts = (within(times, begin, end) for times in (self.times, self.onsets))
        return Transcription(self.times[frames], self.midi[frames], self.onsets[starts])


def within(times: np.ndarray, begin: float, end: float) -> np.ndarray:
    """Which times lie in [`begin`, `end`): a boolean array."""
    return (times >= begin) & (times < end)


def transcribe(wave: torch.Tensor) -> Transcription:
    """Pitch track and onsets of a bass take, Tensor (2, N) at 44.1 kHz."""
    times, midi = track_pitch(wave)
    return Transcription(times, midi, onsets(wave))


def compare(take: Transcription, song: Song) -> dict[str, float]:
    """Mark a transcribed take against a song.

    Returns
    -------
    dict of shares in [0, 1]
        ``chord_tone`` and ``root``: voiced frames on a note, or on the root, of the chord of that
        moment; ``pitch_class``: voiced frames on the pitch class of the written bass, among those
        where it plays; ``onset_f1``: F-measure of the onsets at 70 ms; ``kick_lock``: F-measure of
        the onsets with the strokes of the bass drum at 50 ms, nan for a song without any;
        ``voiced``: share of frames with a pitch. A take without a voiced frame has nothing right:
        0. The true bass need not have 1 for ``root`` and ``kick_lock``: it plays other notes, and
        between the strokes.
    """
    voiced = ~np.isnan(take.midi)
    times, played = take.times[voiced], np.round(take.midi[voiced] - song.tuning).astype(int) % 12
    roots, tones = chord_at(song, times)
    written = pitch_at(song, times)
    sounding = ~np.isnan(written)
    return {
        "chord_tone": share(tones[np.arange(len(played)), played]),
        "root": share(played == roots),
        "pitch_class": share(played[sounding] == written[sounding].astype(int) % 12),
        "onset_f1": onset_f1(take.onsets, note_starts(song)),
        "kick_lock": kick_lock(take.onsets, song),
        "voiced": share(voiced),
    }


def match(wave: torch.Tensor, song: Song) -> dict[str, float]:
    """Mark one take, Tensor (2, N) at 44.1 kHz, against its song.

    This is `compare` after `transcribe`.

    The song's chords and bass notes are the truth; its tuning is taken off before pitches are
    rounded.
    """
    return compare(transcribe(wave), song)


def share(right: np.ndarray) -> float:
    """Mean of a boolean array, 0 for an empty one."""
    return float(right.mean()) if right.size else 0.0


def note_starts(song: Song) -> np.ndarray:
    """Starts of the written bass notes, seconds, ascending."""
    part = song.part("bass")
    return np.array(
        sorted({note.start for note in part.notes if note.start < song.duration}) if part else []
    )


def onset_f1(found: np.ndarray, written: np.ndarray, window: float = TOLERANCE) -> float:
    """F-measure of two ascending lists of times in seconds.

    Times are matched one to one within `window` seconds.
    """
    return onset_scores(found, written, window)[0]


def onset_scores(
    found: np.ndarray, written: np.ndarray, window: float = TOLERANCE
) -> tuple[float, float, float]:
    """F-measure, precision and recall of two ascending lists of times in seconds.

    Times are matched one to one within `window` seconds. All three are 1 if both lists are empty, 0
    if one is.
    """
    if not (len(found) and len(written)):
        return (float(len(found) == len(written)),) * 3
    f1, precision, recall = mir_eval.onset.f_measure(written, found, window=window)
    return float(f1), float(precision), float(recall)


def kick_strokes(song: Song) -> np.ndarray:
    """Times of the strokes of the bass drum, seconds, ascending; empty for a song without drums."""
    part = song.part("drums")
    notes = part.notes if part else ()
    return np.array(
        sorted({note.start for note in notes if note.pitch in KICKS and note.start < song.duration})
    )


def kick_lock(found: np.ndarray, song: Song) -> float:
    """How well onsets (seconds, ascending) and the bass drum go together.

    The F-measure at 50 ms: the harmonic mean of the share of strokes with an onset, and of the
    share of onsets with a stroke. The first alone would reward a bass that never stops. nan if the
    song has no bass drum.
    """
    strokes = kick_strokes(song)
    return onset_f1(found, strokes, LOCKED) if len(strokes) else float("nan")
