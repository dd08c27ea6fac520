"""Onsets in detail: how many notes, how many of them right, and how much better than by chance.

The F-measure of onsets rewards density. A take that plays on every eighth meets some notes of any
song, so a busier take has a higher F without having listened better. The chance of a take is what
the same take reaches against other songs, its own shuffled pairing; what exceeds it, divided by the
most that could exceed it, is above chance:

    above chance = (F - F_shuffled) / (1 - F_shuffled)

It is 0 for a rhythm that would fit any song as well and 1 for the written one. The normalised score
of `bassnb.studies.marks` has another floor, the true basses of other songs, which are as dense as
true basses are.

Taught in chapter 9.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from bassnb.composer.score import Song
from bassnb.metrics.match import Transcription, note_starts, onset_scores
from bassnb.metrics.statistics import bootstrap, normalised_score_summary, summary

OTHERS = 24  # most other songs against which the chance of a take is taken
COLUMNS = ("f1", "chance", "precision", "recall", "notes", "true_notes")


def onset_marks(take: Transcription, song: Song, others: Sequence[Song]) -> dict[str, float]:
    """The onsets of one take.

    Parameters
    ----------
    take : of any bass to `song`
    others : songs that the take was not made for, at most as long; see `evenly`

    Returns
    -------
    dict
        ``f1``, ``precision`` and ``recall`` at 70 ms; ``notes`` of the take and ``true_notes`` of
        the written bass; ``chance``: mean F-measure against the other songs, nan without any.
    """
    written = note_starts(song)
    f1, precision, recall = onset_scores(take.onsets, written)
    chance = [
        onset_scores(take.between(0.0, other.duration).onsets, note_starts(other))[0]
        for other in others
    ]
    return {
        "f1": f1,
        "chance": float(np.mean(chance)) if chance else float("nan"),
        "precision": precision,
        "recall": recall,
        "notes": float(len(take.onsets)),
        "true_notes": float(len(written)),
    }


def onsets_of(
    played: Iterable[tuple[dict[str, Transcription], Song, Sequence[Song]]],
) -> dict[str, list[dict[str, float]]]:
    """`onset_marks` of every player, by name: for each song its takes by player, the song, and the
    songs that they were not made for.
    """
    found: dict[str, list[dict[str, float]]] = {}
    for takes, song, others in played:
        chosen = evenly(others)
        for name, take in takes.items():
            found.setdefault(name, []).append(onset_marks(take, song, chosen))
    return found


def evenly(songs: Sequence[Song], most: int = OTHERS) -> list[Song]:
    """At most `most` of the songs, evenly spaced."""
    return list(songs[:: -(-len(songs) // most) or 1])


def onset_table(rows: dict[str, list[dict[str, float]]]) -> dict[str, dict]:
    """`onset_marks` of many songs in a table, one row for each player.

    Returns
    -------
    dict of rows
        Means of `COLUMNS` with 95 % intervals over songs; ``above_chance``, of the mean F-measure
        and the mean chance; ``notes_ratio``: mean number of notes over that of the true basses.
    """
    return {name: onset_row(marks) for name, marks in rows.items() if marks}


def onset_row(marks: list[dict[str, float]]) -> dict[str, dict]:
    """One row of an `onset_table`."""
    column = {key: np.array([mark[key] for mark in marks]) for key in COLUMNS}

    def ratio(notes: np.ndarray, true_notes: np.ndarray) -> np.ndarray:
        """Of the means over the songs; nan where no true bass has a note."""
        mean = true_notes.mean(-1)
        return notes.mean(-1) / np.where(mean > 0, mean, np.nan)

    counts = column["notes"], column["true_notes"]
    low, high = bootstrap(ratio, *counts)
    return {
        **{key: summary(values) for key, values in column.items()},
        "above_chance": normalised_score_summary(
            column["f1"], column["chance"], np.ones(len(marks))
        ),
        "notes_ratio": {"value": float(ratio(*counts)), "low": low, "high": high},
    }
