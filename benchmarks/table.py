"""Measured figures against their targets: one row for each, with a verdict."""

from __future__ import annotations

from benchmarks.codecs import USED

TARGETS = {  # ratio of our speed to a peer's, by preset, peer and direction
    ("classroom", "EnCodec", "encode"): 10,
    ("classroom", "EnCodec", "decode"): 10,
    ("paper", "EnCodec", "encode"): 3,
    ("paper", "EnCodec", "decode"): 3,
    ("paper", "DAC", "decode"): 50,
    ("paper", "Oobleck", "decode"): 50,
}
# as long as one alone: 2 where threads have as many cores as one of them uses, and something for
# the changes
MOST_TOGETHER = 2.5
SAME_SPEED = 0.98  # "not slower", as far as times can tell
TAKES = {("ddim", 64): 10, ("dpm++", 12): 40}  # times real time, by sampler and steps


def row(
    name: str,
    figure: dict | None,
    sense: str = "",
    goal: float | None = None,
    unit: str = "×",
    why: str = "",
) -> dict:
    """One line of the table.

    Parameters
    ----------
    figure : {"median", "low", "high"}, or None where it was not measured
    sense, goal : ">=" or "<=" and what the median is held against; without a goal the figure is
        only shown
    why : reason for which it was not measured
    """
    if figure is None:
        verdict = f"not run: {why}"
    elif goal is None:
        verdict = "shown"
    else:
        verdict = (
            "met"
            if (figure["median"] >= goal if sense == ">=" else figure["median"] <= goal)
            else "missed"
        )
    target = "" if goal is None else f"{sense} {goal:g}"
    return {"name": name, "target": target, "unit": unit, "figure": figure, "verdict": verdict}


def codec_rows(codecs: dict) -> list[dict]:
    """Ours against every peer, in both directions."""
    rows = []
    for peer, presets in codecs["against"].items():
        for preset, ways in presets.items():
            for way, figure in ways.items():
                goal = TARGETS.get((preset, peer, way))
                rows.append(
                    row(f"{preset} {USED[way]}, {way}: speed over {peer}", figure, ">=", goal)
                )
    return rows + [
        row(f"speed over {peer}", None, why=why) for peer, why in codecs["missing"].items()
    ]


def sampler_rows(sampler: dict) -> list[dict]:
    """Overhead, and diffusers beside us."""
    k = sampler["steps"]
    rows = [
        row(
            f"guided take, K = {k}: time beside the network",
            percent(sampler["overhead"]),
            "<=",
            5,
            "%",
        )
    ]
    if "diffusers" not in sampler:
        return [*rows, row("diffusers' DDIM: time over ours", None, why=sampler["missing"])]
    figures = sampler["diffusers"]
    return [
        *rows,
        row(
            f"diffusers' DDIM, same network, K = {k}: time over ours",
            figures["take"],
            ">=",
            SAME_SPEED,
        ),
        row("diffusers' DDIM, its own work alone: time over ours", figures["own work"]),
    ]


def percent(figure: dict) -> dict:
    """A share as per cent."""
    return {name: round(100 * value, 2) for name, value in figure.items()}


def end_to_end_rows(figures: dict, model: str) -> list[dict]:
    """Whole takes, and what starting up costs."""
    seconds = f"{figures['seconds']:g} s"
    rows = []
    for name, take in figures["takes"].items():
        goal = TAKES.get((name, take["steps"]))
        rows.append(
            row(
                f"{model}, {take['steps']} steps of {name}, {seconds}: times real time",
                take["speed"],
                ">=",
                goal,
            )
        )
    return rows + (process_rows(figures) if "imports" in figures else [])


def process_rows(figures: dict) -> list[dict]:
    """Imports and commands in fresh processes."""
    over, command, long = figures["imports"]["over torch"], figures["command"], figures["long"]
    imported = "`from bassnb import Accompanist`: time over `import torch`"
    short_name, long_name = (
        f"`bassnb accompany`, {report['seconds']:g} s:" for report in (figures, long)
    )
    most_memory = round(1.5 * 2**30 / 1e6)
    return [
        row(imported, over["Accompanist"], "<=", 1.5),
        row("`import bassnb`: time over `import torch`", over["bassnb"], "<=", 1.5),
        row(f"{short_name} from the shell", command["seconds"], "<=", 8, "s"),
        row(f"{short_name} peak memory", command["memory_mb"], unit="MB"),
        row(f"{long_name} from the shell", long["command"]["seconds"], unit="s"),
        row(f"{long_name} peak memory", long["command"]["memory_mb"], "<=", most_memory, "MB"),
    ]


def together_rows(report: dict) -> list[dict]:
    """Two commands at once beside one, where fresh processes were measured."""
    if "together" not in report:
        return []
    threads = report["machine"]["threads"]
    name = f"two `bassnb accompany` at once, {threads} threads each: time over one alone"
    return [row(name, report["together"]["ratio"], "<=", MOST_TOGETHER)]


def length_row(points: list[dict]) -> dict:
    """Cost of a second of music in the longest song over that in the shortest."""
    first, last = points[0], points[-1]
    growth = {key: round(last["median"] / first["median"], 3) for key in ("median", "low", "high")}
    goal = 1.5 if last["x"] >= 600 else None
    return row(
        f"song of {last['x']:g} s: cost of a second over that in {first['x']:g} s",
        growth,
        "<=",
        goal,
    )


def rows_of(report: dict) -> list[dict]:
    """All lines, in the order of the report."""
    return [
        *codec_rows(report["codecs"]),
        *sampler_rows(report["sampler"]),
        *end_to_end_rows(report["end_to_end"], report["settings"]["model"]),
        *together_rows(report),
        length_row(report["scaling"]["length"]),
    ]


def wrong(report: dict) -> list[str]:
    """Results that are not what they have to be; a slow machine is none of them."""
    figures = report["sampler"].get("diffusers")
    if figures and not figures["difference"] <= figures["tolerance"]:
        return [
            f"our DDIM and diffusers' differ by {figures['difference']:.2g}, more than {figures['tolerance']:g}"
        ]
    return []


def shown(figure: dict | None, unit: str) -> tuple[str, str]:
    """Median and range as text."""
    if figure is None:
        return "", ""
    values = [figure[key] for key in ("median", "low", "high")]
    median, low, high = (f"{value:.3g}" if value < 1000 else f"{value:.0f}" for value in values)
    return f"{median} {unit}", f"{low} to {high}"


def as_text(rows: list[dict]) -> str:
    """The table for a terminal."""
    cells = [("", "target", "median", "range", "verdict")]
    cells += [
        (r["name"].replace("`", ""), r["target"], *shown(r["figure"], r["unit"]), r["verdict"])
        for r in rows
    ]
    widths = [max(len(line[i]) for line in cells) for i in range(len(cells[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in cells
    )
