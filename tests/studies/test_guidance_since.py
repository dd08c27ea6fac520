"""The study of rules of guidance, on a tiny system with random weights."""

import json

import pytest
import torch

from bassnb.accompanist import Accompanist
from bassnb.checkpoints import save_pretrained
from bassnb.errors import BassnbError
from bassnb.studies import guidance_since
from bassnb.studies.suite import examine

TINY = {
    "songs": 2,
    "seconds": 1.5,
    "reference": 3,
    "resamples": 20,
    "weights": (1.0, 8.0),
    "counts": (2, 16),
}


@pytest.fixture
def listening(accompanist):
    """An untrained network hears nothing: this one does."""
    generator = torch.Generator().manual_seed(0)
    for weights in accompanist.system.unet.parameters():
        if not weights.any():
            weights.normal_(std=0.1, generator=generator)
    return accompanist


def test_every_rule_has_its_cells_and_its_contrast(listening, tmp_path):
    examine("guidance_since", listening, tmp_path / "g.json", **TINY)
    report = json.loads((tmp_path / "g.json").read_text())
    assert list(report["cells"]) == list(report["rules"]) == list(guidance_since.RULES)
    assert report["calls"] == {
        "cfg": 32, "rescale": 32, "interval": 25, "apg": 32, "apg in the interval": 25
    }  # fmt: skip
    for name, contrast in report["contrast"].items():
        rule, plain = (report["cells"][n]["16"]["8"] for n in (name, "cfg"))
        assert contrast["distance"]["value"] == pytest.approx(
            plain["distance"]["value"] - rule["distance"]["value"]
        )
        assert contrast["mark"]["mean"] == pytest.approx(
            rule["mark"]["mean"] - plain["mark"]["mean"], abs=1e-6
        )
        assert rule != plain
        # without guidance all rules are one
        assert report["cells"][name]["16"]["1"] == report["cells"]["cfg"]["16"]["1"]


def test_a_weak_copy_guides(listening, tmp_path):
    system = listening.system
    folder = tmp_path / "weak"
    save_pretrained(system, folder)
    same = guidance_since.run(listening, weak=str(folder), **TINY)
    cells = same["cells"][guidance_since.AUTO]["16"]
    # the copy is not weaker (up to the rounding of its file), so guidance by it changes little
    assert cells["8"]["level"]["mean"] == pytest.approx(cells["1"]["level"]["mean"], abs=0.02)


def test_a_weak_copy_must_share_the_latents(listening, tmp_path):
    with torch.random.fork_rng():
        torch.manual_seed(1)
        other = type(listening.system)(listening.system.preset)
    save_pretrained(other, tmp_path / "other")
    with pytest.raises(BassnbError, match="other autoencoders"):
        guidance_since.weaker(Accompanist(listening.system, name="tiny"), str(tmp_path / "other"))
