"""The autoencoder's study, on a tiny network with random weights and on sounds with known
answers.
"""

import json

import pytest
import torch

from bassnb.accompanist import Accompanist
from bassnb.checkpoints import System
from bassnb.composer.examples import example
from bassnb.presets import get_preset
from bassnb.studies.autoencoder import ROWS, TIMBRES, pitch_kept, reconstructions, run, si_sdr


@pytest.fixture(scope="module")
def system():
    """The smoke system with random weights."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return System(get_preset("smoke")).eval().requires_grad_(False)


def test_an_unchanged_bass_keeps_everything():
    bass = example("validation", 2, 4.0).bass
    assert pitch_kept(bass, bass) == {"pitch_class": 1.0, "voiced": 1.0}
    assert pitch_kept(bass, torch.zeros_like(bass)) == {"pitch_class": 0.0, "voiced": 0.0}


def test_octaves_are_kept_and_semitones_are_not():
    t = torch.arange(44_100) / 44_100

    def note(midi):
        return torch.sin(2 * torch.pi * 440 * 2 ** ((midi - 69) / 12) * t).expand(2, -1) * 0.1

    assert pitch_kept(note(36), note(48))["pitch_class"] == 1.0
    assert pitch_kept(note(36), note(37))["pitch_class"] == 0.0
    assert pitch_kept(note(36), note(36.3))["pitch_class"] == 1.0


def test_reconstructions_have_the_length_of_the_bass(system):
    bass = example("validation", 0, 2.0).bass[:, :70_001]
    waves = reconstructions(system.bass_autoencoder, bass)
    assert tuple(waves) == ROWS
    assert all(wave.shape == (2, 70_001) and wave.isfinite().all() for wave in waves.values())


def test_si_sdr_by_pencil():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(2, 20_000, generator=generator)
    noise = torch.randn(2, 20_000, generator=generator)
    noise -= (noise * x).sum() / x.square().sum() * x  # nothing of x is in it
    noise *= x.norm() / noise.norm() / 10  # 20 dB below x
    assert si_sdr(x, x + noise) == pytest.approx(20, abs=1e-3)
    assert si_sdr(x, 0.3 * (x + noise)) == pytest.approx(20, abs=1e-3)  # the level does not count
    assert si_sdr(x, -x) > 100  # nor does the sign of the whole
    assert si_sdr(x, x.roll(1, -1)) < 0  # but one sample does


def test_report_is_json_with_intervals(system):
    report = json.loads(
        json.dumps(run(Accompanist(system), songs=2, split="validation", seconds=1.0))
    )
    rows = report["rows"]
    assert set(rows) == set(ROWS)
    first, second = report["timbres"].values()  # songs take the timbres in turn
    assert list(report["timbres"]) == list(TIMBRES)[:2] and first["count"] == second["count"] == 1
    both = [timbre["true_phase"]["si_sdr"]["mean"] for timbre in (first, second)]
    assert rows["true_phase"]["si_sdr"]["mean"] == pytest.approx(sum(both) / 2)
    for row in rows.values():
        error = row["multi_resolution_stft"]
        assert 0 < error["low"] <= error["mean"] <= error["high"]
