"""Beats: given ones lie where they should, estimated ones lie on clicks and know when they guess."""

import numpy as np
import pytest
import torch

from bassnb.control.beats import Beats, estimated_beats, given_beats
from bassnb.errors import BassnbError
from bassnb.presets import SAMPLE_RATE
from tests.refusals import assert_sentence


def clicks(tempo, seconds, first=0.25, meter=4):
    """A click on every beat and a chord that changes with every bar: Tensor (2, N)."""
    wave = np.zeros(round(seconds * SAMPLE_RATE))
    times = np.arange(first, seconds - 0.1, 60 / tempo)
    click = np.random.default_rng(1).standard_normal(2000) * np.exp(-np.arange(2000) / 300)
    t = np.arange(len(wave)) / SAMPLE_RATE
    for number, time in enumerate(times):
        at = round(time * SAMPLE_RATE)
        wave[at : at + 2000] += 0.3 * click[: len(wave) - at]
        if number % meter == 1:  # the chords change on the second click
            root = 220 * 2 ** ((number // meter * 5) % 12 / 12)
            held = (t >= time) & (t < time + meter * 60 / tempo)
            for ratio in (1, 5 / 4, 3 / 2):
                wave[held] += 0.05 * np.sin(2 * np.pi * root * ratio * t[held])
    return torch.from_numpy(np.stack([wave, wave])).float(), times


def test_given_beats_count_from_bar_one_both_ways():
    beats = given_beats(120, 10, first_beat=1.25, meter=3)
    assert beats.times[0] == pytest.approx(0.25) and beats.downbeat == 2
    assert beats.bar_time(1) == pytest.approx(1.25) and beats.bar_time(2) == pytest.approx(2.75)
    assert beats.times[-1] == pytest.approx(9.75) and beats.confidence is None
    assert beats.tempo == pytest.approx(120)
    assert beats.tempo_map() == [(pytest.approx(0.25), 120.0)]
    assert beats.range_of_bars(2, 3) == (pytest.approx(2.75), pytest.approx(5.75))


def test_the_last_bar_ends_after_its_beats():
    beats = given_beats(60, 10)
    assert beats.bars == 3 and beats.range_of_bars(3, 3) == (8.0, 12.0)


def test_a_tempo_map_has_an_entry_for_each_tempo():
    beats = Beats(np.array([0.0, 0.5, 1.0, 2.0, 3.0]))
    assert beats.tempo_map() == [(0.0, 120.0), (1.0, 60.0)]
    assert beats.beat_time(-1) == pytest.approx(-0.5) and beats.beat_time(2.5) == pytest.approx(1.5)


@pytest.mark.parametrize("bars", [(0, 2), (3, 2), (1, 4)])
def test_bars_that_are_not_there(bars):
    with pytest.raises(BassnbError) as refusal:
        given_beats(60, 12).range_of_bars(*bars)
    assert_sentence(refusal.value, "3")


def test_bar_one_after_the_end():
    with pytest.raises(BassnbError) as refusal:
        given_beats(60, 12, first_beat=12)
    assert_sentence(refusal.value, "first_beat")


@pytest.mark.parametrize("tempo", [84, 128])
def test_beats_of_clicks(tempo):
    wave, times = clicks(tempo, 30)
    beats = estimated_beats(wave)
    assert beats.tempo == pytest.approx(tempo, rel=0.02)
    nearest = np.abs(beats.times[beats.times < 27, None] - times).min(1)
    assert (nearest < 0.07).all() and abs(len(beats.times) - len(times)) <= 2
    assert abs(beats.bar_time(1) - times[1]) < 0.07 or abs(beats.bar_time(2) - times[1]) < 0.07
    assert beats.confidence > 0.4


def test_blocks_of_any_size_give_the_same_beats():
    wave, _ = clicks(100, 30)
    whole = estimated_beats(wave)
    blocks = estimated_beats(iter(wave.split(70_001, -1)))
    assert np.array_equal(whole.times, blocks.times) and whole.facts == blocks.facts


def test_the_first_beat_can_be_given():
    wave, times = clicks(100, 20)
    beats = estimated_beats(wave, first_beat=times[3], meter=3)
    assert abs(beats.bar_time(1) - times[3]) < 0.05 and beats.beats_per_bar == 3


def test_noise_is_not_sure():
    noise = torch.from_numpy(np.random.default_rng(0).standard_normal((2, 20 * SAMPLE_RATE)) * 0.1)
    assert estimated_beats(noise.float()).confidence < 0.25


@pytest.mark.parametrize("wave", [torch.zeros(2, 10 * SAMPLE_RATE), torch.ones(2, 5000)])
def test_nothing_to_find(wave):
    with pytest.raises(BassnbError) as refusal:
        estimated_beats(wave)
    assert_sentence(refusal.value, "tempo")
