"""The study of rules of guidance, on a tiny system with random weights."""

import json

import pytest
import torch

from bassnb.accompanist import Accompanist
from bassnb.checkpoints import load_early, save_early, save_pretrained
from bassnb.errors import BassnbError, CheckpointError
from bassnb.stored import read_tensors, write_tensors
from bassnb.studies import guidance_since
from bassnb.studies.suite import examine

TINY = {
    "songs": 3,
    "grid": 2,
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
        "cfg": 32,
        "rescale": 32,
        "interval": 25,
        "apg": 32,
        "apg in the interval": 25,
    }
    assert list(report["contrasts"]) == list(guidance_since.RULES)[1:]
    for name, found in report["contrasts"].items():
        rule, plain = found["rule"], found["plain"]
        assert found["distance"]["value"] == pytest.approx(
            plain["distance"]["value"] - rule["distance"]["value"]
        )
        assert found["variety"]["mean"] == pytest.approx(
            rule["variety"]["mean"] - plain["variety"]["mean"], abs=1e-6
        )
        assert found[found["question"]]["verdict"] in ("holds", "does not hold", "undecided")
        assert rule != plain
        # without guidance all rules are one
        assert report["cells"][name]["16"]["1"] == report["cells"]["cfg"]["16"]["1"]


def test_two_takes_without_guidance_have_variety_and_two_equal_ones_have_none(listening):
    stage = guidance_since.set_stage(listening, songs=2, reference=2, seconds=1.5, resamples=5)
    assert (guidance_since.with_variety(stage, guidance_since.PLAIN, 1.0, None).variety > 0.1).all()
    seeds = [guidance_since.takes_of(stage, "cfg", 2, 1.0, None, more) for more in (0, 0, 1)]
    assert torch.equal(seeds[0], seeds[1]) and not torch.equal(seeds[0], seeds[2])


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


def test_an_early_copy_is_found_in_the_folder_of_the_model(listening, tmp_path):
    folder = save_pretrained(listening.system, tmp_path / "model")
    player = Accompanist(listening.system, name=str(folder))
    assert guidance_since.weaker(player, None) is None
    path = save_early(listening.system.unet, folder)
    found = guidance_since.weaker(player, None)
    assert guidance_since.same_weights(found, listening.system.unet)
    write_tensors(path, dict(list(read_tensors(path)[0].items())[1:]))
    with pytest.raises(CheckpointError, match="missing"):
        load_early(folder)
