"""Rendering: exact length, pitch and timing, reproducible bytes, files that match the song."""

import numpy as np
import pytest
import soundfile
import torch

from bassnb.composer.effects import apply_effects, echo, low_pass, place, reflect, soft_clip
from bassnb.composer.render import STEMS, mix_of, render, write_song
from bassnb.composer.score import Effects
from bassnb.composer.songs import Song, compose
from bassnb.composer.synth import SAMPLE_RATE
from bassnb.errors import DataError

SECONDS = 4.0


def full_song(first=0):
    """A short song that has all five stems."""
    songs = (compose(seed, seconds=SECONDS) for seed in range(first, first + 200))
    return next(song for song in songs if len(song.parts) == len(STEMS))


@pytest.mark.parametrize("seconds", [0.3, 2.00001])
def test_shapes_and_lengths(seconds):
    song = compose(1, seconds=seconds)
    for wave in render(song).values():
        assert wave.shape == (2, round(seconds * 44100)) and wave.dtype == torch.float32


@pytest.mark.evidence("render-same-bytes")
def test_same_song_same_bytes_whatever_was_played_before():
    song = full_song()
    before = render(song)
    render(full_song(50))
    after = render(song)
    assert all(torch.equal(before[name], after[name]) for name in STEMS)


def test_a_subset_has_the_bytes_of_the_whole():
    song = full_song()
    everything = render(song)
    for name in STEMS:
        assert torch.equal(render(song, parts=(name,))[name], everything[name])


def test_stems_sound_and_their_sum_stays_below_full_scale():
    for seed in range(6):
        stems = render(compose(seed, seconds=SECONDS))
        assert sum(stems.values()).abs().max() < 1.0
        assert all(wave.pow(2).mean().sqrt() > 1e-3 for wave in stems.values())


def test_absent_stem_asked_for_is_silence_and_unknown_stem_is_refused():
    song = next(
        song
        for song in (compose(seed, seconds=1.0) for seed in range(100))
        if song.part("drums") is None
    )
    assert "drums" not in render(song)
    assert render(song, parts=("drums",))["drums"].abs().max() == 0
    with pytest.raises(DataError, match="vocals"):
        render(song, parts=("vocals",))


def test_write_song(tmp_path):
    song = full_song()
    folder = write_song(song, tmp_path / "song")
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        [*(f"{name}.flac" for name in (*STEMS, "mix")), "song.json"]
    )
    assert Song.from_json((folder / "song.json").read_text()) == song
    stems = render(song)
    for name, wave in [*stems.items(), ("mix", mix_of(stems))]:
        read, rate = soundfile.read(folder / f"{name}.flac", dtype="float32")
        assert rate == 44100 and np.abs(read.T - wave.numpy()).max() < 2 / 32768
    assert torch.allclose(mix_of(stems), sum(stems.values()) - stems["bass"], atol=1e-6)


def noise(samples=60000):
    return np.random.default_rng(0).normal(0, 0.1, (2, samples)).astype(np.float32)


def test_no_effects_change_nothing():
    wave = noise()
    apply_effects(wave, Effects(), 0.0, SAMPLE_RATE)
    assert np.array_equal(wave, noise())


def test_low_pass_keeps_low_tones_and_takes_high_ones_without_seams_between_blocks():
    time = np.arange(60000) / SAMPLE_RATE
    for hertz, wanted in ((20, 1.0), (1000, 0.5), (16000, 0.02)):
        wave = np.stack([np.sin(2 * np.pi * hertz * time)] * 2).astype(np.float32)
        low_pass(wave, 1000.0, SAMPLE_RATE)
        assert np.abs(wave[:, 20000:]).max() == pytest.approx(wanted, abs=0.06)


def test_soft_clip_keeps_the_height_and_fills_the_body():
    wave = noise()
    soft_clip(wave, 2.0)
    assert np.abs(wave).max() <= np.abs(noise()).max()
    assert np.mean(wave**2) > np.mean(noise() ** 2)


def test_echo_repeats_across_blocks():
    wave = np.zeros((2, 60000), np.float32)
    wave[:, 10] = 1.0
    echo(wave, 10000, 0.5)
    assert {int(index): float(wave[0, index]) for index in np.flatnonzero(wave[0])} == {
        10: 1.0,
        10010: 0.5,
        20010: 0.25,
        30010: 0.125,
        40010: 0.0625,
    }


@pytest.mark.parametrize("lag", [100, 5000, 20000])
def test_delays_do_not_depend_on_the_block_size(lag, monkeypatch):
    waves = []
    for block in (16384, 60000):
        monkeypatch.setattr("bassnb.composer.effects._BLOCK", block)
        wave = noise()
        echo(wave, lag, 0.4)
        reflect(wave, 0.3, SAMPLE_RATE)
        waves.append(wave)
    assert np.allclose(*waves, atol=1e-6)


def test_room_reflects_on_both_sides():
    wave = np.zeros((2, 60000), np.float32)
    wave[0, 100] = 1.0
    reflect(wave, 0.5, SAMPLE_RATE)
    assert len(np.flatnonzero(wave[0])) == 4 and len(np.flatnonzero(wave[1])) == 3


def test_place_pans_with_equal_power_and_narrows():
    wave = np.ones((2, 1000), np.float32)
    place(wave, 0.6, 1.0)
    assert wave[1, 0] > wave[0, 0]
    assert np.sum(wave[:, 0] ** 2) == pytest.approx(2.0, rel=1e-5)
    wave = noise()
    place(wave, 0.0, 0.0)
    assert np.allclose(wave[0], wave[1])
