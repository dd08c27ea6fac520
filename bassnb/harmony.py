"""Chord recognition: chroma templates and a Viterbi path through them.

Songs that come without chord symbols get them from their own notes, or from the spectrum of their
recording. The bass counts twice, softly among the notes and again as a hint of the root, because
the bass note shapes how a chord is perceived. On the written pieces of
`bassnb.studies.transfer_songs.scorebook`, whose symbols are known, the root is right 81 % of the
time (the rest are mostly relative chords), and the chord tones overlap with the symbols' by 87 %.
`bassnb.metrics.rule` takes the templates and the path through them with weights and a price of its
own.

Taught in chapter 9.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from scipy.ndimage import median_filter

from bassnb.composer.score import QUALITIES, Chord, Note
from bassnb.presets import SAMPLE_RATE
from bassnb.spectral import stft
from bassnb.temperament import key_of_hertz

LABELS = [(root, quality) for quality in QUALITIES for root in range(12)]
ROOTS = np.array([root for root, _ in LABELS])
WEIGHTS = (1.0, 1.0, 0.8, 0.75)  # of root, third, fifth and seventh in a template
_RARE = {
    "maj": 0.0,
    "min": 0.0,
    "dom7": 0.02,
    "maj7": 0.03,
    "min7": 0.02,
    "sus4": 0.05,
    "dim": 0.07,
    "halfdim": 0.05,
}
_BASS = 0.5  # weight of the bass among the notes: less than of the others: it plays passing notes
_ROOT_HINT = 0.2  # what a bass that plays nothing but the root adds to a similarity of at most 1
_CHANGE = 0.6  # what a change of chord costs
_WINDOW, _HOP = 8192, 2048


def templates(weights: Sequence[float] = WEIGHTS) -> np.ndarray:
    """Unit vectors over pitch classes, one row per entry of `LABELS`: (96, 12).

    `weights` are in the order of `WEIGHTS`.
    """
    table = np.zeros((len(LABELS), 12))
    for row, (root, quality) in zip(table, LABELS, strict=True):
        for tone, weight in zip(QUALITIES[quality], weights):
            row[(root + tone) % 12] = weight
    return table / np.linalg.norm(table, axis=1, keepdims=True)


def chroma_of_notes(notes: Sequence[Note], borders: np.ndarray) -> np.ndarray:
    """Seconds that every pitch class sounds in each segment: array (S, 12).

    `borders` (S + 1,) are the borders of the segments in seconds.
    """
    chroma = np.zeros((len(borders) - 1, 12))
    for note in notes:
        held = np.minimum(note.end, borders[1:]) - np.maximum(note.start, borders[:-1])
        chroma[:, note.pitch % 12] += np.maximum(held, 0)
    return chroma


def chroma_of_wave(wave: torch.Tensor, borders: np.ndarray, *, tuning: float = 0.0) -> np.ndarray:
    """Compressed spectral peaks of a wave (2, N) by pitch class and segment: array (S, 12).

    `borders` (S + 1,) are the borders of the segments in seconds.

    Bins between 55 Hz and 2.1 kHz that rise above the median of their surroundings count with the
    square root of their magnitude; `tuning` semitones are taken off first.
    """
    bins = int(2100 / SAMPLE_RATE * _WINDOW)
    s = stft(wave.float().mean(0), _WINDOW, _HOP, bins).abs().sqrt().numpy()
    s = np.maximum(s - median_filter(s, size=(25, 1)), 0)
    hertz = np.arange(bins) * SAMPLE_RATE / _WINDOW
    used = hertz > 55
    midi = key_of_hertz(hertz[used]) - tuning
    fold = np.zeros((12, bins))
    fold[np.round(midi).astype(int) % 12, np.flatnonzero(used)] = 1
    by_frame = (fold @ s).T  # (T, 12)
    times = np.arange(len(by_frame)) * _HOP / SAMPLE_RATE
    index = np.searchsorted(borders, times, side="right") - 1
    chroma = np.zeros((len(borders) - 1, 12))
    inside = (index >= 0) & (index < len(chroma))
    np.add.at(chroma, index[inside], by_frame[inside])
    return chroma


def estimate_chords(upper: np.ndarray, bass: np.ndarray, borders: np.ndarray) -> tuple[Chord, ...]:
    """The chords of a song from pitch classes segment by segment.

    The score of a label is the cosine between its template and the chroma, less a price for rare
    qualities, plus a hint where the bass lies on the root; the best sequence is found with
    Viterbi's recursion, every change at the same price.

    Parameters
    ----------
    upper, bass : arrays (S, 12) in one unit, of all parts but the bass and of the bass
    borders : array (S + 1,), seconds

    Returns
    -------
    chords : tuple of Chord, covering `borders` from end to end
    """
    chroma = upper + _BASS * bass
    norm = np.linalg.norm(chroma, axis=1, keepdims=True)
    score = (chroma / np.maximum(norm, 1e-9)) @ templates().T
    share = bass / np.maximum(bass.sum(1, keepdims=True), 1e-9)
    score += _ROOT_HINT * share[:, ROOTS] - np.array([_RARE[quality] for _, quality in LABELS])
    score[norm[:, 0] < 1e-9] = 0  # silence scores all chords alike: the chord stays
    path = best_path(score, _CHANGE)
    edges = [0, *(np.flatnonzero(np.diff(path)) + 1), len(path)]
    return tuple(
        Chord(round(float(borders[here]), 5), round(float(borders[there]), 5), *LABELS[path[here]])
        for here, there in zip(edges[:-1], edges[1:], strict=True)
    )


def best_path(score: np.ndarray, change: float) -> np.ndarray:
    """Viterbi's recursion: the best labels (S,) of scores (S, K).

    The sum of their scores is maximised, less `change` for every change of label.
    """
    total, came_from = score[0].copy(), np.zeros(score.shape, dtype=int)
    for step in range(1, len(score)):
        best = int(total.argmax())
        moves = total[best] - change > total
        came_from[step] = np.where(moves, best, np.arange(score.shape[1]))
        total = np.where(moves, total[best] - change, total) + score[step]
    path = [int(total.argmax())]
    for step in range(len(score) - 1, 0, -1):
        path.append(int(came_from[step, path[-1]]))
    return np.array(path[::-1])
