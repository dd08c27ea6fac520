"""The pulse, the averaged latents, and what they do to a take."""

import numpy as np
import pytest
import torch

from bassnb.accompanist import Accompanist
from bassnb.checkpoints import System
from bassnb.control.beats import given_beats
from bassnb.control.density import (
    AVERAGE,
    SLOW,
    averaged,
    density_of,
    moved,
    slowed,
    with_pulse,
)
from bassnb.errors import BassnbError
from bassnb.presets import SAMPLE_RATE, get_preset
from bassnb.tracks import Track


def track_of(wave, size=None):
    return Track.of(lambda: wave.split(size or wave.shape[-1], -1))


@pytest.fixture
def mix():
    return 0.1 * torch.randn(2, 4 * SAMPLE_RATE, generator=torch.Generator().manual_seed(0))


def test_names_and_numbers():
    assert density_of(None) == 0 and density_of("busier") > 0 > density_of("sparser")
    assert density_of("0.25") == density_of(0.25) == 0.25
    for wrong in ("loud", 1.1, -2, float("nan"), ""):
        with pytest.raises(BassnbError, match="busier, sparser, or a number from -1 to 1"):
            density_of(wrong)


def test_the_pulse_is_on_the_sixteenths_at_its_level(mix):
    heard = with_pulse(track_of(mix), given_beats(120.0, 4.0, 0.25))
    pulse = torch.cat(list(heard.blocks()), -1) - mix
    loud = pulse[0].abs().unfold(0, 441, 441).amax(-1).numpy()
    rises = np.flatnonzero((loud[1:] > 0.02) & (loud[:-1] < 0.005)) + 1
    assert np.allclose(np.diff(rises) * 0.01, 0.125, atol=0.011) and len(rises) >= 29
    ratio = float(pulse.square().mean().sqrt() / mix.square().mean().sqrt())
    assert 20 * np.log10(ratio) == pytest.approx(-3.0, abs=0.5)


def test_blocks_of_any_size_get_the_same_pulse(mix):
    beats = given_beats(97.0, 4.0)
    whole, parts = (
        torch.cat(list(with_pulse(track_of(mix, size), beats).blocks()), -1)
        for size in (None, 1000)
    )
    assert torch.allclose(whole, parts, atol=1e-6) and torch.equal(mix, mix.clone())


def test_a_song_that_was_stretched_gets_a_stretched_pulse(mix):
    beats = given_beats(120.0, 4.0)
    pulses = [
        torch.cat(list(with_pulse(track_of(mix), beats, rate).blocks()), -1) - mix
        for rate in (1.0, 1.02)
    ]
    first = [int(pulse[0, SAMPLE_RATE * 3 :].abs().argmax()) for pulse in pulses]
    assert first[0] != first[1]


def test_averaged_latents_keep_what_lasts_and_lose_what_repeats():
    steps = torch.arange(200.0)
    fast, slow = torch.sin(2 * torch.pi * steps / 4), torch.sin(2 * torch.pi * steps / 100)
    inner = slice(AVERAGE, -AVERAGE)
    found = averaged(torch.stack([fast, slow])[None])[0, :, inner]
    assert found.shape[-1] == 200 - 2 * AVERAGE
    assert found[0].abs().max() < 0.05 and torch.allclose(found[1], slow[inner], atol=0.05)
    assert torch.allclose(averaged(torch.ones(1, 2, 30)), torch.ones(1, 2, 30))


def test_the_slow_pulse_has_a_stroke_on_every_second_beat(mix):
    beats = given_beats(120.0, 4.0)
    heard = with_pulse(track_of(mix), beats, per_beat=SLOW)
    pulse = torch.cat(list(heard.blocks()), -1) - mix
    loud = pulse[0].abs().unfold(0, 441, 441).amax(-1).numpy()
    rises = np.flatnonzero((loud[1:] > 0.02) & (loud[:-1] < 0.005)) + 1
    assert np.allclose(np.diff(rises) * 0.01, 1.0, atol=0.011) and len(rises) >= 2


def test_without_rhythm_and_with_a_slow_one():
    c_x, pulse = torch.zeros(1, 1, 60), torch.zeros(1, 1, 60)
    c_x[..., ::4], pulse[..., 30] = 1.0, 5.0
    found = slowed(c_x, c_x + pulse)
    assert float(found[0, 0, 30]) == pytest.approx(5.25, abs=0.1)
    assert (found - pulse)[..., AVERAGE:-AVERAGE].std() < 0.05


def test_a_density_moves_the_latents_by_its_size():
    c_x, other = torch.zeros(1, 2, 3), torch.ones(1, 2, 3)
    assert torch.equal(moved(c_x, other, -0.5), torch.full((1, 2, 3), 0.5))
    assert torch.equal(moved(c_x, other, 1.0), other)


@pytest.fixture
def listener():
    """A tiny system whose network hears the mix: as it is initialised, its output is 0."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        system = System(get_preset("smoke")).requires_grad_(False)
        for parameter in system.unet.parameters():
            parameter += 0.1 * torch.randn_like(parameter)
    return Accompanist(system)


def test_every_density_reaches_the_music_and_none_does_not(listener, mix):
    plain = listener(mix, steps=2)
    assert torch.equal(listener(mix, steps=2, density=0.0).audio, plain.audio)
    for density in ("busier", "sparser", 0.2, -1):
        take = listener(mix, steps=2, density=density, tempo=120.0)
        assert not torch.equal(take.latents, plain.latents)
        assert take.settings["density"] == density
    with pytest.raises(BassnbError, match="density is 'dense'"):
        listener(mix, density="dense")
