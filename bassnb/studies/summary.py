"""Every claim of the paper and every goal of ours beside what was measured.

The result is `results/SUMMARY.md`, made only from the JSON files under `results/`. A verdict is
computed from the numbers by the rule of a claim (`bassnb.studies.claims`), so it changes when they
do.

Taught in chapter 9.
"""

from __future__ import annotations

import os
from pathlib import Path

from bassnb.checkpoints import load_pretrained
from bassnb.errors import BassnbError
from bassnb.files import read_bytes, write_atomically
from bassnb.metrics.statistics import VERDICTS, between, figure, with_interval
from bassnb.outputs import MOST_BYTES, Output, beginning_with, check_outputs
from bassnb.stored import read_json
from bassnb.studies.claims import MEASURES, NOT_TESTED, Claim, Reports
from bassnb.studies.goals import CLAIMS, GOALS
from bassnb.studies.later_claims import LATER_CLAIMS
from bassnb.studies.provenance import provenance, stale_records

TITLE = "# Summary of all results"
# in a Markdown file: between them stands `measured_table`
MARKS = "<!-- measured -->", "<!-- end of measured -->"


def read_reports(folder: str | os.PathLike) -> Reports:
    """All JSON files of a folder of results and of its `chapters/`, by their paths without `.json`."""
    folder = Path(folder)
    paths = sorted([*folder.glob("*.json"), *folder.glob("chapters/*.json")])
    return {path.relative_to(folder).with_suffix("").as_posix(): read_json(path) for path in paths}


def summary_output(folder: str | os.PathLike) -> Output:
    """The page that `write_summary` writes, for `check_outputs`."""
    return Output(Path(folder) / "SUMMARY.md", beginning_with(TITLE))


def write_summary(
    folder: str | os.PathLike, *, model: str | os.PathLike = "classroom", force: bool = False
) -> tuple[Path, str]:
    """Write `SUMMARY.md` into a folder of results.

    Returns its path and a line that counts the verdicts and the stale records.

    Parameters
    ----------
    model : the one whose results these are; records made with other weights are called stale

    Raises
    ------
    BassnbError
        If there is no such model, or a `SUMMARY.md` not written by this function, unless `force` is set.
    """
    check_outputs([summary_output(folder)], force=force)
    reports, now = read_reports(folder), provenance(load_pretrained(model))
    path = write_atomically(Path(folder) / "SUMMARY.md", summary_page(reports, now).encode())
    stale = len(stale_records(reports, now))
    counted = f"claims: {counts(CLAIMS, reports)}; goals: {counts(GOALS, reports)}"
    return path, f"{counted}; stale records: {stale}"


def counts(judged: tuple[Claim, ...], reports: Reports) -> str:
    """How often each verdict is given, in words."""
    verdicts = [claim.judge(reports)[0] for claim in judged]
    return ", ".join(f"{verdicts.count(word)} {word}" for word in (*VERDICTS, NOT_TESTED))


def summary_page(reports: Reports, now: dict[str, str | int]) -> str:
    """The page as Markdown; `now` is the `provenance` of the model of today."""
    return "\n".join(
        [
            TITLE,
            "",
            "Made by `bassnb evaluate summary` from the JSON files beside this page; the rules behind the verdicts are in",
            "`bassnb/studies/claims.py`. Intervals hold 95 %, over songs, and they decide: a claim or a goal *holds* where the",
            "whole interval is on its side, *does not hold* where none of it is, and is *undecided* otherwise.",
            "",
            "## What the paper says",
            "",
            *claim_table(CLAIMS, reports),
            "",
            "No number of ours may be set beside the paper's: other data, another embedding, a smaller model. Directions can.",
            "",
            "## What later papers say",
            "",
            *claim_table(LATER_CLAIMS, reports),
            "",
            "## What we aim at",
            "",
            *goal_table(GOALS, reports),
            "",
            "A normalised score is 0 % for the basses of other songs and 100 % for the true bass through the autoencoder.",
            "",
            "## What a player decides",
            "",
            *control_table(reports),
            "",
            "## What was run",
            "",
            *run_table(reports),
            "",
            "## What is stale",
            "",
            *stale_lines(reports, now),
            "",
        ]
    )


def claim_table(judged: tuple[Claim, ...], reports: Reports) -> list[str]:
    """Lines of a Markdown table, one row a claim."""
    rows = [
        f"| {claim.text} | {claim.where} | {verdict_cells(claim, reports)} |" for claim in judged
    ]
    return [
        "| claim | where | ours | 95 % interval | verdict | from |",
        "|---|---|---|---|---|---|",
        *rows,
    ]


def goal_table(judged: tuple[Claim, ...], reports: Reports) -> list[str]:
    """Lines of a Markdown table, one row a goal."""
    rows = [f"| {claim.text} | {verdict_cells(claim, reports)} |" for claim in judged]
    return ["| goal | ours | 95 % interval | verdict | from |", "|---|---|---|---|---|", *rows]


def control_table(reports: Reports) -> list[str]:
    """Lines of a Markdown table, one row a goal of the study of control, with its own verdict."""
    goals = reports.get("control", {}).get("goals", {})
    rows = [
        f"| {name} | {goal['goal']:g} | {figure(goal['mean'], '.2f')} | {between(goal, '.2f')} "
        f"| **{goal['verdict']}** |"
        for name, goal in goals.items()
    ]
    return ["| goal | asked | ours | 95 % interval | verdict |", "|---|---|---|---|---|", *rows]


def verdict_cells(claim: Claim, reports: Reports) -> str:
    """Figure, interval, verdict and source, divided by bars."""
    verdict, found = claim.judge(reports)
    if found is None:
        return f" | | {verdict} | "
    return f"{found.figure} | {found.interval} | **{verdict}** | {found.source}.json"


def run_table(reports: Reports) -> list[str]:
    """Lines of a Markdown table: command, number of songs and duration of each report."""
    lines = ["| report | command | songs | steps | minutes | on |", "|---|---|---|---|---|---|"]
    for name, report in reports.items():
        setting = {**report, **report.get("settings", {})}
        command = report.get("command", "make record" if name.startswith("chapters/") else "")
        cells = [setting.get(key, "") for key in ("songs", "steps", "minutes", "device")]
        shown = [
            ", ".join(map(str, cell)) if isinstance(cell, (list, dict)) else str(cell)
            for cell in cells
        ]
        lines.append(f"| {name} | {f'`{command}`' if command else ''} | {' | '.join(shown)} |")
    return lines


def stale_lines(reports: Reports, now: dict[str, str | int]) -> list[str]:
    """Lines of Markdown: with what a record would be made today, and which were made otherwise."""
    stale = stale_records(reports, now)
    return [
        "A record is stale if the model made it with other weights or other songs than those of today,",
        "which are {}.".format(", ".join(f"{key} {value}" for key, value in now.items())),
        "Its command makes it again.",
        "",
        *([f"* {name}: {why}" for name, why in stale.items()] or ["None is."]),
    ]


def measured_table(reports: Reports) -> list[str]:
    """The table of the README: marks and settings of the match report, as Markdown lines."""
    rows = {
        "true": "true bass",
        "another_player": "another player's bass",
        "autoencoder": "true bass through the autoencoder (ceiling)",
        "generated": "**generated**",
        "rule": "by rule",
        "retrieval": "nearest neighbour's bass",
        "unconditional": "generated without the mix",
        "shuffled": "another song's bass (floor)",
    }
    match = reports["match"]
    setting = (
        "{songs} songs of {seconds:g} s, {steps} steps, guidance {guidance:g}, phi {phi:g}".format(
            **match
        )
    )
    lines = [
        f"{setting}:",
        "",
        "| | " + " | ".join(MEASURES.values()) + " |",
        "|---" * (len(MEASURES) + 1) + "|",
    ]
    for name, words in rows.items():
        if name in match["rows"]:
            lines.append(
                f"| {words} | "
                + " | ".join(figure(match["rows"][name][key]["mean"], ".2f") for key in MEASURES)
                + " |"
            )
    for name, words in (
        ("normalised_score", "ceiling"),
        ("normalised_score_to_player", "another player"),
    ):
        scores = [match[name]["generated"][key] for key in MEASURES] if name in match else []
        cells = [with_interval(score, ".0%") for score in scores]
        lines += [f"| normalised score, floor to {words} | {' | '.join(cells)} |"] if cells else []
    return lines


def put_into(page: Path, reports: Reports) -> None:
    """Replace the text between `MARKS` in a Markdown file by `measured_table`.

    Every other byte stays.

    Raises
    ------
    BassnbError
        If the marks are not there, or no match report is.
    """
    before, after = around_table(page)
    if "rows" not in reports.get("match", {}):
        raise BassnbError(
            "there is no match report to make a table from; run bassnb evaluate match, which writes match.json"
        )
    table = "\n".join(measured_table(reports))
    write_atomically(page, before + f"{MARKS[0]}\n\n{table}\n\n{MARKS[1]}".encode() + after)


def around_table(page: Path) -> tuple[bytes, bytes]:
    """The bytes before and after the marked place of a Markdown file.

    BassnbError if there is no such place.
    """
    before, opening, rest = read_bytes(page, MOST_BYTES).partition(MARKS[0].encode())
    _, closing, after = rest.partition(MARKS[1].encode())
    if not (opening and closing):
        raise BassnbError(
            f"{page} has no place for the table; put {MARKS[0]} and {MARKS[1]} on lines of their own"
        )
    return before, after
