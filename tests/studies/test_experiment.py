"""Experiments at two scales: what runs now, what is recorded, and what a reader is told when
neither is there.
"""

import json

import pytest
import torch

from bassnb.checkpoints import System
from bassnb.errors import BassnbError
from bassnb.presets import SMOKE
from bassnb.studies.experiment import experiment, recorded
from bassnb.studies.provenance import provenance


def run(steps, gain=1.0):
    tone = 0.1 * torch.sin(torch.arange(44_100) * 0.05).repeat(2, 1)
    return {"loss": [gain / (k + 1) for k in range(steps)], "takes": {"a tone": tone * gain}}


def test_a_reader_runs_the_small_one_and_sees_the_recorded_one(tmp_path):
    experiment(
        "loss", run, here={"steps": 2}, full={"steps": 5}, at_full_scale=True, folder=tmp_path
    )
    now, kept = experiment("loss", run, here={"steps": 2}, full={"steps": 5}, folder=tmp_path)
    assert len(now.values["loss"]) == 2 and len(kept.values["loss"]) == 5
    assert now.label == "run here: steps 2" and kept.label.startswith("recorded: steps 5; ")
    assert kept.takes["a tone"].shape == (2, 44_100) and "takes" not in kept.values
    assert (kept.takes["a tone"] - now.takes["a tone"]).abs().max() < 0.02  # Ogg is lossy


def test_the_switch_of_the_environment_names_experiments(tmp_path, monkeypatch):
    monkeypatch.setenv("BASSNB_FULL", "loss,gain")
    now, kept = experiment("loss", run, here={"steps": 2}, full={"steps": 3}, folder=tmp_path)
    assert now == kept or len(now.values["loss"]) == len(kept.values["loss"]) == 3
    record = json.loads((tmp_path / "loss.json").read_text())
    assert record["settings"] == {"steps": 3} and record["takes"] == {"a tone": "loss/00.ogg"}
    monkeypatch.setenv("BASSNB_FULL", "losses")  # another one
    now, kept = experiment("loss", run, here={"steps": 2}, full={"steps": 3}, folder=tmp_path)
    assert len(now.values["loss"]) == 2


def test_what_composes_no_songs_is_not_made_stale_by_new_ones(tmp_path):
    how = {"here": {"steps": 2}, "full": {"steps": 3}, "folder": tmp_path}
    experiment("loss", run, **how, composed=False, at_full_scale=True)
    assert list(json.loads((tmp_path / "loss.json").read_text())["provenance"]) == ["package"]


def test_a_record_says_whether_it_is_of_today(tmp_path, accompanist):
    how = {"here": {"steps": 2}, "full": {"steps": 3}, "folder": tmp_path}
    system = accompanist.system
    kept = experiment("loss", run, **how, system=system, at_full_scale=True)[1]
    assert "stale" not in kept.label
    made = json.loads((tmp_path / "loss.json").read_text())["provenance"]
    assert made == provenance(system)
    assert "stale" not in recorded("loss", tmp_path).label  # of weights it says nothing
    other = System(SMOKE).requires_grad_(False)
    assert (
        f"stale: weights {made['weights']}, now"
        in experiment("loss", run, **how, system=other)[1].label
    )
    larger = experiment("loss", run, **{**how, "full": {"steps": 4}}, system=system)[1].label
    assert larger.endswith("; stale: the page asks for steps 4")


def test_nothing_recorded_is_said_in_a_sentence(tmp_path):
    with pytest.raises(BassnbError, match="no recorded result of 'loss'.*make record"):
        experiment("loss", run, here={"steps": 2}, full={"steps": 5}, folder=tmp_path)
    with pytest.raises(BassnbError, match="'loss' cannot be kept"):
        experiment(
            "loss", lambda: {"a": {1, 2}}, here={}, full={}, at_full_scale=True, folder=tmp_path
        )
    assert not (tmp_path / "loss.json").exists()
    with pytest.raises(BassnbError):
        recorded("other", tmp_path)
