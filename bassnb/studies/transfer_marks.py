"""What the marks of foreign songs say: for one song, for a group of them, and for all.

Of every song only those measures count that its mix determines, see `bassnb.studies.transfer`.

Taught in chapter 9.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bassnb.metrics.match import MEASURES
from bassnb.metrics.statistics import (
    figure,
    known,
    mean_of,
    normalised_score_summary,
    score_in_words,
    summary,
)
from bassnb.studies.marks import Marks
from bassnb.studies.transfer_songs.cases import Case

PLAYERS = ("generated", "rule")


def song_marks(case: Case, rows: dict[str, list], index: int) -> dict:
    """Everything about one song, for plots."""
    marks = {
        name: {key: round(row[index][key], 4) for key in case.measures}
        for name, row in rows.items()
    }
    return {
        "source": case.source,
        "family": case.family,
        "name": case.name,
        "sound": case.sound,
        "marks": marks,
    }


def grouped(cases: Sequence[Case], rows: dict[str, list], key: str) -> dict[str, dict]:
    """`group` for every value of one property of the songs, in the order of their first appearance."""
    values = dict.fromkeys(getattr(case, key) for case in cases)
    return {
        value: group(
            cases, rows, [i for i, case in enumerate(cases) if getattr(case, key) == value]
        )
        for value in values
    }


def group(cases: Sequence[Case], rows: dict[str, list[Marks]], members: Sequence[int]) -> dict:
    """How far the players got on some of the songs, and the mean marks behind it.

    A normalised score is a quotient: where the true bass hardly differs from that of another song, as a
    walking bass in its share of roots, it is unreliable, and the marks are more useful.
    """
    scores: dict[str, dict] = {player: {} for player in PLAYERS}
    means: dict[str, dict] = {name: {} for name in rows}
    for measure in (*MEASURES, "mean"):
        columns = columns_of(cases, rows, members, measure)
        for player in PLAYERS if columns else ():
            scores[player][measure] = normalised_score_summary(
                columns[player], columns["shuffled"], columns["autoencoder"]
            )
        for name, column in columns.items():
            means[name][measure] = round(mean_of(column), 4)
    return {"songs": len(members), "normalised_score": scores, "means": means}


def group_headline(name: str, part: dict) -> str:
    """One line about a `group`: the score of the generated takes, or their mean mark."""
    score, means = (
        part["normalised_score"]["generated"]["mean"],
        {row: columns["mean"] for row, columns in part["means"].items()},
    )
    if known(score["mean"]):
        return f"{name} {score_in_words(score)}"
    why = (
        "floor and ceiling coincide"
        if known(means["shuffled"])
        else "it takes a second song, whose bass is the floor"
    )
    marks = f"mean mark {figure(means['generated'], '.2f')}, of the true bass {figure(means['autoencoder'], '.2f')}"
    return f"{name} no score ({why}); {marks}"


def columns_of(
    cases: Sequence[Case], rows: dict[str, list[Marks]], members: Sequence[int], measure: str
) -> dict[str, np.ndarray]:
    """One measure of the songs among `members` to which it applies, by row.

    Empty where there is none.
    """
    chosen = [index for index in members if measure == "mean" or measure in cases[index].measures]
    return {
        name: np.array([mark(row[index], cases[index].measures, measure) for index in chosen])
        for name, row in rows.items()
        if chosen
    }


def table(cases: Sequence[Case], rows: dict[str, list[Marks]]) -> dict[str, dict]:
    """Mean and 95 % interval of every measure for every row, over all songs to which it applies."""
    columns = {measure: columns_of(cases, rows, range(len(cases)), measure) for measure in MEASURES}
    return {
        name: {measure: summary(found[name]) for measure, found in columns.items() if found}
        for name in rows
    }


def mark(marks: dict[str, float], measures: Sequence[str], measure: str) -> float:
    """One measure of a song, or the mean of those that apply to it."""
    return float(np.mean([marks[key] for key in measures])) if measure == "mean" else marks[measure]
