"""`bassnb evaluate`: one command for each study.

Heavy modules are imported inside the commands.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from bassnb.commands.evaluate_foreign import (
    evaluate_control_command,
    evaluate_foreign_command,
    evaluate_transfer_command,
)
from bassnb.commands.evaluate_since import (
    evaluate_distilled_command,
    evaluate_flow_command,
    evaluate_guidance_since_command,
)
from bassnb.commands.examine import Reference, examine
from bassnb.commands.options import (
    Cache,
    Device,
    Force,
    Model,
    Results,
    RunFolder,
    Songs,
    group,
    model_files,
    shows_progress,
)

evaluate_app = group("Measure a model on unseen songs, into JSON files.")


@evaluate_app.command("match")
def evaluate_match_command(
    model: Model = "classroom",
    songs: Songs = None,
    steps: Annotated[Optional[int], typer.Option(min=1, help="Sampler steps: 64.")] = None,
    guidance: Annotated[
        Optional[float], typer.Option(help="Default: the model's, chosen on validation songs.")
    ] = None,
    phi: Annotated[Optional[float], typer.Option(help="Default: the model's.")] = None,
    world: Annotated[Optional[str], typer.Option(help="Of the songs: soundfont or wide.")] = None,
    out: Results = None,
    device: Device = "auto",
    force: Force = False,
) -> None:
    """Generated bass between floor and ceiling on 64 test songs."""
    how: dict[str, Any] = {"steps": steps, "guidance": guidance, "phi": phi, "world": world}
    examine("match", model, device, out, force, songs=songs, **how)


@evaluate_app.command("guidance")
def evaluate_guidance_command(
    model: Model = "classroom",
    songs: Songs = None,
    out: Results = None,
    device: Device = "auto",
    force: Force = False,
    adopt: Annotated[
        bool, typer.Option(help="Make the best pair the defaults of this local model.")
    ] = False,
) -> None:
    """Choose guidance and phi on 32 validation songs."""
    from bassnb.checkpoints import adopt_defaults
    from bassnb.stored import read_json

    examine("guidance", model, device, out, force, songs=songs)
    if adopt:
        best = read_json(out or Path("results/guidance.json"))["best"]
        adopt_defaults(model, guidance=best["guidance"], phi=best["phi"])


def plain_study(name: str, help: str) -> None:
    """Add the command of a study without settings of its own."""

    @evaluate_app.command(name, help=help)
    def command(
        model: Model = "classroom",
        songs: Songs = None,
        out: Results = None,
        device: Device = "auto",
        force: Force = False,
    ) -> None:
        examine(name, model, device, out, force, songs=songs)


def distance_study(name: str, help: str) -> None:
    """Add the command of a study of Fréchet distances."""

    @evaluate_app.command(name, help=help)
    def command(
        model: Model = "classroom",
        songs: Songs = None,
        reference: Reference = None,
        embedding: Annotated[
            Optional[str], typer.Option(help="spectral (default), panns, vggish or clap.")
        ] = None,
        out: Results = None,
        device: Device = "auto",
        force: Force = False,
    ) -> None:
        examine(
            name, model, device, out, force, songs=songs, reference=reference, embedding=embedding
        )


distance_study("frechet", "Frechet distance of takes to true basses of other songs.")
distance_study("steps", "Figure 2, left: Frechet distance against the number of sampler steps.")
distance_study(
    "samplers",
    "Two samplers at several numbers of steps: distance, match, and the gain of 64 steps.",
)
distance_study("rescale", "Figure 2, right: Frechet distance against guidance, for several phi.")
distance_study("rescale_strong", "The rescale at strong guidance, in few steps and many.")
evaluate_app.command(
    "guidance_since", help="Rules of guidance since the paper, against plain guidance."
)(evaluate_guidance_since_command)
evaluate_app.command("flow")(evaluate_flow_command)
evaluate_app.command("distilled")(evaluate_distilled_command)
plain_study("autoencoder", "The bass autoencoder on unseen basses, beside Griffin-Lim.")
plain_study("probe", "Read chord roots and strokes from mix latents of unseen songs.")
plain_study("contrastive", "How often a trained judge finds the bass of each mix among 25.")
plain_study("style", "Distance of takes to a style reference, with and without grounding.")
plain_study("length", "Songs of 24 s to 5 minutes, and one song generated in pieces.")
evaluate_app.command("foreign")(evaluate_foreign_command)
evaluate_app.command("control")(evaluate_control_command)
evaluate_app.command("transfer")(evaluate_transfer_command)


@evaluate_app.command("ablations")
def evaluate_ablations_command(
    run: RunFolder,
    model: Model = "classroom",
    cache: Cache = Path("cache"),
    out: Results = None,
    device: Device = "auto",
    force: Force = False,
) -> None:
    """Train small networks with one thing changed each, and mark them.

    What is there already is kept.
    """
    from bassnb.checkpoints import load_pretrained
    from bassnb.extras import need
    from bassnb.outputs import check_outputs
    from bassnb.stored import write_json

    need("train")
    from bassnb.studies.ablations import run_ablations
    from bassnb.studies.experiment import device as machine
    from bassnb.studies.provenance import provenance
    from bassnb.studies.suite import FORMAT, report_output

    out = out or Path("results/ablations.json")
    check_outputs([report_output(out)], model_files(model), force=force)
    system = load_pretrained(model)
    began = time.perf_counter()
    report = run_ablations(system, run, cache=cache, device=device, progress=shows_progress())
    meta = {
        "command": f"bassnb evaluate ablations --run {run} --model {model}",
        "format": FORMAT,
        "provenance": provenance(system),
        "minutes": round((time.perf_counter() - began) / 60, 1),
        "device": machine(),
    }
    typer.echo(write_json(out, {**meta, **report}))


@evaluate_app.command("all")
def evaluate_all_command(
    model: Model = "classroom",
    songs: Songs = None,
    out: Annotated[
        Optional[Path],
        typer.Option(help="Folder for the JSON files; results, or _quick with --quick."),
    ] = None,
    device: Device = "auto",
    force: Force = False,
    quick: Annotated[
        bool,
        typer.Option(
            "--quick", help="Minutes instead of hours, for figures without statistical meaning."
        ),
    ] = False,
) -> None:
    """Run every study and write the summary; match uses the guidance of the model."""
    from bassnb.accompanist import Accompanist
    from bassnb.outputs import check_outputs
    from bassnb.studies.suite import STUDIES, examine_all, quick_settings, report_output
    from bassnb.studies.summary import summary_output, write_summary

    out = out or Path("_quick" if quick else "results")
    settings, command = (quick_settings(), "bassnb evaluate all --quick") if quick else (None, None)
    outputs = [*(report_output(out / f"{name}.json") for name in STUDIES), summary_output(out)]
    check_outputs(outputs, model_files(model), force=force)
    accompanist = Accompanist.from_pretrained(model, device=device)
    options, whole = {"songs": songs, "progress": shows_progress(), "force": force}, True
    for name, line, done in examine_all(
        accompanist, out, settings=settings, command=command, **options
    ):
        typer.echo(f"{out / name}.json: {line}", err=not done)
        whole &= done
    typer.echo("{}: {}".format(*write_summary(out, model=model, force=force)))
    if not whole:
        raise typer.Exit(2)


@evaluate_app.command("summary")
def evaluate_summary_command(
    results: Annotated[
        Path, typer.Option(help="Folder with the JSON files; SUMMARY.md goes there.")
    ] = Path("results"),
    into: Annotated[
        Optional[Path],
        typer.Option(help="Markdown file with a marked place for the table of marks."),
    ] = None,
    model: Model = "classroom",
    force: Force = False,
) -> None:
    """Claims of the paper and our goals beside what was measured; reads files only."""
    from bassnb.studies.summary import around_table, put_into, read_reports, write_summary

    if into:
        around_table(into)  # before anything is written
    typer.echo("{}: {}".format(*write_summary(results, model=model, force=force)))
    if into:
        put_into(into, read_reports(results))
        typer.echo(into)
