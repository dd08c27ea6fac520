"""Which weights, songs and package a record of results was made with, and which records are stale.

A record is stale if the same command would be run with other weights, other songs or other defaults
of the sampler today, or if it is a rehearsal: a study whose own settings were changed by options. A
newer package alone makes none stale: what changes a figure changes the weights, the songs, or the
study, and whoever changes a study records it again.

Taught in chapter 9.
"""

from __future__ import annotations

import re

from bassnb import __version__
from bassnb.checkpoints import System, weights_fingerprint
from bassnb.composer.world import DEFAULT
from bassnb.player import all_settings

MADE_BY = "bassnb evaluate"  # the commands whose records a model has made
LABELLED = ("weights", "songs")  # what a label names
DECISIVE = (*LABELLED, "defaults")  # what makes a record stale if it differs
# options of a command that choose a model and places, and no settings
PLACES = re.compile(r"\s--(?:model|run|cache|device|fetched) \S+")


def provenance(system: System | None, composed: bool = True) -> dict[str, str | int]:
    """What the records of a system carry, or those for which no shipped weights were needed.

    Returns
    -------
    dict
        ``weights``, with a system: the fingerprint that `bassnb info --json` prints; ``defaults``,
        with a system: how it plays if nothing is said, in words; ``songs``, if any were `composed`:
        the version of the composer's songs; ``package``: the version of bassnb.
    """
    songs = {"songs": DEFAULT.version} if composed else {}
    return {**(of_system(system) if system else {}), **songs, "package": __version__}


def of_system(system: System) -> dict[str, str | int]:
    """``weights`` and ``defaults`` of `provenance`."""
    chosen = sorted(all_settings(system.defaults).items())
    words = [f"{key} {value}" for key, value in chosen if value is not None]
    return {"weights": weights_fingerprint(system), "defaults": ", ".join(words)}


def stale_records(reports: dict[str, dict], now: dict[str, str | int]) -> dict[str, str]:
    """The records that a model made with other weights, songs, defaults or settings than those of `now`.

    Parameters
    ----------
    reports : contents of the records by their names; those of measurements without a model, such as
        speed, are not judged
    now : from `provenance`

    Returns
    -------
    dict of reasons by the names of the stale records, in words
    """
    reasons = {name: why_stale(report, now) for name, report in reports.items()}
    return {name: why for name, why in reasons.items() if why}


def why_stale(record: dict, now: dict[str, str | int]) -> str:
    """Why a record of `stale_records` is stale, in words; empty if it is not."""
    if not is_judged(record):
        return ""
    options = PLACES.sub("", str(record.get("command", ""))).partition(" --")[2]
    rehearsal = f"a rehearsal with --{options}" if options else ""
    return ", ".join(filter(None, [reason(record.get("provenance"), now), rehearsal]))


def origin(record: dict, now: dict[str, str | int]) -> str:
    """Where a record comes from, in words for a label: minutes, machine, weights and songs, and why
    it is stale if it is.
    """
    made = record.get("provenance") or {}
    parts = [f"{record['minutes']:g} min on {record['device']}", record.get("date", "")]
    parts += [f"{key} {made[key]}" for key in LABELLED if key in made]
    stale = why_stale(record, now)
    return ", ".join(filter(None, parts)) + (f"; stale: {stale}" if stale else "")


def is_judged(report: dict) -> bool:
    """Whether a study, an experiment of a chapter or another command with a provenance made a record."""
    of_a_chapter = "settings" in report and "values" in report
    of_a_study = str(report.get("command", "")).startswith(MADE_BY)
    return of_a_study or of_a_chapter or "provenance" in report


def reason(then: dict[str, str | int] | None, now: dict[str, str | int]) -> str:
    """Why a record with the provenance `then` is stale, in words; empty if it is not.

    What one of the two does not name, the weights for example, does not count.
    """
    if not isinstance(then, dict):
        return "no provenance: made before records carried one"
    named = [key for key in DECISIVE if key in then and key in now]
    return ", ".join(f"{key} {then[key]}, now {now[key]}" for key in named if then[key] != now[key])
