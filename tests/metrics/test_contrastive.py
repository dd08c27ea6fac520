"""The judge as a function: towers, loss, soft assignment, and its file."""

import math

import numpy as np
import pytest
import torch

from bassnb.errors import CheckpointError
from bassnb.metrics.contrastive import (
    ContrastiveModel,
    diagonal,
    encode_waves,
    info_nce,
    load_judge,
    save_judge,
    score_matrix,
)


@pytest.fixture(scope="module")
def model():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return ContrastiveModel(width=8, embedding=6).eval().requires_grad_(False)


def test_towers_give_unit_vectors_for_any_length(model):
    for length in (5, 130):
        vectors = model.mix_tower(torch.randn(3, 64, length))
        assert vectors.shape == (3, 6) and torch.allclose(
            vectors.norm(dim=-1), torch.ones(3), atol=1e-5
        )


def test_scores_are_scaled_cosines(model):
    scores = model(torch.randn(3, 64, 20), torch.randn(4, 32, 30))
    assert scores.shape == (3, 4) and float(scores.abs().max()) <= 10.001


def test_loss_by_pencil():
    assert float(info_nce(torch.zeros(7, 7))) == pytest.approx(math.log(7))
    assert float(info_nce(50 * torch.eye(4))) < 1e-6
    a = torch.tensor([[1.0, 2.0], [0.0, 3.0]])
    rows = -math.log(math.e / (math.e + math.e**2)) - math.log(math.e**3 / (1 + math.e**3))
    columns = -math.log(math.e / (math.e + 1)) - math.log(math.e**3 / (math.e**2 + math.e**3))
    assert float(info_nce(a)) == pytest.approx((rows + columns) / 4)


def test_rows_share_out_each_mix(model):
    matrix = score_matrix(model, torch.randn(5, 64, 20), torch.randn(5, 32, 20))
    assert matrix.shape == (5, 5) and np.allclose(matrix.sum(1), 1)


@pytest.mark.evidence("diagonal-own-basses")
def test_diagonal_counts_own_basses():
    matrix = np.array([[0.6, 0.4, 0.0], [0.1, 0.8, 0.1], [0.5, 0.3, 0.2]])
    found = diagonal(matrix)
    assert found["top1"]["mean"] == pytest.approx(2 / 3) and found["mass"]["mean"] == pytest.approx(
        1.6 / 3
    )
    assert found["top1"]["low"] <= 2 / 3 <= found["top1"]["high"]


def test_latents_of_waves(accompanist):
    system, wave = (
        accompanist.system,
        torch.randn(2, 9000, generator=torch.Generator().manual_seed(0)) * 0.1,
    )
    for autoencoder, channels in ((system.mix_autoencoder, 64), (system.bass_autoencoder, 32)):
        quiet, loud = encode_waves(autoencoder, [wave, wave * 3])
        assert quiet.shape == (channels, 3) and torch.allclose(quiet, loud, atol=1e-3)


def test_the_file_holds_the_judge(model, tmp_path):
    path = save_judge(model, tmp_path / "judge.safetensors", encoders="abc")
    again = load_judge(path)
    c_x, c_y = torch.randn(3, 64, 20), torch.randn(3, 32, 20)
    assert torch.allclose(again(c_x, c_y), model(c_x, c_y), atol=0.05)
    with pytest.raises(CheckpointError, match="missing"):
        load_judge(tmp_path / "none.safetensors")


def test_a_judge_of_other_encoders_is_refused(model, accompanist, tmp_path):
    path = save_judge(model, tmp_path / "judge.safetensors", encoders="abc")
    with pytest.raises(CheckpointError, match="other encoders"):
        load_judge(path, accompanist.system)
