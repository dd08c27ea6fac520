"""Claims of the paper and our own goals, each with the rule that tests it on the reports.

A rule is handed the reports and returns a `Finding`; where a report, or a figure in it, is missing,
it fails with a LookupError or TypeError and the claim counts as not tested. The interval decides:
a figure alone, however good, leaves a claim undecided.

Taught in chapter 9.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bassnb.metrics.statistics import (
    HOLDS,
    UNKNOWN,
    between,
    centre,
    exact,
    figure,
    known,
    student_summary,
    verdict,
)

Reports = dict[str, dict]  # name of a file under results/ without .json -> its content
NOT_TESTED = "not tested"
# standard deviation of latents, 1 for real basses: from here on guidance has driven them apart
LOUD = 1.1
MEASURES = {
    "chord_tone": "chord tones",
    "root": "roots",
    "pitch_class": "the written bass's pitch class",
    "onset_f1": "onsets",
}


@dataclass(frozen=True)
class Finding:
    """What was measured.

    The `verdict`, our `figure`, its 95 % `interval`, and the `source` file.
    """

    verdict: str
    figure: str
    interval: str
    source: str


@dataclass(frozen=True)
class Claim:
    """A sentence, the place in the paper where it stands (empty for our own goals), and its rule."""

    text: str
    where: str
    rule: Callable[[Reports], Finding]

    def judge(self, reports: Reports) -> tuple[str, Finding | None]:
        """The verdict, and what it rests on (None if the claim was not tested)."""
        try:
            finding = self.rule(reports)
        # no such report, no such figure, or a figure that is not a number
        except (LookupError, TypeError):
            return NOT_TESTED, None
        return finding.verdict, finding


def at(report: dict, path: str):
    """The value at a path of keys, "rows/generated/root"; KeyError if it is not there."""
    for step in path.split("/"):
        report = report[step]
    return report


def middle(row: dict) -> float:
    """Mean of a `summary`, or value of a distance; LookupError if it has none."""
    value = centre(row)
    if value is None or not known(value):
        raise LookupError("there is no figure")
    return value


def finding(said: str, row: dict, form: str, source: str, words: str = "{}") -> Finding:
    """A finding whose verdict is `said`, and whose figure is the middle of `row`, put into `words`."""
    interval = row.get("interval") or between(row, form)
    return Finding(said, words.format(figure(middle(row), form)), interval, source)


def alone(value: float) -> dict:
    """The row of a figure of which older records have no interval."""
    return {**UNKNOWN, "mean": value, "interval": "not recorded"}


def apart(one: dict, other: dict) -> dict:
    """By how much the first of two rows is larger, at least and at most: ``low`` and ``high``."""
    return {"low": one["low"] - other["high"], "high": one["high"] - other["low"]}


# -- the paper -------------------------------------------------------------------------------------


def more_steps(reports: Reports) -> Finding:
    """FAD at K = 8 is clearly larger than at K = 64."""
    row = at(reports, "steps/farther/8")
    said = verdict(row, least=0.0)
    return finding(said, row, "+.1f", "steps", "FAD {} at K = 8 against K = 64")


def best_steps(reports: Reports) -> Finding:
    """All other K are clearly farther than 64; one that is clearly nearer disproves it."""
    rows = at(reports, "steps/farther")
    if reports["steps"]["than"] != 64:
        raise KeyError("K = 64 is not among them")
    best = min(rows, key=lambda k: rows[k]["value"])
    words = f"K = {best}, the best of the others: FAD {{}}"
    lowest = {end: min(row[end] for row in rows.values()) for end in ("low", "high")}
    return finding(verdict(lowest, least=0.0), rows[best], "+.1f", "steps", words)


def few_steps(key: str, form: str, most: float) -> Callable[[Reports], Finding]:
    """12 steps of the solver cost no more than `most` against 64 of DDIM.

    `key` chooses the distance or the mean of the match.
    """

    def rule(reports: Reports) -> Finding:
        row = at(reports["samplers"], f"rows/dpm++ 12/{key}")
        words = "{} more" if key == "farther" else "{} less"
        return finding(verdict(row, most=most), row, form, "samplers", words)

    return rule


def rescale_gain(weight: str) -> Callable[[Reports], Finding]:
    """At this w and in 64 steps, the rescale of c with phi = 0.7 clearly lowers FAD."""

    def rule(reports: Reports) -> Finding:
        gain = at(reports, f"rescale_strong/contrasts/on c/64/{weight}/distance")
        lower = {"value": -gain["value"], "low": -gain["high"], "high": -gain["low"]}
        said = verdict(gain, least=0.0)
        return finding(said, lower, "+.1f", "rescale_strong", "FAD {} against φ = 0")

    return rule


def spread_repaired(reports: Reports) -> Finding:
    """w = 8 in four steps drives the latents above `LOUD`, and the rescale brings them nearer to 1."""
    cells, gains = (at(reports, f"rescale_strong/{part}") for part in ("cells", "contrasts"))
    free, tamed = (cells[place]["4"]["8"]["level"] for place in ("no rescale", "on c"))
    repaired = verdict(gains["on c"]["4"]["8"]["level"], least=0.0)
    said = verdict(free, least=LOUD) if repaired == HOLDS else repaired
    words = f"deviation {{}}, with φ = 0.7 {middle(tamed):.2f} (w = 8, K = 4; real basses 1)"
    return finding(said, free, ".2f", "rescale_strong", words)


def guidance_binds(reports: Reports) -> Finding:
    """The strongest w that was tried follows the mix more closely than w = 1."""
    table = at(reports, "guidance/table")
    plain = [row["mean"] for row in table if row["guidance"] == 1][0]
    strong = max(table, key=lambda row: row["guidance"])
    if strong["guidance"] <= 1:
        raise LookupError("there is no guidance weight above 1")
    gain = reports["guidance"].get("gain", alone(strong["mean"] - plain))
    words = f"normalised score {{}} at w = {strong['guidance']:g} against w = 1"
    return finding(verdict(gain, least=0.0), gain, "+.0%", "guidance", words)


def bright_diagonal(reports: Reports) -> Finding:
    """More than half of each mix's share goes to its own bass, for sure."""
    mass = at(reports, "contrastive/rows/generated/mass")
    group = at(reports, "contrastive/group")
    words = f"{{}} on the diagonal of {group} × {group}"
    return finding(verdict(mass, least=0.5), mass, ".0%", "contrastive", words)


def nearer_style(distance: str) -> Callable[[Reports], Finding]:
    """Grounded takes are clearly nearer to the reference than free ones."""

    def rule(reports: Reports) -> Finding:
        grounded, free = (
            at(reports, f"style/rows/{name}/{distance}") for name in ("grounded", "free")
        )
        form = ".2f" if distance == "euclidean" else ".3f"
        words = f"{{}}, without grounding {figure(middle(free), form)}"
        said = verdict(apart(free, grounded), least=0.0)
        return finding(said, grounded, form, "style", words)

    return rule


def second_critic(measure: str, sign: int, form: str) -> Callable[[Reports], Finding]:
    """Both critics clearly beat the first one alone, by song and at equal steps.

    With `sign` -1 smaller is better.
    """

    def rule(reports: Reports) -> Finding:
        end = reports["chapters/02_critics"]["values"]["end"]

        def songs(critics: str) -> np.ndarray:  # means over seeds
            return np.mean(
                [marks[measure] for name, marks in end.items() if name.startswith(f"{critics} ")],
                axis=0,
            )

        row = student_summary(songs("both") - songs("magnitude"))
        said = verdict(row, least=0.0) if sign > 0 else verdict(row, most=0.0)
        return finding(said, row, form, "chapters/02_critics", "{} with the second critic")

    return rule


def any_length(reports: Reports) -> Finding:
    """The shipped model has played to a mix of five minutes or more at once."""
    lengths = reports["chapters/08_cost"]["values"]["seconds"]
    said = verdict(exact(max(lengths)), least=300.0)
    words = f"{min(lengths)} s to {max(lengths)} s in one piece"
    return Finding(said, words, "", "chapters/08_cost")


def long_as_good(reports: Reports) -> Finding:
    """Seeing far more steps than in training does not raise the loss."""
    pieces = at(reports, "length/models/model/pieces")
    change = pieces[-1]["change"]
    words = (
        f"v-loss {{}} when {pieces[-1]['steps']} latents are seen at once, not {pieces[0]['steps']}"
    )
    return finding(verdict(change, most=0.0), change, "+.4f", "length", words)


def positions_matter(reports: Reports) -> Finding:
    """From the trained length to eight times it, the error on a task that needs positions rises
    clearly less with DPB than with a learned embedding, by seed.
    """
    errors = reports["chapters/04_positions"]["values"]["errors"]

    def risen(row: str) -> np.ndarray:  # (seeds,), errors are means over bars
        return np.array([np.mean(long) - np.mean(short) for short, *_, long in errors[row]])

    ours, theirs = risen("log"), risen("absolute")
    row = student_summary(theirs - ours)
    words = f"error {figure(ours.mean(), '+.2f')}, {{}} more with a learned embedding"
    return finding(verdict(row, least=0.0), row, "+.2f", "chapters/04_positions", words)
