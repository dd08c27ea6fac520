"""The paper's figures as studies: one tiny run of each, and its file."""

import json

import pytest

from bassnb.collections.latents import fingerprint
from bassnb.errors import CheckpointError
from bassnb.metrics.contrastive import ContrastiveModel, save_judge
from bassnb.studies import contrastive
from bassnb.studies.suite import examine


@pytest.mark.evidence("contrastive-report")
def test_contrastive_report(accompanist, tmp_path):
    system = accompanist.system
    encoders = fingerprint(system.mix_autoencoder, system.bass_autoencoder)
    judge = save_judge(
        ContrastiveModel(width=8, embedding=4), tmp_path / "judge.safetensors", encoders=encoders
    )
    options = dict(songs=3, seconds=2.0, steps=1, judge=judge)
    assert "shuffled" in examine("contrastive", accompanist, tmp_path / "c.json", **options)
    report = json.loads((tmp_path / "c.json").read_text())
    assert report["group"] == report["songs"] == 3
    assert (
        set(report["matrices"])
        == set(report["rows"])
        == {"true", "late", "generated", "unconditional", "shuffled"}
    )
    for name, row in report["rows"].items():
        matrix = report["matrices"][name]  # 3 x 3: mixes down, their shares add up
        assert all(abs(sum(shares) - 1) < 2e-3 for shares in matrix)
        assert abs(sum(matrix[i][i] for i in range(3)) / 3 - row["mass"]["mean"]) < 1e-3
        assert 0 <= row["mass"]["mean"] <= 1 and row["top1"]["low"] <= row["top1"]["high"]


def test_the_shipped_judge_does_not_judge_other_encoders(accompanist):
    with pytest.raises(CheckpointError, match="other encoders"):
        contrastive.run(accompanist, songs=2, seconds=1.0)
