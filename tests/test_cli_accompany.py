"""`bassnb accompany` with a folder and with the standard streams."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from typer.testing import CliRunner

from bassnb.checkpoints import System, save_pretrained
from bassnb.cli import app
from bassnb.commands import accompany
from bassnb.presets import get_preset

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A model folder with random weights."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return str(save_pretrained(System(get_preset("smoke")), tmp_path_factory.mktemp("model")))


@pytest.fixture(scope="module")
def wav():
    """A mix of half a second as the bytes of a WAV file."""
    file = io.BytesIO()
    sound = 0.2 * np.sin(2 * np.pi * 220 * np.arange(22_050) / 44_100)
    soundfile.write(file, sound, 44_100, format="WAV")
    return file.getvalue()


@pytest.fixture
def run(model):
    """Run the command in this process, on standard input if it is given."""

    def run(*words, given=None):
        words = ["accompany", *map(str, words), "--model", model, "--steps", "1"]
        return CliRunner().invoke(app, words, input=given)

    return run


def assert_one_sentence(result, *parts):
    assert result.exit_code == 2 and result.stdout_bytes == b"", result.output
    assert len(result.stderr.strip().splitlines()) == 1
    for part in parts:
        assert str(part) in result.stderr


# -- a folder --------------------------------------------------------------------------------------


@pytest.fixture
def songs(wav, tmp_path):
    folder = tmp_path / "songs"
    folder.mkdir()
    for name in ("10.wav", "9.wav"):
        (folder / name).write_bytes(wav)
    return folder


def test_a_folder_is_played_once(run, songs, tmp_path):
    words = [songs, "--out", tmp_path / "basses", "--format", "flac"]
    result = run(*words)
    assert result.exit_code == 0, result.output
    assert result.stdout.split() == [str(tmp_path / f"basses/{n}.flac") for n in (9, 10)]
    assert result.stderr.strip() == "2 songs: 2 played, 0 left as they are, 0 failed"
    again = run(*words)
    assert again.exit_code == 0 and again.stdout == ""
    assert again.stderr.strip() == "2 songs: 0 played, 2 left as they are, 0 failed"


def test_each_bad_file_is_a_sentence_and_the_status_is_two(run, songs, tmp_path):
    (songs / "bad.mp3").write_bytes(b"no sound")
    (songs / "film.mp4").write_bytes(b"\0\0\0\x1cftypM4A ")
    result = run(songs, "--out", tmp_path / "basses")
    assert result.exit_code == 2 and len(result.stdout.split()) == 2
    bad, film, summary = result.stderr.strip().splitlines()
    assert str(songs / "bad.mp3") in bad and str(songs / "film.mp4") in film
    assert summary == "4 songs: 2 played, 0 left as they are, 2 failed"


def test_a_folder_needs_a_folder(run, songs, wav, tmp_path):
    for out in ("bass.wav", "-"):
        assert_one_sentence(run(songs, "--out", out), songs, out)
    assert_one_sentence(run(songs, "--out", songs), songs)
    assert_one_sentence(run(songs, "--out", tmp_path / "o", "--format", "aac"), "aac", "flac")
    assert_one_sentence(run(songs, "--out", tmp_path / "o", "--guidance", "-1"), "guidance")
    assert_one_sentence(run(songs / "9.wav", "--out", tmp_path / "o.wav", "--format", "mp3"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["songs"]


# -- standard input and output ---------------------------------------------------------------------


def test_through_a_pipe(run, wav, tmp_path):
    result = run("-", "--out", "-", given=wav)
    assert result.exit_code == 0, result.output
    (tmp_path / "mix.wav").write_bytes(wav)
    run(tmp_path / "mix.wav", "--out", tmp_path / "bass.wav")
    assert result.stdout_bytes == (tmp_path / "bass.wav").read_bytes()
    assert result.stderr == ""


@pytest.mark.parametrize("format, magic", [("flac", b"fLaC"), ("ogg", b"OggS"), ("WAV", b"RIFF")])
def test_formats_of_standard_output(format, magic, run, wav):
    assert run("-", "--out", "-", "--format", format, given=wav).stdout_bytes.startswith(magic)


def test_one_side_may_be_a_file(run, wav, tmp_path):
    out = tmp_path / "bass.flac"
    result = run("-", "--out", out, given=wav)
    assert result.stdout.strip() == str(out)
    assert json.loads((tmp_path / "bass.json").read_text())["mix"] == "standard input"
    assert run(out, "--out", "-", given=b"").stdout_bytes.startswith(b"RIFF")


@pytest.mark.parametrize("given", [b"", b"this is no sound", b"RIFF" + bytes(40)])
def test_no_sound_on_standard_input(given, run, tmp_path):
    for out in ("-", tmp_path / "bass.wav"):
        assert_one_sentence(run("-", "--out", out, given=given), "standard input")
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_go_through_a_pipe(run, wav, tmp_path, monkeypatch):
    assert_one_sentence(run("-", "--out", "-", "--variations", 2, given=wav), "2 takes")
    assert_one_sentence(run("-", "--out", "-", "--with-mix", "-", given=wav), "-")
    assert_one_sentence(run("-", "--out", "-", "--format", "aac", given=wav), "aac")
    monkeypatch.setattr(accompany, "MOST_BYTES", 1000)
    assert_one_sentence(run("-", "--out", "-", given=wav), "standard input holds more")


def test_terminals_are_no_pipes(run, wav, monkeypatch):
    monkeypatch.setattr(
        "typer.testing._NamedTextIOWrapper.isatty", lambda self: True, raising=False
    )
    result = run("-", "--out", "-", given=wav)
    assert result.exit_code == 2 and "is a terminal" in result.stderr


def test_nothing_of_a_pipe_is_left(run, wav, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    run("-", "--out", "-", given=wav)
    run("-", "--out", "-", given=b"x")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="pipes of a shell")
def test_a_reader_that_leaves_is_no_error(model, wav, tmp_path):
    samples, rate = soundfile.read(io.BytesIO(wav))
    soundfile.write(tmp_path / "mix.wav", np.tile(samples, 20), rate)  # more than a pipe holds
    command = f"{sys.executable} -m bassnb accompany - --out - --model {model} --steps 1"
    result = subprocess.run(
        ["bash", "-c", f"{command} < mix.wav | head -c 100 | wc -c; echo ${{PIPESTATUS[0]}}"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)},
    )
    count, status = result.stdout.split()
    assert count == "100" and status == "1" and result.stderr == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mix.wav"]
