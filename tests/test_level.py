"""What nobody hears changes nothing: silence, offsets, rumble and gain, in the measure of level and
in the bass.
"""

import json

import numpy as np
import pytest
import soundfile
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bassnb import Accompanist
from bassnb.audio import SAMPLE_RATE, read_audio
from bassnb.level import LEVEL, audible, level, loudness, measure, peak, rms, to_level
from bassnb.presets import TIME_RATIO

pytestmark = [pytest.mark.kind("only what sounds counts"), pytest.mark.slow]


def music(seconds=4.0, seed=0):
    """A chord that is struck twice a second, with noise: (2, N), its level near -25 dBFS."""
    t = torch.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    chord = sum(
        torch.sin(2 * torch.pi * f * t) for f in (130.81, 164.81, 196.0, 65.41)
    ) * torch.exp(-3 * (t % 0.5))
    noise = torch.randn(2, len(t), generator=torch.Generator().manual_seed(seed))
    return 0.06 * chord + 0.02 * noise


def silence(seconds):
    return torch.zeros(2, round(seconds * SAMPLE_RATE))


def floor(seconds, db=-80.0):
    return 10 ** (db / 20) * torch.randn(
        2, round(seconds * SAMPLE_RATE), generator=torch.Generator().manual_seed(9)
    )


def faded(wave, times):
    return wave.repeat(1, times) * torch.logspace(-1.2, -6, times * wave.shape[-1])


def rumble(wave, size, hertz=10.0):
    return size * torch.sin(2 * torch.pi * hertz * torch.arange(wave.shape[-1]) / SAMPLE_RATE)


def db(ratio):
    return 20 * np.log10(ratio)


UNHEARD = {
    "60 s of silence before": lambda x: torch.cat([silence(60), x], -1),
    "60 s of silence after": lambda x: torch.cat([x, silence(60)], -1),
    "a silence of no whole number of hops": lambda x: torch.cat(
        [silence(7.777), x, silence(3.3333)], -1
    ),
    "ten minutes of silence": lambda x: torch.cat([silence(300), x, silence(300)], -1),
    "a noise floor before": lambda x: torch.cat([floor(60), x], -1),
    "a noise floor all along": lambda x: (
        torch.cat([silence(30), x, silence(30)], -1) + floor(60 + x.shape[-1] / SAMPLE_RATE)
    ),
    "a long rest in the middle": lambda x: torch.cat([x, silence(20), x], -1),
    "an offset": lambda x: x + 0.3,
    "an offset with silence": lambda x: torch.cat([silence(30), x], -1) - 0.2,
    "rumble": lambda x: x + rumble(x, 0.1),
    "slow rumble": lambda x: x + rumble(x, 0.3, 3.0),
    "rumble and silence": lambda x: (y := torch.cat([x, silence(30)], -1)) + rumble(y, 0.1),
    "a fade that goes on for minutes": lambda x: torch.cat([x, faded(x[:, -TIME_RATIO:], 400)], -1),
}


@pytest.mark.parametrize("name", UNHEARD)
@pytest.mark.parametrize("seconds", [1.0, 4.0])
def test_the_level_is_that_of_the_music_alone(name, seconds):
    wave = music(seconds)
    assert db(level(UNHEARD[name](wave)) / level(wave)) == pytest.approx(0, abs=0.25)


def test_dense_music_measures_what_it_did():
    wave = music(10.0)
    assert db(level(wave) / rms(wave)) == pytest.approx(0, abs=0.05)
    assert level(to_level(wave)) == pytest.approx(LEVEL, rel=1e-3)


def test_a_channel_that_is_silent_counts_as_in_a_root_mean_square():
    wave = music()
    wave[1] = 0
    assert db(level(wave) / rms(wave)) == pytest.approx(0, abs=0.05)


def test_a_short_rest_belongs_to_the_music_and_a_long_one_does_not():
    wave = music(1.0)
    short, long = (
        measure([torch.cat([wave, silence(seconds), wave], -1)]) for seconds in (0.8, 3.0)
    )
    assert short.sounding.all() and db(short.level / level(wave)) < -1
    assert not long.sounding.all() and abs(db(long.level / level(wave))) < 0.1
    assert long.sounding.float().mean() == pytest.approx(2 / 5, abs=0.04) and len(
        long.sounding
    ) == -(-long.length // TIME_RATIO)


@pytest.mark.parametrize("blocks", [1, 500, 4096, 70_001, 2**20])
def test_nothing_depends_on_the_sizes_of_the_blocks(blocks):
    wave = torch.cat([silence(0.3), music(2.0), silence(1.5)], -1)[
        :, : 20_000 if blocks == 1 else None
    ]
    whole, pieces = (list(audible(parts)) for parts in ([wave], wave.split(blocks, -1)))
    assert (
        torch.equal(torch.cat(whole, -1), torch.cat(pieces, -1))
        and torch.cat(whole, -1).shape == wave.shape
    )
    one, other = measure(whole), measure(torch.cat(pieces, -1).split(blocks, -1))
    assert (one.length, one.level, one.peak) == (other.length, other.level, other.peak)
    assert torch.equal(one.sounding, other.sounding)


@settings(max_examples=40, deadline=None)
@given(st.floats(-100, 100), st.integers(0, 100))
def test_gain_in_is_gain_out_of_the_measure(gain, seed):
    wave = music(1.0, seed)
    factor = 10 ** (gain / 20)
    assert level(factor * wave) == pytest.approx(factor * level(wave), rel=1e-5)
    assert torch.allclose(to_level(factor * wave), to_level(wave), atol=1e-5)


@pytest.mark.parametrize("samples", [1, 10, 1023, 1024, 1025, 4097])
def test_short_audio_has_a_level(samples):
    found = measure(audible([music(1.0)[:, :samples]]))
    assert (
        found.length == samples
        and 0 < found.level <= found.peak
        and len(found.sounding) == -(-samples // TIME_RATIO)
    )


def test_silence_has_none():
    for wave in (silence(1.0), silence(1.0) + 0.5):
        found = measure(audible([wave]))
        assert found.level < 1e-6 and found.peak < 1e-6
    assert measure([]).level == 0 and torch.equal(to_level(silence(1.0)), silence(1.0))


@pytest.mark.evidence("decay-into-nothing")
@pytest.mark.parametrize("power", [-20, -30, -38, -41, -44, -46])
def test_what_decays_into_nothing_is_silence(power):
    wave = music(1.0) * 10.0**power
    brought = to_level(wave)
    assert brought.isfinite().all()
    assert (
        peak(brought) < 1e-25 if power < -20 else level(brought) == pytest.approx(LEVEL, rel=1e-3)
    )


# -- the bass --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def accompanist():
    return Accompanist.from_pretrained("classroom", device="cpu")


def bass_level(accompanist, mix, **options):
    take = accompanist(mix, steps=4, **options)
    return rms(take.audio) * 10 ** (-take.settings["gain_db"] / 20)


@pytest.mark.parametrize("gain", [-60.0, -20.0, 20.0, 60.0])
@pytest.mark.parametrize("styled", [False, True])
def test_gain_in_is_gain_out(accompanist, gain, styled):
    mix, style = music(3.0), music(2.0, 1) if styled else None
    one, other = (
        accompanist(factor * mix, steps=4, style=style) for factor in (1.0, 10 ** (gain / 20))
    )
    undone = other.audio * 10 ** (-(gain + other.settings["gain_db"]) / 20)
    assert torch.allclose(undone, one.audio, atol=1e-4 * peak(one.audio))
    assert torch.allclose(
        other.mix_with() / peak(other.mix_with()), one.mix_with() / peak(one.mix_with()), atol=1e-4
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda s: 0.01 * s,
        lambda s: 5 * s,
        lambda s: s + 0.1,
        UNHEARD["60 s of silence before"],
        UNHEARD["a long rest in the middle"],
        lambda s: torch.cat([s, floor(60)], -1),
    ],
)
def test_a_style_sounds_the_same_however_loud_and_with_rests(accompanist, change):
    mix, style = music(3.0), music(4.0, 1)
    one, other = (accompanist(mix, steps=4, style=s) for s in (style, change(style)))
    assert abs(db(rms(other.audio) / rms(one.audio))) < 0.5
    assert (other.latents - one.latents).square().mean() < 0.02 * one.latents.square().mean()


@pytest.mark.evidence("same-bass-mix-something-nobody")
@pytest.mark.parametrize(
    "change",
    [
        lambda x: x + 0.2,
        lambda x: x - 0.05,
        lambda x: x + rumble(x, 0.05),
        lambda x: x + floor(4.0),
    ],
)
def test_the_same_bass_to_a_mix_with_something_that_nobody_hears(accompanist, change):
    mix = music(4.0)
    one, other = (accompanist(m, steps=4) for m in (mix, change(mix)))
    assert abs(db(rms(other.audio) / rms(one.audio))) < 0.5
    assert (other.latents - one.latents).square().mean() < 0.05 * one.latents.square().mean()


@pytest.mark.evidence("silence-around-song-leaves-bass")
@pytest.mark.parametrize("options", [{}, {"phi": 1.0, "guidance": 4.0}, {"style": music(3.0, 1)}])
@pytest.mark.parametrize("before", [False, True])
def test_silence_around_the_song_leaves_the_bass_as_loud(accompanist, options, before):
    mix, seeds = music(6.0), range(2)
    parts = [silence(20), mix] if before else [mix, silence(20)]
    where = slice(-mix.shape[-1], None) if before else slice(mix.shape[-1])
    alone = [rms(accompanist(mix, steps=4, seed=seed, **options).audio) for seed in seeds]
    around = [
        rms(accompanist(torch.cat(parts, -1), steps=4, seed=seed, **options).audio[:, where])
        for seed in seeds
    ]
    # the estimates of four steps follow a long silence in part: the take is softer, not gone
    assert abs(db(np.mean(around) / np.mean(alone))) < 6


@pytest.mark.evidence("balance-loud-master-soft")
@pytest.mark.parametrize("gain", [1.0, 4.0, 100.0])
def test_the_balance_of_a_loud_master_is_that_of_a_soft_one(accompanist, tmp_path, gain):
    mix = music(3.0)
    soundfile.write(tmp_path / "mix.wav", (gain * mix).T.numpy(), SAMPLE_RATE, subtype="FLOAT")
    take = accompanist(tmp_path / "mix.wav", steps=4)
    files = accompanist.accompany_file(
        tmp_path / "mix.wav", tmp_path / "bass.wav", with_mix=tmp_path / "both.wav", steps=4
    )
    bass, both = map(read_audio, files)
    facts = json.loads((tmp_path / "bass.json").read_text())
    assert torch.allclose(both, take.mix_with(), atol=1e-5) and torch.allclose(
        bass, take.audio, atol=1e-5
    )
    assert max(peak(bass), peak(both)) <= 1 and (facts["mix_gain_db"] < 0) == (gain > 1)
    played = 10 ** (-facts["gain_db"] / 20) * bass
    assert torch.allclose(
        10 ** (-facts["mix_gain_db"] / 20) * both, gain * mix + played, atol=1e-4 * gain
    )
    soft = accompanist(mix, steps=4)
    assert torch.allclose(played / gain, soft.audio, atol=1e-4)


def test_levels():
    time = torch.arange(SAMPLE_RATE) / SAMPLE_RATE
    wave = 0.5 * torch.sin(2 * torch.pi * 440 * time).expand(2, -1)
    assert rms(wave) == pytest.approx(0.5 / 2**0.5, rel=1e-3)
    assert level(to_level(wave, 6.0)) == pytest.approx(LEVEL * 10 ** (6 / 20), rel=1e-3)
    assert torch.equal(to_level(torch.zeros(2, 9)), torch.zeros(2, 9))
    assert loudness(wave * 10 ** (-6 / 20)) == pytest.approx(loudness(wave) - 6, abs=0.1)
    assert loudness(torch.zeros(2, 44_100)) == float("-inf")
