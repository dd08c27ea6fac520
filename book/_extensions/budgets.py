"""Sizes of the pages and execution times, measured by each build against their budgets.

Seconds depend on the machine: they are reported, here and on the page of execution
times, and not enforced. Sizes do not depend on the machine; tests/book/test_pages.py enforces them.
"""

import json
from pathlib import Path

from sphinx.util import logging

SECONDS = 90  # of one chapter on one CPU core
PAGE = 600_000  # bytes of one page; sounds and pictures of the players are files beside it
AUDIO = 40_000_000  # bytes of all sounds


def measure(html: Path, seconds: dict[str, float]) -> dict:
    """Sizes in bytes of the pages and of all sounds, and the seconds of each chapter."""
    pages = {page.stem: page.stat().st_size for page in sorted((html / "book").glob("*.html"))}
    audio = sum(sound.stat().st_size for sound in (html / "_static" / "audio").glob("*.mp3"))
    return {
        "budgets": {"seconds": SECONDS, "page": PAGE, "audio": AUDIO},
        "seconds": seconds,
        "pages": pages,
        "audio": audio,
    }


def sentences(costs: dict) -> list[str]:
    """The costs in words, one line of all and one for each budget that is exceeded."""
    largest = max(costs["pages"].values(), default=0)
    lines = [
        f"{len(costs['pages'])} pages, the largest {largest / 1e3:.0f} kB (budget {PAGE / 1e3:.0f}); "
        f"sounds {costs['audio'] / 1e6:.1f} MB (budget {AUDIO / 1e6:.0f}); "
        f"{len(costs['seconds'])} chapters in {sum(costs['seconds'].values()):.0f} s"
    ]
    lines += [
        f"over budget: {name} took {taken:.0f} s of {SECONDS}"
        for name, taken in costs["seconds"].items()
        if taken > SECONDS
    ]
    lines += [
        f"over budget: {name}.html has {size / 1e3:.0f} kB of {PAGE / 1e3:.0f}"
        for name, size in costs["pages"].items()
        if size > PAGE
    ]
    return lines + (["over budget: sounds"] if costs["audio"] > AUDIO else [])


def report(app, error):
    """Write budgets.json beside the pages and print the sentences."""
    if error is None and app.builder.format == "html":
        runs = {name: data.get("exec_data") for name, data in app.env.nb_metadata.items()}
        seconds = {
            name.rpartition("/")[2]: round(run["runtime"], 1)
            for name, run in sorted(runs.items())
            if run and run["runtime"]
        }
        costs = measure(Path(app.outdir), seconds)
        (Path(app.outdir) / "budgets.json").write_text(
            json.dumps(costs, indent=1) + "\n", encoding="utf-8"
        )
        for sentence in sentences(costs):
            logging.getLogger(__name__).info(sentence)


def setup(app):
    """Called by Sphinx."""
    app.connect("build-finished", report, priority=900)  # after the sounds have been copied
    return {"parallel_read_safe": True, "parallel_write_safe": True}
