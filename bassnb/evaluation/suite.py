"""Each examination by its name: run it, write its JSON file, return the line worth reading."""

from __future__ import annotations

import errno
import math
from collections.abc import Callable
from pathlib import Path

from bassnb import __version__
from bassnb.accompanist import Accompanist
from bassnb.checkpoints import write_json
from bassnb.evaluation.autoencoder import evaluate_bass_autoencoder
from bassnb.evaluation.fad import evaluate_frechet, evaluate_rescale, evaluate_steps
from bassnb.evaluation.figures import evaluate_contrastive, evaluate_style
from bassnb.evaluation.length import evaluate_length, lines
from bassnb.evaluation.probe import chord_root_probe
from bassnb.evaluation.report import choose_guidance, evaluate_match


def _match(accompanist: Accompanist, **options) -> tuple[dict, str]:
    report = evaluate_match(accompanist, **options)
    return report, ", ".join(f"{key} {way['mean']:.0%} of the way" for key, way in report["way"]["generated"].items())


def _guidance(accompanist: Accompanist, **options) -> tuple[dict, str]:
    report = choose_guidance(accompanist, **options)
    return report, "best guidance {guidance:g} with phi {phi:g} ({mean:.0%} of the way)".format(**report["best"])


def _autoencoder(accompanist: Accompanist, **options) -> tuple[dict, str]:
    report = evaluate_bass_autoencoder(accompanist.system, **options)
    rows = report["rows"]
    return report, ", ".join(f"{name} {row['pitch_class']['mean']:.1%} of pitch classes" for name, row in rows.items())


def _probe(accompanist: Accompanist, songs: int | None = None, **options) -> tuple[dict, str]:
    if songs is not None:
        options |= {"test_songs": songs, "train_songs": 5 * songs}
    report = chord_root_probe(accompanist.system.mix_autoencoder, **options)
    report = {"preset": accompanist.system.preset.name, **report}
    return report, f"chord root right in {report['accuracy']['mean']:.1%} of steps"


def _frechet(accompanist: Accompanist, **options) -> tuple[dict, str]:
    report = evaluate_frechet(accompanist, **options)
    return report, ", ".join(f"{name} {row['value']:.1f}" for name, row in report["rows"].items())


def _steps(accompanist: Accompanist, **options) -> tuple[dict, str]:
    report = evaluate_steps(accompanist, **options)
    return report, ", ".join(f"K {k}: {row['value']:.1f}" for k, row in report["steps"].items())


def _rescale(accompanist: Accompanist, **options) -> tuple[dict, str]:
    report = evaluate_rescale(accompanist, **options)
    gains = {phi: gain["value"] for phi, gain in report["gain_strong"].items() if gain}
    return report, "strong guidance, lower by " + ", ".join(f"{gain:.1f} with phi {phi}" for phi, gain in gains.items())


def _contrastive(accompanist: Accompanist, **options) -> tuple[dict, str]:
    report = evaluate_contrastive(accompanist, **options)
    return report, ", ".join(f"{name} {row['top1']['mean']:.0%} first" for name, row in report["rows"].items())


def _style(accompanist: Accompanist, **options) -> tuple[dict, str]:
    report = evaluate_style(accompanist, **options)
    return report, ", ".join(f"{name} {row['euclidean']['mean']:.2f}" for name, row in report["rows"].items())


def _length(accompanist: Accompanist, **options) -> tuple[dict, str]:
    report = evaluate_length(accompanist, **options)
    return report, "; ".join(lines(report))


EXAMINATIONS: dict[str, Callable[..., tuple[dict, str]]] = {
    "match": _match, "guidance": _guidance, "autoencoder": _autoencoder, "probe": _probe,
    "frechet": _frechet, "steps": _steps, "rescale": _rescale, "contrastive": _contrastive, "style": _style,
    "length": _length,
}  # fmt: skip


def without_nan(content):
    """`content` with None for every NaN: JSON knows none."""
    if isinstance(content, dict):
        return {key: without_nan(value) for key, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [without_nan(value) for value in content]
    return None if isinstance(content, float) and math.isnan(content) else content


def examine(name: str, accompanist: Accompanist, path: Path, **options) -> str:
    """Run one examination and write its report.

    Parameters
    ----------
    name : a key of `EXAMINATIONS`
    path : JSON file, written atomically when the examination is complete
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
    report, headline = EXAMINATIONS[name](accompanist, **chosen)
    shown = {key: value for key, value in chosen.items() if key != "progress"}
    flags = "".join(f" --{key} {value}" for key, value in shown.items())
    command = f"bassnb evaluate {name} --model {accompanist.name}{flags}"
    write_json(path, {"command": command, "version": __version__, **without_nan(report)})
    return headline
