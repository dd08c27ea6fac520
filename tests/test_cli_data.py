"""`bassnb index` and `bassnb encode`: what a collection holds, a cache of its latents, and one
sentence where neither goes.
"""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from typer.testing import CliRunner

from bassnb.autoencoder import Autoencoder
from bassnb.checkpoints import AUTOENCODER
from bassnb.cli import app
from bassnb.collections.cache import CachedPairs
from bassnb.collections.latents import fingerprint
from bassnb.collections.layouts import LAYOUTS
from bassnb.presets import SMOKE
from bassnb.stored import write_json, write_tensors
from bassnb.training.diffusion import load_autoencoders

RATE = 44_100


def run(*words):
    """Run a command in this process."""
    return CliRunner().invoke(app, [str(word) for word in words])


NOTES = {"bass": 110, "drums": 220, "vocals": 330, "other": 440}


def write(path, seconds, value=0.1):
    path.parent.mkdir(parents=True, exist_ok=True)
    t = np.arange(round(seconds * RATE)) / RATE
    soundfile.write(
        path,
        np.repeat(value * np.sin(2 * np.pi * NOTES.get(path.stem, 550) * t)[:, None], 2, 1),
        RATE,
    )


def assert_refused(result, *parts):
    """Status 2, nothing on stdout, one sentence on stderr that holds `parts`."""
    assert result.exit_code == 2 and result.stdout == "", result.output
    assert len(result.stderr.strip().splitlines()) == 1
    assert all(str(part) in result.stderr for part in parts), result.stderr


@pytest.fixture(scope="module")
def musdb(tmp_path_factory):
    """A replica of MUSDB18-HQ: songs that can be used, one without bass, one that is silent where
    it matters, one broken.
    """
    root = tmp_path_factory.mktemp("musdb") / "musdb18hq"
    for song in (
        "A Band - First",
        "A Band - Second",
        "ANiMAL - Rockshow",
        "Broken - Song",
        "Quiet - Song",
    ):
        for name in ("mixture", "bass", "drums", "vocals"):
            write(
                root / "train" / song / f"{name}.wav",
                6,
                value=0 if name == "bass" and "Quiet" in song else 0.1,
            )
    for name in ("mixture", "drums", "other"):
        write(root / "test" / "Without - Bass" / f"{name}.wav", 5)
    (root / "train" / "Broken - Song" / "drums.wav").write_bytes(b"RIFF not audio")
    return root


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Run folders of autoencoders of mix and bass, and of another bass, as a training leaves them."""
    folder = tmp_path_factory.mktemp("runs")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        for name, config in (("mix", SMOKE.mix), ("bass", SMOKE.bass), ("other", SMOKE.bass)):
            write_tensors(folder / name / "model.safetensors", Autoencoder(config).state_dict())
            write_json(
                folder / name / "config.json", {"model": AUTOENCODER, "stem": name, "seed": 0}
            )
    return folder


def encode(musdb, trained, folder, *words):
    autoencoders = ["--mix", trained / "mix", "--bass", trained / "bass", "--preset", "smoke"]
    where = ["--out", folder / "latents", "--cache", folder / "index"]
    return run("encode", musdb, *where, *autoencoders, "--device", "cpu", *words)


@pytest.fixture(scope="module")
def latents(musdb, trained, tmp_path_factory):
    """The folder of a cache, and what the command said."""
    folder = tmp_path_factory.mktemp("encoded")
    result = encode(musdb, trained, folder, "--versions", 2, "--seconds", 4)
    assert result.exit_code == 0, result.output
    return folder / "latents", result.stdout


def test_index_says_what_is_there_and_why_the_rest_is_not(musdb, tmp_path):
    result = run("index", musdb, "--cache", tmp_path)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0] == f"{musdb}: MUSDB18-HQ, 5 songs"
    assert lines[1].startswith("train       2 of 3 songs can be used for bass, 0.00 h: ")
    assert "bass 2" in lines[1] and "vocals 2" in lines[1]
    assert (
        lines[2].split()
        == "left out: Quiet - Song: bass and the others never sound together".split()
    )
    assert lines[3].startswith("validation  1 of 1 songs can be used for bass")
    assert (
        lines[4].startswith("test        ")
        and "no song for test with bass" in lines[4]
        and "no bass" in lines[4]
    )
    assert (
        lines[5].startswith("left out: Broken - Song: ")
        and "cannot be read" in lines[5]
        and len(lines) == 6
    )
    assert not any("holds" in line for line in lines)
    assert [path.name.startswith("stems-") for path in tmp_path.iterdir()] == [True]
    drums = run("index", musdb, "--stem", "drums", "--cache", tmp_path).stdout.splitlines()
    assert (
        drums[1].startswith("train       3 of 3 songs can be used for drums")
        and "other 1" in drums[3]
    )


def test_index_of_songs_without_stems(tmp_path):
    for number in range(1100, 1104):
        write(tmp_path / "songs" / f"{number % 100:02d}" / f"{number}.mp3", 3)
    result = run("index", tmp_path / "songs", "--stem", "mix", "--cache", tmp_path / "cache")
    assert (
        result.exit_code == 0
        and "MTG-Jamendo, 4 songs" in result.stdout
        and "songs can be used for mix" in result.stdout
    )


@pytest.mark.parametrize("command", ["index", "encode"])
def test_what_is_no_collection_is_told_what_was_looked_for(command, trained, tmp_path):
    (tmp_path / "letters").mkdir()
    autoencoders = ["--mix", trained / "mix", "--bass", trained / "bass", "--preset", "smoke"]
    words = [
        "--cache",
        tmp_path / "cache",
        *(["--out", tmp_path / "out", *autoencoders] if command == "encode" else []),
    ]
    assert_refused(
        run(command, tmp_path / "letters", *words),
        tmp_path / "letters",
        *(layout.name for layout in LAYOUTS),
    )
    assert_refused(run(command, tmp_path / "nothing", *words), tmp_path / "nothing", "is no folder")
    assert [path.name for path in tmp_path.iterdir()] == ["letters"]


def test_encode_writes_a_cache_that_a_training_can_read(latents, trained):
    folder, said = latents
    assert said == f"{folder / 'manifest.json'}\n"
    manifest = json.loads(Path(said.strip()).read_text())
    assert manifest["plan"] == {"seconds": 4.0, "versions": 2, "seed": 0}
    assert {
        split: (entry["songs"], entry["pairs"]) for split, entry in manifest["splits"].items()
    } == {"train": (2, 8), "validation": (1, 4)}
    left_out = manifest["splits"]["train"]["left_out"]
    assert left_out.keys() == {"Quiet - Song", "Broken - Song"}
    autoencoders = load_autoencoders(SMOKE, trained / "mix", trained / "bass")
    pairs = CachedPairs(folder, split="train", encoders=fingerprint(*autoencoders))
    assert [c.shape for c in pairs.batch(0, 3, 32)] == [(3, 32, 32), (3, 64, 32)]


def test_encode_again_keeps_what_is_there_and_refuses_what_is_not_the_same(
    latents, musdb, trained, tmp_path
):
    shutil.copytree(latents[0], tmp_path / "latents")
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / "latents").glob("*.safetensors")}
    assert encode(musdb, trained, tmp_path, "--versions", 2, "--seconds", 4).exit_code == 0
    more = encode(musdb, trained, tmp_path, "--versions", 3, "--seconds", 4)
    assert_refused(more, tmp_path / "latents", "already holds", "--out")
    assert_refused(
        encode(musdb, trained, tmp_path, "--versions", 2, "--seconds", 4, "--seed", 1),
        "already holds",
    )
    assert times == {path: path.stat().st_mtime_ns for path in times} and len(times) == 2


def test_encode_refuses_what_it_cannot_do(musdb, trained, tmp_path):
    assert_refused(encode(musdb, trained, tmp_path, "--stem", "flute"), musdb, "flute")
    assert_refused(encode(musdb, trained, tmp_path, "--bass", tmp_path / "none"), tmp_path / "none")
    assert_refused(encode(musdb, trained, tmp_path, "--preset", "huge"), "huge")
    for bad in (["--versions", 0], ["--seconds", 1]):
        assert encode(musdb, trained, tmp_path, *bad).exit_code == 2
    assert not (tmp_path / "latents").exists()


def train(latents, trained, folder, *words, bass="bass"):
    autoencoders = ["--mix", trained / "mix", "--bass", trained / bass, "--preset", "smoke"]
    where = ["--run", folder, "--cache", folder / "cache"]
    return run(
        "train", "diffusion", "--latents", latents, *where, *autoencoders, "--device", "cpu", *words
    )


def test_training_takes_the_cache_of_its_own_encoders_only(latents, musdb, trained, tmp_path):
    result = train(latents[0], trained, tmp_path / "run", "--steps", 1)
    assert result.exit_code == 0, result.output
    assert (tmp_path / "run" / "pretrained" / "model.safetensors").is_file() and not (
        tmp_path / "run" / "cache"
    ).exists()
    new = tmp_path / "new"
    assert_refused(
        train(latents[0], trained, new, bass="other"),
        latents[0],
        "latents of other encoders",
        "--mix and --bass",
    )
    assert_refused(
        train(latents[0], trained, new, "--stem", "drums"),
        latents[0],
        "latents of bass, not of drums",
    )
    assert_refused(train(tmp_path, trained, new), tmp_path, "no finished cache", "bassnb encode")
    assert_refused(train(latents[0], trained, new, "--data", musdb), "name one of them")
    assert not new.exists()


def test_training_refuses_a_cache_of_stretches_that_are_too_short(musdb, trained, tmp_path):
    assert encode(musdb, trained, tmp_path, "--versions", 1, "--seconds", 2).exit_code == 0
    result = train(tmp_path / "latents", trained, tmp_path / "run", "--steps", 1)
    sentence = result.stderr.strip().splitlines()[-1]  # after the bar
    assert result.exit_code == 2 and "21 steps" in sentence and "--seconds" in sentence
