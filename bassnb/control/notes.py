"""What a bass plays, as notes: onset, offset, pitch and velocity from its sound.

The bass is monophonic, so one note ends where the next begins, at the latest. A peak of the onset
strength begins a note, and so does a change of pitch without one, as in a legato. The pitch is that
of the whole note and not of single frames: McLeod and Wyvill, "A smarter way to find pitch" (2005).
A note of a sixteenth is too short for `bassnb.pitch`, which compares 70 ms with their shifted
selves. Everything is read in pieces, so an hour needs the memory of its onset strength, 12 MB.

Taught in chapter 11.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view
from scipy.signal import find_peaks, resample_poly
from torch import Tensor

from bassnb.level import pieces
from bassnb.onsets import HOP, magnitudes, onset_peaks, superflux, without_end
from bassnb.pitch import DOWN, RATE, track_pitch
from bassnb.presets import SAMPLE_RATE
from bassnb.temperament import key_of_hertz

Blocks = Callable[[], Iterable[Tensor]]

PIECE, MARGIN = 4096 * HOP, 32 * HOP  # samples: 24 s, read with 0.19 s on either side
FRAMES = SAMPLE_RATE / HOP  # a second, of level and onset strength
LONGEST = 30 * SAMPLE_RATE  # samples of a note in which changes of pitch are looked for
LOWEST, HIGHEST = 28.0, 420.0  # Hz: from below the B string of a five-string bass to above its neck
SHORTEST = 0.03  # seconds of a note
LOUDEST = 0.1  # seconds from its onset in which a note is loudest
ATTACK, PITCHED = 0.03, 0.4  # seconds of a note between which its pitch is taken
SIZE = 4096  # of the Fourier transform of a note
COMPRESSION = 0.8  # exponent of the spectrum; 2 would give the autocorrelation
CLEAR = 0.1  # of the compressed autocorrelation at lag 0: less is a noise without pitch
NEAR_BEST = 0.7  # of the highest peak: the first that reaches it is the period
LEGATO = 0.08  # seconds that a pitch is held to be a note of its own
RELEASE_DB = 25.0  # below its loudest moment a note has ended
QUIETEST_DB = 40.0  # below the loudest note there is none
MEDIAN_VELOCITY = 90  # of the note of median level


@dataclass(frozen=True)
class Note:
    """One note: `onset` and `offset` in seconds, `pitch` a MIDI number, `velocity` 1 to 127."""

    onset: float
    offset: float
    pitch: int
    velocity: int


def notes_of(blocks: Blocks, cents: float = 0.0) -> tuple[Note, ...]:
    """The notes of a bass, in order.

    Offsets: the level, of 46 ms of sound, has fallen by 25 dB from the loudest moment of the note,
    or the next note begins. Velocities follow the level of that moment by the law of General MIDI,
    40 log10(velocity / 127) dB; the median note has 90.

    Parameters
    ----------
    blocks : callable without arguments that begins anew: Tensors (2, n), 44.1 kHz
    cents : of the song above A = 440 Hz

    Returns
    -------
    tuple of Note : none of silence
    """
    level, starts, length = level_and_onsets(blocks)
    spans = list(zip(starts, [*starts[1:], length / SAMPLE_RATE]))
    sounds = excerpts(blocks, [(round(a * SAMPLE_RATE), round(b * SAMPLE_RATE)) for a, b in spans])
    found = [note for span, wave in zip(spans, sounds) for note in pitched(wave, span[0], cents)]
    ends = [*(onset for onset, _ in found[1:]), length / SAMPLE_RATE]
    timed = [
        (onset, *sounding(level, onset, end), pitch) for (onset, pitch), end in zip(found, ends)
    ]
    return tuple(with_velocities(timed))


def level_and_onsets(blocks: Blocks) -> tuple[np.ndarray, list[float], int]:
    """Level in dB (T,) in frames of 5.8 ms, onsets in seconds, and length in samples of a bass."""
    loudest, power, length = 0.0, [], 0
    for wave, inner in overlapping(blocks()):
        s = magnitudes(wave)[:, inner]
        loudest = max(loudest, float(s.max()))
        power.append((s.astype(np.float64) ** 2).sum(0))
        length += min(PIECE, wave.shape[-1] - inner.start * HOP)
    if not loudest:
        return np.zeros(0), [], length
    flux = [superflux(magnitudes(wave), loudest)[inner] for wave, inner in overlapping(blocks())]
    level = 10 * np.log10(np.concatenate(power) + 1e-12)
    return level, onset_peaks(without_end(np.concatenate(flux))).tolist(), length


def overlapping(blocks: Iterable[Tensor]) -> Iterator[tuple[Tensor, slice]]:
    """Pieces of 24 s, each with a margin of what comes before and after it, and the slice of its
    own frames among those of the piece with margins.
    """
    before = torch.zeros(2, 0)
    now = None
    for after in pieces(blocks, PIECE):
        if now is not None:
            wave = torch.cat([before, now, after[:, :MARGIN]], -1)
            yield wave, slice(before.shape[-1] // HOP, (before.shape[-1] + PIECE) // HOP)
            before = now[:, -MARGIN:]
        now = after
    if now is not None:
        yield torch.cat([before, now], -1), slice(before.shape[-1] // HOP, None)


def excerpts(blocks: Blocks, spans: Sequence[tuple[int, int]]) -> Iterator[np.ndarray]:
    """The mono waves of ascending spans (first sample, last + 1), each cut to `LONGEST`."""
    source, held, first = iter(blocks()), torch.zeros(2, 0), 0
    for start, end in spans:
        end = min(end, start + LONGEST)
        while first + held.shape[-1] < end and (block := next(source, None)) is not None:
            gone = min(max(start - first, 0), held.shape[-1])
            held, first = torch.cat([held[:, gone:], block], -1), first + gone
        wave = held[:, start - first : end - first]
        yield wave.double().mean(0).numpy()


def pitched(wave: np.ndarray, start: float, cents: float) -> list[tuple[float, int]]:
    """Onsets in seconds and pitches of what sounds from one onset to the next: one note, more in a
    legato, none if it is noise.
    """
    borders = [0, *changes(wave), len(wave)]
    notes: list[tuple[float, int]] = []
    for here, there in zip(borders[:-1], borders[1:]):
        pitch = pitch_of(wave[here:there])
        if not math.isnan(pitch) and (not notes or notes[-1][1] != round(pitch - cents / 100)):
            notes.append((start + here / SAMPLE_RATE, round(pitch - cents / 100)))
    return notes


def changes(wave: np.ndarray) -> list[int]:
    """Samples at which the pitch of a wave (N,) moves to another that is held.

    A leap of whole octaves is taken for an error of the tracker.
    """
    if len(wave) < 3 * LEGATO * SAMPLE_RATE:
        return []
    times, midi = track_pitch(wave)
    held = math.ceil(LEGATO / times[1])
    stretches = sliding_window_view(midi, held)  # with nan: not held
    found, last = [], math.nan
    for frame in np.flatnonzero(np.ptp(stretches, axis=1) < 0.5):
        pitch = midi[frame]
        if abs((pitch - last + 6) % 12 - 6) > 0.7:
            found.append(round((times[frame] - times[1] / 2) * SAMPLE_RATE))
            last = pitch
        last = pitch if math.isnan(last) else last
    return found


def pitch_of(wave: np.ndarray) -> float:
    """Pitch of one note (N,) in semitones (A4 = 69), nan if it has none.

    The inverse transform of |X|^0.8 in place of |X|^2 is a compressed autocorrelation; it is divided
    by its value at lag 0. Its first peak that is nearly as high as the highest is the period: a
    multiple of the period has as high a one.
    """
    skipped = round(ATTACK * SAMPLE_RATE) if len(wave) > 3 * ATTACK * SAMPLE_RATE else 0
    x = resample_poly(wave[skipped : round(PITCHED * SAMPLE_RATE)], 1, DOWN)
    longest = min(math.ceil(RATE / LOWEST), len(x) * 2 // 3)
    if longest * HIGHEST < 3 * RATE or not x.any():
        return math.nan
    spectrum = np.abs(np.fft.rfft(x * np.hanning(len(x)), SIZE)) ** COMPRESSION
    spectrum[: math.ceil(LOWEST / RATE * SIZE)] = 0
    n = np.fft.irfft(spectrum, SIZE)[: longest + 1]
    peaks, _ = find_peaks(n, height=CLEAR * n[0])
    # before the first lag at which it is negative it falls from lag 0, which is no period
    peaks = peaks[(peaks >= RATE / HIGHEST) & (peaks > np.argmax(n < 0))]
    if not (n < 0).any() or not len(peaks):
        return math.nan
    at = int(peaks[np.argmax(n[peaks] >= NEAR_BEST * n[peaks].max())])
    left, mid, right = n[at - 1 : at + 2]
    lag = at + (left - right) / (2 * (left - 2 * mid + right))
    return float(key_of_hertz(RATE / lag))


def sounding(level: np.ndarray, onset: float, end: float) -> tuple[float, float]:
    """Offset in seconds and loudest level in dB of a note that another follows at `end`."""
    first, last = round(onset * FRAMES), max(round(end * FRAMES), round(onset * FRAMES) + 1)
    own = level[first:last]
    top = int(own[: max(1, round(LOUDEST * FRAMES))].argmax())
    quiet = np.flatnonzero(own[top:] < own[top] - RELEASE_DB)
    offset = onset + (top + int(quiet[0])) / FRAMES if len(quiet) else end
    return max(min(offset, end), onset + SHORTEST), float(own[top])


def with_velocities(timed: Sequence[tuple[float, float, float, int]]) -> Iterator[Note]:
    """Notes of (onset, offset, level in dB, pitch), without those far below the loudest."""
    loudest = max((level for _, _, level, _ in timed), default=0.0)
    timed = [note for note in timed if note[2] > loudest - QUIETEST_DB]
    median = float(np.median([level for _, _, level, _ in timed])) if timed else 0.0
    for onset, offset, level, pitch in timed:
        velocity = round(MEDIAN_VELOCITY * 10 ** ((level - median) / 40))
        yield Note(round(onset, 4), round(offset, 4), pitch, min(max(velocity, 1), 127))
