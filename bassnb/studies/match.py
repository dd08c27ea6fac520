"""The match report: generated bass between a floor and a ceiling, on unseen songs.

No value of a metric means anything alone: the transcription makes errors (the true bass does not
score 1) and chance is not 0. So every measure is compared with the true bass through the
autoencoder, the best that any diffusion model could reach, and with the basses of other songs,
which fit only by chance. Between them lie the baselines: another bassline composed for the same
chords and kicks, retrieval from training songs, and a rule.

Taught in chapter 9.
"""

from __future__ import annotations

from torch import Tensor

from bassnb.accompanist import Accompanist
from bassnb.composer.examples import Example, examples
from bassnb.composer.render import render
from bassnb.composer.score import Song
from bassnb.composer.songs import compose
from bassnb.composer.world import DEFAULT, World
from bassnb.metrics.adherence import Gathering
from bassnb.metrics.contrastive import encode_waves
from bassnb.metrics.match import Transcription, compare, transcribe
from bassnb.metrics.retrieval import Pool, remember, retrieved_bass
from bassnb.metrics.rule import rule_bass
from bassnb.metrics.statistics import score_in_words
from bassnb.studies.marks import Marks, floor_marks, scores_of_players, tabulate
from bassnb.studies.onset_marks import onset_table, onsets_of
from bassnb.studies.takes import single_take, through_autoencoder

QUICK = {"songs": 4, "seconds": 8.0, "steps": 8}


def basses_for(
    accompanist: Accompanist,
    example: Example,
    pool: Pool,
    *,
    guidance: float,
    phi: float,
    steps: int,
) -> dict[str, Tensor]:
    """Every player's bass (2, N) to one mix, by the name of its row; see `run`."""
    song, length = example.song, example.mix.shape[-1]
    options = {"phi": phi, "steps": steps, "seed": song.seed}
    other = compose(
        song.seed, split=song.split, seconds=song.duration, take=1, world=World(song.world)
    )
    condition = encode_waves(accompanist.system.mix_autoencoder, [example.mix])[0]
    return {
        "true": example.bass,
        "autoencoder": through_autoencoder(accompanist, example.bass),
        "another_player": through_autoencoder(accompanist, render(other, parts=["bass"])["bass"]),
        "generated": single_take(accompanist, example.mix, guidance=guidance, **options),
        "unconditional": single_take(accompanist, example.mix, guidance=0.0, **options),
        "retrieval": through_autoencoder(accompanist, retrieved_bass(condition, pool, length)),
        "rule": rule_bass(example.mix),
    }


def run(
    accompanist: Accompanist,
    *,
    songs: int = 64,
    split: str = "test",
    seconds: float = 24.0,
    seed0: int = 0,
    steps: int = 64,
    guidance: float | None = None,
    phi: float | None = None,
    pool: int | None = None,
    world: str = DEFAULT.name,
    progress: bool = True,
) -> dict:
    """Accompany unseen songs and mark the takes.

    Parameters
    ----------
    songs : int, at least 2; from 4 on also the adherence
        Songs ``seed0`` ... ``seed0 + songs - 1`` of the split; the take of a song uses its seed.
    guidance, phi : None takes the defaults stored in the model (chosen on validation songs).
    world : of the songs, see `bassnb.composer.world`
    pool : training songs that retrieval remembers; None takes five for each song, but at most 200

    Returns
    -------
    dict, JSON-ready
        ``rows``: ``true`` bass, ``autoencoder`` (the true bass through it: the ceiling),
        ``another_player`` (another bassline by the composer's rules for the same song,
        through the autoencoder), ``generated``, ``unconditional`` (guidance 0), ``retrieval`` (the
        bass of the most similar training song, through the autoencoder), ``rule`` (see
        `bassnb.metrics.rule`) and ``shuffled`` (true basses of the other songs through the
        autoencoder: the floor). ``normalised_score``: from floor to ceiling.
        ``normalised_score_to_player``: from floor to another player: the share of what
        another bassline in the same style reaches. ``adherence``: APA of each row, see
        `bassnb.metrics.adherence`. ``onsets``: notes, precision, recall and what exceeds chance,
        of each row but the shuffled, see `bassnb.studies.onset_marks`.
    """
    settings = accompanist.settings(guidance=guidance, phi=phi)
    guidance, phi = settings["guidance"], settings["phi"]
    pool = min(200, 5 * songs) if pool is None else pool
    played = World(world)
    known = remember(
        accompanist.system.mix_autoencoder, pool, seconds=seconds, world=played, progress=progress
    )
    rows: dict[str, list[Marks]] = {}
    written: list[Song] = []
    transcribed: list[dict[str, Transcription]] = []
    pairs = Gathering()
    composed = examples(split, songs, seconds=seconds, seed0=seed0, world=played, progress=progress)
    for example in composed:
        basses = basses_for(accompanist, example, known, guidance=guidance, phi=phi, steps=steps)
        takes = {name: transcribe(wave) for name, wave in basses.items()}
        written.append(example.song)
        transcribed.append(takes)
        for name, take in takes.items():
            rows.setdefault(name, []).append(compare(take, example.song))
        pairs.add(example.mix, basses)
    rows["shuffled"] = floor_marks([takes["autoencoder"] for takes in transcribed], written)
    return {
        "preset": accompanist.system.preset.name,
        "split": split,
        "songs": songs,
        "seed0": seed0,
        "world": world,
        "seconds": seconds,
        "steps": steps,
        "guidance": guidance,
        "phi": phi,
        "pool": pool,
        "rows": tabulate(rows),
        **scores_of_players(rows),
        "onsets": onset_table(onsets_of_players(transcribed, written)),
        "adherence": pairs.adherence() if songs >= 4 else None,
    }


def onsets_of_players(
    transcribed: list[dict[str, Transcription]], songs: list[Song]
) -> dict[str, list[dict[str, float]]]:
    """Onsets of every player in every song, by the name of the row; all songs are equally long."""
    return onsets_of(
        (takes, song, [other for other in songs if other is not song])
        for takes, song in zip(transcribed, songs, strict=True)
    )


def headline(report: dict) -> str:
    """The line worth reading."""
    return ", ".join(
        f"{key} {score_in_words(score)}"
        for key, score in report["normalised_score"]["generated"].items()
    )
