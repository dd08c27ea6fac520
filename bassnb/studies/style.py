"""Does a take sound like its style reference, and at what cost? Table 1 and more.

Each song is accompanied without a reference, and once for each of the eight General MIDI basses
with a reference played by it: other songs, from the same held-out split. Three things are asked of
a take. How far is its sound from that of the reference (table 1)? Which bass does
`bassnb.metrics.timbre` recognise in it? And does it still fit the song? The references themselves, as
they are and through the autoencoder, show what the classifier can recognise at best.

Taught in chapter 9.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from bassnb.accompanist import Accompanist
from bassnb.composer.examples import Example, examples
from bassnb.composer.render import render
from bassnb.composer.songs import compose
from bassnb.metrics.contrastive import encode_waves
from bassnb.metrics.match import MEASURES, compare, transcribe
from bassnb.metrics.statistics import figure, summary
from bassnb.metrics.style import cosine_distance, euclidean_distance, style_embedding
from bassnb.metrics.timbre import PROGRAMS, TIMBRES, TimbreRuler
from bassnb.studies.foreign_styles import SONGS, foreign_references, foreign_rows
from bassnb.studies.ruler import calibrate
from bassnb.studies.takes import decode_takes, through_autoencoder

SECONDS = 12.0
# of `SECONDS` in a reference, each of another song: a single phrase depends too much on its notes
PIECES = 4
# of the first song whose bass is a reference; takes are made for songs below it
REFERENCE_SEED = 2000
PAPER = 1.0  # strength of the paper's formula
# each with `FEW` of the references of a song; the paper's, and the model's own, with all of them
STRENGTHS = (0.25, 0.5, 0.75, PAPER, 1.25, 1.5, 2.0)
FEW = 2
QUICK = {"songs": 2, "seconds": 6.0, "steps": 4, "pieces": 1, "basses": 32}

Marks = dict[str, float]


def style_references(song: int, seconds: float, pieces: int = PIECES) -> list[list[Tensor]]:
    """References for the takes of test song number `song`.

    For each General MIDI bass, true basses (2, N) of some songs.
    """

    def played(seed: int, program: int) -> Tensor:
        return render(
            compose(seed, split="test", seconds=seconds, bass_program=program), parts=["bass"]
        )["bass"]

    first = REFERENCE_SEED + len(PROGRAMS) * pieces * song
    return [
        [played(first + i * pieces + j, program) for j in range(pieces)]
        for i, program in enumerate(PROGRAMS)
    ]


class Listener:
    """Marks the takes of one song.

    Marks are the harmony, the recognised timbre, and the distance to each reference.
    """

    def __init__(
        self,
        ruler: TimbreRuler,
        example: Example,
        references: list[list[Tensor]],
        bandwidth: float,
    ):
        self.ruler, self.song, self.bandwidth = ruler, example.song, bandwidth
        self.anchors = [
            np.mean([style_embedding(wave, bandwidth=bandwidth) for wave in pieces], axis=0)
            for pieces in references
        ]

    def __call__(self, take: Tensor) -> dict:
        """A take (2, N): shares of the match, ``heard``, and lists of eight distances."""
        point = style_embedding(take, bandwidth=self.bandwidth)
        marks = compare(transcribe(take), self.song)
        return {
            **{key: marks[key] for key in MEASURES},
            "heard": self.ruler.recognise(take),
            "euclidean": [euclidean_distance(point, anchor) for anchor in self.anchors],
            "cosine": [cosine_distance(point, anchor) for anchor in self.anchors],
        }


def asked(marks: dict, number: int) -> Marks:
    """The marks of a take for which reference `number` was asked; -1 is the last."""
    return {
        **{key: marks[key] for key in MEASURES},
        "recognised": float(marks["heard"] == number % len(TIMBRES)),
        "euclidean": marks["euclidean"][number],
        "cosine": marks["cosine"][number],
    }


def mean_marks(marks: list[Marks]) -> Marks:
    """Each measure's mean over the takes of a song."""
    return {key: float(np.mean([mark[key] for mark in marks])) for key in marks[0]}


def study(
    accompanist: Accompanist,
    ruler: TimbreRuler,
    example: Example,
    references: list[list[Tensor]],
    *,
    number: int,
    steps: int,
    strength: float,
) -> dict:
    """All takes of song `number`, marked.

    Returns
    -------
    dict : ``free``, ``grounded``, ``another`` and each of `STRENGTHS`: mean marks; ``heard``: the
        timbre recognised in each of the eight grounded takes, ``true`` and ``autoencoder``: the same of the first piece of each
    reference.
    """
    system, seed = accompanist.system, example.song.seed
    c_x = encode_waves(system.mix_autoencoder, [example.mix])
    # (8, pieces, 32, L)
    latents = torch.stack([encode_waves(system.bass_autoencoder, pieces) for pieces in references])
    # of pieces of one length: the mean over the time of all of them
    means = latents.mean((1, 3))[..., None]
    listener = Listener(ruler, example, references, accompanist.system.preset.bass.bandwidth)

    def takes(which: list[int], strength: float) -> list[dict]:
        latents = accompanist.sample(
            c_x, [seed] * len(which), mean=means[which], steps=steps, strength=strength
        )
        return [
            listener(wave) for wave in decode_takes(accompanist, latents, example.mix.shape[-1])
        ]

    every = list(range(len(references)))
    few = [(FEW * number + i) % len(references) for i in range(FEW)]
    free, grounded = takes([0], 0.0)[0], takes(every, strength)
    whole = {strength: grounded, PAPER: grounded if strength == PAPER else takes(every, PAPER)}
    found = {
        "free": mean_marks([asked(free, i) for i in every]),
        "grounded": mean_marks([asked(marks, i) for i, marks in enumerate(grounded)]),
        "another": mean_marks([asked(marks, i - 1) for i, marks in enumerate(grounded)]),
        "heard": [marks["heard"] for marks in grounded],
        "true": [ruler.recognise(pieces[0]) for pieces in references],
        "autoencoder": [
            ruler.recognise(through_autoencoder(accompanist, pieces[0])) for pieces in references
        ],
    }
    for other in STRENGTHS:
        chosen = every if other in whole else few
        several = dict(zip(chosen, whole.get(other) or takes(few, other), strict=True))
        found[f"{other:g}"] = mean_marks([asked(several[i], i) for i in chosen])
    return found


def confusion(recognised: list[list[int]]) -> list[list[float]]:
    """Shares (8, 8) of recognised timbres (columns) for requested timbres (rows).

    The input are (songs, 8) numbers; -1 is no timbre.
    """
    columns = np.array(recognised).T
    return [[float(np.mean(column == k)) for k in range(len(TIMBRES))] for column in columns]


def run(
    accompanist: Accompanist,
    *,
    songs: int = 24,
    seconds: float = SECONDS,
    steps: int = 16,
    strength: float | None = None,
    pieces: int = PIECES,
    basses: int = 240,
    fetched: str | Path = Path("cache/foreign"),
    progress: bool = False,
) -> dict:
    """Grounding measured on unseen songs, with eight references for each.

    Parameters
    ----------
    strength : of the grounding in ``rows``, ``recognised``, ``confusion`` and ``cost``; None is the
        model's own
    pieces : songs that make up a reference, each as long as a take
    basses : of training songs, that the ruler of timbres is fitted to
    fetched : folder that `book/foreign_basses.sh` has filled

    Returns
    -------
    dict, JSON-ready; every figure with a 95 % interval over songs (and thereby over references)
        ``rows``: ``grounded``, ``free`` and ``another`` (grounded takes, but measured against
        another reference): Euclidean and cosine distance. ``nearer``: share of songs that grounding
        brought nearer. ``recognised``: share of takes in which the requested timbre is recognised (chance
        0.125), for the ``true`` references, these through the ``autoencoder``, and ``grounded`` and
        ``free`` takes. ``confusion``: requested timbres down, recognised ones across. ``strength_table``:
        recognition, distances and match at each strength, with two references a song, except at the
        paper's and at the strength in question, with all. ``cost``: match without grounding less
        that with it, song by song; ``paper_cost``: the same at strength 1. ``foreign``: see
        `bassnb.studies.foreign_styles`, None where no foreign basses were fetched.
    """
    strength = accompanist.settings(strength=strength)["strength"]
    ruler = calibrate(accompanist, basses=basses)
    played = list(examples("test", songs, seconds=seconds, progress=progress))
    found = [
        study(
            accompanist,
            ruler,
            example,
            style_references(number, seconds, pieces),
            number=number,
            steps=steps,
            strength=strength,
        )
        for number, example in enumerate(played)
    ]
    references = foreign_references(Path(fetched))
    strengths = sorted({PAPER, strength})
    return {
        "preset": accompanist.system.preset.name,
        "split": "test",
        "songs": songs,
        "seed0": 0,
        "seconds": seconds,
        "steps": steps,
        "strength": strength,
        "references": len(PROGRAMS),
        "pieces": pieces,
        "basses": basses,
        "timbres": list(TIMBRES),
        **tabulate(found),
        "foreign": foreign_rows(accompanist, played[:SONGS], references, strengths, steps=steps),
    }


def tabulate(found: list[dict]) -> dict[str, dict | list]:
    """The figures of `run`, from what `study` found in every song."""

    def column(row: str, key: str) -> np.ndarray:
        return np.array([song[row][key] for song in found])

    distances, names = ("euclidean", "cosine"), ("grounded", "free", "another")
    hits = {
        name: np.array([np.mean(np.array(song[name]) == range(len(PROGRAMS))) for song in found])
        for name in ("true", "autoencoder")
    }
    hits |= {name: column(name, "recognised") for name in ("grounded", "free")}
    table = {"0": "free", **{f"{other:g}": f"{other:g}" for other in STRENGTHS}}
    return {
        "rows": {name: {key: summary(column(name, key)) for key in distances} for name in names},
        "nearer": {
            key: float(np.mean(column("grounded", key) < column("free", key))) for key in distances
        },
        "recognised": {name: summary(values) for name, values in hits.items()},
        "confusion": confusion([song["heard"] for song in found]),
        "strength_table": {
            name: {key: summary(column(row, key)) for key in found[0][row]}
            for name, row in table.items()
        },
        "cost": {key: summary(column("free", key) - column("grounded", key)) for key in MEASURES},
        "paper_cost": {
            key: summary(column("free", key) - column(f"{PAPER:g}", key)) for key in MEASURES
        },
    }


def headline(report: dict) -> str:
    """The line worth reading."""
    distances = ", ".join(
        f"{name} {figure(row['euclidean']['mean'], '.2f')}" for name, row in report["rows"].items()
    )
    return f"{distances}; timbre recognised in {figure(report['recognised']['grounded']['mean'], '.0%')}"
