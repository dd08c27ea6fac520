"""The hook for COCOLA: what it says where nothing is installed, and what it hands over where something is."""

import sys
from types import ModuleType

import pytest
import torch

from bassnb.evaluation.cocola import CocolaError, cocola_score, load_cocola, pieces


def test_without_its_code_one_sentence_says_what_to_do(tmp_path):
    with pytest.raises(CocolaError, match="clone github.com/gladia-research-group/cocola") as caught:
        load_cocola(tmp_path / "none.ckpt")
    assert "\n" not in str(caught.value)


def test_pieces_are_five_seconds_at_16_khz():
    assert pieces(torch.zeros(2, 44_100 * 12)).shape == (2, 80_000)
    with pytest.raises(CocolaError, match="5 s"):
        pieces(torch.zeros(2, 44_100))


class Cosine(torch.nn.Module):
    """A stand-in with COCOLA's interface: the score is the cosine of two embeddings."""

    def __init__(self, input_type=None):
        super().__init__()
        self.scale = torch.nn.Parameter(torch.ones(1))

    def score(self, x, y):
        return self.scale * torch.cosine_similarity(x.flatten(1), y.flatten(1))


@pytest.fixture
def installed(monkeypatch):
    """Modules of COCOLA's names, with the same calls."""
    constants = ModuleType("constants")
    constants.ModelInputType = type("ModelInputType", (), {"DOUBLE_CHANNEL_HARMONIC_PERCUSSIVE": "both"})
    package, inner, extraction = (ModuleType(name) for name in ("contrastive_model", "contrastive_model", "extraction"))
    inner.CoCola, extraction.CoColaFeatureExtractor = Cosine, torch.nn.Identity
    monkeypatch.setitem(sys.modules, "contrastive_model.constants", constants)
    monkeypatch.setitem(sys.modules, "contrastive_model", package)
    monkeypatch.setitem(sys.modules, "contrastive_model.contrastive_model", inner)
    monkeypatch.setitem(sys.modules, "feature_extraction", ModuleType("feature_extraction"))
    monkeypatch.setitem(sys.modules, "feature_extraction.feature_extraction", extraction)


def test_a_checkpoint_is_read_strictly_and_scored(installed, tmp_path):
    path = tmp_path / "c.ckpt"
    torch.save({"state_dict": {"scale": torch.tensor([2.0])}, "epoch": 3}, path)
    model, features = load_cocola(path)
    wave = torch.randn(2, 44_100 * 11, generator=torch.Generator().manual_seed(0))
    assert cocola_score(wave, wave, model, features) == pytest.approx(2.0)
    assert abs(cocola_score(wave, wave.roll(999, -1), model, features)) < 0.2


def test_other_files_are_refused(installed, tmp_path):
    path = tmp_path / "c.ckpt"
    torch.save({"state_dict": {"other": torch.zeros(1)}}, path)
    with pytest.raises(CocolaError, match="not a checkpoint"):
        load_cocola(path)
    torch.save({"state_dict": {"scale": Cosine()}}, path)  # an object: would have to be unpickled
    with pytest.raises(CocolaError, match="not a checkpoint"):
        load_cocola(path)
    with pytest.raises(CocolaError, match="not a checkpoint"):
        load_cocola(tmp_path / "none.ckpt")
