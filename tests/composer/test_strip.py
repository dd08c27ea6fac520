"""The channel strip: each section does what it says, and the neutral strip does nothing."""

import numpy as np
import pytest

from bassnb.composer.amplifier import amplify, cabinet, compress, loudness_of
from bassnb.composer.effects import apply_effects
from bassnb.composer.score import Effects
from bassnb.composer.strip import draw_strip
from bassnb.errors import DataError
from bassnb.presets import SAMPLE_RATE

ROLES = ("bass", "drums", "chords", "pad", "melody")


def noise(samples=60000):
    return np.random.default_rng(0).normal(0, 0.1, (2, samples)).astype(np.float32)


def tone(hertz, samples=60000, level=0.2):
    time = np.arange(samples) / SAMPLE_RATE
    return np.stack([level * np.sin(2 * np.pi * hertz * time)] * 2).astype(np.float32)


def through(wave, **values):
    wave = wave.copy()
    apply_effects(wave, Effects(**values), 0.0, SAMPLE_RATE)
    return wave


def decibels(wet, dry):
    return 20 * np.log10(wet.std() / dry.std())


def level_at(wave, hertz):
    power = np.abs(np.fft.rfft(wave[0] * np.hanning(wave.shape[1])))
    return power[round(hertz * wave.shape[1] / SAMPLE_RATE)]


def test_only_strips_that_say_so_change_anything():
    quiet = dict(bias=0.5, threshold=-9.0, makeup=0.0, chorus_delay=0.1, room_decay=1.0, seed=7)
    np.testing.assert_array_equal(through(noise(), **quiet), noise())


@pytest.mark.parametrize("gain", [-12.0, 6.0])
def test_the_equaliser_changes_its_bands_by_what_was_asked(gain):
    for band, hertz, far in (("low", 25, 8000), ("mid", 800, 15000), ("high", 15000, 60)):
        changed = {f"{band}_gain": gain}
        wet = through(tone(hertz), **changed)
        assert decibels(wet[:, 9000:], tone(hertz)[:, 9000:]) == pytest.approx(gain, abs=0.3)
        wet = through(tone(far), **changed)
        assert abs(decibels(wet[:, 9000:], tone(far)[:, 9000:])) < 0.3


def test_the_compressor_lowers_the_crest_and_leaves_what_is_soft():
    wave = tone(1000) * np.tile(np.repeat([0.3, 1.0], 10000), 3).astype(np.float32)
    wet = through(wave, ratio=8.0, threshold=-3.0, attack=0.002, release=0.02)
    crests = [np.quantile(np.abs(w), 0.99) / w.std() for w in (wet, wave)]
    assert crests[0] < 0.9 * crests[1]
    np.testing.assert_allclose(wet[:, :9900], wave[:, :9900], rtol=1e-4)


def test_a_steady_tone_above_the_threshold_is_lowered_by_the_ratio():
    wave = tone(1000)
    settings = dict(ratio=4.0, threshold=-5.0, attack=0.001, release=0.2, makeup=2.0)
    compress(wave, **settings, sample_rate=SAMPLE_RATE)
    over = 20 * np.log10(np.sqrt(2)) + 5.0  # the peak of a sine is 3 dB above its loudness
    wanted = 2.0 - over * (1 - 1 / 4)
    assert decibels(wave[:, 30000:], tone(1000)[:, 30000:]) == pytest.approx(wanted, abs=0.2)


def test_the_amplifier_adds_odd_harmonics_and_with_a_bias_even_ones():
    plain, biased = tone(441), tone(441)
    amplify(plain, 0.5, 0.0)
    amplify(biased, 0.5, 0.7)
    assert level_at(plain, 1323) > 0.02 * level_at(plain, 441)
    assert level_at(plain, 882) < 1e-3 * level_at(plain, 441)
    assert level_at(biased, 882) > 0.02 * level_at(biased, 441)
    assert np.abs(plain).max() == pytest.approx(0.2, rel=1e-3)


def test_the_cabinet_passes_its_band():
    for hertz, passes in ((15, False), (400, True), (9000, False)):
        wave = tone(hertz)
        cabinet(wave, 60.0, 3000.0, SAMPLE_RATE)
        change = decibels(wave[:, 20000:], tone(hertz)[:, 20000:])
        assert abs(change) < 0.5 if passes else change < -12


def test_the_room_rings_for_as_long_as_it_was_asked_to():
    wave = np.zeros((2, 60000), np.float32)
    wave[:, 0] = 1.0
    wet = through(wave, room=0.5, room_decay=0.5)
    early, late = (wet[0, at : at + 2000].std() for at in (5000, 5000 + 11025))
    assert 20 * np.log10(early / late) == pytest.approx(30.0, abs=3.0)  # 60 dB in 0.5 s
    assert np.abs(wet[:, 30000:]).max() < 1e-3


def test_the_chorus_delays_and_moves():
    wave = np.zeros((2, 60000), np.float32)
    wave[:, [100, 40000]] = 1.0
    wet = through(wave, chorus=0.5, chorus_delay=0.01, chorus_depth=0.002, chorus_rate=0.5)
    lags = [np.abs(wet[0, at + 50 : at + 1000]).argmax() + 50 for at in (100, 40000)]
    assert lags[0] == pytest.approx(441, abs=3) and abs(lags[1] - lags[0]) > 10


def test_wow_moves_the_pitch_by_at_most_its_cents():
    wet = through(tone(1000, 4 * SAMPLE_RATE), wow=8.0)[0, 2000:-2000]
    crossings = np.flatnonzero((wet[:-1] <= 0) & (wet[1:] > 0))
    exact = crossings - wet[crossings] / (wet[crossings + 1] - wet[crossings])
    cents = 1200 * np.log2(SAMPLE_RATE / 1000 * 50 / (exact[50:] - exact[:-50]))
    assert 7.0 < np.abs(cents).max() < 8.2


def test_noise_and_hum_have_the_level_that_was_asked_for():
    wave = tone(440)
    for name in ("noise", "hum"):
        added = through(wave, **{name: 40.0}) - wave
        assert 20 * np.log10(loudness_of(wave) / added.std()) == pytest.approx(40.0, abs=1.5)
    assert through(wave, offset=0.01).mean() == pytest.approx(0.002, rel=0.05)


def test_a_codec_takes_the_treble_and_a_converter_the_soft_parts():
    wet = through(noise(), band=5000.0)
    assert level_at(wet, 14000) < 0.01 * level_at(noise(), 14000)
    assert len(np.unique(through(noise(), bits=4))) <= 17


def test_a_record_crackles_about_as_often_as_asked():
    added = through(tone(440), crackle=50.0) - tone(440)
    starts = np.flatnonzero((np.abs(added[0, 1:]) > 1e-3) & (np.abs(added[0, :-1]) < 1e-3))
    assert 30 < len(starts) < 100  # in 1.4 s
    again = through(tone(440), crackle=50.0, seed=1) - tone(440)
    assert not np.array_equal(added, again)


@pytest.mark.parametrize("role", ROLES)
def test_drawn_strips_give_finite_sounds_of_the_same_bytes(role):
    for seed in range(12):
        effects = draw_strip(role, np.random.default_rng(seed), 0.125)
        assert effects == draw_strip(role, np.random.default_rng(seed), 0.125)
        wave = noise(20000)
        apply_effects(wave, effects, 0.2, SAMPLE_RATE)
        assert np.isfinite(wave).all() and 0.01 < np.abs(wave).max() < 10
        again = noise(20000)
        apply_effects(again, effects, 0.2, SAMPLE_RATE)
        np.testing.assert_array_equal(again, wave)
        silence = np.zeros((2, 500), np.float32)
        apply_effects(silence, effects, 0.2, SAMPLE_RATE)
        assert np.isfinite(silence).all() and np.abs(silence).max() < 1e-4


def test_strips_of_basses_keep_their_pitch_and_have_the_sections_they_should():
    strips = [draw_strip("bass", np.random.default_rng(seed), 0.125) for seed in range(400)]
    shares = {
        "amp": np.mean([s.amp > 0 for s in strips]),
        "ratio": np.mean([s.ratio > 1 for s in strips]),
        "eq": np.mean([s.low_gain != 0 for s in strips]),
    }
    assert shares == pytest.approx({"amp": 0.4, "ratio": 0.5, "eq": 0.7}, abs=0.08)
    assert max(s.wow for s in strips) <= 8 and all(abs(s.mid_gain) <= 12 for s in strips)


def test_a_role_that_does_not_exist_is_refused():
    with pytest.raises(DataError, match="no role 'flute'"):
        draw_strip("flute", np.random.default_rng(0), 0.125)
