"""The study of control: verdicts by intervals, and the whole of it on a tiny system."""

import json

import pytest
import torch

from bassnb.accompanist import Accompanist
from bassnb.checkpoints import System
from bassnb.presets import get_preset
from bassnb.studies import control
from bassnb.studies.suite import examine


@pytest.mark.parametrize(
    "low, high, verdict",
    [
        (0.91, 0.95, "holds"),
        (0.85, 0.95, "undecided"),
        (0.5, 0.7, "does not hold"),
        (float("nan"), float("nan"), "undecided"),
    ],
)
def test_goals_are_decided_by_their_intervals(low, high, verdict):
    row = {"mean": (low + high) / 2, "low": low, "high": high}
    assert control.decided(row, 0.9)["verdict"] == verdict
    turned = {"mean": -row["mean"], "low": -high, "high": -low}
    assert control.decided(turned, -0.9, at_most=True)["verdict"] == verdict


@pytest.fixture(scope="module")
def playing():
    """A tiny system of which every layer speaks."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        system = System(get_preset("smoke")).requires_grad_(False)
        for parameter in system.parameters():
            parameter.add_(0.02 * torch.randn(parameter.shape))
        return Accompanist(system, name="tiny")


@pytest.mark.slow
def test_every_goal_has_a_verdict_on_generated_and_foreign_songs(playing, tmp_path):
    examine("control", playing, tmp_path / "c.json", **control.QUICK)
    report = json.loads((tmp_path / "c.json").read_text())
    assert {goal["verdict"] for goal in report["goals"].values()} <= {
        "holds",
        "does not hold",
        "undecided",
    }
    assert set(report["goals"]) == {f"{name}, generated" for name in control.GOALS} | {
        f"{name}, foreign" for name in control.GOALS if name not in control.NOTES
    }
    assert report["goals"]["latents kept, foreign"]["verdict"] == "holds"
    assert report["goals"]["wanted chords, drums alone, generated"]["verdict"] != "holds"
