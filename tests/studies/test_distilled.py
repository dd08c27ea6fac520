"""The study of distillation, on a tiny system: one training, four players, three questions."""

import copy
import json

import numpy as np
import pytest
import torch

from bassnb.accompanist import Accompanist
from bassnb.checkpoints import load_pretrained
from bassnb.errors import BassnbError
from bassnb.plans import scaled
from bassnb.presets import get_preset
from bassnb.studies import distilled
from bassnb.studies.measured import Takes
from bassnb.studies.stage import Row
from bassnb.studies.suite import examine
from bassnb.training.distillation import student_plan

TINY = {
    "songs": 3,
    "seconds": 1.5,
    "cache": "",
    "reference": 3,
    "resamples": 20,
    "training_steps": 4,
    "pool": 2,
    "submixes": 1,
}


def test_the_student_is_trained_once_and_every_question_is_answered(accompanist, tmp_path):
    options = {**TINY, "folder": str(tmp_path / "run")}
    examine("distilled", accompanist, tmp_path / "d.json", **options)
    report = json.loads((tmp_path / "d.json").read_text())
    rows = report["rows"]
    assert list(rows) == list(distilled.CALLS) and list(report["contrasts"]) == list(
        distilled.QUESTIONS
    )
    assert rows[distilled.TEACHER]["apart"]["mean"] == 0 < rows[distilled.STUDENT]["apart"]["mean"]
    first, *others = report["contrasts"].values()
    far, near = (rows[name]["distance"]["value"] for name in (distilled.TEACHER, distilled.STUDENT))
    assert first["distance"]["value"] == pytest.approx(far - near)
    assert first["distance"]["goal"] == pytest.approx(-0.1 * far)
    assert {other["mark"]["goal"] for other in others} == {0.0}
    # the training is there: nothing is trained again, and the result is the same
    state = tmp_path / "run" / "state.safetensors"
    before = state.stat().st_mtime_ns
    again = distilled.run(accompanist, **options)
    assert state.stat().st_mtime_ns == before
    assert again["rows"][distilled.STUDENT]["level"] == pytest.approx(
        rows[distilled.STUDENT]["level"]
    )
    other = Accompanist(copy.deepcopy(accompanist.system), name=accompanist.name)
    with torch.no_grad():
        next(other.system.unet.parameters()).add_(1)
    with pytest.raises(BassnbError, match="another configuration"):  # not of another teacher
        distilled.run(other, **options)
    student = load_pretrained(tmp_path / "run" / "pretrained")
    assert student.defaults["steps"] == distilled.TO and student.defaults["guidance"] == 1.0


def test_a_student_may_be_worse_by_the_margin_and_not_by_more():
    teacher = takes([20.0, 21.0, 19.0], 0.60)
    for lost, verdict in ((0.05, "holds"), (0.5, "does not hold")):
        student = takes([20 * (1 + lost), 21 + 20 * lost, 19 + 20 * lost], 0.60 - lost / 4)
        found = distilled.contrast(student, teacher, within=True)
        assert {row["verdict"] for row in found.values()} == {verdict}
        strict = distilled.contrast(student, teacher, within=False)
        assert {row["verdict"] for row in strict.values()} == {"does not hold"}


def takes(draws, mark):
    """Takes of three songs with these draws of the distance, all with one mark."""
    row = Row(draws[0], np.array(draws), None)
    return Takes(row, np.full(3, mark), np.ones(3))


def test_the_average_of_a_student_is_shorter_than_a_stage():
    plan = student_plan(get_preset("classroom").diffusion_training)
    for total in (None, distilled.STEPS):
        schedule = scaled(plan, total)
        assert 1 / (1 - schedule.ema) < schedule.steps / 4 / 5
