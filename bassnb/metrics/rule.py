"""Rule baseline: the root of the detected chord, played on every detected kick.

The chord is found from the energies of the twelve pitch classes, compared with the notes of every
chord, with a penalty for changes (a hidden Markov model, as in Sheh and Ellis 2003). A kick is a
rise of the energy below 120 Hz. Both use the mix alone. A trained model should match this baseline
on harmony, and should sound better.

Taught in chapter 9.
"""

from __future__ import annotations

import librosa
import numpy as np
import torch
from torch import Tensor

from bassnb.composer.score import Note
from bassnb.composer.synth import play
from bassnb.harmony import ROOTS, best_path, templates
from bassnb.onsets import hear_kicks
from bassnb.presets import SAMPLE_RATE

RATE = 11_025  # Hz, of the chromagram: pitch classes up to 5.5 kHz
HOP = 1024  # 93 ms of chromagram at that rate
WEIGHTS = (1.2, 1.0, 1.0, 1.0)  # of root, third, fifth and seventh in a chord
STAY = 0.96  # probability that the chord of the next 93 ms is the same
SHARPNESS = 12.0  # of the chord likelihoods: exp(SHARPNESS x cosine)
FINGER_BASS = 33  # General MIDI program
LOWEST, LONGEST = 28, 1.0  # E1; seconds of the longest note


def chord_templates() -> tuple[np.ndarray, np.ndarray]:
    """Every chord as a unit vector of pitch classes, (chords, 12), and the roots, (chords,).

    The root has the greatest weight.
    """
    return templates(WEIGHTS), ROOTS


def chromagram(mix: Tensor) -> tuple[np.ndarray, float]:
    """Pitch class energies (12, T) of a mix (2, N), and its tuning in semitones.

    A frame is 93 ms.

    The harmonic part only, from a constant-Q transform (librosa): drums have no pitch class.
    """
    mono = librosa.resample(mix.mean(0).numpy(), orig_sr=SAMPLE_RATE, target_sr=RATE)
    if not np.any(mono):
        return np.zeros((12, len(mono) // HOP + 1)), 0.0
    harmonic = librosa.effects.harmonic(mono, margin=2.0)
    tuning = float(librosa.estimate_tuning(y=harmonic, sr=RATE))
    return librosa.feature.chroma_cqt(
        y=harmonic, sr=RATE, hop_length=HOP, tuning=tuning, norm=2
    ), tuning


def hear_roots(chroma: np.ndarray) -> np.ndarray:
    """The likeliest sequence of chord roots, pitch classes (T,), of a chromagram (12, T).

    States are the chords of `chord_templates`, likelihoods exp(12 cos), transitions uniform except
    for staying; the best path is Viterbi's. In logarithms a change costs log(stay) - log((1 - stay)
    / other chords).
    """
    rows, roots = chord_templates()
    unit = chroma / np.maximum(np.linalg.norm(chroma, axis=0), 1e-9)
    change = np.log(STAY) - np.log((1 - STAY) / (len(rows) - 1))
    return roots[best_path(SHARPNESS * (rows @ unit).T, change)]


def rule_notes(mix: Tensor) -> tuple[tuple[Note, ...], float]:
    """The notes of the rule for a mix (2, N), and the estimated tuning in semitones.

    A note begins with each kick and with each change of the root, and lasts to the next one or a
    second.
    """
    chroma, tuning = chromagram(mix)
    roots = hear_roots(chroma)
    seconds = mix.shape[-1] / SAMPLE_RATE
    changes = np.flatnonzero(np.diff(roots, prepend=-1)) * HOP / RATE
    kicks = hear_kicks(mix)
    alone = [time for time in changes if not len(kicks) or np.abs(kicks - time).min() > 0.25]
    starts = np.unique(np.concatenate([kicks, alone]))
    ends = np.minimum(np.append(starts[1:], seconds), starts + LONGEST)
    frames = np.clip(np.round((starts + 0.1) * RATE / HOP).astype(int), 0, len(roots) - 1)
    pitches = LOWEST + (roots[frames] - LOWEST) % 12
    notes = tuple(
        Note(float(a), float(b), int(p), 100)
        for a, b, p in zip(starts, ends, pitches, strict=True)
        if b > a
    )
    return notes, tuning


def rule_bass(mix: Tensor) -> Tensor:
    """The bass (2, N) that the rule plays to a mix (2, N) on a finger bass; 44.1 kHz."""
    notes, tuning = rule_notes(mix)
    return torch.from_numpy(play(notes, FINGER_BASS, mix.shape[-1], tuning=tuning))
