"""The shipped model in other precisions, batches, pieces and numbers of threads: the same answers,
within stated bounds.

Distances are root mean squares relative to those of the float32 answer. Bounds are about twice what
is measured.
"""

import random

import numpy as np
import pytest
import torch

from bassnb.accompanist import Accompanist
from bassnb.audio import read_audio
from bassnb.composer.render import render
from bassnb.composer.songs import compose
from bassnb.diffusion import draw_noise
from bassnb.guidance import classifier_free_guidance, rescale
from bassnb.layers import ChannelNorm
from bassnb.sampling import SAMPLERS, initial_noise
from bassnb.spectral import griffin_lim
from tests.amounts import cases

BF16, FP16 = torch.bfloat16, torch.float16
SONG = "data_samples/rock/mix.flac"


@pytest.fixture(scope="module")
def player():
    return Accompanist.from_pretrained("classroom", device="cpu")


@pytest.fixture(scope="module")
def wave(request):
    return read_audio(request.config.rootpath / SONG)[:, : 8 * 44_100]


@pytest.fixture(scope="module")
def answers(player, wave):
    """Each network as a function without arguments."""
    mix, bass, unet = (
        player.system.mix_autoencoder,
        player.system.bass_autoencoder,
        player.system.unet,
    )
    with torch.inference_mode():
        c_x = mix.standardise(mix.encode(wave[None]))
        z = initial_noise(0, (32, c_x.shape[-1]))[None]
        latents = bass.unstandardise(z)
    return {
        "U-Net at t = 0.9": lambda: unet(z, torch.tensor([0.9]), c_x),
        "U-Net at t = 0.2": lambda: unet(z, torch.tensor([0.2]), c_x),
        "encoder": lambda: mix.encode(wave[None]),
        "decoder": lambda: bass.decoder(latents)[0],
        "wave": lambda: bass.decode(latents),
    }


def distance(one, other):
    one, other = one.detach().float(), other.detach().float()
    assert one.isfinite().all()
    return float((one - other).square().mean().sqrt() / other.square().mean().sqrt())


# -- precision -------------------------------------------------------------------------------------

BOUNDS = {
    "U-Net at t = 0.9": (0.035, 0.004),
    "U-Net at t = 0.2": (0.02, 0.002),
    "encoder": (0.01, 0.001),
    "decoder": (0.01, 0.001),
    "wave": (0.05, 0.006),
}


@pytest.mark.parametrize("name", BOUNDS)
def test_half_precision_agrees_with_single_precision(name, answers):
    for kind, bound in zip((BF16, FP16), BOUNDS[name]):
        with torch.inference_mode(), torch.autocast("cpu", kind):
            got = answers[name]()
        with torch.inference_mode():
            assert 0 < distance(got, answers[name]()) < bound, kind


def test_a_take_in_bfloat16_is_the_same_take(player, wave):
    half = Accompanist(player.system, precision="bf16")
    assert distance(half(wave, steps=8).audio, player(wave, steps=8).audio) < 0.08


@pytest.mark.evidence("norm-in-float16")
@pytest.mark.parametrize("kind, bound", [(torch.float32, 1e-6), (BF16, 8e-3), (FP16, 1e-3)])
def test_the_norm_of_large_and_small_values(kind, bound):
    """Squares of float16 would overflow from 256 on; the residual stream of the mix encoder reaches
    thousands.
    """
    x = torch.randn(1, 16, 50, generator=torch.Generator().manual_seed(0))
    for scale in (1e-1, 1.0, 5e3):
        expected = ChannelNorm(16)(scale * x.double())
        assert distance(ChannelNorm(16)((scale * x).to(kind)), expected) < bound


# -- batches, pieces, threads ----------------------------------------------------------------------


def test_a_take_does_not_depend_on_its_batch(player):
    c_x = torch.randn(1, 64, 40, generator=torch.Generator().manual_seed(1))
    alone = player.sample(c_x, [3], steps=6)
    for seeds in ([3, 4], [1, 2, 3], [9, 8, 7, 6, 3]):
        assert distance(player.sample(c_x, seeds, steps=6)[seeds.index(3)], alone[0]) < 1e-5


@pytest.mark.parametrize("chunk", [1, 3, 7, 50])
def test_pieces_are_those_of_the_whole(chunk, player, wave):
    mix, bass = player.system.mix_autoencoder, player.system.bass_autoencoder
    latents = bass.unstandardise(initial_noise(0, (32, 60))[None])
    with torch.inference_mode():
        assert distance(mix.encode(wave[None], chunk=chunk), mix.encode(wave[None])) < 2e-6
        assert distance(bass.decode(latents, chunk=chunk), bass.decode(latents)) < 4e-6


@pytest.mark.parametrize("frames", [1000, 4096, 44_101])
def test_blocks_of_a_file_are_those_of_the_whole(frames, player, wave):
    with torch.inference_mode():
        blocks = torch.cat(
            list(player.system.mix_autoencoder.encode_blocks(wave[None].split(frames, -1))), -1
        )
        assert distance(blocks, player.system.mix_autoencoder.encode(wave[None])) < 2e-6


def test_one_thread_and_two(player, wave):
    takes = []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            takes.append(player(wave, steps=6).audio)
    finally:
        torch.set_num_threads(1)
    assert distance(*takes) < 2e-5


# -- seeds -----------------------------------------------------------------------------------------

SEEDED = {
    "take": lambda player: player.sample(torch.ones(1, 64, 9), [3], steps=2),
    "noise of a take": lambda player: initial_noise(3, (32, 9)),
    "noise of a training": lambda player: draw_noise(
        torch.ones(4, 32, 9),
        lambda n, g: torch.rand(n, generator=g),
        0.1,
        torch.Generator().manual_seed(3),
        (0, 1),
    )[1],
    "song": lambda player: render(compose(3, seconds=3.0))["drums"],
    "Griffin-Lim": lambda player: griffin_lim(torch.ones(65, 9), 128, 32, 280, steps=2, seed=3),
}


@pytest.mark.parametrize("name", SEEDED)
def test_seeds_neither_read_nor_change_the_global_generators(name, player):
    results = []
    for state in (1, 2):
        torch.manual_seed(state), random.seed(state), np.random.seed(state)
        before = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].copy()
        results.append(SEEDED[name](player))
        assert torch.equal(torch.get_rng_state(), before[0]) and random.getstate() == before[1]
        assert (np.random.get_state()[1] == before[2]).all()
    assert torch.equal(*results)


# -- no value that is no number --------------------------------------------------------------------


def test_guidance_of_anything_stays_finite(tally):
    draw = torch.Generator().manual_seed(0)
    for scale in (0.0, 1e-20, 1.0, 1e4):
        c, u = (scale * torch.randn(2, 4, 9, generator=draw) for _ in range(2))
        for guidance in (0, 0.5, 1, 3, 20):
            for phi in (0, 0.3, 1):
                for one, other in (
                    (c, u),
                    (c, c),
                    (c, torch.zeros_like(c)),
                    (torch.zeros_like(c), u),
                ):
                    assert (
                        rescale(classifier_free_guidance(one, other, guidance), one, phi)
                        .isfinite()
                        .all()
                    )
                    tally()


@pytest.mark.parametrize("sampler", ["ddim", "dpm++"])
def test_every_number_of_steps_stays_finite(sampler, player, tally):
    """K from 1 to 256, with a network that answers at once; the shipped one at some of them."""
    c_x = torch.randn(1, 64, 6, generator=torch.Generator().manual_seed(1))
    for steps in cases((1, 2, 3, 17, 256), (1, 2, 3, 5, 17, 64, 255, 256)):
        guidance, phi = 20.0 * (steps % 11) / 10, (steps % 7) / 6
        assert (
            player.sample(c_x, [steps], steps=steps, guidance=guidance, phi=phi, sampler=sampler)
            .isfinite()
            .all()
        )
        tally()
    for steps in cases((*range(1, 33), *range(33, 256, 31), 255, 256), range(1, 257)):
        z = initial_noise(steps, (32, 6))[None]
        end = SAMPLERS[sampler](lambda z, t: (0.7 * z).tanh(), z, steps)
        assert end.isfinite().all() and end.abs().max() < 2
        tally()
