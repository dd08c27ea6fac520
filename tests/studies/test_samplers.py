"""The study of samplers: what is compared with what, in one tiny run."""

import json

import numpy as np
import pytest
import torch

from bassnb.accompanist import Accompanist
from bassnb.checkpoints import System
from bassnb.presets import get_preset
from bassnb.studies import samplers
from bassnb.studies.suite import examine

FEW = {"songs": 3, "reference": 4, "seconds": 2.0, "resamples": 20, "limit": ("ddim", 32)}


@pytest.fixture(scope="module")
def accompanist():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        system = System(get_preset("smoke")).requires_grad_(False)
        for parameter in system.unet.parameters():
            parameter.add_(0.02 * torch.randn(parameter.shape))
        return Accompanist(system, name="tiny")


def test_report(accompanist, tmp_path):
    walks = (("ddim", 4), ("ddim", 2), ("dpm++", 3))
    headline = examine("samplers", accompanist, tmp_path / "s.json", walks=walks, **FEW)
    report = json.loads((tmp_path / "s.json").read_text())
    assert (
        headline.startswith("ddim 4: ")
        and report["than"] == "ddim 4"
        and list(report["rows"]) == ["ddim 4", "ddim 2", "dpm++ 3"]
    )
    first, second, third = report["rows"].values()
    assert "farther" not in first and 0 < second["apart"] and 0 < third["apart"]
    assert second["farther"]["value"] == pytest.approx(
        second["distance"]["value"] - first["distance"]["value"]
    )
    for key, lost in third["lost"].items():
        assert lost["mean"] is None or lost["mean"] == pytest.approx(
            first["match"][key]["mean"] - third["match"][key]["mean"]
        )


def test_a_walk_loses_nothing_to_itself(accompanist):
    report = samplers.run(accompanist, walks=(("dpm++", 2), ("dpm++", 2), ("ddim", 1)), **FEW)
    assert list(report["rows"]) == ["dpm++ 2", "ddim 1"]
    assert np.isfinite(report["rows"]["ddim 1"]["distance"]["value"])


def test_the_spacing_of_the_times_can_be_exchanged(accompanist):
    """Every walk comes nearer to the limit with its steps, and a walk is what it is called."""
    walks = (("ddim", 8), ("ddim", 8, "even"), ("ddim", 8, "quadratic"), ("dpm++", 8, "even"))
    report = samplers.run(accompanist, walks=(*walks, ("dpm++", 8), ("ddim", 32)), **FEW)
    rows, names = report["rows"], [samplers.name_of(walk) for walk in walks]
    assert names == ["ddim 8", "ddim 8, even", "ddim 8, quadratic", "dpm++ 8, even"]
    apart = {name: row["apart"] for name, row in rows.items()}
    assert apart["ddim 8"] == apart["ddim 8, even"] != apart["ddim 8, quadratic"]
    assert apart["dpm++ 8, even"] != apart["dpm++ 8"]
    assert report["limit"] == "ddim 32" and apart["ddim 32"] == 0 < min(apart[n] for n in names)


def test_latents_of_other_seeds_are_the_control(accompanist):
    report = samplers.run(accompanist, walks=(("ddim", 8), ("dpm++", 8)), **FEW)
    assert report["seeds_apart"] > report["rows"]["dpm++ 8"]["apart"] > 0
