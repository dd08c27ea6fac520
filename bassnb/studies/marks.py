"""Tables of marks: means with intervals, and normalised scores from floor to ceiling.

No value of a metric means anything alone: the transcription makes errors (the true bass does not
score 1) and chance is not 0. So every measure is compared with the true bass through the
autoencoder, the best that any diffusion model could reach, and with the basses of other songs,
which fit only by chance.

Taught in chapter 9.
"""

from __future__ import annotations

import numpy as np

from bassnb.composer.score import Song
from bassnb.metrics.match import MEASURES, Transcription, compare
from bassnb.metrics.statistics import normalised_score_summary, summary

SHOWN = (*MEASURES, "kick_lock")

Marks = dict[str, float]


def floor_marks(takes: list[Transcription], songs: list[Song]) -> list[Marks]:
    """Mean marks of the basses of all other songs, for each song.

    It is the expectation of a shuffled pairing.

    nan where there is no other song.
    """
    marks = []
    for i, song in enumerate(songs):
        others = [compare(take, song) for j, take in enumerate(takes) if j != i]
        marks.append(
            {
                key: float(np.mean([other[key] for other in others])) if others else float("nan")
                for key in (others[0] if others else compare(takes[i], songs[i]))
            }
        )
    return marks


def column(marks: list[Marks], measure: str) -> np.ndarray:
    """One measure of all songs: array (songs,)."""
    return np.array([mark[measure] for mark in marks])


def tabulate(rows: dict[str, list[Marks]]) -> dict[str, dict]:
    """Mean and 95 % interval of every measure for every row.

    The marks of each song are added for plots.
    """
    table = {}
    for name, marks in rows.items():
        table[name] = {key: summary(column(marks, key)) for key in marks[0]}
        table[name]["songs"] = {
            key: [round(float(x), 4) for x in column(marks, key)] for key in marks[0]
        }
    return table


def normalised_scores(
    marks: list[Marks],
    floor: list[Marks],
    ceiling: list[Marks],
    measures: tuple[str, ...] = MEASURES,
) -> dict[str, dict]:
    """The normalised score of each measure, with 95 % intervals over songs."""
    return {
        key: normalised_score_summary(*(column(row, key) for row in (marks, floor, ceiling)))
        for key in measures
    }


def scores_of_players(rows: dict[str, list[Marks]]) -> dict[str, dict]:
    """The scores of every row between floor and ceiling; see `bassnb.studies.match.run`.

    The keys are ``normalised_score`` and ``normalised_score_to_player``.
    """
    floor, players = (
        rows["shuffled"],
        [name for name in rows if name not in ("true", "autoencoder", "shuffled")],
    )
    return {
        "normalised_score": {
            name: normalised_scores(rows[name], floor, rows["autoencoder"], SHOWN)
            for name in players
        },
        "normalised_score_to_player": {
            name: normalised_scores(rows[name], floor, rows["another_player"], SHOWN)
            for name in players
            if name != "another_player"
        },
    }
