"""Commands for studies of ideas since the paper: rules of guidance, rectified flow, distillation.

Heavy modules are imported inside the commands.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from bassnb.commands.examine import Counts, Reference, Resamples, examine
from bassnb.commands.options import Device, Force, Model, Results, Songs, model_files

Pool = Annotated[Optional[int], typer.Option(min=2, help="Generated songs to train with.")]
Submixes = Annotated[Optional[int], typer.Option(min=1, help="Mixes of each of them.")]


def evaluate_guidance_since_command(
    model: Model = "classroom",
    songs: Songs = None,
    reference: Reference = None,
    grid: Annotated[
        Optional[int], typer.Option(min=1, help="Songs of the grid of weights and steps.")
    ] = None,
    counts: Counts = None,
    resamples: Resamples = None,
    weak: Annotated[
        Optional[str],
        typer.Option(
            help="Model with a weaker U-Net, for autoguidance; by default an early one of the "
            "model itself, where its folder has one."
        ),
    ] = None,
    out: Results = None,
    device: Device = "auto",
    force: Force = False,
) -> None:
    """Distance, match and level of each rule for all weights and numbers of steps."""
    options: dict = {"songs": songs, "reference": reference, "grid": grid, "weak": weak}
    options |= {"counts": counts or None, "resamples": resamples}
    inputs = [str(path) for path in model_files(weak)] if weak else []
    examine("guidance_since", model, device, out, force, inputs, **options)


def evaluate_flow_command(
    model: Model = "classroom",
    songs: Songs = None,
    reference: Reference = None,
    folder: Annotated[
        Optional[Path],
        typer.Option(
            "--run", "--folder", help="Folder of both trainings, which go on where they were."
        ),
    ] = None,
    training_steps: Annotated[
        Optional[int], typer.Option(min=1, help="Steps of each of the two trainings.")
    ] = None,
    pool: Pool = None,
    submixes: Submixes = None,
    counts: Counts = None,
    resamples: Resamples = None,
    out: Results = None,
    device: Device = "auto",
    force: Force = False,
) -> None:
    """v against rectified flow: two small networks, trained alike, in 1 to 64 steps."""
    from bassnb.extras import need

    need("train")
    plan: dict = {"training_steps": training_steps, "pool": pool, "submixes": submixes}
    plan |= {"songs": songs, "reference": reference, "folder": folder}
    plan |= {"counts": counts or None, "resamples": resamples}
    examine("flow", model, device, out, force, **plan)


def evaluate_distilled_command(
    model: Model = "classroom",
    songs: Songs = None,
    reference: Reference = None,
    folder: Annotated[
        Optional[Path], typer.Option("--run", help="Folder of the training, which goes on there.")
    ] = None,
    training_steps: Annotated[
        Optional[int], typer.Option(min=4, help="Steps of the training, all stages together.")
    ] = None,
    pool: Pool = None,
    submixes: Submixes = None,
    resamples: Resamples = None,
    out: Results = None,
    device: Device = "auto",
    force: Force = False,
) -> None:
    """A student of the model in 4 steps, distilled here, against its teacher in 64."""
    from bassnb.extras import need

    need("train")
    plan: dict = {"training_steps": training_steps, "pool": pool, "submixes": submixes}
    plan |= {"songs": songs, "reference": reference, "folder": folder, "resamples": resamples}
    examine("distilled", model, device, out, force, **plan)
