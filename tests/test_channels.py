"""Which axis of an array holds the channels, and how many channels become two."""

import warnings

import numpy as np
import pytest
import soundfile
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bassnb.audio import read_audio, read_stretch, write_audio
from bassnb.channels import channels_first, stereo
from bassnb.errors import AudioError
from bassnb.level import loudness
from bassnb.waves import as_stereo, resample
from bassnb.widgets.listen import listen

pytestmark = pytest.mark.kind("meaning guessed")
anything = settings(
    max_examples=60,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
HALF = 0.5**0.5


def song(frames=20_000):
    return np.random.default_rng(0).uniform(-0.5, 0.5, (2, frames)).astype(np.float32)


def level(wave):
    return 10 * np.log10(float(torch.as_tensor(wave).square().mean()))


# -- which axis ------------------------------------------------------------------------------------


@pytest.mark.parametrize("columns", [1, 2, 6])
@pytest.mark.parametrize("kind", [np.float32, np.float64, np.int16, torch.tensor])
def test_samples_by_channels_are_turned_with_a_warning(columns, kind):
    wave = np.resize(song(), (columns, 20_000)) * (30_000 if kind is np.int16 else 1)
    turned = kind(wave.T) if kind is torch.tensor else wave.T.astype(kind)
    with pytest.warns(UserWarning, match=rf"the mix has shape \(20000, {columns}\)"):
        found = as_stereo(turned, name="the mix")
    assert torch.equal(found, as_stereo(kind(wave) if kind is torch.tensor else wave.astype(kind)))


@pytest.mark.evidence("every-shape-taken-turned-warning")
@anything
@given(rows=st.integers(0, 3000), columns=st.integers(0, 3000))
def test_every_shape_is_taken_as_it_is_or_turned_with_a_warning_or_refused(rows, columns, tally):
    wave = np.zeros((rows, columns), np.float32)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            found = as_stereo(wave).shape
        except AudioError as error:
            assert str((rows, columns)) in str(error) or rows * columns == 0
        else:
            as_it_is = rows <= 2 or rows <= columns
            assert found == (2, columns if as_it_is else rows) and len(said) == (not as_it_is)
            assert as_it_is or (columns <= 8 and str((rows, columns)) in str(said[0].message))
    tally()


@pytest.mark.parametrize("shape", [(3, 1), (31, 2), (9, 8), (1000, 9), (1000, 500)])
def test_shapes_in_doubt_are_refused(shape):
    with pytest.raises(
        AudioError,
        match=rf"the mix has shape \({shape[0]}, {shape[1]}\).*\(channels, N\).*\(N, channels\)",
    ):
        as_stereo(np.zeros(shape), name="the mix")


@pytest.mark.parametrize("shape", [(2, 1), (1, 1), (2, 2), (1, 9), (8, 8), (300, 400), (0, 2)])
def test_usual_shapes_are_taken_without_a_word(shape):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert channels_first(np.zeros(shape)).shape == shape


def test_a_short_rest_of_a_file_is_no_array_in_doubt(tmp_path):
    """Blocks of files are never guessed about, not even six channels of three samples."""
    soundfile.write(tmp_path / "a.wav", np.zeros((3, 6)), 44_100)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_audio(tmp_path / "a.wav").shape == (2, 3)


def test_other_doors_turn_arrays_with_a_warning_too(tmp_path):
    wave = torch.from_numpy(song(44_100))
    with pytest.warns(UserWarning, match=r"\(44100, 2\)"):
        assert torch.equal(
            read_audio(write_audio(tmp_path / "a.wav", wave.T)),
            read_audio(write_audio(tmp_path / "b.wav", wave)),
        )
    with pytest.warns(UserWarning, match=r"\(44100, 2\)"):
        assert loudness(wave.T) == loudness(wave)
    with pytest.warns(UserWarning, match=r"\(44100, 2\)"):
        assert torch.equal(resample(wave.T, 44_100, 16_000), resample(wave, 44_100, 16_000))
    with pytest.warns(UserWarning, match=r"take 'a' has shape \(44100, 2\)"):
        turned = listen({"a": wave.T.numpy()}).html
    assert turned.count("<audio") == listen({"a": wave.numpy()}).html.count("<audio") == 1


@pytest.mark.parametrize("shape", [(100,), (1, 100), (3, 100), (100, 1), (20, 2), (2, 3, 4)])
def test_what_is_not_stereo_is_not_written(tmp_path, shape):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(AudioError, match="shape"):
            write_audio(tmp_path / "a.wav", torch.zeros(shape))
    assert not list(tmp_path.iterdir())


# -- how many channels become two ------------------------------------------------------------------


@pytest.mark.parametrize(
    "names",
    [
        "L R C",
        "L R Ls Rs",
        "L R C Ls Rs",
        "L R C LFE Ls Rs",
        "L R C LFE S Ls Rs",
        "L R C LFE Ls Rs Ls Rs",
    ],
)
def test_each_channel_has_its_share(names):
    """ITU-R BS.775: channel by channel, in the order of WAVE files."""
    shares = {
        "L": (1, 0),
        "R": (0, 1),
        "C": (HALF, HALF),
        "LFE": (0, 0),
        "Ls": (HALF, 0),
        "Rs": (0, HALF),
        "S": (0.5, 0.5),
    }
    for place, name in enumerate(names.split()):
        wave = torch.zeros(len(names.split()), 50)
        wave[place] = 0.5
        assert as_stereo(wave)[:, 0].tolist() == pytest.approx(
            [0.5 * share for share in shares[name]]
        )


@pytest.mark.evidence("stereo-song-among-silent-channels")
@pytest.mark.parametrize(
    "suffix, channels",
    [
        (suffix, channels)
        for suffix in ("wav", "flac", "array")
        for channels in (3, 4, 5, 6, 7, 8, 9, 16, 33)
        if suffix != "flac" or channels <= 8  # the most that FLAC holds
    ],
)
def test_a_stereo_song_among_silent_channels_stays_what_it_is(tmp_path, channels, suffix):
    wave = np.zeros((channels, 20_000), np.float32)
    wave[:2] = song()
    if suffix == "array":
        found = as_stereo(wave)
    else:
        soundfile.write(
            tmp_path / f"a.{suffix}",
            wave.T,
            44_100,
            format="WAVEX" if suffix == "wav" else None,
            subtype="PCM_24",
        )
        found = read_audio(tmp_path / f"a.{suffix}")
        assert torch.equal(read_stretch(tmp_path / f"a.{suffix}", 0.1, 1000), found[:, 4410:5410])
    assert torch.allclose(found, torch.from_numpy(wave[:2]), atol=1e-6)


@anything
@given(channels=st.integers(3, 40), seed=st.integers(0, 99))
def test_no_downmix_swaps_its_sides_or_loses_level(channels, seed, tally):
    wave = torch.from_numpy(
        np.random.default_rng(seed).uniform(-0.5, 0.5, (channels, 2000)).astype(np.float32)
    )
    found = stereo(wave)
    assert found.shape == (2, 2000) and level(found) > level(wave[:2]) - 0.5
    assert (found[0] * wave[0]).mean() > abs((found[0] * wave[1]).mean())
    tally()


@pytest.mark.parametrize("channels, front", [(3, (0, 2)), (5, (0, 2)), (6, (0, 2)), (8, (0, 2))])
def test_vorbis_has_an_order_of_its_own(tmp_path, channels, front):
    """Vorbis I, section 4.3.9: left, centre, right; libsndfile hands them over as they are."""
    wave = np.zeros((channels, 44_100), np.float32)
    wave[list(front)] = [
        0.3 * np.sin(2 * np.pi * f * np.arange(44_100) / 44_100) for f in (300, 500)
    ]
    soundfile.write(tmp_path / "a.ogg", wave.T, 44_100)
    found = read_audio(tmp_path / "a.ogg")
    heard = [[np.corrcoef(side, wave[channel])[0, 1] for channel in front] for side in found]
    assert np.allclose(heard, np.eye(2), atol=0.1) and level(found) > level(wave[list(front)]) - 1


def test_mono_and_stereo_are_not_touched():
    wave = torch.from_numpy(song())
    assert torch.equal(stereo(wave), wave) and torch.equal(stereo(wave[:1]), wave[:1].expand(2, -1))


def test_blocks_of_any_size_are_mixed_alike():
    wave = torch.from_numpy(np.random.default_rng(0).standard_normal((7, 1003)).astype(np.float32))
    assert torch.equal(
        torch.cat([stereo(block) for block in wave.split(100, -1)], -1), stereo(wave)
    )
