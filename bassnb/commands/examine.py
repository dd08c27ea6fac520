"""What the commands of `bassnb evaluate` share: options, and one study run and written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Optional

import typer

from bassnb.commands.options import model_files, shows_progress

Reference = Annotated[
    Optional[int], typer.Option(min=2, help="Songs whose true basses are compared with.")
]
Counts = Annotated[
    Optional[list[int]],
    typer.Option(min=1, help="Only this number of sampler steps; may be given several times."),
]
Resamples = Annotated[
    Optional[int], typer.Option(min=2, help="Draws for the interval of a distance.")
]


def examine(
    name: str,
    model: str,
    device: str,
    out: Path | None,
    force: bool,
    inputs: Sequence[str] = (),
    **options,
) -> None:
    """Run a study and write its JSON file, which must be none of `inputs`."""
    from bassnb.accompanist import Accompanist
    from bassnb.outputs import check_outputs
    from bassnb.studies.suite import examine as run
    from bassnb.studies.suite import report_output

    path = out or Path("results") / f"{name}.json"
    check_outputs([report_output(path)], [*model_files(model), *inputs], force=force)
    accompanist = Accompanist.from_pretrained(model, device=device)
    headline = run(name, accompanist, path, progress=shows_progress(), force=force, **options)
    typer.echo(f"{path}: {headline}")
