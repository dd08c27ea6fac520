"""Quality against song length, and the loss of one song cut into pieces.

Songs of different length are different songs, and some are harder. So every long song is also
played in windows of the shortest length, and the two takes are compared, stretch by stretch. The
loss is compared on the same steps of the same song, noise and times, where only how much the
network sees at once is different.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from bassnb.accompanist import Accompanist
from bassnb.composer.examples import example
from bassnb.composer.score import Song
from bassnb.composer.songs import compose
from bassnb.metrics.match import (
    MEASURES,
    Transcription,
    compare,
    note_starts,
    onset_f1,
    transcribe,
    within,
)
from bassnb.metrics.statistics import figure, normalised_score_summary, summary
from bassnb.presets import SAMPLE_RATE
from bassnb.studies.marks import Marks, column, normalised_scores
from bassnb.studies.pieces import loss_table, measured_steps, piece_losses
from bassnb.studies.reach import convolution_radius
from bassnb.studies.takes import single_take, through_autoencoder

LENGTHS = (24.0, 48.0, 96.0, 300.0)  # seconds
PIECES = (256, 512, 1024, 3072)  # latent steps seen at once: a training crop, 24 s, to 285 s
QUICK = {"songs": 2, "steps": 4, "lengths": (6.0, 48.0), "pieces": (256, 512)}


def run(accompanist: Accompanist, **options) -> dict:
    """`compare_lengths` of one model, which is called "model" in the report."""
    settings = {"preset": accompanist.system.preset.name, **accompanist.system.defaults}
    return {**settings, **compare_lengths({"model": accompanist}, **options)}


def compare_lengths(
    accompanists: dict[str, Accompanist],
    *,
    songs: int = 12,
    split: str = "validation",
    seed0: int = 1000,
    steps: int = 24,
    lengths: Sequence[float] = LENGTHS,
    pieces: Sequence[int] = PIECES,
    progress: bool = True,
) -> dict:
    """Let models accompany the same songs of several lengths, at their default guidance.

    Parameters
    ----------
    songs : int, at least 2
        Songs of the shortest length. The others get as much music, but at least two songs.
    lengths : seconds, ascending; takes are marked in stretches of the first
    pieces : latent steps, ascending; each divides the last

    Returns
    -------
    dict, JSON-ready
        ``counts``: songs of each length. ``models``: for each model ``lengths``, a list with the
        ``normalised_score`` (floor: basses of other songs through the autoencoder, ceiling: the
        true bass through it) over all stretches of a length, ``overall``, the normalised score of
        the mean of all measures, ``windows``, the same when the songs are played in windows of the
        first length, ``gain``, how much higher that mean is for the whole takes, on the same
        stretches, and ``course``, the mean for each stretch in its order; and ``pieces``, the
        v-loss with its change against the first size, on steps ``margin`` or more from all cuts:
        as far as the convolutions of every model reach. The intervals are over stretches: those of
        one song are not independent.
    """
    counts = {seconds: max(2, round(songs * lengths[0] / seconds)) for seconds in lengths}
    # (seconds, seed)
    plan = list(zip(np.repeat(lengths, list(counts.values())).tolist(), range(seed0, 10**9)))
    shown = tqdm(plan, desc="lengths", disable=not progress)
    margin = max(convolution_radius(one.system.unet) for one in accompanists.values())
    measured_steps(
        pieces[-1], pieces[0], margin
    )  # refuse pieces that are too short before the work
    ceiling, takes = played(accompanists, shown, split, steps, lengths, pieces, margin)
    floor = [
        [floor_mark(ceiling, i, k) for k in range(len(song))] for i, song in enumerate(ceiling)
    ]
    return {
        "split": split,
        "seed0": seed0,
        "steps": steps,
        "stretch": lengths[0],
        "counts": list(counts.values()),
        "margin": margin,
        "music": digest(split, [(seed, seconds) for seconds, seed in plan]),
        "models": {
            name: _model_report(plan, pieces, took, ceiling, floor) for name, took in takes.items()
        },
    }


def played(
    accompanists: dict[str, Accompanist],
    plan: Iterable[tuple[float, int]],
    split: str,
    steps: int,
    lengths: Sequence[float],
    pieces: Sequence[int],
    margin: int,
) -> tuple[list[list[Stretch]], dict[str, dict[str, list]]]:
    """All songs (seconds, seed) of a plan, played and transcribed.

    Returns
    -------
    ceiling : stretches of the true bass through the autoencoder, for each song
    takes : of each model the ``whole`` takes, those in ``windows``, and ``losses`` in pieces of the
        longest songs
    """
    ceiling: list[list[Stretch]] = []
    takes: dict[str, dict[str, list]] = {
        name: {"whole": [], "windows": [], "losses": []} for name in accompanists
    }
    for seconds, seed in plan:
        one = example(split, seed, seconds)
        best = through_autoencoder(next(iter(accompanists.values())), one.bass)
        ceiling.append(transcribed(best, one.song, lengths[0]))
        for name, player in accompanists.items():
            take = single_take(player, one.mix, steps=steps, seed=seed)
            whole = glued = transcribed(take, one.song, lengths[0])
            if seconds != lengths[0]:
                take = in_windows(player, one.mix, lengths[0], steps, seed)
                glued = transcribed(take, one.song, lengths[0])
            takes[name]["whole"].append(whole)
            takes[name]["windows"].append(glued)
            if seconds == lengths[-1]:
                takes[name]["losses"].append(piece_losses(player.system, one, pieces, margin))
    return ceiling, takes


def digest(split: str, songs: list[tuple[int, float]]) -> str:
    """Sixteen hexadecimal digits of the written songs (seed, seconds).

    They change when the composer changes.
    """
    text = "".join(compose(seed, split=split, seconds=seconds).to_json() for seed, seconds in songs)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


# -- takes in stretches ----------------------------------------------------------------------------

# the transcription of a stretch, its song, and where it begins and ends in seconds
Stretch = tuple[Transcription, Song, float, float]


def transcribed(wave: Tensor, song: Song, seconds: float) -> list[Stretch]:
    """A take (2, N), transcribed and cut into stretches."""
    return stretches(transcribe(wave), song, seconds)


def stretches(take: Transcription, song: Song, seconds: float) -> list[Stretch]:
    """A take cut into stretches of equal length.

    Their times are counted from the beginning of the song.
    """
    begins = np.arange(0, song.duration - seconds + 1e-6, seconds).tolist()
    return [
        (take.between(begin, begin + seconds), song, begin, begin + seconds) for begin in begins
    ]


def mean_marks(marks: list[Marks]) -> np.ndarray:
    """The mean over all measures for each song or stretch, array (songs,)."""
    return np.mean([column(marks, key) for key in MEASURES], axis=0)


def in_windows(
    accompanist: Accompanist, mix: Tensor, seconds: float, steps: int, seed: int
) -> Tensor:
    """A take (2, N) of independent windows; a remainder at the end is left out."""
    size = round(seconds * SAMPLE_RATE)
    windows = mix[:, : mix.shape[-1] // size * size].split(size, -1)
    takes = [
        single_take(accompanist, part, steps=steps, seed=seed + i) for i, part in enumerate(windows)
    ]
    return torch.cat(takes, -1)


def mark(part: Transcription, song: Song, begin: float, end: float) -> Marks:
    """Marks of one stretch against the song from `begin` to `end` seconds."""
    written = note_starts(song)
    return {
        **compare(part, song),
        "onset_f1": onset_f1(part.onsets, written[within(written, begin, end)]),
    }


def floor_mark(ceiling: list[list[Stretch]], song: int, stretch: int) -> Marks:
    """Mean marks of stretches of all other songs, moved to the place of one stretch."""
    _, truth, begin, end = ceiling[song][stretch]
    marks = []
    for other in (one for i, others in enumerate(ceiling) if i != song for one in others):
        shift = begin - other[2]
        moved = Transcription(other[0].times + shift, other[0].midi, other[0].onsets + shift)
        marks.append(mark(moved, truth, begin, end))
    return {key: float(np.mean([one[key] for one in marks])) for key in marks[0]}


def _model_report(
    plan: list[tuple[float, int]],
    pieces: Sequence[int],
    takes: dict[str, list],
    ceiling: list[list[Stretch]],
    floor: list[list[Marks]],
) -> dict:
    """The part of one model in the report of `compare_lengths`."""
    rows = []
    for seconds in dict.fromkeys(seconds for seconds, _ in plan):
        of_length = [i for i, (other, _) in enumerate(plan) if other == seconds]
        whole, glued, best = (
            [mark(*part) for i in of_length for part in stretched[i]]
            for stretched in (takes["whole"], takes["windows"], ceiling)
        )
        rows.append(
            _row(
                seconds,
                len(of_length),
                whole,
                glued,
                best,
                [one for i in of_length for one in floor[i]],
            )
        )
    return {"lengths": rows, "pieces": loss_table(pieces, np.concatenate(takes["losses"], axis=1))}


def _row(
    seconds: float,
    songs: int,
    flat: list[Marks],
    glued: list[Marks],
    best: list[Marks],
    worst: list[Marks],
) -> dict:
    """The row of one length, from the marks of all its stretches in the order of the songs."""
    whole = mean_marks(flat)
    return {
        "seconds": seconds,
        "songs": songs,
        "stretches": len(flat),
        "marks": {key: summary(column(flat, key)) for key in MEASURES},
        "normalised_score": normalised_scores(flat, worst, best),
        "overall": normalised_score_summary(*map(mean_marks, (flat, worst, best))),
        "windows": normalised_score_summary(*map(mean_marks, (glued, worst, best))),
        "gain": summary(whole - mean_marks(glued)),
        "course": whole.reshape(songs, -1).mean(0).round(4).tolist(),
    }


def lines(report: dict) -> Iterator[str]:
    """The mean normalised score of every model at every length, one line a model."""
    for name, model in report["models"].items():
        means = [
            f"{row['seconds']:g} s {figure(row['overall']['mean'], '.0%')}"
            for row in model["lengths"]
        ]
        yield f"{name}: {', '.join(means)}"


def headline(report: dict) -> str:
    """The line worth reading."""
    return "; ".join(lines(report))
