"""Claims of the paper and our own goals, each with the rule that tests it on the reports.

A rule is handed the reports and returns a `Finding`; where a report, or a figure in it, is missing,
it fails with a LookupError or TypeError and the claim counts as not tested.

Taught in chapter 9.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bassnb.metrics.statistics import between, centre, figure, known, summary

Reports = dict[str, dict]  # name of a file under results/ without .json -> its content
NOT_TESTED = "not tested"
PAPER, GOAL = ("agrees", "disagrees"), ("met", "missed")
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

    Whether the claim `holds`, our `figure`, its 95 % `interval`, and the `source` file.
    """

    holds: bool
    figure: str
    interval: str
    source: str


@dataclass(frozen=True)
class Claim:
    """A sentence, the place in the paper where it stands (empty for our own goals), and its rule."""

    text: str
    where: str
    rule: Callable[[Reports], Finding]

    @property
    def words(self) -> tuple[str, str]:
        """What it is called if the claim holds and if it does not."""
        return PAPER if self.where else GOAL

    def judge(self, reports: Reports) -> tuple[str, Finding | None]:
        """The verdict, and what it rests on (None if the claim was not tested)."""
        try:
            finding = self.rule(reports)
        # no such report, no such figure, or a figure that is not a number
        except (LookupError, TypeError):
            return NOT_TESTED, None
        return self.words[0 if finding.holds else 1], finding


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


def finding(holds: bool, row: dict, form: str, source: str, words: str = "{}") -> Finding:
    """A finding whose figure is the middle of `row`, put into `words`."""
    return Finding(bool(holds), words.format(figure(middle(row), form)), between(row, form), source)


# -- the paper -------------------------------------------------------------------------------------


def more_steps(reports: Reports) -> Finding:
    """FAD at K = 8 is clearly larger than at K = 64."""
    row = at(reports, "steps/farther/8")
    return finding(row["low"] > 0, row, "+.1f", "steps", "FAD {} at K = 8 against K = 64")


def best_steps(reports: Reports) -> Finding:
    """No other K is clearly nearer than 64."""
    rows = at(reports, "steps/farther")
    if reports["steps"]["than"] != 64:
        raise KeyError("K = 64 is not among them")
    best = min(rows, key=lambda k: rows[k]["value"])
    words = f"K = {best}, the best of the others: FAD {{}}"
    return finding(
        all(row["high"] > 0 for row in rows.values()), rows[best], "+.1f", "steps", words
    )


def few_steps(key: str, form: str) -> Callable[[Reports], Finding]:
    """12 steps of the solver are not clearly worse than 64 of DDIM.

    `key` chooses the distance or the mean of the match.
    """

    def rule(reports: Reports) -> Finding:
        row = at(reports["samplers"], f"rows/dpm++ 12/{key}")
        return finding(
            row["low"] <= 0, row, form, "samplers", "{} more" if key == "farther" else "{} less"
        )

    return rule


def rescale_gain(phi: str) -> Callable[[Reports], Finding]:
    """Above w = 2.5 the rescale with this phi clearly lowers FAD, averaged over w."""

    def rule(reports: Reports) -> Finding:
        gain = at(reports, f"rescale/gain_strong/{phi}")
        lower = {"value": -gain["value"], "low": -gain["high"], "high": -gain["low"]}
        return finding(gain["low"] > 0, lower, "+.1f", "rescale", "FAD {} against φ = 0")

    return rule


def spread_repaired(reports: Reports) -> Finding:
    """Guidance raises the deviation of the latents; the rescale lowers it again.

    These are means over songs, without an interval.
    """
    spread = at(reports, "rescale/spread")
    strongest = max(spread["0"], key=float)
    free, tamed = spread["0"][strongest], spread["1"][strongest]
    words = f"deviation {free:.2f}, with φ = 1 {tamed:.2f} (w = {strongest}; real basses 1)"
    return Finding(free > LOUD and tamed < free, words, "", "rescale")


def guidance_binds(reports: Reports) -> Finding:
    """The best w above 1 follows the mix more closely than w = 1.

    These are means over measures, without an interval.
    """
    table = at(reports, "guidance/table")
    plain = [row["mean"] for row in table if row["guidance"] == 1][0]
    guided = [row for row in table if row["guidance"] > 1]
    if not guided:
        raise LookupError("there is no guidance weight above 1")
    best = max(guided, key=lambda row: row["mean"])
    words = f"normalised score {figure(best['mean'], '.0%')} at w = {best['guidance']:g}, {figure(plain, '.0%')} at w = 1"
    return Finding(best["mean"] > plain, words, "", "guidance")


def bright_diagonal(reports: Reports) -> Finding:
    """More than half of each mix's share goes to its own bass, for sure."""
    mass = at(reports, "contrastive/rows/generated/mass")
    group = at(reports, "contrastive/group")
    return finding(
        mass["low"] > 0.5, mass, ".0%", "contrastive", f"{{}} on the diagonal of {group} × {group}"
    )


def nearer_style(distance: str) -> Callable[[Reports], Finding]:
    """Grounded takes are clearly nearer to the reference than free ones."""

    def rule(reports: Reports) -> Finding:
        grounded, free = (
            at(reports, f"style/rows/{name}/{distance}") for name in ("grounded", "free")
        )
        form = ".2f" if distance == "euclidean" else ".3f"
        words = f"{{}}, without grounding {figure(middle(free), form)}"
        return finding(grounded["high"] < free["low"], grounded, form, "style", words)

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

        row = summary(songs("both") - songs("magnitude"))
        holds = row["low"] > 0 if sign > 0 else row["high"] < 0
        return finding(holds, row, form, "chapters/02_critics", "{} with the second critic")

    return rule


def any_length(reports: Reports) -> Finding:
    """The shipped model has played to a mix of five minutes or more at once."""
    lengths = reports["chapters/08_cost"]["values"]["seconds"]
    return Finding(
        max(lengths) >= 300,
        f"{min(lengths)} s to {max(lengths)} s in one piece",
        "",
        "chapters/08_cost",
    )


def long_as_good(reports: Reports) -> Finding:
    """Seeing far more steps than in training does not clearly raise the loss."""
    pieces = at(reports, "length/models/model/pieces")
    change = pieces[-1]["change"]
    words = (
        f"v-loss {{}} when {pieces[-1]['steps']} latents are seen at once, not {pieces[0]['steps']}"
    )
    return finding(change["low"] <= 0, change, "+.4f", "length", words)


def positions_matter(reports: Reports) -> Finding:
    """The loss at the greatest length rises clearly less with DPB than with absolute positions."""
    models = at(reports, "ablations/length/models")
    change = {name: model["pieces"][-1]["change"] for name, model in models.items()}
    absolute = {name: row for name, row in change.items() if name.startswith("absolute")}
    least = min(absolute.values(), key=middle)
    words = f"v-loss {{}} from the shortest to the longest, with absolute positions {figure(middle(least), '+.4f')}"
    return finding(change["log"]["high"] < least["low"], change["log"], "+.4f", "ablations", words)


# -- our goals -------------------------------------------------------------------------------------
