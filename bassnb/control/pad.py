"""A soft organ that plays the wanted chords, in the input of the network alone.

The network has learned to follow the harmony of its input. Chords that are added to the mix that is
encoded, and to nothing else, therefore guide the bass, without any training: the pad is never in
the output. It sounds where the mix rests, too: a network whose input is silent does not rest, it
holds any note.

Every tone is a sum of sines, as on an organ with drawbars. Their phases count from the beginning of
the song, so a tone that two chords share goes on without a seam, and a block of the pad can be
computed without those before it.

Taught in chapter 11.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from bassnb.control.progression import Span
from bassnb.presets import SAMPLE_RATE
from bassnb.temperament import hertz_of_key
from bassnb.tracks import Track, summed

DRAWBARS = (0.0, 1.0, 0.6, 0.35, 0.25, 0.0, 0.1)  # amplitude of the multiples of the frequency
LOWEST, LOWEST_BASS = (
    60,
    48,
)  # MIDI: chord tones lie in the octave from C4, the bass in that from C3
FADE = 0.03  # seconds that a tone takes to begin and to end
BLOCK = 1 << 16  # samples that are computed at a time
TONES = 4  # of a usual chord, a triad and its bass: these together have the level that is asked for


@dataclass(frozen=True)
class Tone:
    """One tone of the pad: `start` and `end` in samples, MIDI `pitch`."""

    start: int
    end: int
    pitch: int


def tones_of(spans: Sequence[Span]) -> list[Tone]:
    """The tones of a progression, by their beginnings; what neighbouring chords have in common is
    held.

    Parameters
    ----------
    spans : ascending, in seconds of the audio that is encoded
    """
    held: dict[int, list[Tone]] = {}
    for span in spans:
        start, end = round(span.start * SAMPLE_RATE), round(span.end * SAMPLE_RATE)
        for pitch in pitches_of(span):
            tones = held.setdefault(pitch, [])
            begun = tones.pop().start if tones and tones[-1].end == start else start
            tones.append(Tone(begun, end, pitch))
    return sorted((tone for tones in held.values() for tone in tones), key=lambda tone: tone.start)


def pitches_of(span: Span) -> set[int]:
    """MIDI pitches of a chord: its tones from C4, and its bass from C3."""
    bass = set() if span.chord.bass is None else {LOWEST_BASS + span.chord.bass}
    return {LOWEST + tone for tone in span.chord.pitch_classes} | bass


def play_tones(tones: Sequence[Tone], start: int, stop: int) -> Tensor:
    """Samples `start` to `stop` of the pad, (2, stop - start), at the level 1 of a usual chord."""
    at, fade = np.arange(start, stop), round(FADE * SAMPLE_RATE)
    wave = np.zeros(stop - start)
    for tone in tones:
        if tone.start >= stop or tone.end + fade <= start:
            continue
        distance = np.minimum(at - tone.start, tone.end + fade - at)  # to the nearer end
        envelope = np.sin(np.pi / 2 * np.clip(distance / fade, 0, 1)) ** 2
        turns = hertz_of_key(tone.pitch) / SAMPLE_RATE * at
        z = np.exp(2j * np.pi * turns)
        wave += envelope * np.polyval(DRAWBARS[::-1], z).imag  # sum of a_k sin(2 pi k f t)
    level = math.sqrt(TONES * sum(height**2 for height in DRAWBARS) / 2)
    return torch.from_numpy(np.stack([wave, wave]) / level).float()


def pad_blocks(tones: Sequence[Tone], length: int) -> Iterator[Tensor]:
    """The pad in blocks (2, n), `length` samples together."""
    for start in range(0, length, BLOCK):
        yield play_tones(tones, start, min(start + BLOCK, length))


def with_pad(track: Track, spans: Sequence[Span], level_db: float) -> Track:
    """The input of the network: a track and the pad of the chords.

    Parameters
    ----------
    track : at A = 440 Hz
    spans : in seconds of `track`
    level_db : level of the pad in dB above that of the track where it sounds
    """
    tones, gain = tones_of(spans), track.level * 10 ** (level_db / 20)

    def blocks() -> Iterator[Tensor]:
        return summed(track.blocks(), (block * gain for block in pad_blocks(tones, track.length)))

    return Track.of(blocks)
