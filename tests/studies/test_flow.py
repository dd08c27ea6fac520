"""The study of v and rectified flow, on a tiny system: trainings, setups, contrasts."""

import json
from dataclasses import replace

import pytest
import torch

from bassnb.accompanist import Accompanist
from bassnb.checkpoints import load_pretrained
from bassnb.denoiser import guided_denoiser
from bassnb.flow import integrate
from bassnb.presets import UNetConfig
from bassnb.sampling import ddim
from bassnb.studies import flow
from bassnb.studies.suite import examine

TINY = {
    "songs": 3,
    "grid": 3,
    "seconds": 1.5,
    "cache": "",
    "reference": 3,
    "resamples": 20,
    "training_steps": 2,
    "pool": 2,
    "submixes": 1,
    "counts": (4, 8),
}


@pytest.fixture
def small(monkeypatch):
    """Networks and batches that are trained in a moment."""
    unet = UNetConfig(widths=(8, 8), blocks=1, attention=(False, True), heads=2, embedding=8)
    monkeypatch.setattr(flow, "UNET", unet)
    monkeypatch.setattr(flow, "PLAN", replace(flow.PLAN, batch=2, latents=16, song_seconds=4.0))


def test_both_networks_are_trained_once_and_every_question_is_answered(
    accompanist, small, tmp_path
):
    options = {**TINY, "folder": str(tmp_path / "run")}
    examine("flow", accompanist, tmp_path / "f.json", **options)
    report = json.loads((tmp_path / "f.json").read_text())
    assert list(report["cells"]) == list(flow.SETUPS)
    for methods in report["cells"].values():
        assert methods["euler"]["8"]["calls"] == methods["heun"]["4"]["calls"] == 8
    assert list(report["contrasts"]) == list(flow.QUESTIONS)[1:]  # without 64 steps
    for question, found in report["contrasts"].items():
        (setup, method, k), (other, other_method, n) = flow.QUESTIONS[question]
        cells = report["cells"]
        assert found["distance"]["value"] == pytest.approx(
            cells[other][other_method][str(n)]["distance"]["value"]
            - cells[setup][method][str(k)]["distance"]["value"]
        )
        assert found["mark"]["verdict"] in ("holds", "does not hold", "undecided")
    assert "--training-steps 2 --pool 2" in report["command"]
    # the trainings are there: nothing is trained again, and the result is the same
    states = [tmp_path / "run" / ask / "state.safetensors" for ask in ("v", "flow")]
    before = [path.stat().st_mtime_ns for path in states]
    again = flow.run(accompanist, **options)
    assert [path.stat().st_mtime_ns for path in states] == before
    assert again["cells"][flow.FLOW]["heun"]["8"]["level"] == pytest.approx(
        report["cells"][flow.FLOW]["heun"]["8"]["level"]
    )
    # the network of v is a model for the same latents
    model = load_pretrained(tmp_path / "run" / "v" / "pretrained")
    assert Accompanist(model).settings()["guidance"] and model.preset.name == "small"


def test_euler_at_the_times_of_the_circle_is_ddim(accompanist):
    unet = accompanist.system.unet
    draw = torch.Generator().manual_seed(0)
    c_x, z = torch.randn(2, 64, 24, generator=draw), torch.randn(2, 32, 24, generator=draw)
    with torch.no_grad():
        by_ddim = ddim(guided_denoiser(unet, c_x, 3.0, 0.0), z, 6)
        field = flow.guided_velocity(unet, "v", c_x, 3.0)
        by_euler = integrate(field, z, flow.times_of("circle", 6))
    assert torch.allclose(by_euler, by_ddim, atol=1e-4)
