"""Run one study or all of them by name, write results/NAME.json, return the headline.

Taught in chapter 9.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from bassnb.accompanist import Accompanist
from bassnb.errors import BassnbError
from bassnb.outputs import Output, check_outputs, report_of
from bassnb.stored import read_json, without_nan, write_json
from bassnb.studies import (
    autoencoder,
    contrastive,
    control,
    distilled,
    flow,
    foreign,
    frechet,
    guidance,
    guidance_since,
    length,
    match,
    probe,
    rescale,
    rescale_strong,
    samplers,
    steps,
    style,
    transfer,
)
from bassnb.studies.experiment import device
from bassnb.studies.provenance import origin, provenance

# of the reports: 1 called the normalised score "way", 2 had no provenance and no `onsets`
FORMAT = 3
# In the order in which `bassnb evaluate all` runs them. A study is a module with `run(accompanist,
# **options)` -> report, `headline(report)` -> text, and `QUICK`: options with which it takes
# minutes in place of hours, for figures that are noise.
STUDIES: dict[str, ModuleType] = {
    module.__name__.rpartition(".")[2]: module
    for module in (
        match,
        guidance,
        autoencoder,
        foreign,
        probe,
        frechet,
        steps,
        samplers,
        rescale,
        rescale_strong,
        guidance_since,
        flow,
        distilled,
        contrastive,
        style,
        length,
        transfer,
        control,
    )
}


def quick_settings() -> dict[str, dict]:
    """The `QUICK` options of every study, by its name."""
    return {name: study.QUICK for name, study in STUDIES.items()}


def examine(
    name: str,
    accompanist: Accompanist,
    path: Path,
    *,
    command: str | None = None,
    force: bool = False,
    **options,
) -> str:
    """Run one study and write its report, with its duration and its machine.

    Parameters
    ----------
    name : one of `STUDIES`
    path : JSON file, written atomically when the study is complete
    command : the command that repeats the study; None derives it from the options
    force : replace a file that is no report of a study
    options : for the study; those that are None keep its own default

    Returns
    -------
    headline : one line of text

    Raises
    ------
    BassnbError, OSError
        If `path` cannot be written, before the work begins where that can be known, or holds
        something else.
    """
    check_outputs([report_output(path)], force=force)
    path.parent.mkdir(parents=True, exist_ok=True)  # now, not after a quarter of an hour of work
    chosen = {key: value for key, value in options.items() if value is not None}
    began = time.perf_counter()
    report = STUDIES[name].run(accompanist, **chosen)
    minutes = round((time.perf_counter() - began) / 60, 1)
    shown = {key: value for key, value in chosen.items() if key != "progress"}
    several = {
        key: value if isinstance(value, (list, tuple)) else [value] for key, value in shown.items()
    }
    flags = "".join(
        f" --{key.replace('_', '-')} {value}" for key, values in several.items() for value in values
    )
    meta = {
        "command": command or f"bassnb evaluate {name} --model {accompanist.name}{flags}",
        "format": FORMAT,
        "provenance": provenance(accompanist.system),
        "minutes": minutes,
        "device": device(),
    }
    write_json(path, {**meta, **report})
    return f"{STUDIES[name].headline(report)} ({minutes:g} min)"


def report_output(path: Path) -> Output:
    """The report of a study, for `check_outputs`."""
    return Output(path, report_of("bassnb evaluate"))


def examined(
    name: str,
    accompanist: Accompanist,
    *,
    here: dict,
    at_full_scale: bool = False,
    folder: str | os.PathLike = "../results",
) -> tuple[dict, dict]:
    """A study in a chapter: a small run now, and the recorded report of the full run, which `make
    record` makes as well.

    Parameters
    ----------
    here : settings of the small run, which writes no file
    at_full_scale : run the full study now, with its own settings, and record it, in place of the
        small run
    folder : of the reports, as seen from the folder of the chapters

    Returns
    -------
    now, recorded : dict
        Each with ``origin``, a line for labels. At full scale both are the run that has just been
        made.

    Raises
    ------
    BassnbError
        If no report is there.
    """
    path = Path(folder) / f"{name}.json"
    if at_full_scale:
        examine(name, accompanist, path)
    if not path.is_file():
        raise BassnbError(f"there is no report {path}; run bassnb evaluate {name}, or make record")
    kept = read_json(path)
    kept["origin"] = f"recorded: {origin(kept, provenance(accompanist.system))}"
    if at_full_scale:
        return kept, kept
    return {**without_nan(STUDIES[name].run(accompanist, **here)), "origin": "run here"}, kept


def examine_all(
    accompanist: Accompanist,
    folder: Path,
    *,
    settings: dict[str, dict] | None = None,
    command: str | None = None,
    **options,
) -> Iterator[tuple[str, str, bool]]:
    """Run every study into a folder, one after the other.

    Parameters
    ----------
    settings : for single studies, by name, such as `quick_settings`
    options : for all of them, in addition; `force`, for example

    Yields
    ------
    name : of the study that has just ended
    line : its headline, or the reason why it failed; the others go on
    done : bool
    """
    for name in STUDIES:
        chosen = {
            **(settings or {}).get(name, {}),
            **{key: value for key, value in options.items() if value is not None},
        }
        try:
            yield (
                name,
                examine(name, accompanist, folder / f"{name}.json", command=command, **chosen),
                True,
            )
        except BassnbError as error:
            yield name, " ".join(str(error).split()), False
