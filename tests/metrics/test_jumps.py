"""Jumps of latents and of spectra are seen where they are."""

import numpy as np
import pytest
import torch

from bassnb.metrics.jumps import jump_at, latent_jumps, spectral_jumps


def test_a_jump_is_seen_where_it_is():
    steady = torch.arange(20.0).expand(3, -1).clone()
    steady[:, 12:] += 10
    jumps = latent_jumps(steady)
    assert np.isnan(jumps[0]) and jumps.shape == (20,) and np.nanargmax(jumps) == 12
    assert jump_at(jumps, [12]) > 5 > 1 > jump_at(jumps, [5])
    assert latent_jumps(steady, circular=True)[0] == pytest.approx(29 * 3**0.5, rel=1e-4)
    wave = torch.sin(torch.arange(40_960) * 2 * np.pi / 128).expand(2, -1).clone()
    assert spectral_jumps(wave, circular=True).max() < 0.5  # whole periods
    wave[:, :20_480] *= -1
    jumps = spectral_jumps(wave)
    assert jumps.shape == (40,) and set(np.flatnonzero(jumps > 1)) <= {18, 19, 20, 21, 22}
    assert jump_at(jumps, [20]) > 5
    assert spectral_jumps(wave, circular=True)[0] == pytest.approx(jumps[20], rel=1e-2)
