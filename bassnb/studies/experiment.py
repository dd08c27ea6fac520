"""An experiment of a chapter at two scales: a small run now, and a recorded full run.

A chapter passes its own function to `experiment` with two sets of settings: one that two CPU cores
can run while the page is read, and one for a full run. The full run is made on request, with `make
record` or one switch in the chapter, and is stored in `results/chapters/`; all other readers see
that stored result, labelled with its settings, its date and its machine.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import torch

from bassnb.audio import read_audio, write_audio
from bassnb.checkpoints import System
from bassnb.errors import BassnbError
from bassnb.outputs import Output, check_outputs, json_with
from bassnb.stored import read_json, write_json
from bassnb.studies.provenance import origin, provenance

# in the environment: names of the experiments to run at full scale, with commas; `make record` sets it
SWITCH = "BASSNB_FULL"
FOLDER = Path("../results/chapters")  # as seen from the folder of the chapters


@dataclass(frozen=True)
class Outcome:
    """One run of an experiment.

    `values` is what it returned (numbers, texts, lists and dicts of them), `takes` its sounds, name
    -> Tensor (2, N), `settings` its keyword arguments, and `label` is a line of text about its
    origin, for the title of a plot.
    """

    values: dict
    takes: dict[str, torch.Tensor]
    settings: dict
    label: str


def experiment(
    name: str,
    run: Callable[..., dict],
    *,
    here: dict,
    full: dict,
    system: System | None = None,
    composed: bool = True,
    at_full_scale: bool = False,
    folder: str | os.PathLike = FOLDER,
) -> tuple[Outcome, Outcome]:
    """Run an experiment at small scale, and return the recorded full result with it.

    Parameters
    ----------
    name : of the experiment, the name of its file under `folder`
    run : called with the settings; returns a dict for JSON, in which "takes" may hold waveforms by
        name
    here, full : settings of the two scales
    system : whose weights the result depends on, if on any; a record made with others is called stale
    composed : whether it composes songs; a record made with songs of another version is called stale
    at_full_scale : run `full` now and record it, in place of `here`

    Returns
    -------
    now, recorded : Outcome
        At full scale both are the run that has just been made.

    Raises
    ------
    BassnbError
        If no result was recorded.
    """
    began = time.perf_counter()
    wanted = at_full_scale or name in os.environ.get(SWITCH, "").split(",")
    settings = full if wanted else here
    if settings is not here:
        check_outputs(
            [Output(Path(folder) / f"{name}.json", json_with("settings", "values", "minutes"))]
        )
    result = run(**settings)
    values = {key: value for key, value in result.items() if key != "takes"}
    if settings is here:
        label = f"run here: {describe(settings)}"
        now = Outcome(values, result.get("takes", {}), settings, label)
        return now, recorded(name, folder, full=full, system=system)
    meta = {
        "minutes": round((time.perf_counter() - began) / 60, 1),
        "date": date.today().isoformat(),
        "device": device(),
        "provenance": provenance(system, composed),
    }
    _keep(
        Path(folder),
        name,
        {"settings": settings, **meta, "values": values},
        result.get("takes", {}),
    )
    kept = recorded(name, folder, full=full, system=system)
    return kept, kept


def recorded(
    name: str,
    folder: str | os.PathLike = FOLDER,
    *,
    full: dict | None = None,
    system: System | None = None,
) -> Outcome:
    """The recorded result of an experiment, and in its label whether it is one of today.

    Raises
    ------
    BassnbError
        If there is none.
    """
    path = Path(folder) / f"{name}.json"
    if not path.is_file():
        raise BassnbError(
            f"no recorded result of {name!r}; set at_full_scale=True, or run `make record`"
        )
    record = read_json(path)
    settings = record["settings"]
    takes = {take: read_audio(path.parent / file) for take, file in record.get("takes", {}).items()}
    label = f"recorded: {describe(settings)}; {origin(record, provenance(system))}"
    if full is not None and settings != json.loads(json.dumps(full)):
        label += (
            f"{', ' if '; stale: ' in label else '; stale: '}the page asks for {describe(full)}"
        )
    return Outcome(record["values"], takes, settings, label)


def _keep(folder: Path, name: str, record: dict, takes: dict[str, torch.Tensor]) -> None:
    """Write the sounds, then the JSON that names them: a result is there whole or not at all."""
    files = {take: f"{name}/{number:02d}.ogg" for number, take in enumerate(takes)}
    (folder / name if takes else folder).mkdir(parents=True, exist_ok=True)
    for take, file in files.items():
        write_audio(folder / file, takes[take])
    try:
        write_json(
            folder / f"{name}.json",
            json.loads(json.dumps({**record, **({"takes": files} if takes else {})})),
        )
    except TypeError as error:
        raise BassnbError(
            f"the result of {name!r} cannot be kept: {error}; return numbers, texts and lists"
        ) from None


def describe(settings: dict) -> str:
    """Settings in a line: `steps 1500, songs 8`."""
    return ", ".join(f"{key} {value}" for key, value in settings.items())


def device() -> str:
    """The hardware in a few words."""
    return (
        torch.cuda.get_device_name() if torch.cuda.is_available() else f"{os.cpu_count()} CPU cores"
    )
