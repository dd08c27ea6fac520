"""What we aim at on basses that the generator did not make: rules on the report of `foreign`.

Taught in chapter 9.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bassnb.metrics.statistics import exact, has_interval, verdict
from bassnb.studies.claims import Claim, Finding, Reports, at, finding, middle
from bassnb.studies.foreign_basses import OWN, REFERENCES


def rows(reports: Reports, figure: str) -> dict[str, Any]:
    """One figure of every foreign group; KeyError if there is none."""
    groups = at(reports, "foreign/groups")
    found = {name: row[figure] for name, row in groups.items() if name not in (OWN, REFERENCES)}
    if not found:
        raise KeyError("no foreign group could be fetched")
    return found


def decisive(row: dict) -> dict:
    """A row of a group; that of a single bass has no interval, and its figure decides."""
    return row if has_interval(row) else exact(middle(row))


def converges(most: float) -> Callable[[Reports], Finding]:
    """The median spectral convergence of the worst foreign group is at most this."""

    def rule(reports: Reports) -> Finding:
        found = rows(reports, "spectral_convergence")
        worst = max(found, key=lambda name: middle(found[name]))
        words = f"{{}}, the worst of {len(found)} groups: {worst}"
        said = verdict(decisive(found[worst]), most=most)
        return finding(said, found[worst], ".2f", "foreign", words)

    return rule


def keeps_level(within: float) -> Callable[[Reports], Finding]:
    """The mean level of every foreign group is within so many dB of the original's."""

    def rule(reports: Reports) -> Finding:
        found = rows(reports, "level_db")
        worst = max(found, key=lambda name: abs(middle(found[name])))
        words = f"{{}} dB, the worst group: {worst}"
        said = verdict(decisive(found[worst]), least=-within, most=within)
        return finding(said, found[worst], "+.1f", "foreign", words)

    return rule


def never_louder(most: float) -> Callable[[Reports], Finding]:
    """No foreign bass comes out louder than it was by more than so many dB."""

    def rule(reports: Reports) -> Finding:
        loudest = max(rows(reports, "loudest_db").values())
        return Finding(verdict(exact(loudest), most=most), f"{loudest:+.1f} dB", "", "foreign")

    return rule


def every_reference(least: float) -> Callable[[Reports], Finding]:
    """Each shipped style reference keeps at least this share of its pitch classes."""

    def rule(reports: Reports) -> Finding:
        found = [bass for bass in reports["foreign"]["basses"] if bass["group"] == REFERENCES]
        worst = min(found, key=lambda bass: bass["pitch_class"])
        words = f"{worst['pitch_class']:.1%}, the worst: {worst['name']}"
        return Finding(verdict(exact(worst["pitch_class"]), least=least), words, "", "foreign")

    return rule


def in_group(
    group: str, measure: str, low: float, high: float, form: str
) -> Callable[[Reports], Finding]:
    """A rule for one group: the median of a figure lies between two bounds."""

    def rule(reports: Reports) -> Finding:
        row = at(reports, f"foreign/groups/{group}/{measure}")
        return finding(verdict(decisive(row), least=low, most=high), row, form, "foreign")

    return rule


FOREIGN_GOALS = (
    Claim("Foreign basses: spectral convergence at most 0.45 in every group", "", converges(0.45)),
    Claim(
        "Foreign basses: pitch classes of the real stem at least 92 %",
        "",
        in_group("real stem", "pitch_class", 0.92, 1.0, ".1%"),
    ),
    Claim("Foreign basses: mean level within 1 dB in every group", "", keeps_level(1.0)),
    Claim("Foreign basses: none louder than it was by more than 3 dB", "", never_louder(3.0)),
    Claim(
        "Own songs: spectral convergence at most 0.30",
        "",
        in_group(OWN, "spectral_convergence", 0.0, 0.30, ".2f"),
    ),
    Claim(
        "Own songs: pitch classes at least 97 %",
        "",
        in_group(OWN, "pitch_class", 0.97, 1.0, ".1%"),
    ),
    Claim(
        "Own songs: spectral flux within 10 % of true",
        "",
        in_group(OWN, "flux_ratio", 0.9, 1.1, ".2f"),
    ),
    Claim("Every shipped style reference: pitch classes at least 95 %", "", every_reference(0.95)),
)
