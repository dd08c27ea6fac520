"""The command `bassnb`: parse, call the package, print. Whatever it knows, the package knows better.

Every error that a user can cause is a `BassnbError` or an `OSError`; both become one sentence on standard error and
exit status 2 in one place, `OneSentence`. Anything else is a bug and traces back. Heavy imports happen inside the
commands, so that `bassnb --help` does not wait for torch. Taught in chapter 8.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Optional

import typer
from typer.core import TyperGroup

from bassnb.errors import BassnbError


class OneSentence(TyperGroup):
    """A command group that answers a user's error with one sentence and exit status 2."""

    def invoke(self, ctx):
        """Run the command; see the class."""
        try:
            return super().invoke(ctx)
        except BassnbError as error:
            sentence = str(error)
        except BrokenPipeError:
            raise  # the reader of a pipe left: click ends quietly
        except OSError as error:
            sentence = f"{error.filename or 'a file'} cannot be used ({error.strerror or error}); choose another place"
        typer.echo(" ".join(sentence.split()), err=True)
        raise typer.Exit(2)


def group(help: str, **options) -> typer.Typer:
    """A typer group in the style of this command line: one-sentence errors, plain help."""
    plain = {"pretty_exceptions_enable": False, "rich_markup_mode": None}
    return typer.Typer(cls=OneSentence, help=help, no_args_is_help=True, **plain, **options)


app = group("A bass line for your mix, by latent diffusion.", add_completion=False)
train_app = group("Train one part of the system; --resume continues exactly.")
evaluate_app = group("Measure a model on unseen songs, into JSON files.")
app.add_typer(train_app, name="train")
app.add_typer(evaluate_app, name="evaluate")

Model = Annotated[str, typer.Option(help="A shipped model, a model folder, or a hub id owner/name.")]
Device = Annotated[str, typer.Option(help="auto, cpu or cuda.")]
Seed = Annotated[int, typer.Option(min=0, help="The same seed gives the same result.")]
Songs = Annotated[Optional[int], typer.Option(min=2, help="Number of songs; each examination has its own default.")]
Results = Annotated[Optional[Path], typer.Option(help="JSON file to write; by default results/<name>.json.")]


def shows_progress() -> bool:
    """Bars are for people: only where standard error is a terminal."""
    return sys.stderr.isatty()


def check_targets(targets: list[Path | None], sources: list[Path | None]) -> None:
    """Refuse files that cannot be written, before minutes of work and before the first of them is written.

    Raises
    ------
    AudioError
        If a suffix is unknown, a folder is missing, or a file would overwrite another one of the same command.
    """
    from bassnb.audio import SUBTYPES, AudioError

    taken = {path.resolve() for path in sources if path}
    for target in filter(None, targets):
        if target.suffix.lower() not in SUBTYPES:
            raise AudioError(f"{target} has no known audio suffix; use one of {', '.join(SUBTYPES)}")
        if not target.parent.is_dir() or target.is_dir():
            raise AudioError(f"{target} cannot be written; give the path of a file in a folder that exists")
        if target.resolve() in taken:
            raise AudioError(f"{target} is named twice in this command; choose another file to write to")
        taken.add(target.resolve())


@app.command()
def accompany(
    mix: Annotated[Path, typer.Argument(help="Audio file: WAV, FLAC, Ogg or MP3.")],
    out: Annotated[Path, typer.Option(help="File for the bass; its settings go into a .json beside it.")],
    style: Annotated[
        Optional[list[Path]], typer.Option(help="A bass recording whose timbre is wanted; several average out their notes.")
    ] = None,
    guidance: Annotated[Optional[float], typer.Option(help="How closely to follow the mix; 1 is none.")] = None,
    phi: Annotated[Optional[float], typer.Option(help="Share of the guidance rescale, 0 to 1.")] = None,
    strength: Annotated[Optional[float], typer.Option(help="Of the style: 1 as in the paper, above it exaggerated.")] = None,
    sampler: Annotated[Optional[str], typer.Option(help="ddim, or dpm++ for far fewer steps.")] = None,
    steps: Annotated[Optional[int], typer.Option(help="Sampler steps, by default 64 of ddim or 12 of dpm++.")] = None,
    seed: Seed = 0,
    variations: Annotated[int, typer.Option(help="Number of takes; several get -1, -2 ... in their names.")] = 1,
    with_mix: Annotated[Optional[Path], typer.Option(help="File for mix and bass together.")] = None,
    model: Model = "classroom",
    device: Device = "auto",
) -> None:
    """Play bass to MIX, exactly as long as MIX, which may last for hours."""
    from bassnb.accompanist import Accompanist

    check_targets([out, with_mix], [mix, *(style or [])])
    timbre = style[0] if style and len(style) == 1 else style or None
    accompanist = Accompanist.from_pretrained(model, device=device)
    for path in accompanist.accompany_file(
        mix, out, with_mix=with_mix, style=timbre, strength=strength, guidance=guidance, phi=phi, sampler=sampler, steps=steps,
        seed=seed, variations=variations, progress=shows_progress(),
    ):  # fmt: skip
        typer.echo(path)


@app.command()
def info(
    model: Model = "classroom", as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False
) -> None:
    """Print the size and geometry of a model."""
    from bassnb.checkpoints import load_pretrained
    from bassnb.presets import SAMPLE_RATE, TIME_RATIO

    system = load_pretrained(model)
    parts = {name: sum(p.numel() for p in part.parameters()) for name, part in system.named_children()}
    facts = {
        "model": model, "preset": system.preset.name, "sample_rate": SAMPLE_RATE,
        "samples_per_latent": TIME_RATIO, "latents_per_second": round(SAMPLE_RATE / TIME_RATIO, 3),
        "mix_channels": system.preset.mix.latent_channels, "bass_channels": system.preset.bass.latent_channels,
        "parameters": {**parts, "total": sum(parts.values())}, "defaults": system.defaults,
    }  # fmt: skip
    if as_json:
        typer.echo(json.dumps(facts, indent=1))
        return
    for key, value in facts.items():
        inner = value.items() if isinstance(value, dict) else [("", value)]
        for name, figure in inner:
            text = f"{figure:,}" if isinstance(figure, int) and isinstance(value, dict) else figure
            typer.echo(f"{' '.join(filter(None, (key, name))).replace('_', ' '):<32}{text}")


@app.command()
def songs(
    out: Annotated[Path, typer.Option(help="Folder; every song gets a folder of FLAC stems and song.json in it.")],
    count: Annotated[int, typer.Option(min=1, help="Number of songs.")] = 8,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the first song; the others follow.")] = 0,
    split: Annotated[str, typer.Option(help="train, validation or test.")] = "train",
    seconds: Annotated[float, typer.Option(min=1.0, max=3600.0, help="Length of a song.")] = 24.0,
) -> None:
    """Compose and render songs with their ground truth."""
    from tqdm import tqdm

    from bassnb.data.render import write_song
    from bassnb.data.songs import compose

    for number in tqdm(range(seed, seed + count), desc="songs", disable=not shows_progress()):
        folder = out / f"{split}-{number:06d}"
        write_song(compose(number, split=split, seconds=seconds), folder)
        typer.echo(folder)


# -- training -------------------------------------------------------------------------------------------------------

PresetName = Annotated[str, typer.Option(help="smoke, classroom or paper.")]
RunFolder = Annotated[Path, typer.Option("--run", help="Folder for checkpoints, curves and the finished weights.")]
Cache = Annotated[Path, typer.Option(help="Folder for rendered songs and latents.")]
Steps = Annotated[Optional[int], typer.Option(min=1, help="Stop after so many of the preset's steps.")]
Resume = Annotated[bool, typer.Option(help="Continue the training in the run folder.")]
Precision = Annotated[str, typer.Option(help="no, bf16 or fp16.")]


@train_app.command("autoencoder")
def train_autoencoder_command(
    stem: Annotated[str, typer.Option(help="mix or bass.")],
    run: RunFolder,
    preset: PresetName = "classroom",
    cache: Cache = Path("cache"),
    steps: Steps = None,
    resume: Resume = False,
    seed: Seed = 0,
    device: Device = "auto",
    precision: Precision = "no",
) -> None:
    """Train the autoencoder of the mix or of the bass on generated songs."""
    from bassnb.presets import get_preset
    from bassnb.training.autoencoder import train_autoencoder

    train_autoencoder(get_preset(preset), stem, run, cache=cache, seed=seed, resume=resume, steps=steps, device=device,
                      precision=precision)  # fmt: skip
    typer.echo(run / "model.safetensors")


@train_app.command("diffusion")
def train_diffusion_command(
    mix: Annotated[Path, typer.Option(help="Run folder of the trained mix autoencoder.")],
    bass: Annotated[Path, typer.Option(help="Run folder of the trained bass autoencoder.")],
    run: RunFolder,
    preset: PresetName = "classroom",
    cache: Cache = Path("cache"),
    start: Annotated[Optional[str], typer.Option(help="Go on from the network of this model.")] = None,
    steps: Steps = None,
    resume: Resume = False,
    seed: Seed = 0,
    device: Device = "auto",
    precision: Precision = "no",
) -> None:
    """Train the diffusion network between two trained autoencoders; leaves a model folder."""
    from bassnb.presets import get_preset
    from bassnb.training.diffusion import train_diffusion

    train_diffusion(get_preset(preset), run, mix=mix, bass=bass, cache=cache, start=start, seed=seed, resume=resume,
                    steps=steps, device=device, precision=precision)  # fmt: skip
    typer.echo(run / "pretrained")


@train_app.command("judge")
def train_judge_command(
    run: RunFolder, model: Model = "classroom", cache: Cache = Path("cache"), steps: Steps = None, resume: Resume = False,
    seed: Seed = 0, device: Device = "auto",
) -> None:  # fmt: skip
    """Train the judge of `evaluate contrastive` on latents of a model's encoders."""
    from bassnb.checkpoints import load_pretrained
    from bassnb.training.contrastive import train_contrastive

    train_contrastive(load_pretrained(model), run, cache=cache, seed=seed, resume=resume, steps=steps, device=device)
    typer.echo(run / "judge.safetensors")


@train_app.command("ablations")
def train_ablations_command(
    run: RunFolder, model: Model = "classroom", cache: Cache = Path("cache"), out: Results = None, device: Device = "auto"
) -> None:
    """Train small networks with one thing changed each, and mark them; what is there already is kept."""
    from bassnb.checkpoints import load_pretrained, write_json
    from bassnb.training.ablations import run_ablations

    report = run_ablations(load_pretrained(model), run, cache=cache, device=device, progress=shows_progress())
    command = f"bassnb train ablations --run {run} --model {model}"
    typer.echo(write_json(out or Path("results/ablations.json"), {"command": command, **report}))


# -- evaluation -----------------------------------------------------------------------------------------------------


def examine(names: list[str], model: str, device: str, out: Path | None, **options) -> None:
    """Run examinations by name and write one JSON file each."""
    from bassnb.accompanist import Accompanist
    from bassnb.evaluation.suite import examine as run

    accompanist = Accompanist.from_pretrained(model, device=device)
    for name in names:
        path = out if out and len(names) == 1 else (out or Path("results")) / f"{name}.json"
        headline = run(name, accompanist, path, progress=shows_progress(), **options)
        typer.echo(f"{path}: {headline}")


@evaluate_app.command("match")
def evaluate_match_command(
    model: Model = "classroom",
    songs: Songs = None,
    steps: Annotated[int, typer.Option(min=1, help="Sampler steps.")] = 64,
    guidance: Annotated[Optional[float], typer.Option(help="Default: the model's, chosen on validation songs.")] = None,
    phi: Annotated[Optional[float], typer.Option(help="Default: the model's.")] = None,
    out: Results = None,
    device: Device = "auto",
) -> None:
    """Generated bass between floor and ceiling on 64 test songs."""
    examine(["match"], model, device, out, songs=songs, steps=steps, guidance=guidance, phi=phi)


@evaluate_app.command("guidance")
def evaluate_guidance_command(
    model: Model = "classroom",
    songs: Songs = None,
    out: Results = None,
    device: Device = "auto",
    adopt: Annotated[bool, typer.Option(help="Make the best pair the defaults of this local model.")] = False,
) -> None:
    """Choose guidance and phi on 16 validation songs."""
    from bassnb.checkpoints import adopt_defaults, read_json

    examine(["guidance"], model, device, out, songs=songs)
    if adopt:
        best = read_json(out or Path("results/guidance.json"))["best"]
        adopt_defaults(model, guidance=best["guidance"], phi=best["phi"])


def plain_examination(name: str, help: str) -> None:
    """Give an examination that needs no settings of its own a command."""
    @evaluate_app.command(name, help=help)
    def command(model: Model = "classroom", songs: Songs = None, out: Results = None, device: Device = "auto") -> None:
        examine([name], model, device, out, songs=songs)


def distance_examination(name: str, help: str) -> None:
    """Give an examination by Fréchet distances a command."""
    @evaluate_app.command(name, help=help)
    def command(
        model: Model = "classroom",
        songs: Songs = None,
        reference: Annotated[Optional[int], typer.Option(min=2, help="Songs whose true basses are compared with.")] = None,
        embedding: Annotated[Optional[str], typer.Option(help="spectral (default), panns, vggish or clap.")] = None,
        out: Results = None,
        device: Device = "auto",
    ) -> None:  # fmt: skip
        examine([name], model, device, out, songs=songs, reference=reference, embedding=embedding)


distance_examination("frechet", "Frechet distance of takes to true basses of other songs.")
distance_examination("steps", "Figure 2, left: Frechet distance against the number of sampler steps.")
distance_examination("rescale", "Figure 2, right: Frechet distance against guidance, for several phi.")
plain_examination("autoencoder", "The bass autoencoder on unseen basses, beside Griffin-Lim.")
plain_examination("probe", "Read the chord root from mix latents of unseen songs.")
plain_examination("contrastive", "Does a learned judge find the bass of each mix among 25?")
plain_examination("style", "Distance of takes to a style reference, with and without grounding.")
plain_examination("length", "Songs of 24 s to 5 minutes, and one song seen in pieces.")


@evaluate_app.command("transfer")
def evaluate_transfer_command(
    model: Model = "classroom",
    songs: Annotated[Optional[int], typer.Option(min=1, help="Most songs of a family; by default all.")] = None,
    seconds: Annotated[float, typer.Option(min=2.0, max=600.0, help="Length of an excerpt.")] = 24.0,
    steps: Annotated[int, typer.Option(min=1, help="Sampler steps.")] = 64,
    folder: Annotated[Optional[list[Path]], typer.Option(help="MIDI, MusicXML, or a folder of stems for each song; "
                                                              "may be given several times.")] = None,
    soundfont: Annotated[Optional[Path], typer.Option(envvar="BASSNB_SOUNDFONT", help="A second SoundFont.")] = None,
    family: Annotated[Optional[list[str]], typer.Option(help="Only this family; may be given several times.")] = None,
    out: Results = None,
    device: Device = "auto",
) -> None:  # fmt: skip
    """Songs that the generator did not write: other metres, textures, composers, instruments, recordings."""
    places = [str(place) for place in folder] if folder else None
    options = {"folder": places, "soundfont": soundfont and str(soundfont), "family": family or None}
    examine(["transfer"], model, device, out, songs=songs, seconds=seconds, steps=steps, **options)


@evaluate_app.command("all")
def evaluate_all_command(
    model: Model = "classroom",
    songs: Songs = None,
    out: Annotated[Optional[Path], typer.Option(help="Folder for the JSON files; results, or _quick with --quick.")] = None,
    device: Device = "auto",
    quick: Annotated[bool, typer.Option("--quick", help="Minutes, not hours, for figures that are noise.")] = False,
) -> None:
    """Every examination and the summary; match takes the model's own guidance."""
    from bassnb.accompanist import Accompanist
    from bassnb.evaluation.suite import QUICK, examine_all
    from bassnb.evaluation.summary import write_summary

    out = out or Path("_quick" if quick else "results")
    settings, command = (QUICK, "bassnb evaluate all --quick") if quick else (None, None)
    accompanist = Accompanist.from_pretrained(model, device=device)
    options, whole = {"songs": songs, "progress": shows_progress()}, True
    for name, line, done in examine_all(accompanist, out, settings=settings, command=command, **options):
        typer.echo(f"{out / name}.json: {line}", err=not done)
        whole &= done
    typer.echo("{}: {}".format(*write_summary(out)))
    if not whole:
        raise typer.Exit(2)


@evaluate_app.command("summary")
def evaluate_summary_command(
    results: Annotated[Path, typer.Option(help="Folder with the JSON files; SUMMARY.md goes there.")] = Path("results"),
    into: Annotated[Optional[Path], typer.Option(help="Markdown file with a marked place for the table of marks.")] = None,
) -> None:
    """Claims of the paper and our goals beside what was measured; reads files only."""
    from bassnb.evaluation.summary import put_into, read_reports, write_summary

    typer.echo("{}: {}".format(*write_summary(results)))
    if into:
        put_into(into, read_reports(results))
        typer.echo(into)
