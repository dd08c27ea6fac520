"""Mix in, bass out: exact lengths, the same seed the same bass, and every refusal one sentence.
Weights are random.
"""

import json

import numpy as np
import pytest
import torch

from bassnb.accompanist import Accompanist
from bassnb.audio import read_audio, write_audio
from bassnb.autoencoder import Autoencoder
from bassnb.checkpoints import System
from bassnb.errors import AudioError, BassnbError
from bassnb.level import peak
from bassnb.outputs import checksum
from bassnb.presets import SMOKE
from bassnb.take import Accompaniment
from bassnb.tracks import Track


@pytest.fixture(scope="module")
def accompanist():
    torch.manual_seed(0)
    system = System(SMOKE)
    with torch.no_grad():
        for parameter in system.parameters():  # layers that start at zero must speak too
            parameter.add_(0.02 * torch.randn(parameter.shape))
    return Accompanist(system.requires_grad_(False), name="random")


def noise(samples, seed=0):
    return 0.1 * torch.randn(2, samples, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("samples", [1, 4095, 4096, 4097, 66_150, 100_001])
def test_exactly_as_long_as_the_mix(accompanist, samples):
    take = accompanist(noise(samples), steps=2)
    assert isinstance(take, Accompaniment) and take.audio.shape == (2, samples) == take.mix.shape
    assert take.audio.isfinite().all() and 0 < peak(take.audio) <= 1
    assert take.latents.shape == (32, -(-samples // 4096))


def test_same_seed_same_bass_alone_or_among_variations(accompanist):
    mix = noise(50_000)
    torch.manual_seed(123)
    takes = accompanist.takes(mix, 3, steps=3, seed=5)
    torch.manual_seed(456)
    alone = accompanist(mix, steps=3, seed=6)
    assert torch.equal(takes[1].audio, alone.audio) and takes[1].settings == alone.settings
    assert not torch.equal(takes[0].audio, alone.audio)


def test_callback_counts_every_step_of_every_take_and_may_stop(accompanist):
    seen = []
    accompanist.takes(
        noise(5000), 2, steps=3, callback=lambda done, total: seen.append((done, total))
    )
    assert seen == [(i, 6) for i in range(1, 7)]

    def enough(done, total):
        raise InterruptedError(done)

    with pytest.raises(InterruptedError, match="1"):
        accompanist(noise(5000), steps=3, callback=enough)


def test_global_random_state_is_left_alone(accompanist):
    torch.manual_seed(1)
    state = torch.get_rng_state()
    accompanist(noise(5000), steps=2)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.evidence("settings-reach-the-music")
def test_every_setting_reaches_the_music(accompanist):
    mix = noise(60_000)
    plain = accompanist(mix, steps=4, guidance=2.0, phi=0.0).audio
    style = 0.2 * torch.sin(torch.arange(30_000) * 0.01)
    for change in (
        {"guidance": 3.0},
        {"guidance": 1.0},
        {"guidance": 0.0},
        {"phi": 1.0},
        {"steps": 5},
        {"style": style},
    ):
        other = accompanist(mix, **{"steps": 4, "guidance": 2.0, "phi": 0.0, **change}).audio
        assert not torch.allclose(other, plain, atol=1e-5), change
    styled = [accompanist(mix, steps=4, style=style, strength=s).audio for s in (0.0, 1.0)]
    assert torch.equal(styled[0], accompanist(mix, steps=4).audio) and not torch.equal(*styled)


def test_several_styles_count_by_their_length(accompanist):
    mix, (one, other) = noise(60_000), (noise(4096 * n, seed=n) for n in (3, 5))
    both = accompanist(mix, style=[one, other], steps=3)
    encode = lambda wave, part="bass": getattr(accompanist, f"{part}_coder").encode(  # noqa: E731
        Track.of(lambda: [wave])
    )
    mean = torch.cat([encode(one), encode(other)], -1).mean(-1, keepdim=True)
    again, settings = accompanist.sample(encode(mix, "mix"), [0], mean=mean, steps=3), both.settings
    assert torch.allclose(again[0], both.latents, atol=1e-5) and settings["style"] == [
        "array",
        "array",
    ]
    alone = [accompanist(mix, style=style, steps=3).latents for style in ([one], one, other)]
    assert torch.equal(alone[0], alone[1]) and not torch.allclose(alone[1], alone[2], atol=1e-4)


def test_louder_mix_gets_louder_bass(accompanist):
    mix = noise(20_000)
    quiet, loud = (accompanist(gain * mix, steps=2).audio for gain in (0.05, 0.5))
    assert peak(loud) == pytest.approx(10 * peak(quiet), rel=0.05) or peak(loud) == 1


def test_path_array_and_tensor_are_the_same_mix(accompanist, tmp_path):
    mix = noise(10_000).clamp(-1, 1)
    path = write_audio(tmp_path / "mix.wav", mix)
    stored = read_audio(path)
    takes = [
        accompanist(source, steps=2).audio for source in (path, str(path), stored, stored.numpy())
    ]
    assert all(torch.equal(take, takes[0]) for take in takes)


def test_save_writes_audio_and_settings(accompanist, tmp_path):
    take = accompanist(noise(10_000), steps=2, seed=7, guidance=1.5, phi=0.25)
    path = take.save(tmp_path / "bass.flac")
    assert torch.allclose(read_audio(path), take.audio, atol=1e-6)
    settings = json.loads((tmp_path / "bass.json").read_text())
    assert (settings["seed"], settings["guidance"], settings["phi"], settings["steps"]) == (
        7,
        1.5,
        0.25,
        2,
    )


def test_mix_with_balances_and_never_clips(accompanist):
    mix = noise(10_000)
    take = accompanist(mix, steps=2)
    assert torch.allclose(take.mix_with(-200.0), mix, atol=1e-5)
    assert peak(take.mix_with(60.0)) <= 1


@pytest.mark.parametrize(
    "settings",
    [
        {"guidance": -1},
        {"guidance": 21},
        {"guidance": float("nan")},
        {"guidance": "loud"},
        {"phi": 1.1},
        {"phi": -0.1},
        {"steps": 0},
        {"steps": 2.5},
        {"steps": 5000},
        {"seed": -1},
        {"strength": 5},
    ],
)
def test_settings_out_of_range_are_refused(accompanist, settings):
    with pytest.raises(BassnbError, match=next(iter(settings))) as error:
        accompanist(noise(5000), **settings)
    assert "\n" not in str(error.value)


def test_silence_and_short_styles_are_refused(accompanist):
    with pytest.raises(BassnbError, match="silent"):
        accompanist(torch.zeros(2, 10_000))
    with pytest.raises(BassnbError, match="less than one latent step"):
        accompanist(noise(10_000), style=noise(4095))
    with pytest.raises(AudioError):
        accompanist(np.array([np.nan, 0.0]))


# -- from file to file -----------------------------------------------------------------------------


def test_a_file_gets_the_bass_that_its_samples_get(accompanist, tmp_path):
    mix, style = (
        write_audio(tmp_path / f"{name}.wav", noise(n, n))
        for name, n in (("mix", 300_001), ("style", 50_000))
    )
    settings = dict(style=style, steps=2, seed=3, guidance=2.0)
    out, both = tmp_path / "bass.wav", tmp_path / "both.flac"
    written = accompanist.accompany_file(mix, out, with_mix=both, variations=2, **settings)
    assert [path.name for path in written] == [
        "bass-1.wav",
        "both-1.flac",
        "bass-2.wav",
        "both-2.flac",
    ]
    for take, bass, mixed in zip(
        accompanist.takes(mix, 2, **settings), written[::2], written[1::2]
    ):
        assert torch.allclose(read_audio(bass), take.audio, atol=1e-5)
        assert torch.allclose(read_audio(mixed), take.mix_with(), atol=1e-5)
        saved = json.loads(bass.with_suffix(".json").read_text())
        written_files = (bass, mixed, bass.with_suffix(".latents"))
        assert saved.pop("bassnb_files") == {path.name: checksum(path) for path in written_files}
        assert saved.pop("mix_gain_db") == 0 and saved == take.settings


@pytest.mark.parametrize("more", [(), ("with_mix",), ("with_mix", "midi")], ids=len)
def test_a_take_is_decoded_once_however_many_files_it_makes(
    accompanist, tmp_path, monkeypatch, more
):
    calls, decode = [], Autoencoder.decode_blocks

    def counted(model, *args, **kwargs):
        calls.append(model)
        return decode(model, *args, **kwargs)

    monkeypatch.setattr(Autoencoder, "decode_blocks", counted)
    mix = write_audio(tmp_path / "mix.wav", noise(100_000))
    names = {"with_mix": "both.flac", "midi": "bass.mid"}
    paths = {name: tmp_path / names[name] for name in more}
    written = accompanist.accompany_file(mix, tmp_path / "bass.wav", variations=2, steps=1, **paths)
    assert len(written) == 2 * (1 + len(more)) and len(calls) == 2
    assert all(model is accompanist.system.bass_autoencoder for model in calls)


def test_a_loud_file_is_turned_down_as_the_samples_are(accompanist, tmp_path, monkeypatch):
    monkeypatch.setattr("bassnb.coder.LEVEL", 0.001)  # a bass a hundred times as loud
    mix = write_audio(tmp_path / "mix.wav", noise(100_000))
    (path,) = accompanist.accompany_file(mix, tmp_path / "bass.wav", steps=1)
    take = accompanist(mix, steps=1)
    assert peak(take.audio) == pytest.approx(1) and torch.allclose(
        read_audio(path), take.audio, atol=1e-5
    )


def test_no_file_is_left_of_a_refused_request(accompanist, tmp_path):
    silent = write_audio(tmp_path / "silent.wav", torch.zeros(2, 10_000))
    for mix, settings in ((silent, {}), (silent, {"seed": -1}), (tmp_path / "none.wav", {})):
        with pytest.raises((BassnbError, AudioError)):
            accompanist.accompany_file(mix, tmp_path / "bass.wav", **settings)
    assert [path.name for path in tmp_path.iterdir()] == ["silent.wav"]


def test_samplers(accompanist):
    mix = noise(60_000)
    takes = {name: accompanist(mix, sampler=name) for name in ("ddim", "dpm++")}
    assert takes["ddim"].settings["steps"] == 64 and takes["dpm++"].settings["steps"] == 12
    assert torch.equal(takes["ddim"].audio, accompanist(mix, steps=64).audio)
    difference = takes["dpm++"].latents - takes["ddim"].latents
    assert 0 < difference.square().mean() < 0.05 * takes["ddim"].latents.square().mean()
    with pytest.raises(BassnbError, match=r"ddim, dpm\+\+"):
        accompanist(mix, sampler="euler")
    with pytest.raises(BassnbError, match="no setting 'loudness'"):
        accompanist.sample(torch.zeros(1, 64, 4), [0], loudness=1)


def test_a_batch_of_takes_is_each_of_them_alone(accompanist):
    c_x = torch.randn(2, 64, 20, generator=torch.Generator().manual_seed(0))
    both = accompanist.sample(c_x, [4, 9], steps=3, guidance=2.0)
    for i, seed in enumerate((4, 9)):
        assert torch.allclose(
            both[i : i + 1],
            accompanist.sample(c_x[i : i + 1], [seed], steps=3, guidance=2.0),
            atol=1e-5,
        )
    several = accompanist.sample(c_x[:1], [4, 5], steps=3, guidance=2.0)
    assert torch.allclose(several[:1], both[:1], atol=1e-5)


def test_half_precision_is_the_same_take_to_two_digits(accompanist):
    half = Accompanist(accompanist.system, precision="bf16")
    mix = noise(100_000)
    one, other = (player(mix, steps=4, guidance=2.0) for player in (accompanist, half))
    assert (
        other.audio.dtype == other.latents.dtype == torch.float32
        and other.settings["precision"] == "bf16"
    )
    difference = (other.latents - one.latents).square().mean() / one.latents.square().mean()
    assert 0 < difference < 0.02**2
    assert 0 < (other.audio - one.audio).square().mean() < 0.2**2 * one.audio.square().mean()
    with pytest.raises(BassnbError, match="no, bf16"):
        Accompanist(accompanist.system, precision="fp8")


@pytest.mark.evidence("autocast-stays-inside")
@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_half_precision_ends_where_a_block_is_handed_over(accompanist, precision):
    half = Accompanist(accompanist.system, precision=precision)
    mix, latents = Track.of(lambda: [noise(30_000)]), torch.zeros(1, 32, 8)
    blocks = half.bass_coder.decode(latents, mix.length, mix.level)
    for block in blocks:
        assert block.dtype == torch.float32
        assert not torch.is_autocast_enabled("cpu")  # here the other program computes
    assert not torch.is_autocast_enabled("cpu")
