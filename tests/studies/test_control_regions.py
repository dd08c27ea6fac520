"""The study of control: its measures on made-up jumps, and one tiny run."""

import json

import numpy as np
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


def test_a_jump_is_seen_where_it_is():
    steady = torch.arange(20.0).expand(3, -1).clone()
    steady[:, 12:] += 10
    jumps = study.latent_jumps(steady)
    assert np.isnan(jumps[0]) and jumps.shape == (20,) and np.nanargmax(jumps) == 12
    assert study.jump_at(jumps, [12]) > 5 > 1 > study.jump_at(jumps, [5])
    assert study.latent_jumps(steady, circular=True)[0] == pytest.approx(29 * 3**0.5, rel=1e-4)
    wave = torch.sin(torch.arange(40_960) * 2 * np.pi / 128).expand(2, -1).clone()
    assert study.spectral_jumps(wave, circular=True).max() < 0.5  # whole periods
    wave[:, :20_480] *= -1
    jumps = study.spectral_jumps(wave)
    assert jumps.shape == (40,) and set(np.flatnonzero(jumps > 1)) <= {18, 19, 20, 21, 22}
    assert study.jump_at(jumps, [20]) > 5
    assert study.spectral_jumps(wave, circular=True)[0] == pytest.approx(jumps[20], rel=1e-2)


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
