"""Regions: what they mean, that the rest of a take is kept bit for bit, and where it is faded."""

import math

import numpy as np
import pytest
import torch

from bassnb.control.regions import (
    Region,
    crossfaded,
    put_back,
    regions_of,
    runs,
    share_of_new,
    steps_again,
)
from bassnb.diffusion import add_noise
from bassnb.errors import BassnbError
from bassnb.presets import SAMPLE_RATE, TIME_RATIO
from bassnb.sampling import ddim, dpm_solver
from tests.refusals import assert_sentence

STEP = TIME_RATIO / SAMPLE_RATE  # seconds


@pytest.mark.parametrize(
    "text, start, end, bars",
    [
        ("12.5-20.0", 12.5, 20, False),
        (" 0 - .5 ", 0, 0.5, False),
        ("3-", 3, math.inf, False),
        ("bars 9-12", 9, 13, True),
        ("Bar 9", 9, 10, True),
        ("bars 9-", 9, math.inf, True),
    ],
)
def test_forms(text, start, end, bars):
    assert Region.of(text) == Region(start, end, bars)
    assert regions_of(text) == regions_of([text]) == regions_of((text,))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "12",
        "5-3",
        "5-5",
        "-3",
        "a-b",
        "bars 0-3",
        "bars 4-3",
        "bars",
        "1-2-3",
        "1e3-2e3",
        "nan-2",
    ],
)
def test_bad_regions_are_refused(text):
    with pytest.raises(BassnbError) as error:
        regions_of(["1-2", text])
    assert_sentence(error.value, repr(text))


def test_bars_need_a_clock():
    region = Region.of("bars 2-3")
    assert region.in_seconds(lambda bar: 0.5 + 2 * (bar - 1)) == Region(2.5, 6.5, True)
    assert Region.of("bar 2").in_seconds(lambda bar: -1.0 + bar).end == 2
    assert Region.of("1-2").in_seconds(None) == Region(1, 2)
    with pytest.raises(BassnbError, match="tempo"):
        region.in_seconds(None)


def test_a_step_belongs_to_what_follows_the_border_in_it():
    seconds = 20 * STEP
    again = steps_again([Region(3.5 * STEP, 6.9 * STEP)], 20, SAMPLE_RATE, seconds)
    assert again.nonzero().flatten().tolist() == [3, 4, 5]
    assert runs(again) == [(3, 6)]
    assert steps_again([Region(2 * STEP, 2.1 * STEP)], 20, SAMPLE_RATE, seconds).sum() == 1
    assert steps_again([Region(15 * STEP, math.inf)], 20, SAMPLE_RATE, seconds)[15:].all()
    assert runs(torch.ones(4, dtype=torch.bool)) == [(0, 4)]
    # at another rate a second holds more steps
    assert steps_again([Region(4 * STEP, 5 * STEP)], 40, 2 * SAMPLE_RATE, seconds)[8:10].all()


@pytest.mark.parametrize("start, end", [(20, math.inf), (30, 40), (5, 25)])
def test_a_region_outside_the_mix_is_refused(start, end):
    with pytest.raises(BassnbError) as error:
        steps_again([Region(start, end)], 100, SAMPLE_RATE, 20.0)
    assert_sentence(error.value, "20.0 s")
    assert steps_again([Region(19, 22, bars=True)], 215, SAMPLE_RATE, 20.0)[-1]


@pytest.mark.parametrize("walk", [ddim, dpm_solver])
def test_kept_latents_stay_on_their_own_forward_process(walk):
    """The derivation in `put_back`: z = alpha k + beta eps, with one eps, at every step."""
    generator = torch.Generator().manual_seed(0)
    kept, eps = (torch.randn(1, 3, 10, generator=generator, dtype=torch.float64) for _ in range(2))
    again = torch.zeros(10, dtype=torch.bool)
    again[4:7] = True
    path = []

    def denoise(z, t):
        path.append((t.double(), z))
        return torch.tanh(z.roll(1, -1) + z.roll(-1, -1))

    made = walk(denoise, eps, 7, ground=lambda c, beta: put_back(c, kept, again))
    assert torch.equal(made[..., ~again], kept[..., ~again])
    assert len(path) == 7
    for t, z in path:
        expected = add_noise(kept, eps, t)
        assert torch.allclose(z[..., ~again], expected[..., ~again], atol=1e-6)
        if t < 1:
            assert not torch.allclose(z[..., again], expected[..., again], atol=1e-2)


def test_the_share_of_the_new_take():
    again = torch.zeros(30, dtype=torch.bool)
    again[10:14] = True
    at = torch.tensor([0.0, 6.0, 8.0, 10.0, 12.3, 14.0, 15.0, 18.0, 29.0])
    share = share_of_new(at, again, 4)
    assert np.allclose(share, [0, 0, 0.5, 1, 1, 1, 0.75, 0, 0])
    again[16:] = True  # between two regions the nearer one counts
    assert np.allclose(share_of_new(torch.tensor([15.0]), again, 4), 0.75)


@pytest.mark.parametrize("sizes", [(4096 * 30,), (7, 4096 * 29, 4089), (50_000, 72_880)])
def test_the_crossfade_does_not_depend_on_blocks_and_keeps_samples(sizes):
    samples, again = 4096 * 30, torch.zeros(30, dtype=torch.bool)
    again[12:15] = True
    new, kept = (
        torch.randn(2, samples, generator=torch.Generator().manual_seed(s)) for s in (0, 1)
    )
    cut = new.split(list(sizes), -1)
    out = torch.cat(list(crossfaded(cut, kept.split(10_001, -1), again, 2, SAMPLE_RATE)), -1)
    whole = torch.cat(list(crossfaded([new], [kept], again, 2, SAMPLE_RATE)), -1)
    assert torch.equal(out, whole)
    assert torch.equal(out[:, : 10 * 4096], kept[:, : 10 * 4096])
    assert torch.equal(out[:, 17 * 4096 :], kept[:, 17 * 4096 :])
    assert torch.equal(out[:, 12 * 4096 : 15 * 4096], new[:, 12 * 4096 : 15 * 4096])
    short = torch.cat(list(crossfaded(cut, [kept[:, :5000]], again, 2, SAMPLE_RATE)), -1)
    assert torch.equal(short[:, :5000], kept[:, :5000]) and not short[:, 5000 : 10 * 4096].any()
