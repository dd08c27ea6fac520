"""Playing a SoundFont: pitch, loops, layers, release, filter, exclusive class, pan."""

import numpy as np
import pytest

from bassnb.composer import soundfont as sf
from bassnb.composer.envelopes import CONTROL, SAMPLE_RATE
from bassnb.composer.sampler import Stroke, cubic, low_pass, play_strokes
from bassnb.composer.soundfont import SoundFont
from tests.composer.tiny_soundfont import PERIOD, ROOT, sine, span, write_soundfont

SECOND = SAMPLE_RATE
PLAIN = {sf.MODE: 1, sf.SAMPLE: 0}
HALF = np.sqrt(0.5)  # of the power, on each side
TOP = 20000 / 32768 * HALF


@pytest.fixture
def sound(tmp_path):
    """A function that plays strokes with the zones of an instrument."""

    def function(zones, strokes, samples=SECOND, tuning=0.0, **font):
        opened = SoundFont(write_soundfont(tmp_path / "tiny.sf2", zones, **font))
        return play_strokes(opened, opened.zones(0, 0), strokes, samples, tuning=tuning)

    return function


def one(key=ROOT, velocity=127, start=0, end=SECOND):
    return [Stroke(start, end, key, velocity)]


def hertz(wave):
    """Frequency of the strongest partial, by a parabola through the log spectrum."""
    spectrum = np.abs(np.fft.rfft(wave * np.blackman(len(wave)), 1 << 18))
    k = int(spectrum.argmax())
    low, mid, high = np.log(spectrum[k - 1 : k + 2])
    return (k + 0.5 * (low - high) / (low - 2 * mid + high)) * SAMPLE_RATE / (1 << 18)


def cents(wave, key):
    return 1200 * np.log2(hertz(wave) / (440 * 2 ** ((key - 69) / 12)))


@pytest.mark.parametrize("key", [33, 57, ROOT, 70, 93])
def test_keys_sound_at_their_pitch(sound, key):
    assert abs(cents(sound([PLAIN], one(key))[0], key)) < 0.1


@pytest.mark.parametrize(
    ("zone", "tuning", "offset"),
    [
        ({sf.COARSE_TUNE: -3, sf.FINE_TUNE: 20}, 0.0, -280),
        ({sf.SCALE: 50}, 0.0, -600),
        ({sf.ROOT: 64}, 0.0, 500),
        ({sf.KEY: ROOT}, 0.0, 1200),
        ({}, 0.25, 25),
    ],
    ids=str,
)
def test_tunings(sound, zone, tuning, offset):
    wave = sound(
        [zone | PLAIN], one(ROOT - 12 if zone != {sf.SCALE: 50} else ROOT + 12), tuning=tuning
    )
    key = ROOT + 12 if zone == {sf.SCALE: 50} else ROOT - 12
    assert cents(wave[0], key) == pytest.approx(offset, abs=0.2)


def test_a_sample_of_another_rate_sounds_at_its_pitch(sound):
    wave = sound([PLAIN], one(), rate=22050)
    assert abs(cents(wave[0], ROOT - 12)) < 0.1


def test_the_loop_has_no_seam(sound):
    """A pure sine, looped 40 times, remains one."""
    wave = sound([PLAIN], one(ROOT + 5))[0]
    spectrum = np.abs(np.fft.rfft(wave * np.blackman(len(wave))))
    peak = int(spectrum.argmax())
    rest = np.delete(spectrum, np.arange(peak - 5, peak + 6))
    assert 20 * np.log10(rest.max() / spectrum.max()) < -60
    period = sound([PLAIN], one(), correction=0)[0]
    np.testing.assert_allclose(period[PERIOD:20000], period[: 20000 - PERIOD], atol=1e-6)


def test_without_a_loop_the_sample_ends(sound):
    wave = sound([{sf.SAMPLE: 0}], one(), correction=0)[0]
    assert np.abs(wave[1900:1990]).max() > 0.3 and not wave[2000:].any()
    np.testing.assert_allclose(wave[:1999], sine()[:1999] * HALF / 32768, atol=1e-6)


def test_mode_3_plays_what_follows_the_loop_when_the_key_is_released(sound):
    silent_end = np.concatenate([sine(10), np.zeros(5000, "<i2"), sine(10)])
    zone = {sf.MODE: 3, sf.VOLUME + 5: 0, sf.SAMPLE: 0}
    wave = sound([zone], one(end=4250), wave=silent_end, correction=0)[0]
    assert np.abs(wave[4100:4250]).max() > 0.4  # in the loop
    assert not wave[4250 + 600 : 4250 + 5000].any()  # after it
    assert np.abs(wave[4250 + 5300 : 4250 + 6200]).max() > 0.05
    forever = sound([zone | {sf.MODE: 1}], one(end=4250), wave=silent_end, correction=0)[0]
    assert np.abs(forever[4250 + 600 : 4250 + 5000]).max() > 0.05


def test_two_notes_of_mode_3_loop_for_their_own_durations(sound):
    zone = {sf.MODE: 3, sf.SAMPLE: 0}
    short, long = one(end=3000), one(start=20000, end=40000)
    both = sound([zone], short + long)
    np.testing.assert_array_equal(both, sound([zone], short) + sound([zone], long))


def test_velocity_layers_choose_the_zone(sound):
    zones = [
        {sf.VELOCITIES: span(0, 63), sf.PAN: -500, **PLAIN},
        {sf.VELOCITIES: span(64, 127), sf.PAN: 500, **PLAIN},
    ]
    soft, loud = sound(zones, one(velocity=63)), sound(zones, one(velocity=64))
    assert soft[0].any() and not soft[1].any()
    assert loud[1].any() and not loud[0].any()


@pytest.mark.parametrize(("velocity", "db"), [(127, 0.0), (90, -5.98), (64, -11.91), (1, -84.15)])
def test_velocity_lowers_the_level_by_the_concave_curve(sound, velocity, db):
    level = np.abs(sound([PLAIN], one(velocity=velocity))).max() / TOP
    assert 20 * np.log10(level) == pytest.approx(db, abs=0.02)


def test_attenuation_is_in_tenths_of_db(sound):
    level = np.abs(sound([{sf.ATTENUATION: 60, **PLAIN}], one())).max() / TOP
    assert 20 * np.log10(level) == pytest.approx(-6, abs=0.02)


def test_pan_keeps_the_power(sound):
    zones = [{sf.PAN: pan, **PLAIN} for pan in (-500, -200, 0)]
    power = [(sound([zone], one()) ** 2).sum(axis=1) for zone in zones]
    assert [p.sum() for p in power] == pytest.approx([power[0].sum()] * 3, rel=1e-4)
    assert power[0][1] == 0 and power[1][0] == pytest.approx(power[1].sum() * 0.7, rel=1e-4)
    assert power[2][0] == power[2][1]


def test_two_zones_make_a_stereo_sample(sound):
    zones = [{sf.PAN: -500, **PLAIN}, {sf.PAN: 500, sf.FINE_TUNE: 50, **PLAIN}]
    left, right = sound(zones, one())
    assert abs(cents(left, ROOT)) < 0.1 and cents(right, ROOT) == pytest.approx(50, abs=0.1)


def test_a_released_note_falls_by_100_db_in_its_release_time(sound):
    wave = sound([{sf.VOLUME + 5: -1200, **PLAIN}], one(end=SECOND // 4))[0]
    assert np.abs(wave[: SECOND // 4]).max() == pytest.approx(TOP, rel=1e-3)
    later = SECOND // 4 + SECOND // 10
    top = np.abs(wave[later : later + PERIOD]).max()
    assert 20 * np.log10(top / TOP) == pytest.approx(-20, abs=0.5)
    assert not wave[3 * SECOND // 4 + 1 :].any()


def test_a_stroke_of_the_same_class_chokes_the_one_before(sound):
    keys = [{sf.KEYS: span(k, k), sf.PAN: pan} for k, pan in ((60, -500), (62, 500))]
    strokes = one(60, end=SECOND) + one(62, start=SECOND // 2)
    free = sound([zone | PLAIN for zone in keys], strokes)
    choked = sound([zone | {sf.CLASS: 1} | PLAIN for zone in keys], strokes)
    np.testing.assert_array_equal(choked[:, : SECOND // 2], free[:, : SECOND // 2])
    np.testing.assert_array_equal(choked[1], free[1])
    after = SECOND // 2 + SECOND // 100
    assert free[0, after:].any() and not choked[0, after:].any()
    fade = np.abs(choked[0, SECOND // 2 : after] / (free[0, SECOND // 2 : after] + 1e-12))
    assert np.diff(fade[free[0, SECOND // 2 : after] != 0]).max() < 0.01  # falls without a jump


def test_zones_of_one_stroke_do_not_choke_each_other(sound):
    zones = [{sf.PAN: pan, sf.CLASS: 1, **PLAIN} for pan in (-500, 500)]
    left, right = sound(zones, one())
    np.testing.assert_array_equal(left, right)


def test_the_modulation_envelope_moves_the_pitch(sound):
    zone = {sf.ENVELOPE_TO_PITCH: 1200, sf.MODULATION + 3: -3600, sf.MODULATION + 4: 500, **PLAIN}
    wave = sound([zone], one())[0]
    assert cents(wave[SECOND // 4 :], ROOT) == pytest.approx(600, abs=0.2)
    assert 900 < cents(wave[:2000], ROOT) < 1250


def test_strokes_past_the_end_are_cut_off_there(sound):
    long = sound([PLAIN], one(start=500, end=3000), samples=4000)
    short = sound([PLAIN], one(start=500, end=3000), samples=2000)
    np.testing.assert_allclose(short, long[:, :2000], atol=1e-7)
    assert not long[:, :500].any()


def test_cubic_interpolation_is_exact_for_parabolas():
    x = np.arange(-1, 40)
    wave = (0.01 * x**2 - 0.3 * x + 1).astype(np.float32)
    at = np.random.default_rng(0).uniform(0, 37, 500)
    np.testing.assert_allclose(cubic(wave, at), 0.01 * at**2 - 0.3 * at + 1, atol=1e-5)


def test_cubic_interpolation_makes_a_cleaner_sine_than_linear():
    """2 kHz an octave and a fifth lower: images of the sine fall by more than 10 dB."""
    wave = np.sin(2 * np.pi * 2000 / SECOND * np.arange(-1, 20000)).astype(np.float32)
    at = np.arange(30000) / 3.0
    true = np.sin(2 * np.pi * 2000 / SECOND * at)
    linear = np.interp(at, np.arange(-1, 20000), wave)
    assert np.std(cubic(wave, at) - true) < 0.3 * np.std(linear - true)


def gain_db(cutoff_hertz, at_hertz, resonance=0.0):
    cents_ = 1200 * np.log2(np.full(SECOND // CONTROL + 1, cutoff_hertz) / 8.1757989)
    wave = np.sin(2 * np.pi * at_hertz / SECOND * np.arange(SECOND)).astype(np.float32)
    out = low_pass(wave, cents_, resonance)
    return 20 * np.log10(out[SECOND // 2 :].std() / wave[SECOND // 2 :].std())


def test_the_low_pass_has_two_poles():
    assert gain_db(1000, 100) == pytest.approx(0, abs=0.05)
    assert gain_db(1000, 1000) == pytest.approx(-3.01, abs=0.05)
    assert gain_db(1000, 4000) == pytest.approx(-24, abs=1)


def test_resonance_raises_the_cutoff_and_lowers_what_is_below():
    assert gain_db(1000, 50, 12.0) == pytest.approx(-6, abs=0.1)
    assert gain_db(1000, 1000, 12.0) == pytest.approx(12 - 3.01 - 6, abs=0.1)


def test_a_moving_cutoff_leaves_no_clicks():
    wave = np.sin(2 * np.pi * 200 / SECOND * np.arange(SECOND)).astype(np.float32)
    cutoff = np.linspace(11000, 4500, SECOND // CONTROL + 1)
    out = low_pass(wave, cutoff, 3.0)
    spectrum = np.abs(np.fft.rfft(out * np.blackman(SECOND)))
    assert 20 * np.log10(spectrum[1000:].max() / spectrum.max()) < -65
    assert np.std(out[-SECOND // 4 :]) < 0.9 * np.std(out[: SECOND // 4])


def test_an_open_filter_changes_nothing():
    wave = np.random.default_rng(0).standard_normal(1000).astype(np.float32)
    assert low_pass(wave, np.full(1, 13500.0), 10.0) is wave


def test_transposed_far_up_nothing_folds_back(sound):
    """A sawtooth, 17 semitones up: what is between its harmonics."""
    period = 200
    x = np.arange(100_000) / period
    saw = sum(np.sin(2 * np.pi * k * x) / k for k in range(1, 90))
    saw = np.round(12000 * saw).astype("<i2")
    key = ROOT + 17
    where = {"loop_start": 2000, "loop_end": 92000, "correction": 0}
    wave = sound([PLAIN], one(key), wave=saw, **where)[0, 4000:40000]
    spectrum = np.abs(np.fft.rfft(wave * np.blackman(len(wave)))) ** 2
    harmonic = np.arange(len(spectrum)) / (len(wave) * 2 ** (17 / 12) / period)
    near = np.abs(harmonic - np.round(harmonic)) * len(wave) * 2 ** (17 / 12) / period < 4
    assert 10 * np.log10(spectrum[~near].sum() / spectrum[near].sum()) < -45  # linear: -23


@pytest.mark.parametrize("key", [0, 127])
@pytest.mark.parametrize("mode", [0, 1, 3])
def test_extreme_pitches_are_finite_and_as_long_as_asked(sound, key, mode):
    zone = {sf.MODE: mode, sf.SCALE: 1200, sf.ENVELOPE_TO_PITCH: 12000, sf.MODULATION + 1: 0}
    wave = sound([zone | {sf.SAMPLE: 0}], one(key, end=2000), samples=5000)
    assert wave.shape == (2, 5000) and np.isfinite(wave).all() and np.abs(wave).max() <= 1
