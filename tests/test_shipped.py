"""The shipped model on the sample songs, as a new user meets it."""

import json
import re
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from bassnb import Accompanist
from bassnb.audio import SAMPLE_RATE, read_audio
from bassnb.checkpoints import SHIPPED, checksum
from bassnb.cli import app
from bassnb.composer.score import Song, chord_at
from bassnb.level import peak, rms
from bassnb.pitch import track_pitch
from bassnb.stored import read_json

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
SAMPLES = ROOT / "data_samples"
SONGS = sorted(path.parent.name for path in SAMPLES.glob("*/song.json"))


@pytest.fixture(scope="module")
def accompanist():
    return Accompanist.from_pretrained("classroom", device="cpu")


@pytest.mark.evidence("one-command-same-bytes")
@pytest.mark.parametrize("song", SONGS)
def test_one_command_gives_a_bass_of_the_exact_length_and_the_same_bytes_again(song, tmp_path):
    mix = SAMPLES / song / "mix.flac"
    for name in ("one", "two"):
        result = CliRunner().invoke(
            app, ["accompany", str(mix), "--out", str(tmp_path / f"{name}.flac"), "--steps", "8"]
        )
        assert result.exit_code == 0, result.output
    assert (tmp_path / "one.flac").read_bytes() == (tmp_path / "two.flac").read_bytes()
    bass, heard = read_audio(tmp_path / "one.flac"), read_audio(mix)
    assert bass.shape == heard.shape and bass.isfinite().all()
    assert peak(bass) > 0.05 and rms(bass) > 0.01


def test_the_bass_belongs_to_its_song(accompanist):
    """On its own song's chords far more often than on those of another song transposed by a
    tritone.
    """
    own, other = [], []
    for name in SONGS:
        song = Song.from_json((SAMPLES / name / "song.json").read_text())
        take = accompanist(SAMPLES / name / "mix.flac", seed=1, steps=16)
        times, pitch = track_pitch(take.audio)
        voiced = pitch == pitch
        classes = (pitch[voiced] - song.tuning).round().astype(int) % 12
        _, mask = chord_at(song, times[voiced])
        rows = range(len(classes))
        own.append(mask[rows, classes].mean())
        other.append(mask[rows, (classes + 6) % 12].mean())
    assert sum(own) / len(own) > 0.75 > 0.4 > sum(other) / len(other)


def test_a_style_pulls_the_latents_towards_itself(accompanist):
    mix, styles = SAMPLES / SONGS[0] / "mix.flac", sorted((SAMPLES / "styles").glob("*.flac"))
    autoencoder = accompanist.system.bass_autoencoder
    for style in (styles[0], styles[-1]):
        with torch.inference_mode():
            wave = read_audio(style)
            target = autoencoder.standardise(autoencoder.encode(0.1 * wave[None] / rms(wave)))[
                0
            ].mean(-1)
        free, styled = (accompanist(mix, style=s, steps=16).latents.mean(-1) for s in (None, style))
        assert (styled - target).norm() < (free - target).norm()


@pytest.mark.evidence("three-minutes-work")
def test_three_minutes_work(accompanist):
    mix = read_audio(SAMPLES / SONGS[0] / "mix.flac")
    long = mix.repeat(1, 12)[:, : 180 * SAMPLE_RATE + 1]
    take = accompanist(long, steps=4)
    assert take.audio.shape == long.shape and take.audio.isfinite().all()
    seconds = (
        take.audio[:, : 180 * SAMPLE_RATE]
        .unflatten(1, (180, SAMPLE_RATE))
        .square()
        .mean((0, 2))
        .sqrt()
    )
    assert (seconds > 1e-3).float().mean() > 0.8  # it plays to the end


def test_shipped_files_are_small_and_half_precision():
    files = [path for path in SHIPPED.rglob("*.safetensors")]
    assert files and sum(path.stat().st_size for path in files) <= 24e6


def test_the_shipped_weights_are_the_file_that_their_configuration_names():
    config = read_json(SHIPPED / "classroom" / "config.json")
    assert (
        config["sha256"] == checksum(SHIPPED / "classroom" / "model.safetensors")
        and config["stem"] == "bass"
    )


def test_the_weights_readme_tells_the_steps_of_the_logs():
    text = (SHIPPED / "README.md").read_text()
    told = dict(re.findall(r"^\| `(\w+)\.jsonl` \| ([\d ]+\d)", text, re.M))
    assert set(told) == {"bass", "mix", "diffusion"}
    for name, steps in told.items():
        lines = (ROOT / "results" / "training" / f"{name}.jsonl").read_text().splitlines()
        assert int(steps.replace(" ", "")) == json.loads(lines[-1])["step"], name


def test_the_example_of_the_readme_has_the_defaults_of_the_model():
    (settings,) = re.findall(r"guidance=([\d.]+), phi=([\d.]+)", (ROOT / "README.md").read_text())
    config = read_json(SHIPPED / "classroom" / "config.json")
    assert [float(value) for value in settings] == [
        config["defaults"]["guidance"],
        config["defaults"]["phi"],
    ]
