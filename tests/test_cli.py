"""The command line: files in and out, one sentence and status 2 for every bad input, nothing left
behind.
"""

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
from bassnb.presets import get_preset
from bassnb.settings import TrainingSettings
from bassnb.take import numbered

ROOT = Path(__file__).resolve().parents[1]


def write(path, samples, rate=44_100):
    """A float WAV file that keeps NaN."""
    soundfile.write(
        path, np.asarray(samples, dtype=np.float32), rate, format="WAV", subtype="FLOAT"
    )
    return path


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A model folder with random weights."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return str(save_pretrained(System(get_preset("smoke")), tmp_path_factory.mktemp("model")))


@pytest.fixture(scope="module")
def material(tmp_path_factory):
    """Good and bad audio files by name."""
    folder = tmp_path_factory.mktemp("material")
    t = np.arange(30_011) / 22_050
    sound = 0.2 * np.sin(2 * np.pi * 220 * t)
    (folder / "text.wav").write_text("this is not audio")
    (folder / "nothing.wav").write_bytes(b"")
    return {
        "mix": write(folder / "mix.wav", sound, 22_050),
        "stereo": write(folder / "stereo.wav", np.stack([sound, sound], 1)),
        "empty": write(folder / "empty.wav", np.zeros((0, 2))),
        "silent": write(folder / "silent.wav", np.zeros(9_000)),
        "nan": write(folder / "nan.wav", [0.1, float("nan"), 0.2]),
        "short": write(folder / "short.wav", sound[:4_000]),
        "text": folder / "text.wav",
        "nothing": folder / "nothing.wav",
        "missing": folder / "missing.wav",
        "folder": folder,
    }


def run(*words):
    """Run a command in this process."""
    return CliRunner().invoke(app, [str(word) for word in words])


def assert_refused(result, folder, *parts):
    """Status 2, one sentence on stderr that holds `parts`, nothing on stdout, no file in `folder`."""
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert len(result.stderr.strip().splitlines()) == 1 and len(result.stderr) > 20
    for part in parts:
        assert str(part) in result.stderr
    assert list(folder.iterdir()) == []


# -- accompany -------------------------------------------------------------------------------------


def test_accompany_writes_a_stereo_file_as_long_as_the_mix(model, material, tmp_path):
    out = tmp_path / "bass.wav"
    result = run("accompany", material["mix"], "--out", out, "--model", model, "--steps", 2)
    assert result.exit_code == 0, result.output
    info = soundfile.info(out)
    assert (info.samplerate, info.channels, info.frames) == (44_100, 2, 60_022)
    settings = json.loads((tmp_path / "bass.json").read_text())
    assert (
        settings["guidance"] == 2.5
        and settings["phi"] == 0.7
        and settings["seed"] == 0
        and settings["steps"] == 2
    )
    assert result.stdout.strip() == str(out)


def test_the_same_seed_gives_the_same_bytes(model, material, tmp_path):
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        words = ["--out", tmp_path / f"{name}.flac", "--model", model, "--steps", 2, "--seed", seed]
        run("accompany", material["mix"], *words)
    a, b, c = ((tmp_path / f"{name}.flac").read_bytes() for name in "abc")
    assert a == b != c


def test_variations_are_numbered_and_mixed(model, material, tmp_path):
    targets = ["--out", tmp_path / "bass.flac", "--with-mix", tmp_path / "both.ogg"]
    settings = ["--variations", 2, "--model", model, "--steps", 2, "--guidance", 1.5, "--phi", 0]
    result = run("accompany", material["stereo"], *targets, "--style", material["mix"], *settings)
    assert result.exit_code == 0, result.output
    names = [f"bass-{n}.{kind}" for n in (1, 2) for kind in ("flac", "json", "latents")]
    names += ["both-1.ogg", "both-2.ogg"]
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    assert json.loads((tmp_path / "bass-2.json").read_text())["seed"] == 1
    assert (tmp_path / "bass-1.flac").read_bytes() != (tmp_path / "bass-2.flac").read_bytes()


def test_names_of_takes():
    assert numbered(Path("a/take.flac"), 1) == [Path("a/take.flac")]
    assert numbered(Path("a/my.take.flac"), 2) == [
        Path("a/my.take-1.flac"),
        Path("a/my.take-2.flac"),
    ]


@pytest.mark.parametrize("bad", ["missing", "folder", "text", "nothing", "empty", "silent", "nan"])
@pytest.mark.parametrize("role", ["mix", "style"])
def test_bad_audio_is_refused(role, bad, model, material, tmp_path):
    mix, style = (material[bad], None) if role == "mix" else (material["mix"], material[bad])
    words = ["accompany", mix, "--out", tmp_path / "bass.wav", "--model", model, "--steps", 1]
    assert_refused(run(*words, *(["--style", style] if style else [])), tmp_path, material[bad])


def test_a_style_below_one_latent_is_refused(model, material, tmp_path):
    words = [
        "accompany",
        material["mix"],
        "--style",
        material["short"],
        "--out",
        tmp_path / "b.wav",
        "--model",
        model,
    ]
    assert_refused(run(*words), tmp_path, "style")


@pytest.mark.parametrize(
    "option, value",
    [
        ("--guidance", -1),
        ("--guidance", 1000),
        ("--guidance", "nan"),
        ("--phi", 1.5),
        ("--phi", -0.1),
        ("--steps", 0),
        ("--variations", 0),
        ("--device", "abacus"),
    ],
)
def test_settings_out_of_range_are_refused(option, value, model, material, tmp_path):
    words = [
        "accompany",
        material["mix"],
        "--out",
        tmp_path / "bass.wav",
        "--model",
        model,
        option,
        value,
    ]
    assert_refused(run(*words), tmp_path, value if option != "--device" else "abacus")


@pytest.mark.parametrize("source", ["no-such-model", "/no/such/folder"])
def test_unknown_models_are_refused(source, material, tmp_path):
    assert_refused(
        run("accompany", material["mix"], "--out", tmp_path / "b.wav", "--model", source),
        tmp_path,
        source,
    )
    assert_refused(run("info", "--model", source), tmp_path, source)


def test_a_damaged_model_is_refused(model, material, tmp_path):
    folder = tmp_path / "broken"
    folder.mkdir()
    (folder / "config.json").write_bytes((Path(model) / "config.json").read_bytes())
    weights = (Path(model) / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(weights[: len(weights) // 2])
    empty = tmp_path / "empty"
    empty.mkdir()
    words = ["accompany", material["mix"], "--out", empty / "b.wav", "--model", folder]
    assert_refused(run(*words), empty, "model.safetensors")


@pytest.mark.parametrize("name", ["bass.xyz", "bass", "no/such/folder/bass.wav"])
@pytest.mark.parametrize("option", ["--out", "--with-mix"])
def test_targets_are_checked_before_the_work(option, name, model, material, tmp_path):
    targets = {
        "--out": tmp_path / "good.wav",
        "--with-mix": tmp_path / "both.wav",
        option: tmp_path / name,
    }
    words = [word for pair in targets.items() for word in pair]
    assert_refused(
        run("accompany", material["mix"], *words, "--model", model, "--steps", 1),
        tmp_path,
        tmp_path / name,
    )


def test_the_mix_is_never_overwritten(model, material, tmp_path):
    before = material["mix"].read_bytes()
    assert_refused(
        run("accompany", material["mix"], "--out", material["mix"], "--model", model),
        tmp_path,
        "twice",
    )
    same = ["--out", tmp_path / "a.wav", "--with-mix", tmp_path / "a.wav"]
    assert_refused(run("accompany", material["mix"], *same, "--model", model), tmp_path, "twice")
    assert material["mix"].read_bytes() == before


# -- info, songs, train, evaluate ------------------------------------------------------------------


def test_info_counts_the_parameters(model):
    facts = json.loads(run("info", "--model", model, "--json").stdout)
    system = System(get_preset("smoke"))
    assert facts["parameters"]["unet"] == sum(p.numel() for p in system.unet.parameters())
    assert facts["parameters"]["total"] == sum(p.numel() for p in system.parameters())
    assert (facts["sample_rate"], facts["samples_per_latent"]) == (44_100, 4096)
    assert (facts["mix_channels"], facts["bass_channels"]) == (64, 32)
    plain = run("info", "--model", model).stdout
    assert f"{facts['parameters']['total']:,}" in plain


def test_songs_are_written_with_their_truth(tmp_path):
    result = run(
        "songs",
        "--count",
        2,
        "--out",
        tmp_path / "songs",
        "--seed",
        5,
        "--split",
        "test",
        "--seconds",
        2,
    )
    assert result.exit_code == 0, result.output
    folders = sorted((tmp_path / "songs").iterdir())
    assert [folder.name for folder in folders] == ["test-000005", "test-000006"]
    assert result.stdout.split() == [str(folder) for folder in folders]
    for folder in folders:
        assert soundfile.info(folder / "bass.flac").frames == 88_200
        assert json.loads((folder / "song.json").read_text())["split"] == "test"


def test_songs_refuses_what_it_cannot_do(tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    assert_refused(run("songs", "--out", empty / "songs", "--split", "dev"), empty, "dev")
    (tmp_path / "file").write_text("")
    assert_refused(run("songs", "--out", tmp_path / "file", "--count", 1, "--seconds", 2), empty)


def test_training_refuses_what_it_cannot_do(tmp_path):
    where = ["--run", tmp_path / "r", "--device", "cpu", "--preset"]
    assert_refused(run("train", "autoencoder", "--stem", "mix", *where, "huge"), tmp_path, "huge")
    assert_refused(
        run("train", "autoencoder", "--stem", "flute", *where, "smoke"), tmp_path, "flute"
    )
    parts = ["--mix", tmp_path / "m", "--bass", tmp_path / "b"]
    assert_refused(run("train", "diffusion", *parts, *where, "smoke"), tmp_path, tmp_path / "m")


@pytest.mark.parametrize(
    "part, own", [("autoencoder", ["--stem", "mix"]), ("diffusion", ["--mix", "m", "--bass", "b"])]
)
def test_training_is_given_its_options(part, own, monkeypatch, tmp_path):
    given = {}
    monkeypatch.setattr(
        f"bassnb.training.{part}.train_{part}",
        lambda *parts, **options: given.update(
            vars(next(part for part in parts if isinstance(part, TrainingSettings)))
        ),
    )
    for compile in ([], ["--compile"]):
        options = ["--resume", "--precision", "bf16", "--steps", 3, *compile]
        assert (
            run("train", part, *own, "--run", tmp_path, "--preset", "smoke", *options).exit_code
            == 0
        )
        expected = {"resume": True, "precision": "bf16", "steps": 3, "compile": bool(compile)}
        assert {name: given[name] for name in expected} == expected


@pytest.mark.slow
def test_evaluate_writes_its_report(model, tmp_path):
    out = tmp_path / "match.json"
    result = run("evaluate", "autoencoder", "--model", model, "--songs", 2, "--out", out)
    assert result.exit_code == 0, result.output
    assert json.loads(out.read_text())["songs"] == 2 and result.stdout.startswith(str(out))


def test_ablations_refuse_an_unknown_model(tmp_path):
    result = run(
        "evaluate",
        "ablations",
        "--model",
        "no-such-model",
        "--run",
        tmp_path / "run",
        "--out",
        tmp_path / "a.json",
    )
    assert_refused(result, tmp_path, "no-such-model")


def test_evaluate_refuses_an_unknown_model(tmp_path):
    result = run("evaluate", "match", "--model", "no-such-model", "--out", tmp_path / "m.json")
    assert_refused(result, tmp_path, "no-such-model")


def test_evaluate_refuses_a_folder_as_its_file(model, tmp_path):
    folder = tmp_path / "results"
    folder.mkdir()
    assert_refused(run("evaluate", "match", "--model", model, "--out", folder), folder, folder)


def test_usage_errors_have_status_two():
    assert run("accompany").exit_code == 2
    assert run("nonsense").exit_code == 2


# -- as a process ----------------------------------------------------------------------------------


def process(*words, cwd):
    """Run `python -m bassnb` as a user does."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-m", "bassnb", *map(str, words)],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=environment,
    )


def test_help_needs_no_torch(tmp_path):
    code = (
        "import sys; from typer.testing import CliRunner; from bassnb.cli import app; "
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0; assert 'torch' not in sys.modules"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    assert (
        subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment).returncode == 0
    )


def test_errors_of_the_process_are_one_line(tmp_path):
    result = process(
        "accompany", "absent.flac", "--out", "bass.flac", "--model", "no-such-model", cwd=tmp_path
    )
    assert result.returncode == 2 and result.stdout == "" and "Traceback" not in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []
