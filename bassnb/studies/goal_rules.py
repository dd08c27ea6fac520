"""The rules behind our own goals; `bassnb.studies.claims` has those behind the paper's claims.

Taught in chapter 9.
"""

from __future__ import annotations

from collections.abc import Callable

from bassnb.metrics.statistics import figure
from bassnb.studies.claims import Finding, Reports, at, finding, middle


def least(
    source: str, path: str, threshold: float, form: str = ".1%"
) -> Callable[[Reports], Finding]:
    """The figure at a path reaches a threshold."""

    def rule(reports: Reports) -> Finding:
        row = at(reports[source], path)
        return finding(middle(row) >= threshold, row, form, source)

    return rule


def most(
    source: str, path: str, threshold: float, form: str = ".2f"
) -> Callable[[Reports], Finding]:
    """The figure at a path does not exceed a threshold."""

    def rule(reports: Reports) -> Finding:
        row = at(reports[source], path)
        return finding(middle(row) <= threshold, row, form, source)

    return rule


def beats(
    source: str, measure: str, other: str, *, level: bool = False
) -> Callable[[Reports], Finding]:
    """Generated takes score higher than another row.

    With `level` the mean of the other row may lie within the interval.
    """

    def rule(reports: Reports) -> Finding:
        ours, theirs = (
            at(reports[source], f"rows/{name}/{measure}") for name in ("generated", other)
        )
        holds = ours["high"] >= middle(theirs) if level else middle(ours) > middle(theirs)
        return finding(holds, ours, ".1%", source, f"{{}} against {figure(middle(theirs), '.1%')}")

    return rule


def sounds_better_than_the_rule(reports: Reports) -> Finding:
    """The takes' distance to true basses is smaller than that of the rule."""
    ours, theirs = (at(reports, f"frechet/rows/{name}") for name in ("generated", "rule"))
    return finding(
        ours["value"] < theirs["value"],
        ours,
        ".1f",
        "frechet",
        f"FAD {{}} against {theirs['value']:.1f}",
    )


def harmony_kept(reports: Reports) -> Finding:
    """Grounded takes lose less than 5 points of chord tones."""
    cost = at(reports, "style/cost/chord_tone")
    return finding(middle(cost) < 0.05, cost, ".1%", "style", "{} fewer")


def beats_griffin_lim(measure: str, sign: int, form: str) -> Callable[[Reports], Finding]:
    """The trained phase is better than Griffin-Lim's; `sign` 0: nearer to 1 is better."""

    def rule(reports: Reports) -> Finding:
        ours, theirs = (
            at(reports, f"autoencoder/rows/{row}/{measure}")
            for row in ("trained_phase", "griffin_lim")
        )
        a, b = middle(ours), middle(theirs)
        holds = abs(a - 1) < abs(b - 1) if sign == 0 else sign * a > sign * b
        return finding(holds, ours, form, "autoencoder", f"{{}} against {figure(b, form)}")

    return rule


def flux_is_true(reports: Reports) -> Finding:
    """Spectral flux within 5 % of the original's."""
    row = at(reports, "autoencoder/rows/trained_phase/flux_ratio")
    return finding(abs(middle(row) - 1) <= 0.05, row, ".2f", "autoencoder")


def carries_over(measure: str, share: float) -> Callable[[Reports], Finding]:
    """Foreign songs keep more than this share of the normalised score on generated songs."""

    def rule(reports: Reports) -> Finding:
        there, here = (
            at(reports, f"transfer/normalised_score/generated/{measure}"),
            at(reports, f"match/normalised_score/generated/{measure}"),
        )
        words = f"{{}}, on its own songs {figure(middle(here), '.1%')}"
        return finding(middle(there) > share * middle(here), there, ".1%", "transfer", words)

    return rule
