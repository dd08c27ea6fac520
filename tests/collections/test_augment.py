"""`colour_mix` changes the sound of a mix, not its timing, and is reproducible."""

import numpy as np
import pytest
import torch

from bassnb.collections.augment import colour_mix, equaliser, room


@pytest.fixture(scope="module")
def mix():
    times = torch.arange(44100) / 44100
    wave = 0.1 * torch.sin(2 * torch.pi * 440 * times)
    wave[:22050] = 0
    return torch.stack([wave, 0.5 * wave])


def test_same_draw_same_mix_and_the_original_is_left_alone(mix):
    before = mix.clone()
    one, two = (colour_mix(mix, np.random.default_rng(3)) for _ in range(2))
    assert torch.equal(one, two) and torch.equal(mix, before)
    assert one.shape == mix.shape and one.dtype == torch.float32 and one.isfinite().all()
    assert not torch.equal(one, colour_mix(mix, np.random.default_rng(4)))


def test_what_was_late_stays_late(mix):
    for seed in range(20):
        coloured = colour_mix(mix, np.random.default_rng(seed))
        assert coloured[:, :21000].square().mean() < 0.05 * coloured[:, 22050:].square().mean()


def test_loudness_stays_within_the_equalisers_reach(mix):
    gains = [
        float(colour_mix(mix, np.random.default_rng(seed)).square().mean() / mix.square().mean())
        for seed in range(30)
    ]
    assert 10**-1.6 < min(gains) < max(gains) < 10**1.6


def test_silence_stays_silence():
    assert not colour_mix(torch.zeros(2, 1000), np.random.default_rng(0)).any()


def test_equaliser_is_smooth_and_bounded_and_rooms_decay():
    frequencies = np.linspace(0, 22050, 4000)
    for seed in range(20):
        gain = equaliser(frequencies, np.random.default_rng(seed))
        assert gain.max() < 10 ** (9.1 / 20) and (gain >= 0).all()
        tail = room(np.random.default_rng(seed))
        assert np.square(tail[:, :8820]).sum() > np.square(tail[:, 22050:]).sum()
