"""Changes of pitch, tempo and level have the stated size and are the same for every stem."""

import numpy as np
import pytest
import torch

from bassnb.audio import read_stretch
from bassnb.collections.change import (
    MOST_GAIN,
    MOST_SEMITONES,
    MOST_TEMPO,
    WINDOW,
    Change,
    draw_change,
    read_changed,
)

RATE = 44_100
HOP = WINDOW // 4


@pytest.fixture(scope="module")
def tone(tmp_path_factory, write, sine):
    return write(tmp_path_factory.mktemp("tone") / "a.wav", sine(220, 8))


@pytest.fixture(scope="module")
def clicks(tmp_path_factory, write):
    """Two unrelated instruments that play together, half a second after every full second."""
    folder, t = tmp_path_factory.mktemp("clicks"), np.arange(9 * RATE) % RATE / RATE - 0.5
    stick = np.where((0 <= t) & (t < 0.001), 0.5, 0)
    drum = np.where((0 <= t) & (t < 0.005), 0.8 * np.sin(2 * np.pi * 600 * t), 0)
    return [
        write(folder / f"{name}.wav", wave.astype(np.float32))
        for name, wave in (("stick", stick), ("drum", drum))
    ]


def hits(wave, tempo=1.0):
    """Delay of each stroke in samples, by the centre of its energy; other times must be silent."""
    energy, late = wave.square().sum(0).double().numpy(), []
    for due in RATE * np.arange(0.5, 4 * tempo) / tempo:
        near = np.arange(round(due) - WINDOW, min(round(due) + WINDOW, len(energy)))
        assert energy[near].sum() > 0.01 * energy.sum()
        late.append(np.average(near, weights=energy[near]) - due)
        energy[near] = 0
    assert energy.sum() < 1e-3 * wave.square().sum()
    return np.array(late)


def cents(a, b):
    return 1200 * np.log2(a / b)


def test_nothing_is_changed_by_default(tone):
    assert torch.equal(read_changed(tone, 1.5, RATE), read_stretch(tone, 1.5, RATE))


@pytest.mark.parametrize("pitch", [-1.3, 0.7])
def test_a_tape_is_the_file_read_at_another_speed(tone, pitch):
    speed = 2 ** (pitch / 12)
    assert torch.equal(
        read_changed(tone, 1, RATE, Change(pitch, speed)), read_stretch(tone, 1, RATE, speed=speed)
    )


@pytest.mark.parametrize("gain", [-3.0, 0.5])
@pytest.mark.parametrize(
    "change", [Change(), Change(2.0, 2 ** (2 / 12)), Change(1.0), Change(0.0, 1.1)]
)
def test_gain_is_in_decibels(tone, change, gain):
    plain, loud = (
        read_changed(tone, 1, RATE, Change(change.pitch, change.tempo, db)) for db in (0.0, gain)
    )
    assert torch.allclose(loud, plain * 10 ** (gain / 20), rtol=1e-6, atol=0)


@pytest.mark.parametrize("pitch", [-2.0, -0.5, 1.0, 2.0])
def test_pitch_alone_keeps_the_tempo(tone, clicks, frequency, pitch):
    wave = read_changed(tone, 1, 4 * RATE, Change(pitch))
    assert wave.shape == (2, 4 * RATE) and wave.dtype == torch.float32
    assert abs(cents(frequency(wave), 220 * 2 ** (pitch / 12))) < 2
    quarters = wave.square().mean(0).reshape(4, -1).mean(1).sqrt()
    # it sounds to its end
    assert torch.allclose(quarters, torch.full((4,), 0.2 / 2**0.5), rtol=0.2)
    assert np.abs(hits(read_changed(clicks[0], 1, 4 * RATE, Change(pitch)))).max() < WINDOW / 2


@pytest.mark.parametrize("tempo", [1 / 1.1, 0.97, 1.1])
def test_tempo_alone_keeps_the_pitch(tone, clicks, frequency, tempo):
    assert abs(cents(frequency(read_changed(tone, 1, 4 * RATE, Change(tempo=tempo))), 220)) < 2
    assert (
        np.abs(hits(read_changed(clicks[0], 2, 4 * RATE, Change(tempo=tempo)), tempo)).max()
        < WINDOW / 2
    )


@pytest.mark.parametrize(
    "pitch, tempo",
    [(0, 1), (2, 2 ** (2 / 12)), (-2, 2 ** (-2 / 12)), (2, 1), (0, 1.1), (-1.5, 1.07)],
)
def test_stems_stay_together(clicks, pitch, tempo):
    """A phase vocoder moves a stroke by up to a third of a latent step, in all stems alike."""
    stick, drum = (
        hits(read_changed(path, 1, 4 * RATE, Change(pitch, tempo)), tempo) for path in clicks
    )
    assert np.abs(stick - drum).max() < HOP / 2


def test_a_stretch_beyond_the_end_is_silent_there(tone):
    for change in (Change(), Change(1.0), Change(0.0, 1.1)):
        wave = read_changed(tone, 7, 4 * RATE, change)
        assert wave.shape == (2, 4 * RATE) and wave[:, : RATE // 2].abs().max() > 0.1
        assert wave[:, 2 * RATE :].abs().max() < 1e-3
        assert not read_changed(tone, 20, RATE, change).any()


def test_changes_are_drawn_in_their_ranges_and_shares():
    changes = [draw_change(np.random.default_rng([7, number])) for number in range(2000)]
    assert changes == [draw_change(np.random.default_rng([7, number])) for number in range(2000)]
    plain = [change for change in changes if change.pitch == 0 and change.tempo == 1]
    tape = [
        change
        for change in changes
        if change not in plain and abs(change.tempo - 2 ** (change.pitch / 12)) < 1e-9
    ]
    other = [change for change in changes if change not in plain and change not in tape]
    shares = [len(kind) / len(changes) for kind in (plain, tape, other)]
    assert np.allclose(shares, [0.3, 0.6, 0.1], atol=0.04)
    for values, most in (
        ([change.pitch for change in tape + other], MOST_SEMITONES),
        ([np.log(change.tempo) / np.log(MOST_TEMPO) for change in other], 1.0),
        ([change.gain_db for change in changes], MOST_GAIN),
    ):
        assert 0.95 * most < max(values) <= most and -most <= min(values) < -0.95 * most
