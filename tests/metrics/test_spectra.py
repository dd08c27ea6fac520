"""Spectral distances: zero for the same sound, growing with the damage."""

import pytest
import torch

from bassnb.metrics.spectra import (
    flux_ratio,
    log_spectral_distance,
    multi_resolution_stft,
    spectral_convergence,
    spectral_measures,
)


@pytest.fixture(scope="module")
def wave():
    """Two notes, Tensor (2, N)."""
    t = torch.arange(30_000) / 44_100
    note = torch.where(
        t < 0.3, torch.sin(2 * torch.pi * 55 * t), torch.sin(2 * torch.pi * 82.4 * t)
    )
    return (0.2 * note).expand(2, -1).clone()


def noise(wave, level):
    return wave + level * torch.randn(wave.shape, generator=torch.Generator().manual_seed(0))


def test_the_same_sound(wave):
    assert spectral_measures(wave, wave) == {
        "multi_resolution_stft": 0.0,
        "log_spectral_distance_512": 0.0,
        "log_spectral_distance_4096": 0.0,
        "flux_ratio": pytest.approx(1.0),
    }


def test_distances_grow_with_noise(wave):
    little, much = noise(wave, 1e-3), noise(wave, 1e-1)
    assert 0 < multi_resolution_stft(wave, little) < multi_resolution_stft(wave, much)
    assert 0 < log_spectral_distance(wave, little, 512) < log_spectral_distance(wave, much, 512)
    assert flux_ratio(wave, much) > 2


def test_half_the_level_is_six_decibels():
    loud = torch.randn(2, 20_000, generator=torch.Generator().manual_seed(0))
    assert log_spectral_distance(loud, loud / 2, 512) == pytest.approx(6.02, abs=0.3)


def test_inaudible_differences_do_not_count(wave):
    assert log_spectral_distance(wave, noise(wave, 1e-6), 4096) < 0.1


def test_spectral_convergence_is_zero_for_the_same_and_one_for_silence():
    s = torch.rand(2, 5, 7)
    assert spectral_convergence(s, s) == 0.0 and spectral_convergence(s, 0 * s) == 1.0
    assert spectral_convergence(s, 3 * s) == pytest.approx(2.0)
