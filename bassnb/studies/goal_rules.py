"""The rules behind our own goals; `bassnb.studies.claims` has those behind the paper's claims.

Taught in chapter 9.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bassnb.metrics.statistics import between, figure, summary, verdict
from bassnb.studies.claims import Finding, Reports, apart, at, finding, middle

LEVEL = 0.05  # two means that differ by less are level


def least(
    source: str, path: str, threshold: float, form: str = ".1%"
) -> Callable[[Reports], Finding]:
    """The figure at a path reaches a threshold."""

    def rule(reports: Reports) -> Finding:
        row = at(reports[source], path)
        return finding(verdict(row, least=threshold), row, form, source)

    return rule


def most(
    source: str, path: str, threshold: float, form: str = ".2f"
) -> Callable[[Reports], Finding]:
    """The figure at a path does not exceed a threshold."""

    def rule(reports: Reports) -> Finding:
        row = at(reports[source], path)
        return finding(verdict(row, most=threshold), row, form, source)

    return rule


def within(
    source: str, path: str, low: float, high: float, form: str = ".2f"
) -> Callable[[Reports], Finding]:
    """The figure at a path lies between two bounds."""

    def rule(reports: Reports) -> Finding:
        row = at(reports[source], path)
        return finding(verdict(row, least=low, most=high), row, form, source)

    return rule


def beats(
    source: str, measure: str, other: str, *, level: bool = False
) -> Callable[[Reports], Finding]:
    """Generated takes score higher than another row, song by song.

    With `level` they may score lower by less than `LEVEL`.
    """

    def rule(reports: Reports) -> Finding:
        ours, theirs = (at(reports[source], f"rows/{name}") for name in ("generated", other))
        more = summary(np.subtract(*(row["songs"][measure] for row in (ours, theirs))))
        said = verdict(more, least=-LEVEL if level else 0.0)
        one, two = (figure(middle(row[measure]), ".1%") for row in (ours, theirs))
        return Finding(said, f"{one} against {two}", f"{between(more, '+.1%')} more", source)

    return rule


def sounds_better_than_the_rule(reports: Reports) -> Finding:
    """The takes' distance to true basses is smaller than that of the rule."""
    ours, theirs = (at(reports, f"frechet/rows/{name}") for name in ("generated", "rule"))
    said = verdict(apart(theirs, ours), least=0.0)
    return finding(said, ours, ".1f", "frechet", f"FAD {{}} against {theirs['value']:.1f}")


def beats_griffin_lim(measure: str, form: str) -> Callable[[Reports], Finding]:
    """The trained phase is better than Griffin-Lim's, bass by bass."""

    def rule(reports: Reports) -> Finding:
        ours, theirs = (
            at(reports, f"autoencoder/rows/{row}/{measure}")
            for row in ("trained_phase", "griffin_lim")
        )
        said = verdict(at(reports, f"autoencoder/gain/{measure}"), least=0.0)
        words = f"{{}} against {figure(middle(theirs), form)}"
        return finding(said, ours, form, "autoencoder", words)

    return rule
