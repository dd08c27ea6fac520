"""The pitch tracker against tones whose pitch is known."""

import numpy as np
import pytest

from bassnb.pitch import difference, first_dip, normalised_difference, track_pitch


def tone(midi, seconds=1.0, harmonics=6):
    """A sawtooth-like tone (2, N)."""
    t = np.arange(round(44_100 * seconds)) / 44_100
    f = 440 * 2 ** ((midi - 69) / 12)
    wave = sum(np.sin(2 * np.pi * f * k * t + k) / k for k in range(1, harmonics + 1)) * 0.1
    return np.stack([wave, wave])


@pytest.mark.parametrize("midi", [28, 33.3, 40, 47.9, 60])
def test_pitch_of_a_tone(midi):
    times, found = track_pitch(tone(midi))
    inner = slice(4, -4)  # frames that lie in the tone as a whole
    assert not np.isnan(found[inner]).any()
    assert np.abs(found[inner] - midi).max() < 0.06
    assert len(times) == 44_100 // 1024 + 1 and times[1] == pytest.approx(1024 / 44_100)


def test_a_missing_fundamental_is_still_heard():
    t = np.arange(44_100) / 44_100
    wave = sum(np.sin(2 * np.pi * 55 * k * t + k) for k in (2, 3, 4, 5)) * 0.1
    assert np.nanmedian(track_pitch(wave)[1]) == pytest.approx(33, abs=0.05)


@pytest.mark.parametrize(
    "wave", [np.zeros((2, 44_100)), np.random.default_rng(0).normal(size=(2, 44_100))]
)
def test_silence_and_noise_have_no_pitch(wave):
    assert np.isnan(track_pitch(wave)[1]).all()


def test_frames_change_with_the_notes():
    wave = np.concatenate([tone(36, 0.5), np.zeros((2, 22_050)), tone(43, 0.5)], axis=1)
    times, found = track_pitch(wave)
    assert np.allclose(found[(times > 0.1) & (times < 0.4)], 36, atol=0.05)
    assert np.isnan(found[(times > 0.6) & (times < 0.9)]).all()
    assert np.allclose(found[(times > 1.1) & (times < 1.4)], 43, atol=0.05)


def test_level_does_not_matter():
    assert np.array_equal(
        track_pitch(tone(40))[1], track_pitch(tone(40) * 0.125)[1], equal_nan=True
    )


def test_difference_is_the_equation():
    x = np.random.default_rng(0).normal(size=200)
    d = difference(x, 32, 10, 20)
    for frame, start in enumerate(range(0, 200 - 20 - 32 + 1, 10)):
        for lag in (1, 7, 20):
            expected = sum((x[start + j] - x[start + j + lag]) ** 2 for j in range(32))
            assert d[frame, lag] == pytest.approx(expected)
    assert len(d) == 1 + (200 - 20 - 32) // 10


def test_the_first_dip_wins_over_its_multiples():
    x = np.tile(np.random.default_rng(1).normal(size=20), 20)  # period 20
    lag, depth = first_dip(normalised_difference(difference(x, 60, 50, 70)), 0.2, 5)
    assert np.allclose(lag, 20, atol=0.5) and (depth < 1e-6).all()
