"""The paper's figures 2 and 3 and its table 1 as examinations of a model at one setting. Taught in chapter 9.

The chapter draws the whole curves; here is one point of each, with the rows between which it must be read.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from bassnb.accompanist import Accompaniment, Accompanist
from bassnb.audio import LEVEL, rms, to_level
from bassnb.data.render import render
from bassnb.data.songs import compose
from bassnb.evaluation.contrastive import SHIPPED_JUDGE, diagonal, latents_of, load_judge, score_matrix
from bassnb.evaluation.examples import Example, examples
from bassnb.evaluation.frechet import frechet_infinity, frechet_interval, spectral_embedding
from bassnb.evaluation.report import through_autoencoder
from bassnb.evaluation.statistics import summary
from bassnb.evaluation.style import style_distances

SECONDS = 12.0
REFERENCE_SEED = 1000  # of the first song whose bass is a reference; takes are made for songs below it
GROUP = 25  # mixes and basses of figure 3
PROGRAMS = range(32, 40)  # the General MIDI basses, references of table 1


def own_level(take: Accompaniment) -> Tensor:
    """A take (2, N) at the level that the model chose, without that of the mix."""
    return take.audio * (LEVEL / rms(take.mix))


def _takes(accompanist: Accompanist, found: list[Example], **settings) -> list[Accompaniment]:
    return [accompanist(example.mix, seed=example.song.seed, **settings) for example in found]


def evaluate_frechet(
    accompanist: Accompanist, *, songs: int = 48, reference: int = 200, seconds: float = SECONDS, steps: int = 64,
    progress: bool = False,
) -> dict:  # fmt: skip
    """Fréchet distance of takes to the true basses of other songs (figure 2), with the fixed spectral embedding.

    Parameters
    ----------
    songs : at least 8 for the extrapolation to infinitely many takes
    reference : songs whose true basses are the reference

    Returns
    -------
    dict, JSON-ready
        ``rows``: ``true`` bass, the same through the ``autoencoder``, ``generated`` with the model's own guidance
        and ``unconditional``; each has ``value``, ``low``, ``high``, and ``infinity`` (None below 8 songs).
    """
    others = examples("test", reference, seconds=seconds, seed0=REFERENCE_SEED)
    truth = np.stack([spectral_embedding(to_level(example.bass)) for example in others])
    found = list(examples("test", songs, seconds=seconds, progress=progress))
    waves = {
        "true": [to_level(example.bass) for example in found],
        "autoencoder": [through_autoencoder(accompanist, example.bass) for example in found],
        "generated": [own_level(take) for take in _takes(accompanist, found, steps=steps)],
        "unconditional": [own_level(take) for take in _takes(accompanist, found, steps=steps, guidance=0.0)],
    }
    rows = {}
    for name, row in waves.items():
        items = np.stack([spectral_embedding(wave) for wave in row])
        infinity = frechet_infinity(items, truth)["value"] if songs >= 8 else None
        rows[name] = {**frechet_interval(items, truth), "infinity": infinity}
    setting = {"split": "test", "songs": songs, "reference": reference, "seconds": seconds, "steps": steps}
    return {"preset": accompanist.system.preset.name, **setting, "rows": rows}


def evaluate_contrastive(
    accompanist: Accompanist, *, songs: int = 100, seconds: float = SECONDS, steps: int = 64,
    judge: str | Path = SHIPPED_JUDGE, progress: bool = False,
) -> dict:  # fmt: skip
    """What the judge says about basses and mixes in groups of 25 (figure 3).

    Parameters
    ----------
    songs : a multiple of 25, or fewer than 25 for one smaller group; what is over is left out
    judge : weights that `bassnb.training.contrastive` left, trained on the latents of this model's encoders

    Returns
    -------
    dict, JSON-ready
        ``rows``: for true, generated, unconditional and shuffled basses ``mass`` and ``top1`` of the diagonal.
    """
    group = min(GROUP, songs)
    songs -= songs % group
    system = accompanist.system
    model = load_judge(judge, system).to(accompanist.device)
    found = list(examples("test", songs, seconds=seconds, progress=progress))
    true = [example.bass for example in found]
    basses = {
        "true": true,
        "generated": [take.audio for take in _takes(accompanist, found, steps=steps)],
        "unconditional": [take.audio for take in _takes(accompanist, found, steps=steps, guidance=0.0)],
        "shuffled": true[1:] + true[:1],
    }
    c_x = latents_of(system.mix_autoencoder, [example.mix for example in found])
    rows = {}
    for name, waves in basses.items():
        c_y = latents_of(system.bass_autoencoder, waves)
        groups = zip(c_x.split(group), c_y.split(group), strict=True)
        rows[name] = diagonal(*(score_matrix(model, *pair) for pair in groups))
    setting = {"split": "test", "songs": songs, "group": group, "seconds": seconds, "steps": steps}
    return {"preset": system.preset.name, **setting, "rows": rows}


def style_references(seconds: float) -> list[Tensor]:
    """One true bass (2, N) for each General MIDI bass, of songs that no take is made for."""
    songs = [compose(REFERENCE_SEED + p, split="test", seconds=seconds, bass_program=p) for p in PROGRAMS]
    return [render(song, parts=["bass"])["bass"] for song in songs]


@torch.no_grad()
def evaluate_style(
    accompanist: Accompanist, *, songs: int = 24, seconds: float = SECONDS, steps: int = 16, progress: bool = False
) -> dict:
    """Distance of takes to a style reference with and without grounding (table 1), eight references a song.

    Returns
    -------
    dict, JSON-ready
        ``rows``: ``grounded``, ``free`` and ``another`` (grounded takes, but to another reference): Euclidean and
        cosine distance with intervals over songs. ``nearer``: share of songs that grounding brought nearer.
    """
    references = style_references(seconds)
    rows: dict[str, list[dict[str, float]]] = {"grounded": [], "free": [], "another": []}
    for example in examples("test", songs, seconds=seconds, progress=progress):
        free = accompanist(example.mix, steps=steps, seed=example.song.seed).audio
        found: dict[str, list[dict[str, float]]] = {name: [] for name in rows}
        for number, wave in enumerate(references):
            take = accompanist(example.mix, style=wave, steps=steps, seed=example.song.seed).audio
            found["grounded"].append(style_distances(take, wave))
            found["free"].append(style_distances(free, wave))
            found["another"].append(style_distances(take, references[number - 1]))
        for name, marks in found.items():
            rows[name].append({key: float(np.mean([mark[key] for mark in marks])) for key in marks[0]})
    table = {name: {key: summary([m[key] for m in marks]) for key in marks[0]} for name, marks in rows.items()}
    nearer = {key: float(np.mean([g[key] < f[key] for g, f in zip(rows["grounded"], rows["free"])]))
              for key in table["free"]}  # fmt: skip
    setting = {"split": "test", "songs": songs, "references": len(references), "seconds": seconds, "steps": steps}
    return {"preset": accompanist.system.preset.name, **setting, "rows": table, "nearer": nearer}
