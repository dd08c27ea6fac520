"""The match report: generated bass between a floor and a ceiling, on unseen songs. Taught in chapter 9.

No figure of a metric means anything alone: the ear of the metric is imperfect (the true bass does not score 1) and
chance is not 0. So every measure stands between the true bass through the autoencoder, the best that any diffusion
model could reach, and the basses of other songs, which fit only by chance.
"""

from __future__ import annotations

import itertools

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from bassnb.accompanist import Accompanist
from bassnb.audio import to_level
from bassnb.data.score import Song
from bassnb.evaluation.examples import Example, examples
from bassnb.evaluation.match import MEASURES, Transcription, compare, transcribe
from bassnb.evaluation.statistics import summary, way, way_summary

GOALS = {"chord_tone": 0.90, "root": 0.85, "onset_f1": 0.50}  # shares of the way from floor to ceiling
WEIGHTS = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0)
PHIS = (0.0, 0.7)

Marks = dict[str, float]


@torch.no_grad()
def through_autoencoder(accompanist: Accompanist, bass: Tensor) -> Tensor:
    """The true bass (2, N), encoded and decoded: what a perfect diffusion model would sound like."""
    autoencoder = accompanist.system.bass_autoencoder
    device = next(autoencoder.parameters()).device
    return autoencoder.decode(autoencoder.encode(to_level(bass)[None].to(device)), bass.shape[-1])[0].cpu()


def floor_marks(takes: list[Transcription], songs: list[Song]) -> list[Marks]:
    """For each song the mean marks of the basses of all the other songs: a shuffled pairing without the luck."""
    marks = []
    for i, song in enumerate(songs):
        others = [compare(take, song) for j, take in enumerate(takes) if j != i]
        marks.append({key: float(np.mean([other[key] for other in others])) for key in others[0]})
    return marks


def column(marks: list[Marks], measure: str) -> np.ndarray:
    """One measure of all songs: array (songs,)."""
    return np.array([mark[measure] for mark in marks])


def tabulate(rows: dict[str, list[Marks]]) -> dict[str, dict]:
    """Mean and 95 % interval of every measure for every row, and the marks of each song (for plots)."""
    table = {}
    for name, marks in rows.items():
        table[name] = {key: summary(column(marks, key)) for key in marks[0]}
        table[name]["songs"] = {key: [round(float(x), 4) for x in column(marks, key)] for key in marks[0]}
    return table


def ways(marks: list[Marks], floor: list[Marks], ceiling: list[Marks]) -> dict[str, dict]:
    """How far each measure got on the way from floor to ceiling, with 95 % intervals over songs."""
    return {key: way_summary(*(column(row, key) for row in (marks, floor, ceiling))) for key in MEASURES}


def evaluate_match(
    accompanist: Accompanist, *, songs: int = 64, split: str = "test", seconds: float = 24.0, seed0: int = 0,
    steps: int = 64, guidance: float | None = None, phi: float | None = None, progress: bool = True,
) -> dict:  # fmt: skip
    """Accompany unseen songs and mark the takes.

    Parameters
    ----------
    songs : int, at least 2
        Songs ``seed0`` ... ``seed0 + songs - 1`` of the split; the take of a song uses its seed.
    guidance, phi : None takes the defaults stored in the model (chosen on validation songs).

    Returns
    -------
    dict, JSON-ready
        ``rows``: ``true`` bass, ``autoencoder`` (the true bass through it: the ceiling), ``generated``,
        ``unconditional`` (guidance 0) and ``shuffled`` (true basses of the other songs through the autoencoder: the
        floor). ``way``: floor to ceiling, for the generated and the unconditional takes. ``goals``: what we aim at.
    """
    guidance, phi = _defaults(accompanist, guidance, phi)
    rows: dict[str, list[Marks]] = {name: [] for name in ("true", "autoencoder", "generated", "unconditional")}
    heard: list[tuple[Song, Transcription]] = []
    for example in examples(split, songs, seconds=seconds, seed0=seed0, progress=progress):
        song, options = example.song, {"phi": phi, "steps": steps, "seed": example.song.seed}
        ceiling = transcribe(through_autoencoder(accompanist, example.bass))
        heard.append((song, ceiling))
        rows["true"].append(compare(transcribe(example.bass), song))
        rows["autoencoder"].append(compare(ceiling, song))
        for name, weight in (("generated", guidance), ("unconditional", 0.0)):
            take = accompanist(example.mix, guidance=weight, **options)
            rows[name].append(compare(transcribe(take.audio), song))
    rows["shuffled"] = floor_marks([take for _, take in heard], [song for song, _ in heard])
    return {
        **_setting(accompanist, split, songs, seed0, seconds, steps), "guidance": guidance, "phi": phi, "goals": GOALS,
        "rows": tabulate(rows),
        "way": {
            name: ways(rows[name], rows["shuffled"], rows["autoencoder"]) for name in ("generated", "unconditional")
        },
    }  # fmt: skip


def _defaults(accompanist: Accompanist, guidance: float | None, phi: float | None) -> tuple[float, float]:
    stored = accompanist.system.defaults
    return (stored["guidance"] if guidance is None else guidance), (stored["phi"] if phi is None else phi)


def _setting(accompanist: Accompanist, split: str, songs: int, seed0: int, seconds: float, steps: int) -> dict:
    preset = accompanist.system.preset.name
    return {"preset": preset, "split": split, "songs": songs, "seed0": seed0, "seconds": seconds, "steps": steps}


def guidance_pairs(weights: tuple[float, ...], phis: tuple[float, ...]) -> list[tuple[float, float]]:
    """All (guidance, phi), but weight 1 only once: without guidance there is nothing to rescale."""
    return [(w, phi) for w, phi in itertools.product(weights, phis) if w != 1 or phi == phis[0]]


def choose_guidance(
    accompanist: Accompanist, *, weights: tuple[float, ...] = WEIGHTS, phis: tuple[float, ...] = PHIS, songs: int = 16,
    split: str = "validation", seconds: float = 24.0, seed0: int = 0, steps: int = 32, progress: bool = True,
) -> dict:  # fmt: skip
    """Try pairs of guidance and phi on validation songs, never on the songs of `evaluate_match`.

    Returns
    -------
    dict, JSON-ready
        ``table``: for each pair the way of every measure and their mean; ``best``: the pair with the highest mean
        over chord tones, roots, pitch classes and onsets.
    """
    studied: list[Example] = list(examples(split, songs, seconds=seconds, seed0=seed0))
    ceilings = [transcribe(through_autoencoder(accompanist, example.bass)) for example in studied]
    floor = floor_marks(ceilings, [example.song for example in studied])
    ceiling = [compare(take, example.song) for take, example in zip(ceilings, studied)]
    table = []
    for weight, phi in tqdm(guidance_pairs(weights, phis), desc="guidance and phi", disable=not progress):
        marks = []
        for example in studied:
            take = accompanist(example.mix, guidance=weight, phi=phi, steps=steps, seed=example.song.seed)
            marks.append(compare(transcribe(take.audio), example.song))
        gone = {k: way(*(column(row, k).mean() for row in (marks, floor, ceiling))) for k in MEASURES}
        table.append({"guidance": weight, "phi": phi, "way": gone, "mean": float(np.mean(list(gone.values())))})
    best = max(table, key=lambda row: row["mean"])
    return {
        **_setting(accompanist, split, songs, seed0, seconds, steps), "table": table,
        "best": {key: best[key] for key in ("guidance", "phi", "mean")},
    }  # fmt: skip
