"""Do features of a mix hold its rhythm? A small convolutional probe finds the strokes in them.

Four kinds of strokes: bass drum, snare, chords, melody. The probe reads a feature vector for each
latent step (93 ms) and gives the probability of a stroke in each of its `SUBSTEPS` parts (11.6 ms).
Taught in chapter 9.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from scipy.signal import find_peaks
from torch import Tensor, nn

from bassnb.composer.score import Song
from bassnb.metrics.match import kick_strokes, onset_f1
from bassnb.metrics.statistics import summary
from bassnb.presets import SAMPLE_RATE, TIME_RATIO

TARGETS = ("kick", "snare", "chords", "melody")
SNARES = (37, 38, 39, 40)  # side stick, snares and clap of General MIDI
SUBSTEPS = 8  # parts of a latent step
RATE = SAMPLE_RATE * SUBSTEPS / TIME_RATIO  # probabilities a second
TOLERANCE = 0.05  # seconds: a found stroke this close to a written one is right
TOGETHER = 0.03  # seconds: notes of one part that begin within it are one stroke
THRESHOLDS = np.arange(0.1, 0.75, 0.05)  # from which a peak of the probability may count


@dataclass(frozen=True)
class ProbeSong:
    """A song as a probe reads it: `features` (C, L), and for each target its strokes in seconds."""

    features: Tensor
    strokes: dict[str, np.ndarray]


def strokes(song: Song) -> dict[str, np.ndarray]:
    """For each of `TARGETS` the times of its strokes, seconds, ascending."""
    parts = {name: song.part(name) for name in ("drums", "chords", "melody")}
    notes = {name: part.notes if part else () for name, part in parts.items()}
    starts = {
        "snare": [note.start for note in notes["drums"] if note.pitch in SNARES],
        "chords": [note.start for note in notes["chords"]],
        "melody": [note.start for note in notes["melody"]],
    }
    merged = {name: together(np.array(times)) for name, times in starts.items()}
    return {"kick": kick_strokes(song), **merged}


def together(times: np.ndarray) -> np.ndarray:
    """Times in seconds, ascending, each at least `TOGETHER` after the one before."""
    kept: list[float] = []
    for time in np.sort(times):
        if not kept or time - kept[-1] >= TOGETHER:
            kept.append(float(time))
    return np.array(kept)


def activity(strokes: dict[str, np.ndarray], steps: int) -> Tensor:
    """What the probe should say: 1 in the part of a stroke, 1/2 beside it; (targets, 8 L)."""
    wanted = torch.zeros(len(TARGETS), steps * SUBSTEPS)
    for row, name in zip(wanted, TARGETS, strict=True):
        index = torch.from_numpy((strokes[name] * RATE).astype(int))
        index = index[index < row.shape[0]]
        for shift, value in ((-1, 0.5), (1, 0.5), (0, 1.0)):
            beside = (index + shift).clamp(0, row.shape[0] - 1)
            row[beside] = row[beside].clamp_min(value)
    return wanted


class OnsetProbe(nn.Module):
    """Features (B, C, L) to logits (B, targets, 8 L); it sees 0.65 s around each step."""

    def __init__(self, channels: int, hidden: int):
        super().__init__()
        head = nn.Conv1d(hidden, len(TARGETS) * SUBSTEPS, 1)
        nn.init.constant_(head.get_parameter("bias"), -3.0)  # strokes are rare
        self.layers = nn.Sequential(
            nn.Conv1d(channels, hidden, 5, padding=2),
            nn.SiLU(),
            nn.Dropout(0.2),
            nn.Conv1d(hidden, hidden, 3, padding=1),
            nn.SiLU(),
            nn.Dropout(0.2),
            head,
        )

    def forward(self, features: Tensor) -> Tensor:
        """Logits of a stroke in each part of each step."""
        folded = self.layers(features).unflatten(1, (len(TARGETS), SUBSTEPS))
        return folded.transpose(2, 3).flatten(2)  # (B, targets, 8, L) to (B, targets, 8 L)


def train_probe(
    songs: Sequence[ProbeSong],
    *,
    hidden: int = 128,
    epochs: int = 30,
    batch: int = 8,
    seed: int = 0,
) -> OnsetProbe:
    """Fit a probe to songs of equal length by binary cross-entropy."""
    features = torch.stack([song.features for song in songs])
    wanted = torch.stack([activity(song.strokes, features.shape[-1]) for song in songs])
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]), torch.enable_grad():
        torch.manual_seed(seed)
        probe = OnsetProbe(features.shape[1], hidden)
        optimizer = torch.optim.AdamW(probe.parameters(), lr=2e-3, weight_decay=0.01)
        decay = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
        for _ in range(epochs):
            for rows in torch.randperm(len(songs), generator=generator).split(batch):
                optimizer.zero_grad()
                F.binary_cross_entropy_with_logits(probe(features[rows]), wanted[rows]).backward()
                optimizer.step()
            decay.step()
    return probe.eval()


def peaks(probability: np.ndarray, threshold: float) -> np.ndarray:
    """Times of the peaks of a probability (8 L,) above a threshold, seconds, ascending.

    Two peaks are at least 0.07 s apart: a sixteenth at 210 beats a minute.
    """
    index, _ = find_peaks(np.pad(probability, 1), height=threshold, distance=round(0.07 * RATE))
    return (index - 1 + 0.5) / RATE


@torch.no_grad()
def probabilities(probe: OnsetProbe, song: ProbeSong) -> dict[str, np.ndarray]:
    """For each target its probability in each part of a step, array (8 L,)."""
    rows = torch.sigmoid(probe(song.features[None]))[0].numpy()
    return dict(zip(TARGETS, rows, strict=True))


def scores(found: Sequence[np.ndarray], written: Sequence[np.ndarray]) -> np.ndarray:
    """F-measure of each song at `TOLERANCE`; nan for a song without a written stroke."""
    return np.array(
        [
            onset_f1(ours, true, TOLERANCE) if len(true) else np.nan
            for ours, true in zip(found, written, strict=True)
        ]
    )


def best_threshold(probability: Sequence[np.ndarray], written: Sequence[np.ndarray]) -> float:
    """The threshold with the highest mean F-measure; the lowest if no song has a stroke."""
    means = [
        np.nansum(scores([peaks(row, threshold) for row in probability], written))
        for threshold in THRESHOLDS
    ]
    return float(THRESHOLDS[int(np.argmax(means))])


def onset_report(train: Sequence[ProbeSong], test: Sequence[ProbeSong], **options) -> dict:
    """Train a probe, choose its thresholds, and mark it on songs that it was not trained on.

    Every fifth training song is kept for the thresholds.

    Returns
    -------
    dict, JSON-ready
        For each target ``f1``, the F-measure at 50 ms with its 95 % interval over songs, and
        ``chance``, the same with the strokes of the next song in the list.
    """
    kept, rest = train[::5], [song for k, song in enumerate(train) if k % 5]
    probe = train_probe(rest or train, **options)
    chosen, marked = ([probabilities(probe, song) for song in part] for part in (kept, test))
    report = {}
    for name in TARGETS:
        threshold = best_threshold(
            [row[name] for row in chosen], [song.strokes[name] for song in kept]
        )
        found = [peaks(row[name], threshold) for row in marked]
        written = [song.strokes[name] for song in test]
        report[name] = {
            "f1": summary(scores(found, written)),
            "chance": summary(scores(found[1:] + found[:1], written)),
        }
    return report
