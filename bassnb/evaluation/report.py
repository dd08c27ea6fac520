"""The match report: generated bass between a floor and a ceiling, on unseen songs. Taught in chapter 9.

No figure of a metric means anything alone: the ear of the metric is imperfect (the true bass does not score 1) and
chance is not 0. So every measure stands between the true bass through the autoencoder, the best that any diffusion
model could reach, and the basses of other songs, which fit only by chance. In between play those that a model must be
compared with: another bass player, who knows the song's chords and the drummer's kicks but not this bassist's mind;
a memory of training songs; and a rule.
"""

from __future__ import annotations

import itertools

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from bassnb.accompanist import Accompanist
from bassnb.audio import to_level
from bassnb.data.render import render
from bassnb.data.score import Song
from bassnb.data.songs import compose
from bassnb.evaluation.adherence import Gathering
from bassnb.evaluation.contrastive import latents_of
from bassnb.evaluation.examples import Example, examples
from bassnb.evaluation.match import MEASURES, Transcription, compare, transcribe
from bassnb.evaluation.retrieval import Pool, remember, retrieved_bass
from bassnb.evaluation.rule import rule_bass
from bassnb.evaluation.statistics import mean_of, summary, way, way_summary

SHOWN = (*MEASURES, "kick_lock")
WEIGHTS = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0)
PHIS = (0.0, 0.7)
LEVEL_MEAN = 0.02  # differences below it are noise with 16 songs

Marks = dict[str, float]


@torch.no_grad()
def through_autoencoder(accompanist: Accompanist, bass: Tensor) -> Tensor:
    """The true bass (2, N), encoded and decoded: what a perfect diffusion model would sound like."""
    autoencoder = accompanist.system.bass_autoencoder
    device = next(autoencoder.parameters()).device
    return autoencoder.decode(autoencoder.encode(to_level(bass)[None].to(device)), bass.shape[-1])[0].cpu()


def floor_marks(takes: list[Transcription], songs: list[Song]) -> list[Marks]:
    """For each song the mean marks of the basses of all the other songs: a shuffled pairing without the luck.

    nan where there is no other song.
    """
    marks = []
    for i, song in enumerate(songs):
        others = [compare(take, song) for j, take in enumerate(takes) if j != i]
        marks.append({key: float(np.mean([other[key] for other in others])) if others else float("nan")
                      for key in (others[0] if others else compare(takes[i], songs[i]))})  # fmt: skip
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


def ways(
    marks: list[Marks], floor: list[Marks], ceiling: list[Marks], measures: tuple[str, ...] = MEASURES
) -> dict[str, dict]:
    """How far each measure got on the way from floor to ceiling, with 95 % intervals over songs."""
    return {key: way_summary(*(column(row, key) for row in (marks, floor, ceiling))) for key in measures}


def ways_of_players(rows: dict[str, list[Marks]]) -> dict[str, dict]:
    """``way`` and ``way_to_player``: how far every player between floor and ceiling got; see `evaluate_match`."""
    floor, players = rows["shuffled"], [name for name in rows if name not in ("true", "autoencoder", "shuffled")]
    return {
        "way": {name: ways(rows[name], floor, rows["autoencoder"], SHOWN) for name in players},
        "way_to_player": {name: ways(rows[name], floor, rows["another_player"], SHOWN) for name in players
                          if name != "another_player"},
    }  # fmt: skip


def basses_for(
    accompanist: Accompanist, example: Example, pool: Pool, *, guidance: float, phi: float, steps: int
) -> dict[str, Tensor]:
    """Every player's bass (2, N) to one mix, by the name of its row; see `evaluate_match`."""
    song, length = example.song, example.mix.shape[-1]
    options = {"phi": phi, "steps": steps, "seed": song.seed}
    other = compose(song.seed, split=song.split, seconds=song.duration, take=1)
    heard = latents_of(accompanist.system.mix_autoencoder, [example.mix])[0]
    return {
        "true": example.bass,
        "autoencoder": through_autoencoder(accompanist, example.bass),
        "another_player": through_autoencoder(accompanist, render(other, parts=["bass"])["bass"]),
        "generated": accompanist(example.mix, guidance=guidance, **options).audio,
        "unconditional": accompanist(example.mix, guidance=0.0, **options).audio,
        "retrieval": through_autoencoder(accompanist, retrieved_bass(heard, pool, length)),
        "rule": rule_bass(example.mix),
    }


def evaluate_match(
    accompanist: Accompanist, *, songs: int = 64, split: str = "test", seconds: float = 24.0, seed0: int = 0, steps: int = 64,
    guidance: float | None = None, phi: float | None = None, pool: int | None = None, progress: bool = True,
) -> dict:  # fmt: skip
    """Accompany unseen songs and mark the takes.

    Parameters
    ----------
    songs : int, at least 2; from 4 on also the adherence
        Songs ``seed0`` ... ``seed0 + songs - 1`` of the split; the take of a song uses its seed.
    guidance, phi : None takes the defaults stored in the model (chosen on validation songs).
    pool : training songs that retrieval remembers; None takes five for each song, but at most 200

    Returns
    -------
    dict, JSON-ready
        ``rows``: ``true`` bass, ``autoencoder`` (the true bass through it: the ceiling), ``another_player`` (the
        bass that the composer's rules would have let somebody else play, through the autoencoder), ``generated``,
        ``unconditional`` (guidance 0), ``retrieval`` (the bass of the most similar training song, through the
        autoencoder), ``rule`` (see `bassnb.evaluation.rule`) and ``shuffled`` (true basses of the other songs through
        the autoencoder: the floor). ``way``: from floor to ceiling. ``way_to_player``: from floor to another player:
        the share of what a true musician reaches who knows the style and not the answer. ``adherence``: APA of each
        row, see `bassnb.evaluation.adherence`.
    """
    settings = accompanist.settings(guidance=guidance, phi=phi)
    guidance, phi = settings["guidance"], settings["phi"]
    pool = min(200, 5 * songs) if pool is None else pool
    known = remember(accompanist.system.mix_autoencoder, pool, seconds=seconds, progress=progress)
    rows: dict[str, list[Marks]] = {}
    written: list[Song] = []
    ceilings: list[Transcription] = []
    pairs = Gathering()
    for example in examples(split, songs, seconds=seconds, seed0=seed0, progress=progress):
        basses = basses_for(accompanist, example, known, guidance=guidance, phi=phi, steps=steps)
        heard = {name: transcribe(wave) for name, wave in basses.items()}
        written.append(example.song)
        ceilings.append(heard["autoencoder"])
        for name, take in heard.items():
            rows.setdefault(name, []).append(compare(take, example.song))
        pairs.add(example.mix, basses)
    rows["shuffled"] = floor_marks(ceilings, written)
    return {
        **_setting(accompanist, split, songs, seed0, seconds, steps), "guidance": guidance, "phi": phi, "pool": pool,
        "rows": tabulate(rows), **ways_of_players(rows), "adherence": pairs.adherence() if songs >= 4 else None,
    }  # fmt: skip


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
        ``table``: for each pair the way of every measure and their mean; ``best``: the weakest guidance whose mean
        over chord tones, roots, pitch classes and onsets is within `LEVEL_MEAN` of the highest: beyond it, guidance
        makes all takes alike, and FAD rises, for nothing.
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
        table.append({"guidance": weight, "phi": phi, "way": gone, "mean": mean_of(list(gone.values()))})
    enough = max(row["mean"] for row in table) - LEVEL_MEAN
    level = [row for row in table if not row["mean"] < enough]  # all of them where floor and ceiling coincide (nan)
    best = min(level, key=lambda row: (row["guidance"], -row["mean"]))
    return {
        **_setting(accompanist, split, songs, seed0, seconds, steps), "table": table,
        "best": {key: best[key] for key in ("guidance", "phi", "mean")},
    }  # fmt: skip
