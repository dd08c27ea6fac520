"""From a miniature of MUSDB18-HQ to a bass and its marks, by the script that the book shows."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile

from bassnb.composer.render import render
from bassnb.composer.songs import compose
from tests.amounts import cases

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "book/from_stems_to_bass.sh"
SONGS = {  # two to train with, one of the fourteen for validation, one for the test
    "train/A Band - First": 0,
    "train/A Band - Second": 1,
    "train/ANiMAL - Rockshow": 2,
    "test/Another - Song": 3,
}
SECONDS = 8.0


@pytest.fixture(scope="module")
def musdb(tmp_path_factory):
    """Four generated songs in the layout of MUSDB18-HQ: four stems and the mixture, 44.1 kHz."""
    root = tmp_path_factory.mktemp("collections") / "musdb18hq"
    for name, seed in SONGS.items():
        stems = render(compose(seed, seconds=SECONDS))
        folder = root / name
        folder.mkdir(parents=True)
        silence = 0 * stems["bass"]
        parts = {
            "bass": stems["bass"],
            "drums": stems.get("drums", silence),
            "vocals": stems.get("melody", silence),
            "other": stems.get("chords", silence) + stems.get("pad", silence),
        }
        for stem, wave in {**parts, "mixture": sum(parts.values())}.items():
            soundfile.write(folder / f"{stem}.wav", wave.numpy().T, 44_100, subtype="PCM_16")
    return root


def run_script(musdb, out, script=SCRIPT):
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "OMP_NUM_THREADS": "1",
    }
    song = musdb / "test/Another - Song/mixture.wav"
    command = ["sh", script, musdb, song, out, "smoke", "--best", "--precision", "bf16"]
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, env=environment, timeout=2000
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def finished(musdb, tmp_path_factory):
    out = tmp_path_factory.mktemp("pipeline") / "run"
    return out, run_script(musdb, out)


def test_the_index_says_what_is_there(finished):
    assert (
        "MUSDB18-HQ, 4 songs" in finished[1] and "2 of 2 songs can be used for bass" in finished[1]
    )


def test_the_cache_knows_its_songs_and_encoders(finished):
    manifest = json.loads((finished[0] / "latents/manifest.json").read_text())
    splits = manifest["splits"]
    assert {name: entry["songs"] for name, entry in splits.items()} == {"train": 2, "validation": 1}
    assert splits["train"]["layout"] == "MUSDB18-HQ" and splits["train"]["pairs"] >= 8


def test_the_bass_is_as_long_as_the_song_and_sounds(finished):
    for name in ("bass", "together"):
        wave, rate = soundfile.read(finished[0] / f"{name}.wav")
        assert (
            rate == 44_100 and wave.shape == (round(SECONDS * rate), 2) and abs(wave).max() > 1e-3
        )


def test_the_marks_are_those_of_the_song_that_was_kept(finished):
    report = json.loads((finished[0] / "transfer.json").read_text())
    assert (
        report["songs"] == 1
        and report["marks"][0]["name"] == "Another - Song"
        and report["preset"] == "smoke"
    )


@pytest.mark.skipif(not cases(0, 1), reason="a case of `make robustness`")
def test_started_again_it_trains_nothing_twice(finished, musdb, tmp_path):
    """The script, without what comes after the training of the last model."""
    out, trainings = finished[0], tmp_path / "trainings.sh"
    text, rest = SCRIPT.read_text().split("bassnb accompany", 1)
    assert text.count("bassnb train") == 2 and "bassnb train" not in rest
    trainings.write_text(text)
    weights = {path: path.read_bytes() for path in out.rglob("*.safetensors")}
    shards = {path: path.stat().st_mtime_ns for path in (out / "latents").glob("*.safetensors")}
    curves = {path: path.read_text() for path in out.rglob("log.jsonl")}
    run_script(musdb, out, trainings)
    assert all(path.read_bytes() == data for path, data in weights.items())
    assert all(path.stat().st_mtime_ns == stamp for path, stamp in shards.items())
    assert all(path.read_text() == text for path, text in curves.items())
