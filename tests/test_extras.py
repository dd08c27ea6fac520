"""The core installs alone: `bassnb accompany` works with it, and everything else names the extra
that it needs.
"""

import importlib.metadata
import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest
import soundfile
import typer
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from bassnb.cli import app
from bassnb.extras import EXTRAS, MissingExtra, need
from tests.test_project import CALLED_OTHERWISE, ROOT, declared

# -- an environment with the core alone ------------------------------------------------------------


def brought_by(packages):
    """Packages, and all that they need themselves, by what is installed here."""
    found, waiting = set(), [canonicalize_name(name) for name in packages]
    while waiting:
        name = waiting.pop()
        try:
            needs = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:
            continue
        found.add(name)
        here = [
            need
            for need in map(Requirement, needs)
            if need.marker is None or need.marker.evaluate({"extra": ""})
        ]
        waiting += [
            name for name in (canonicalize_name(need.name) for need in here) if name not in found
        ]
    return found


pytestmark = pytest.mark.slow  # whole programs


@pytest.fixture(scope="module")
def core_alone():
    """Run Python in a process in which only the dependencies of the core can be imported."""
    core = brought_by(declared("dependencies"))
    owners = importlib.metadata.packages_distributions()
    kept = core | {"bassnb", "sphinx"}  # scipy asks whether Sphinx is imported
    refused = sorted(
        top for top, names in owners.items() if kept.isdisjoint(map(canonicalize_name, names))
    )
    assert {"librosa", "torchaudio", "matplotlib"} <= set(refused) and not {
        "torch",
        "numpy",
        "scipy",
    } & set(refused)
    # None there: as if not installed
    hide = f"import sys; sys.modules.update(dict.fromkeys({refused!r}))\n"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}

    def run(code, folder):
        command = [sys.executable, "-c", hide + code]
        return subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )

    return run


def command(*words):
    return f"sys.argv = ['bassnb', *{list(map(str, words))!r}]; from bassnb.cli import app; app()"


@pytest.mark.evidence("song-accompanied-core-alone")
def test_a_song_is_accompanied_with_the_core_alone(core_alone, tmp_path):
    """From 48 kHz to FLAC, in the style of a file and in the tuning of the song: the whole way."""
    time = np.arange(3 * 48000)[:, None] / 48000
    keys = (-17, -12, -8, -5, 0, 4, 7, 12)  # semitones above A
    chord = [np.sin(2 * np.pi * 440 * 2 ** ((key - 0.3) / 12) * time) for key in keys]
    noise = np.random.default_rng(0).standard_normal((3 * 48000, 2))
    soundfile.write(tmp_path / "mix.wav", 0.05 * sum(chord) + 0.01 * noise, 48000)
    done = core_alone(
        command(
            "accompany",
            "mix.wav",
            "--out",
            "bass.flac",
            "--style",
            "mix.wav",
            "--steps",
            2,
            "--with-mix",
            "both.mp3",
        ),
        tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert (
        soundfile.info(tmp_path / "bass.flac").frames == 3 * 44100
        and (tmp_path / "both.mp3").is_file()
    )
    assert json.loads((tmp_path / "bass.json").read_text())["tuning"] == pytest.approx(-30, abs=2)


def test_a_model_is_described_with_the_core_alone(core_alone, tmp_path):
    assert core_alone(command("info", "--json"), tmp_path).returncode == 0


COMMANDS = [
    ("songs", "songs", "--out", "songs"),
    ("app", "app"),
    ("export", "export", "classroom", "--out", "onnx"),
    ("train", "index", "."),
    ("train", "encode", ".", "--out", "latents"),
    ("train", "train", "autoencoder", "--stem", "bass", "--run", "run"),
    ("train", "train", "diffusion", "--run", "run"),
    ("train", "train", "distill", "--run", "run"),
    ("train", "train", "judge", "--run", "run"),
    ("train", "evaluate", "ablations", "--run", "run"),
    ("train", "evaluate", "flow"),
    ("train", "evaluate", "distilled"),
    *[
        ("evaluate", "evaluate", name)
        for name in (
            "match",
            "guidance",
            "frechet",
            "steps",
            "samplers",
            "guidance_since",
            "rescale",
            "rescale_strong",
            "autoencoder",
            "foreign",
            "probe",
            "contrastive",
            "style",
            "length",
            "transfer",
            "control",
            "all",
            "summary",
        )
    ],
]


@pytest.fixture(scope="module")
def answers(core_alone, tmp_path_factory):
    """Exit status, output and errors of every command, and what lies in their folder afterwards."""
    folder = tmp_path_factory.mktemp("core")
    code = f"""
import json, os
from typer.testing import CliRunner
from bassnb.cli import app
for words in {[words for _, *words in COMMANDS]!r}:
    result = CliRunner().invoke(app, words)
    print(json.dumps([result.exit_code, result.stdout, result.stderr, os.listdir()]))
"""
    done = core_alone(code, folder)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.evidence("every-other-command-names-extra")
@pytest.mark.parametrize(
    "number", range(len(COMMANDS)), ids=[" ".join(words) for _, *words in COMMANDS]
)
def test_every_other_command_names_its_extra_in_one_sentence_and_writes_nothing(answers, number):
    extra, *_ = COMMANDS[number]
    status, output, errors, files = answers[number]
    assert (status, output, files) == (2, "", []), errors
    assert len(errors.splitlines()) == 1 and f'pip install "bassnb[{extra}]"' in errors


def test_every_command_is_among_them():
    def leaves(group, *above):
        for name, one in group.commands.items():
            yield from leaves(one, *above, name) if hasattr(one, "commands") else [(*above, name)]

    tried = {
        tuple(words[: 2 if words[0] in ("train", "evaluate") else 1]) for _, *words in COMMANDS
    }
    assert set(leaves(typer.main.get_command(app))) == tried | {("accompany",), ("info",)}


@pytest.mark.parametrize(
    "room, extra",
    [
        ("training", "train"),
        ("metrics", "evaluate"),
        ("studies", "evaluate"),
        ("widgets", "widgets"),
    ],
)
def test_importing_a_room_names_its_extra(core_alone, tmp_path, room, extra):
    code = f"try:\n    import bassnb.{room}\nexcept ImportError as error:\n    print(error)"
    assert f'pip install "bassnb[{extra}]"' in core_alone(code, tmp_path).stdout


def test_help_needs_no_extra(core_alone, tmp_path):
    for words in (["--help"], ["train", "diffusion", "--help"], ["evaluate", "match", "--help"]):
        assert core_alone(command(*words), tmp_path).returncode == 0


# -- the list --------------------------------------------------------------------------------------


@pytest.mark.parametrize("extra", EXTRAS)
def test_the_modules_of_an_extra_are_the_packages_that_it_declares(extra):
    modules = {canonicalize_name(CALLED_OTHERWISE.get(module, module)) for module in EXTRAS[extra]}
    assert modules == set(declared(extra))


def test_all_holds_every_extra_of_the_package():
    own = set(EXTRAS) - {"app"}  # a server, which wants an older pillow than the lock has
    assert set(declared("all")) == {name for extra in own for name in declared(extra)}


def test_a_missing_package_is_named_with_its_extra(monkeypatch):
    need("songs")
    monkeypatch.setitem(sys.modules, "pretty_midi", None)
    with pytest.raises(
        MissingExtra,
        match=re.escape('pretty_midi is not installed; run pip install "bassnb[songs]"'),
    ):
        need("songs")
