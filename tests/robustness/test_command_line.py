"""Every option of every command, at its limits, beyond them and of the wrong kind: no traceback,
and exit status 0 or 2.
"""

import functools
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from bassnb import cli
from bassnb.audio import read_audio, write_audio
from bassnb.checkpoints import save_pretrained
from bassnb.cli import app
from bassnb.composer.render import write_song
from bassnb.composer.songs import compose
from bassnb.stored import read_json
from tests.commands import commands, kinds
from tests.refusals import assert_sentence

ROOT = Path(__file__).parents[2]
NUMBERS = [
    "-1",
    "0",
    "1",
    "1.5",
    "nan",
    "inf",
    "-inf",
    "1e308",
    "1" + "0" * 30,
    "x",
    "",
    "０",
    "1_0",
]
TEXTS = [
    "",
    "x" * 5000,
    "../..",
    "\n",
    "‮é\u0301",
    "-",
    "a;ls $(ls)",
    "<b>",
    "None",
    "meta",
    "\udcff",
]
PATHS = [
    "",
    ".",
    "missing/x.wav",
    "n" * 300,
    "\n",
    "/proc/nothing/x.wav",
    "/dev/null",
    "song.json",
    "mix.wav/x",
    "~/x",
    "\udcff.wav",
]
KINDS = {int: NUMBERS, float: NUMBERS, str: TEXTS, Path: PATHS}
LONG = {  # what would work, for hours
    ("songs", "--count"),
    ("songs", "--seconds"),
    ("evaluate ablations", "--songs"),
    ("evaluate ablations", "--cache"),
    ("evaluate ablations", "--run"),
    ("evaluate ablations", "--out"),
}
BASE = {  # words with which a command is quickly done, or refuses to begin
    "accompany": ["mix.wav", "--out", "bass.wav", "--model", "model", "--steps", "1"],
    "app": ["--model", "missing"],
    "info": ["--model", "model"],
    "songs": ["--out", "songs", "--count", "1", "--seconds", "1"],
    "export": ["model", "--out", "onnx"],
    "index": ["collection"],
    "encode": ["collection", "--out", "latents", "--mix", "missing", "--bass", "missing"],
    "train": ["--data", "missing", "--run", "run", "--preset", "smoke", "--device", "cpu"],
    "train autoencoder": [
        "--stem",
        "bass",
        "--data",
        "missing",
        "--run",
        "run",
        "--preset",
        "smoke",
        "--device",
        "cpu",
    ],
    "train diffusion": [
        "--mix",
        "missing",
        "--bass",
        "missing",
        "--data",
        "missing",
        "--run",
        "run",
        "--preset",
        "smoke",
    ],
    "train judge": ["--model", "missing", "--run", "run"],
    "evaluate summary": ["--results", "missing"],
    "evaluate": ["--model", "missing"],
}


def cases():
    for name, command in commands():
        for parameter, kind in kinds(command):
            option, values = parameter.opts[0], KINDS.get(kind)
            if option.startswith("--") and (name, option) not in LONG and values:
                yield pytest.param(name, option, values, id=f"{name} {option}")


@pytest.fixture(scope="module")
def material(accompanist, tmp_path_factory):
    """A model, a mix and a collection of two songs, to be copied by nobody: commands may not change
    them.
    """
    folder = tmp_path_factory.mktemp("material")
    save_pretrained(accompanist.system, folder / "model")
    for number, split in enumerate(("train", "test")):
        write_song(compose(number, seconds=2.0), folder / "collection" / f"{split}-{number}")
    write_audio(
        folder / "mix.wav", 0.1 * accompanist(0.1 * (1 + torch.arange(9000) % 50), steps=1).mix
    )
    return folder


@pytest.fixture
def place(material, tmp_path, monkeypatch):
    """An empty folder to stand in, with links to the material."""
    for path in material.iterdir():
        (tmp_path / path.name).symlink_to(path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return tmp_path


def base(name):
    return BASE.get(name, BASE[name.split()[0]])


def check(result, words):
    """Exit status 0, or 2 and a sentence."""
    assert result.exit_code in (0, 2), (words, result.output, result.exception)
    assert "Traceback" not in result.output and not isinstance(
        result.exception, (AssertionError, KeyError)
    ), words
    if result.exit_code == 2 and "Usage:" not in result.output:
        assert_sentence(result.stderr)


@pytest.mark.evidence("every-option-checked")
@pytest.mark.parametrize("name, option, values", list(cases()))
def test_every_option_is_taken_or_refused(name, option, values, place, tally):
    for value in values:
        words = [*name.split(), *without(base(name), option), option, value]
        check(CliRunner().invoke(app, words), words)
        tally()
    assert Path("/dev/null").is_char_device()


def without(words, option):
    """`words` without an option and its value."""
    at = words.index(option) if option in words else len(words)
    return words[:at] + words[at + 2 :]


@pytest.mark.parametrize("name", [name for name, _ in commands()])
def test_arguments_too_few_and_too_many(name, place, tally):
    for words in ([], ["a", "b", "c", "d"], ["--nothing"], ["--help"], ["--out"]):
        if words or any(parameter.required for parameter in dict(commands())[name].params):
            result = CliRunner().invoke(app, [*name.split(), *words])
            assert result.exit_code == (0 if words == ["--help"] else 2), (
                name,
                words,
                result.output,
            )
            tally()


# -- errors that nobody thought of -----------------------------------------------------------------


@pytest.mark.evidence("bug-in-one-sentence")
def test_a_bug_is_one_sentence_and_its_traceback_is_for_those_who_ask(monkeypatch):
    def broken(*args, **options):
        raise KeyError("two\nlines")

    monkeypatch.setattr("bassnb.checkpoints.load_pretrained", broken)
    result = CliRunner().invoke(app, ["info"])
    assert result.exit_code == 1 and len(result.stderr.strip().splitlines()) == 1
    assert (
        result.stderr.startswith("bassnb met an error that it does not know (KeyError: 'two")
        and "--debug" in result.stderr
    )
    asked = CliRunner().invoke(app, ["--debug", "info"])
    assert isinstance(asked.exception, KeyError)


def test_debug_traces_back_the_errors_of_users_too(place):
    assert isinstance(
        CliRunner().invoke(app, ["--debug", "info", "--model", "missing"]).exception, ValueError
    )
    assert CliRunner().invoke(app, ["--debug", "info", "--model", "model"]).exit_code == 0


SLOW = """
import sys, time
from bassnb import audio
from bassnb.cli import app
write = audio.soundfile.SoundFile.write
def slow(*words):
    write(*words)
    print("writing", flush=True)
    time.sleep(60)
audio.soundfile.SoundFile.write = slow
app(sys.argv[1:])
"""


@pytest.mark.evidence("terminated-while-writing")
@pytest.mark.parametrize("number, status", [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_asked_to_end_while_it_writes_it_leaves_nothing(place, number, status):
    words = [sys.executable, "-c", SLOW, "accompany", *BASE["accompany"]]
    # what a shell starts with & does not
    heed = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    program = subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=heed
    )
    assert program.stdout.readline() == "writing\n"
    program.send_signal(number)
    began = time.monotonic()
    _, errors = program.communicate(timeout=50)
    assert (
        program.returncode in (status, 1)
        and "Traceback" not in errors
        and time.monotonic() - began < 40
    )
    assert not [path for path in os.listdir() if path.startswith((".bass", "bass"))]


@pytest.mark.evidence("closed-outputs")
@pytest.mark.parametrize(
    "words, status",
    [
        (["accompany", *BASE["accompany"]], 0),
        (["songs", "--out", "songs", "--count", "1", "--seconds", "1"], 0),
        (["info", "--model", "missing"], 2),
    ],
)
def test_nobody_need_listen(place, words, status):
    """A service may have neither standard output nor standard error."""
    whole = " ".join([shlex.quote(sys.executable), "-m", "bassnb", *words, ">&-", "2>&-", "<&-"])
    assert subprocess.run(["bash", "-c", whole], timeout=100).returncode == status


@pytest.mark.evidence("file-names-that-are-no-text")
@pytest.mark.skipif(
    sys.platform == "darwin", reason="file systems of macOS have names in UTF-8 alone"
)
def test_names_of_files_need_not_be_text(place):
    mix, out = os.fsdecode(b"m\xffx.wav"), os.fsdecode(b"b\xffss.wav")
    os.rename("mix.wav", mix)
    result = CliRunner().invoke(
        app, ["accompany", mix, "--style", mix, "--out", out, *BASE["accompany"][3:]]
    )
    assert result.exit_code == 0, result.output
    assert result.stdout_bytes.strip() == b"b\xffss.wav"
    assert (
        read_audio(out).shape == read_audio(mix).shape
        and read_json(Path(out).with_suffix(".json"))["mix"] == mix
    )


@pytest.mark.evidence("names-in-any-encoding")
@pytest.mark.parametrize(
    "encoding, said", [("utf-8", "曲.wav".encode()), ("cp1252", b"\\u66f2.wav")]
)
def test_names_can_be_printed_in_any_encoding(place, encoding, said):
    words = [
        sys.executable,
        "-m",
        "bassnb",
        "accompany",
        "mix.wav",
        "--out",
        "曲.wav",
        *BASE["accompany"][3:],
    ]
    result = subprocess.run(
        words, capture_output=True, env={**os.environ, "PYTHONIOENCODING": f"{encoding}:strict"}
    )
    assert (result.returncode, result.stdout.strip()) == (0, said), result.stderr


PAGES = sorted(
    path
    for place in ("*.md", "book/*.md", "book/*.ipynb", "book/*.sh")
    for path in ROOT.glob(place)
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_on_pages_exist(page):
    known = {
        name: {
            word
            for parameter in command.params
            for word in (*parameter.opts, *parameter.secondary_opts)
        }
        | {"--help"}
        for name, command in commands()
    }
    text = page.read_text("utf-8").replace("\\n", "\n")  # lines of a notebook
    for group, name, rest in re.findall(
        r"(?<![\w/.-])bassnb (?:(train|evaluate) )?([a-z]+)\b([^`\n|&;]*)", text
    ):
        command = f"{group} {name}".strip()
        if group or command in known:
            assert set(re.findall(r"(?<=\s)--[a-z-]+", rest)) <= known[command], command


def test_the_command_names_itself():
    assert "--debug" in CliRunner().invoke(cli.app, ["--help"]).output
