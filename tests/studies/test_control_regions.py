"""The study of regions, freedom and loops: one tiny run."""

import json

import pytest
import torch

from bassnb.accompanist import Accompanist
from bassnb.checkpoints import System
from bassnb.composer.examples import examples
from bassnb.presets import get_preset
from bassnb.studies import control_regions as study


@pytest.fixture(scope="module")
def accompanist():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        system = System(get_preset("smoke")).requires_grad_(False)
        for parameter in system.parameters():
            parameter.add_(0.02 * torch.randn(parameter.shape))
        return Accompanist(system, name="tiny")


def test_report(accompanist):
    songs = list(examples("test", 2, seconds=9.0))
    report = study.run(accompanist, seconds=9.0, freedoms=(0.0, 1.0), material=songs, steps=2)
    json.dumps(report)
    regions, loop = report["regions"], report["loop"]
    assert report["songs"] == 2 and regions["latents_kept"] == regions["audio_kept"] == 1
    assert 0 < regions["changed"]["mean"] and regions["pasted"]["mean"] > 0
    nearest, free = report["freedom"]["0.0"], report["freedom"]["1.0"]
    assert set(nearest) == {"pitch_class", "onset_f1", "similarity", "chord_tone"} == set(free)
    assert isinstance(report["freedom"]["monotone"], bool)
    assert {"jump", "rank", "uniform", "audio_rank", "without_rank", "without_audio_uniform"} < set(
        loop
    )
    assert "seams" in study.headline(report)
