"""Every claim of the paper and every goal of ours beside what was measured.

The result is `results/SUMMARY.md`, made only from the JSON files under `results/`. A verdict is
computed from the numbers by the rule of a claim (`bassnb.studies.claims`), so it changes when they
do.

Taught in chapter 9.
"""

from __future__ import annotations

import os
from pathlib import Path

from bassnb.checkpoints import load_pretrained, read_json
from bassnb.errors import BassnbError
from bassnb.files import read_bytes, write_atomically
from bassnb.metrics.statistics import figure, with_interval
from bassnb.outputs import MOST_BYTES, Output, beginning_with, check_outputs
from bassnb.studies import claims
from bassnb.studies.claims import MEASURES, NOT_TESTED, Claim, Reports
from bassnb.studies.foreign_claims import FOREIGN_GOALS
from bassnb.studies.provenance import provenance, stale_records

TITLE = "# Summary of all results"
# in a Markdown file: between them stands `measured_table`
MARKS = "<!-- measured -->", "<!-- end of measured -->"
# goals, normalised scores
SCORES = {"chord_tone": 0.97, "root": 0.92, "pitch_class": 0.65, "onset_f1": 0.75}
SPECTRAL = {
    "pitch_class": ("pitch classes kept", 1, ".1%"),
    "voiced": ("voiced frames kept", 1, ".1%"),
    "si_sdr": ("SI-SDR in dB", 1, ".1f"),
    "multi_resolution_stft": ("multi-resolution STFT error", -1, ".2f"),
    "log_spectral_distance_512": ("log-spectral distance, window 512", -1, ".2f"),
    "log_spectral_distance_4096": ("log-spectral distance, window 4096", -1, ".2f"),
    "flux_ratio": ("spectral flux, 1 is true", 0, ".2f"),
}

CLAIMS = (
    Claim("More sampler steps lower FAD", "5, fig. 2 left", claims.more_steps),
    Claim("64 steps have the lowest FAD (1 to 128)", "5, fig. 2 left", claims.best_steps),
    *(
        Claim(
            f"For w > 2.5 the rescale lowers FAD, φ = {phi}",
            "5, fig. 2 right",
            claims.rescale_gain(phi),
        )
        for phi in ("0.25", "0.5", "0.75", "1")
    ),
    Claim(
        "Strong guidance drives unbounded latents apart, the rescale repairs it",
        "3.4",
        claims.spread_repaired,
    ),
    Claim("With guidance takes follow the mix more closely", "3.4", claims.guidance_binds),
    Claim(
        "A contrastive model finds each mix's own bass: a bright diagonal",
        "5, fig. 3",
        claims.bright_diagonal,
    ),
    Claim(
        "Grounding brings takes nearer to the style, Euclidean",
        "5, table 1",
        claims.nearer_style("euclidean"),
    ),
    Claim(
        "Grounding brings takes nearer to the style, cosine",
        "5, table 1",
        claims.nearer_style("cosine"),
    ),
    Claim(
        "The second critic sharpens spectra (log-spectral distance, window 4096)",
        "3.1",
        claims.second_critic("log_spectral_distance_4096", -1, "+.3f"),
    ),
    Claim(
        "The second critic helps where pitch is heard (pitch classes kept)",
        "3.1",
        claims.second_critic("pitch_class", 1, "+.1%"),
    ),
    Claim("Mixes of any length", "1; 3", claims.any_length),
    Claim("The network generalises to lengths it was not trained on", "3.2", claims.long_as_good),
    Claim(
        "Dynamic positional bias makes it so; absolute positions do not",
        "3.2",
        claims.positions_matter,
    ),
)

GOALS = (
    *(
        Claim(
            f"{MEASURES[key].capitalize()}: normalised score at least {goal:.0%}",
            "",
            claims.least("match", f"normalised_score/generated/{key}", goal),
        )
        for key, goal in SCORES.items()
    ),
    *(
        Claim(
            f"{MEASURES[key].capitalize()}: above retrieval",
            "",
            claims.beats("match", key, "retrieval"),
        )
        for key in SCORES
    ),
    *(
        Claim(
            f"{MEASURES[key].capitalize()}: level with the rule",
            "",
            claims.beats("match", key, "rule", level=True),
        )
        for key in ("chord_tone", "root")
    ),
    Claim("Sound: FAD below the rule's", "", claims.sounds_better_than_the_rule),
    Claim(
        "FAD at most 1.5 × that of the true bass through the autoencoder",
        "",
        claims.most("frechet", "ratio", 1.5),
    ),
    Claim(
        "Contrastive top 1 of 25: at least 60 %",
        "",
        claims.least("contrastive", "rows/generated/top1", 0.60),
    ),
    Claim(
        "Asked timbre recognised in at least 75 % of grounded takes",
        "",
        claims.least("style", "recognised/grounded", 0.75),
    ),
    Claim("Grounding costs less than 5 points of chord tones", "", claims.harmony_kept),
    Claim(
        "12 steps of the faster sampler as good as 64 of DDIM, FAD",
        "",
        claims.few_steps("farther", "+.1f"),
    ),
    Claim(
        "12 steps of the faster sampler as good as 64 of DDIM, match",
        "",
        claims.few_steps("lost/mean", "+.1%"),
    ),
    *(
        Claim(
            f"Bass autoencoder above Griffin-Lim: {name}",
            "",
            claims.beats_griffin_lim(key, sign, form),
        )
        for key, (name, sign, form) in SPECTRAL.items()
    ),
    Claim(
        "Bass autoencoder: multi-resolution STFT error at most 1.0",
        "",
        claims.most("autoencoder", "rows/trained_phase/multi_resolution_stft", 1.0),
    ),
    Claim("Bass autoencoder: spectral flux within 5 % of true", "", claims.flux_is_true),
    Claim(
        "Songs not of the generator: more than half of the harmony",
        "",
        claims.carries_over("chord_tone", 1 / 2),
    ),
    Claim(
        "Songs not of the generator: more than a sixth of the pitch classes",
        "",
        claims.carries_over("pitch_class", 1 / 6),
    ),
    *FOREIGN_GOALS,
)


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
    verdicts = [claim.judge(reports)[0] for claim in (*CLAIMS, *GOALS)]
    counts = {
        word: verdicts.count(word)
        for word in dict.fromkeys((*claims.PAPER, *claims.GOAL, NOT_TESTED))
    }
    path = write_atomically(Path(folder) / "SUMMARY.md", summary_page(reports, now).encode())
    counts["stale"] = len(stale_records(reports, now))
    return path, ", ".join(f"{count} {word}" for word, count in counts.items())


def summary_page(reports: Reports, now: dict[str, str | int]) -> str:
    """The page as Markdown; `now` is the `provenance` of the model of today."""
    return "\n".join(
        [
            TITLE,
            "",
            "Made by `bassnb evaluate summary` from the JSON files beside this page; the rules behind the verdicts are in",
            "`bassnb/studies/claims.py`. Intervals hold 95 %, over songs. A difference counts only where its interval does",
            "not hold 0; a goal is met if the figure itself reaches it.",
            "",
            "## What the paper says",
            "",
            *claim_table(CLAIMS, reports),
            "",
            "No number of ours may be set beside the paper's: other data, another embedding, a smaller model. Directions can.",
            "",
            "## What we aim at",
            "",
            *goal_table(GOALS, reports),
            "",
            "A normalised score is 0 % for the basses of other songs and 100 % for the true bass through the autoencoder.",
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
        "| claim | section | ours | 95 % interval | verdict | from |",
        "|---|---|---|---|---|---|",
        *rows,
    ]


def goal_table(judged: tuple[Claim, ...], reports: Reports) -> list[str]:
    """Lines of a Markdown table, one row a goal."""
    rows = [f"| {claim.text} | {verdict_cells(claim, reports)} |" for claim in judged]
    return ["| goal | ours | 95 % interval | verdict | from |", "|---|---|---|---|---|", *rows]


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
        "unconditional": "generated without hearing the mix",
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
