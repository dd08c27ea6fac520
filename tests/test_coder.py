"""Tracks to standardised latents and back: at one level, in the wanted length, in any blocks."""

import pytest
import torch

from bassnb.tracks import Track


def noise(samples, seed=0):
    return 0.1 * torch.randn(2, samples, generator=torch.Generator().manual_seed(seed))


def test_the_level_of_a_track_does_not_matter(accompanist):
    wave = noise(30_000)
    loud, quiet = (
        accompanist.bass_coder.encode(Track.of(lambda gain=gain: [gain * wave]))
        for gain in (1, 0.01)
    )
    assert loud.shape == (1, 32, 8) and torch.allclose(loud, quiet, atol=1e-3)


@pytest.mark.parametrize("loop", [False, True])
@pytest.mark.parametrize("length", [1, 9000, 12 * 4096])
def test_as_many_samples_as_asked_for_at_the_level_asked_for(accompanist, loop, length):
    latents = torch.randn(1, 32, 12, generator=torch.Generator().manual_seed(0))
    decode = lambda level: torch.cat(  # noqa: E731
        list(accompanist.bass_coder.decode(latents, length, level, loop=loop)), -1
    )
    assert decode(0.1).shape == (2, length)
    assert torch.allclose(3 * decode(0.1), decode(0.3), atol=1e-6)
