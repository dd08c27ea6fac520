"""Each examination by its name: run it, write its JSON file, return the line worth reading; and all of them in turn."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bassnb import __version__
from bassnb.accompanist import Accompanist
from bassnb.checkpoints import read_json, without_nan, write_json
from bassnb.errors import BassnbError
from bassnb.evaluation.autoencoder import evaluate_bass_autoencoder
from bassnb.evaluation.experiment import SWITCH, ExperimentError, device
from bassnb.evaluation.fad import evaluate_frechet, evaluate_rescale, evaluate_steps
from bassnb.evaluation.figures import evaluate_contrastive
from bassnb.evaluation.grounded import evaluate_style
from bassnb.evaluation.length import evaluate_length, lines
from bassnb.evaluation.probe import chord_root_probe
from bassnb.evaluation.report import choose_guidance, evaluate_match
from bassnb.evaluation.samplers import evaluate_samplers
from bassnb.evaluation.statistics import figure, of_the_way, with_interval
from bassnb.evaluation.transfer import evaluate_transfer, headline


def _match(accompanist: Accompanist, **options) -> tuple[dict, str]:
    report = evaluate_match(accompanist, **options)
    return report, ", ".join(f"{key} {of_the_way(way)}" for key, way in report["way"]["generated"].items())


def _guidance(accompanist: Accompanist, **options) -> tuple[dict, str]:
    report = choose_guidance(accompanist, **options)
    best = report["best"]
    return report, f"best guidance {best['guidance']:g} with phi {best['phi']:g} ({of_the_way(best)})"


def _autoencoder(accompanist: Accompanist, **options) -> tuple[dict, str]:
    report = evaluate_bass_autoencoder(accompanist.system, **options)
    rows = report["rows"]
    return report, ", ".join(f"{name} {figure(row['pitch_class']['mean'], '.1%')} of pitch classes" for name, row in rows.items())


def _probe(accompanist: Accompanist, songs: int | None = None, **options) -> tuple[dict, str]:
    if songs is not None:
        options |= {"test_songs": songs, "train_songs": 5 * songs}
    report = chord_root_probe(accompanist.system.mix_autoencoder, **options)
    report = {"preset": accompanist.system.preset.name, **report}
    return report, f"chord root right in {with_interval(report['accuracy'], '.1%')} of steps"


def _frechet(accompanist: Accompanist, **options) -> tuple[dict, str]:
    report = evaluate_frechet(accompanist, **options)
    return report, ", ".join(f"{name} {figure(row['value'], '.1f')}" for name, row in report["rows"].items())


def _steps(accompanist: Accompanist, **options) -> tuple[dict, str]:
    report = evaluate_steps(accompanist, **options)
    return report, ", ".join(f"K {k}: {figure(row['value'], '.1f')}" for k, row in report["steps"].items())


def _samplers(accompanist: Accompanist, **options) -> tuple[dict, str]:
    report = evaluate_samplers(accompanist, **options)
    return report, ", ".join(f"{name}: {figure(row['distance']['value'], '.1f')}" for name, row in report["rows"].items())


def _rescale(accompanist: Accompanist, **options) -> tuple[dict, str]:
    report = evaluate_rescale(accompanist, **options)
    gains = {phi: gain["value"] for phi, gain in report["gain_strong"].items() if gain}
    lower = ", ".join(f"{figure(gain, '.1f')} with phi {phi}" for phi, gain in gains.items())
    return report, f"strong guidance, lower by {lower}"


def _contrastive(accompanist: Accompanist, **options) -> tuple[dict, str]:
    report = evaluate_contrastive(accompanist, **options)
    return report, ", ".join(f"{name} {figure(row['top1']['mean'], '.0%')} first" for name, row in report["rows"].items())


def _style(accompanist: Accompanist, **options) -> tuple[dict, str]:
    report = evaluate_style(accompanist, **options)
    distances = ", ".join(f"{name} {figure(row['euclidean']['mean'], '.2f')}" for name, row in report["rows"].items())
    return report, f"{distances}; timbre recognised in {figure(report['recognised']['grounded']['mean'], '.0%')}"


def _length(accompanist: Accompanist, **options) -> tuple[dict, str]:
    report = evaluate_length(accompanist, **options)
    return report, "; ".join(lines(report))


def _transfer(accompanist: Accompanist, **options) -> tuple[dict, str]:
    report = evaluate_transfer(accompanist, **options)
    return report, ", ".join(headline(name, part) for name, part in {"all": report, **report["families"]}.items())


EXAMINATIONS: dict[str, Callable[..., tuple[dict, str]]] = {
    "match": _match, "guidance": _guidance, "autoencoder": _autoencoder, "probe": _probe,
    "frechet": _frechet, "steps": _steps, "samplers": _samplers, "rescale": _rescale, "contrastive": _contrastive,
    "style": _style, "length": _length, "transfer": _transfer,
}  # fmt: skip

# What `bassnb evaluate all --quick` runs: minutes in place of hours, to see that everything works; the figures are noise.
QUICK: dict[str, dict] = {
    "match": {"songs": 4, "seconds": 8.0, "steps": 8},
    "guidance": {"songs": 2, "seconds": 8.0, "steps": 8, "weights": (1.0, 4.0), "phis": (0.0, 0.7)},
    "autoencoder": {"songs": 10, "seconds": 4.0},
    "probe": {"songs": 4, "seconds": 8.0},
    "frechet": {"songs": 8, "reference": 24, "seconds": 6.0, "resamples": 50, "steps": 8},
    "steps": {"songs": 8, "reference": 24, "seconds": 6.0, "resamples": 50, "counts": (1, 8, 64)},
    "samplers": {"songs": 8, "reference": 24, "seconds": 6.0, "resamples": 50,
                 "walks": (("ddim", 64), ("ddim", 12), ("dpm++", 12))},
    "rescale": {"songs": 8, "reference": 24, "seconds": 6.0, "resamples": 50, "steps": 8, "weights": (1.0, 2.0, 6.0),
                "phis": (0.0, 0.5, 1.0)},
    "contrastive": {"songs": 8, "seconds": 6.0, "steps": 8},
    "style": {"songs": 2, "seconds": 6.0, "steps": 4, "pieces": 1, "basses": 32},
    "length": {"songs": 2, "steps": 4, "lengths": (6.0, 24.0), "pieces": (32, 64, 256)},
    "transfer": {"songs": 1, "seconds": 6.0, "steps": 4, "family": ("odd metre", "drums only", "reggae")},
}  # fmt: skip


def examine(name: str, accompanist: Accompanist, path: Path, *, command: str | None = None, **options) -> str:
    """Run one examination and write its report, with the minutes that it took and the machine that it ran on.

    Parameters
    ----------
    name : a key of `EXAMINATIONS`
    path : JSON file, written atomically when the examination is complete
    command : with which anybody can do it again; None writes it from the options
    options : for the examination; those that are None keep its own default

    Returns
    -------
    headline : one line for people

    Raises
    ------
    OSError
        If `path` cannot be written, before the work begins where that can be known.
    """
    path.parent.mkdir(parents=True, exist_ok=True)  # now, not after a quarter of an hour of work
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, "it is a folder", str(path))
    chosen = {key: value for key, value in options.items() if value is not None}
    began = time.perf_counter()
    report, headline = EXAMINATIONS[name](accompanist, **chosen)
    minutes = round((time.perf_counter() - began) / 60, 1)
    shown = {key: value for key, value in chosen.items() if key != "progress"}
    several = {key: value if isinstance(value, (list, tuple)) else [value] for key, value in shown.items()}
    flags = "".join(f" --{key} {value}" for key, values in several.items() for value in values)
    meta = {
        "command": command or f"bassnb evaluate {name} --model {accompanist.name}{flags}", "version": __version__,
        "minutes": minutes, "device": device(),
    }  # fmt: skip
    write_json(path, {**meta, **report})
    return f"{headline} ({minutes:g} min)"


def examined(
    name: str, accompanist: Accompanist, *, here: dict, at_full_scale: bool = False, folder: str | os.PathLike = "../results"
) -> tuple[dict, dict]:
    """An examination in a chapter: at the scale of this reader, and beside it the recorded report of the serious one.

    Parameters
    ----------
    here : settings of the small one, which leaves no file
    at_full_scale : run the serious one now, with its own settings, and record it, in place of the small one
    folder : of the reports, as seen from the folder of the chapters

    Returns
    -------
    now, recorded : dict
        At full scale both are the run that has just been made.

    Raises
    ------
    ExperimentError
        If no report is there.
    """
    path = Path(folder) / f"{name}.json"
    if at_full_scale or os.environ.get(SWITCH) == "1":
        examine(name, accompanist, path)
        return read_json(path), read_json(path)
    if not path.is_file():
        raise ExperimentError(f"{path} is not there; run bassnb evaluate {name}, or make results")
    return without_nan(EXAMINATIONS[name](accompanist, **here)[0]), read_json(path)


def examine_all(
    accompanist: Accompanist, folder: Path, *, settings: dict[str, dict] | None = None, command: str | None = None, **options
) -> Iterator[tuple[str, str, bool]]:
    """Run every examination into a folder, one after the other.

    Parameters
    ----------
    settings : for single examinations, by name, such as `QUICK`
    options : for all of them, in addition

    Yields
    ------
    name : of the examination that has just ended
    line : its headline, or the sentence that says why it could not be done; the others go on
    done : bool
    """
    for name in EXAMINATIONS:
        chosen = {**(settings or {}).get(name, {}), **{key: value for key, value in options.items() if value is not None}}
        try:
            yield name, examine(name, accompanist, folder / f"{name}.json", command=command, **chosen), True
        except BassnbError as error:
            yield name, " ".join(str(error).split()), False
