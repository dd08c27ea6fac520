"""Envelopes of a SoundFont's zone: times, levels and curves."""

import numpy as np
import pytest

from bassnb.composer import soundfont as sf
from bassnb.composer.envelopes import (
    CONTROL,
    SAMPLE_RATE,
    falling_by_100_db,
    modulation_envelope,
    seconds,
    volume_envelope,
)

DEFAULTS = {number: default for number, (default, *_) in sf.GENERATORS.items()}
SECOND = SAMPLE_RATE
DELAY, ATTACK, HOLD, DECAY, SUSTAIN = range(sf.VOLUME, sf.VOLUME + 5)
HOLD_PER_KEY, DECAY_PER_KEY = sf.VOLUME + 6, sf.VOLUME + 7


def volume(samples=4 * SECOND, key=60, **values):
    numbers = {name: globals()[name.upper()] for name in values}
    changed = {numbers[name]: value for name, value in values.items()}
    return volume_envelope(DEFAULTS | changed, key, samples)


def db(level):
    return 20 * np.log10(level)


def test_timecents():
    assert (seconds(0), seconds(1200), seconds(-1200)) == (1.0, 2.0, 0.5)
    assert seconds(-12000) == 0.0 and seconds(-32768) == 0.0


def test_falling_by_100_db():
    falling = falling_by_100_db(2.0, 2 * SECOND)
    assert db(falling[-1]) == pytest.approx(-100, abs=0.01)
    assert db(falling[SECOND // 2 - 1]) == pytest.approx(-25, abs=0.01)


def test_without_settings_the_volume_is_constant():
    np.testing.assert_array_equal(volume(100), np.ones(100))


def test_delay_attack_hold_decay_and_sustain_follow_each_other():
    envelope = volume(delay=-1200, attack=0, hold=-1200, decay=0, sustain=300)
    half = SECOND // 2
    assert len(envelope) == 4 * SECOND and not envelope[:half].any()
    assert envelope[half + half - 1] == pytest.approx(0.5)  # linear attack
    assert (envelope[3 * half : 4 * half] == 1).all()
    assert db(envelope[4 * half + round(0.2 * SECOND)]) == pytest.approx(-20, abs=0.01)
    assert db(envelope[4 * half + round(0.3 * SECOND) + 1 :]) == pytest.approx(-30, abs=1e-3)


def test_an_envelope_without_sustain_ends_when_it_is_silent():
    envelope = volume(decay=0, sustain=1000)
    assert len(envelope) == SECOND and db(envelope[-1]) == pytest.approx(-100, abs=0.01)


def test_higher_keys_hold_and_decay_for_less_time():
    assert len(volume(key=72, decay=0, sustain=1000, decay_per_key=100)) == SECOND // 2
    assert len(volume(key=48, decay=0, sustain=1000, decay_per_key=100)) == 2 * SECOND
    higher = volume(key=72, hold=0, decay=0, sustain=1000, hold_per_key=100)
    assert len(higher) == SECOND + SECOND // 2


def test_the_modulation_envelope_rises_convexly_and_falls_linearly():
    first = sf.MODULATION
    values = DEFAULTS | {first + 1: 0, first + 2: -1200, first + 3: 0, first + 4: 600}
    envelope = modulation_envelope(values, 60, 3 * SECOND)
    assert len(envelope) == -(-3 * SECOND // CONTROL)
    at = dict(enumerate(np.interp(np.arange(30) * SECOND / 10, *_places(envelope))))
    assert at[0] == 0 and at[1] == pytest.approx(1 - 40 / 96, abs=0.01)
    assert at[10] == pytest.approx(1, abs=0.01) and at[14] == 1
    assert at[18] == pytest.approx(0.7, abs=0.01)  # 0.3 s of a fall to 0 in 1 s
    assert at[22] == pytest.approx(0.4) and at[29] == pytest.approx(0.4)


def _places(envelope):
    return np.arange(len(envelope)) * CONTROL, envelope
