"""Loops: every operation along time is circular, and the bass is exactly as long as the loop."""

import numpy as np
import pytest
import torch

from bassnb.control.loop import MARGIN, LoopTuning, looped, wrapped
from bassnb.errors import BassnbError
from bassnb.presets import SAMPLE_RATE, TIME_RATIO
from bassnb.spectral import resample_periodic
from bassnb.tracks import Track
from bassnb.tuning import IN_TUNE, Tuning
from tests.refusals import assert_sentence

IN_440 = Tuning(0.0, "given")
QUICK = {"steps": 2, "guidance": 2.0, "tuning": 0, "loop": True}


def test_wrapped_goes_round_as_often_as_needed():
    assert wrapped(torch.arange(3), 4).tolist() == [2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0]


def test_the_network_sees_the_same_z_in_whole_rounds():
    seen = []

    def network(z, t, mix):
        seen.append((z, mix))
        return z + mix[:, :2]

    z, mix = torch.randn(1, 2, 10), torch.randn(1, 3, 10)
    v = looped(network, context=24)(z, torch.ones(1), mix)
    assert torch.equal(v, z + mix[:, :2])
    assert torch.equal(seen[0][0], z.repeat(1, 1, 7)) and torch.equal(
        seen[0][1], mix.repeat(1, 1, 7)
    )


@pytest.mark.parametrize("length", [90_000, 100_001, 120_000])
def test_resampling_of_a_period_is_exact_for_what_both_can_hold(length):
    samples, time = 100_001, torch.arange(100_001).double() / 100_001
    wave = lambda t: torch.sin(2 * np.pi * (7 * t + 0.1)) + torch.cos(2 * np.pi * 4000 * t)  # noqa: E731
    there = resample_periodic(wave(time), length)
    assert torch.allclose(there.double(), wave(torch.arange(length).double() / length), atol=1e-5)
    assert torch.allclose(resample_periodic(there, samples).double(), wave(time), atol=1e-5)


def test_a_loop_gets_a_whole_number_of_steps_in_tune():
    loop = LoopTuning.of(IN_440, 8 * SAMPLE_RATE)
    assert loop.steps == 86 and abs(loop.off) < 3
    track = Track.of(lambda: [torch.randn(2, 8 * SAMPLE_RATE)])
    assert loop.to_440(track).length == 86 * TIME_RATIO
    sharp = LoopTuning.of(Tuning(30.0, "given"), 8 * SAMPLE_RATE)
    assert abs(sharp.off) <= IN_TUNE and sharp.steps > loop.steps
    # a tone of the loop, heard, is as sharp as `off` says less
    heard = 440.0 * 8 * SAMPLE_RATE / (loop.steps * TIME_RATIO)
    assert 1200 * np.log2(heard / 440) == pytest.approx(-loop.off)


def test_a_loop_out_of_tune_is_refused_with_what_helps():
    length = int(21.5 * TIME_RATIO)
    with pytest.raises(BassnbError) as error:
        LoopTuning.of(IN_440, length)
    assert_sentence(error.value, "2 times")
    assert LoopTuning.of(IN_440, 2 * length).steps == 43
    with pytest.raises(BassnbError, match="600"):
        LoopTuning.of(IN_440, 601 * SAMPLE_RATE)


@pytest.mark.parametrize("part", ["mix_coder", "bass_coder"])
def test_encoding_a_turned_loop_turns_its_latents(accompanist, noise, part):
    wave = noise(20 * TIME_RATIO)
    encode = lambda x: getattr(accompanist, part).encode(Track.of(lambda: [x]), loop=True)  # noqa: E731
    latents = encode(wave)
    turned = encode(wave.roll(7 * TIME_RATIO, -1))
    assert latents.shape[-1] == 20
    assert torch.allclose(turned, latents.roll(7, -1), atol=2e-3)
    alone = getattr(accompanist, part).encode(Track.of(lambda: [wave]))
    assert not torch.allclose(alone[..., 0], latents[..., 0], atol=2e-3)


def test_decoding_turned_latents_turns_the_loop(accompanist):
    latents = torch.randn(1, 32, 20, generator=torch.Generator().manual_seed(0))
    length = 20 * TIME_RATIO
    decode = lambda x: torch.cat(list(accompanist.bass_coder.decode(x, length, 0.1, loop=True)), -1)  # noqa: E731
    wave = decode(latents)
    assert wave.shape == (2, length)
    assert torch.allclose(decode(latents.roll(4, -1)), wave.roll(4 * TIME_RATIO, -1), atol=1e-5)
    assert accompanist.system.bass_autoencoder.receptive_field < MARGIN


@pytest.mark.parametrize("samples", [8 * SAMPLE_RATE, 300_001])
def test_exactly_as_long_as_the_mix(accompanist, noise, samples, tmp_path):
    take = accompanist(noise(samples), **QUICK)
    assert take.audio.shape == (2, samples) and take.settings["loop"] is True
    assert abs(take.settings["loop_cents"]) <= IN_TUNE
    assert take.latents.shape[-1] == round(samples / TIME_RATIO)
    assert not torch.equal(
        take.audio, accompanist(noise(samples), **{**QUICK, "loop": False}).audio
    )


def test_a_line_in_a_loop(accompanist, noise):
    mix = noise(8 * SAMPLE_RATE)
    line = torch.sin(torch.arange(8 * SAMPLE_RATE) * 2 * np.pi * 55 / SAMPLE_RATE)
    bound = accompanist(mix, line=line, freedom=0, **QUICK)
    assert bound.latents.shape[-1] == 86
