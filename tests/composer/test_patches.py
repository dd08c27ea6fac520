"""The synthesizer: in tune, in time, reproducible, sane in level, and saved without loss."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest
from scipy.signal import freqz

from bassnb.composer import bass_patches
from bassnb.composer.engines.string import loop
from bassnb.composer.grooves import (
    CLAP,
    CRASH,
    HAT,
    KICK,
    OPEN_HAT,
    RIDE,
    SHAKER,
    SIDE,
    SNARE,
    TOMS,
)
from bassnb.composer.patches import ENGINES, draw_patch, play_patch
from bassnb.composer.render import render_part
from bassnb.composer.score import Note, Patch, Song
from bassnb.composer.songs import compose
from bassnb.composer.synth import play
from bassnb.composer.world import SOUNDFONT
from bassnb.errors import DataError
from bassnb.presets import SAMPLE_RATE
from tests.composer.test_synth import semitones_off
from tests.composer.tiny_soundfont import write_soundfont

PITCHED = [name for name in ENGINES if name != "drums"]
ROLES = ("bass", "drums", "chords", "pad", "melody")
KEYS = (KICK, SNARE, SIDE, CLAP, HAT, OPEN_HAT, RIDE, CRASH, SHAKER, *TOMS, 54, 56, 62, 63, 64, 75)


def patch(engine, seed=1, **values):
    return Patch(engine, seed, tuple(values.items()))


def fundamental(wave, pitch):
    """Deviation in semitones of the strongest of the first five harmonics, by parabola."""
    size = 1 << 18
    spectrum = np.abs(np.fft.rfft(wave * np.hanning(len(wave)), size))
    wanted = 440.0 * 2 ** ((pitch - 69) / 12) * np.arange(1, 6)
    bins = [
        np.arange(*np.round(h * size / SAMPLE_RATE * np.array([0.97, 1.03])).astype(int))
        for h in wanted
    ]
    peaks = [near[spectrum[near].argmax()] for near in bins]
    best = int(np.argmax(spectrum[peaks]))
    a, b, c = np.log(spectrum[peaks[best] - 1 : peaks[best] + 2])
    place = peaks[best] + 0.5 * (a - c) / (a - 2 * b + c)
    return 12 * np.log2(place * SAMPLE_RATE / size / wanted[best])


@pytest.mark.parametrize("engine", PITCHED)
@pytest.mark.parametrize("tuning", [-0.3, 0.0, 0.17])
def test_every_engine_is_in_tune(engine, tuning):
    sustained = {"bell": {"decay": 4.0}}.get(engine, {})
    for pitch in (28, 33, 41, 48, 67):
        notes = [Note(0.0, 1.1, pitch, 100)]
        wave = play_patch(patch(engine, **sustained), notes, SAMPLE_RATE, tuning=tuning)[0]
        assert abs(fundamental(wave[SAMPLE_RATE // 10 :], pitch + tuning)) < 0.02


@pytest.mark.parametrize("stiffness", [0.0, 0.5])
def test_strings_are_in_tune_however_they_lose_their_energy(stiffness):
    for key in range(28, 68, 3):
        values = dict(decay=3.0, bright_decay=0.1 + 0.02 * key, stiffness=stiffness)
        wave = play_patch(patch("string", **values), [Note(0, 1.1, key, 100)], SAMPLE_RATE)[0]
        assert abs(fundamental(wave[SAMPLE_RATE // 20 :], key)) < 0.05


@pytest.mark.parametrize("hertz", [41.2, 98.0, 392.0])
def test_a_round_in_the_string_loses_what_its_decay_asks_for(hertz):
    lag, b, a = loop(hertz, 2.0, 0.5, 0.2)
    z = np.exp(-2j * np.pi * hertz / SAMPLE_RATE)
    response = z**lag * np.polyval(b[::-1], z) / np.polyval(a[::-1], z)
    assert abs(response) == pytest.approx(10 ** (-3 / (2.0 * hertz)), rel=1e-6)
    assert np.angle(response) == pytest.approx(0.0, abs=1e-6)


def test_nothing_grows_in_a_string():
    for hertz in (20.0, 41.2, 98.0, 330.0, 1900.0):
        for decay, bright in ((20.0, 0.04), (20.0, 6.0), (0.2, 0.1)):
            _, b, a = loop(hertz, decay, bright, 0.3)
            assert np.abs(freqz(b, a, 512)[1]).max() < 1.0


def test_a_string_decays_as_it_was_asked_to():
    values = dict(decay=1.5, hollow=0.0, finger=0.0, thump=0.0)
    wave = play_patch(patch("string", **values), [Note(0, 1.4, 40, 100)], 2 * SAMPLE_RATE)[0]
    early, late = (np.abs(wave[at : at + 2000]).max() for at in (22050, 44100))
    assert 20 * np.log10(early / late) == pytest.approx(20.0, abs=2.0)  # 60 dB in 1.5 s


@pytest.mark.parametrize("kind", bass_patches.KINDS)
def test_drawn_basses_sound_at_a_sane_level_and_end(kind):
    for seed in range(4):
        engine, values = bass_patches.KINDS[kind][1](np.random.default_rng(seed))
        notes = [Note(0.1, 0.5, 33, 100), Note(0.5, 0.8, 45, 40)]
        wave = play_patch(Patch(engine, seed, tuple(values.items())), notes, 2 * SAMPLE_RATE)
        start, end = round(0.1 * SAMPLE_RATE), round(1.3 * SAMPLE_RATE)
        assert wave.dtype == np.float32 and wave.shape == (2, 2 * SAMPLE_RATE)
        assert np.isfinite(wave).all() and not wave[:, :start].any()
        assert 0.02 < np.abs(wave).max() < 1.5
        assert np.abs(wave[:, end:]).max() < 1e-3  # releases last half a second at most
        assert np.abs(wave.mean()) < 0.1 * wave.std()
        assert np.abs(np.diff(wave[0, end - 22050 :])).max() < 0.1  # no click


def test_the_basses_that_are_drawn_are_of_many_kinds():
    drawn = [draw_patch("bass", np.random.default_rng(seed)) for seed in range(200)]
    assert {"string", "subtractive", "fm", "organ", "bell"} == {p.engine for p in drawn}
    centroids = []
    for bass in drawn[:30]:
        wave = play_patch(bass, [Note(0.0, 0.4, 36, 100)], SAMPLE_RATE // 2)[0]
        power = np.abs(np.fft.rfft(wave)) ** 2
        centroids.append(power @ np.fft.rfftfreq(len(wave), 1 / SAMPLE_RATE) / power.sum())
    assert np.quantile(centroids, 0.9) > 3 * np.quantile(centroids, 0.1)


@pytest.mark.parametrize("role", ROLES)
def test_same_patch_same_bytes_in_any_order(role):
    keys = KEYS if role == "drums" else range(50, 60)
    notes = [Note(0.1 * k, 0.1 * k + 0.2, key, 60 + 3 * k) for k, key in enumerate(keys[:9])]
    drawn = draw_patch(role, np.random.default_rng(3))
    assert drawn == draw_patch(role, np.random.default_rng(3))
    first = play_patch(drawn, notes, SAMPLE_RATE)
    np.testing.assert_array_equal(play_patch(drawn, notes[::-1], SAMPLE_RATE), first)
    assert first.any() and np.isfinite(first).all()


@pytest.mark.parametrize("engine", ["string", "voice", "drums"])
def test_the_seed_of_a_patch_decides_its_noise(engine):
    notes = [Note(0.0, 0.3, 38, 100)]
    first, again, other = (play_patch(patch(engine, seed), notes, 20000) for seed in (1, 1, 2))
    assert np.array_equal(again, first) and not np.array_equal(other, first)


@pytest.mark.parametrize("engine", PITCHED)
def test_louder_is_louder(engine):
    soft, loud = (
        play_patch(patch(engine), [Note(0, 0.4, 40, velocity)], SAMPLE_RATE // 2).std()
        for velocity in (40, 120)
    )
    assert loud > 2 * soft


def test_force_makes_strings_brighter():
    def share(velocity):
        wave = play_patch(patch("string"), [Note(0, 0.9, 33, velocity)], SAMPLE_RATE)[0]
        power = np.abs(np.fft.rfft(wave)) ** 2
        return power[800:].sum() / power.sum()

    assert share(120) > 1.5 * share(40)


def test_a_note_ends_where_its_pitch_is_struck_again_and_a_glide_starts_at_the_note_before():
    organ = patch("organ", decay=10.0)
    after = Note(0.5, 0.7, 40, 100)
    long, cut = Note(0, 1.5, 40, 100), Note(0, 0.5, 40, 100)
    np.testing.assert_array_equal(
        play_patch(organ, [long, after], SAMPLE_RATE), play_patch(organ, [cut, after], SAMPLE_RATE)
    )
    gliding = patch("subtractive", glide=0.6, saw=0.0, sine=1.0)
    for before, wanted in ((Note(0, 0.5, 40, 100), 40), (Note(0, 0.3, 40, 100), 52)):
        wave = play_patch(gliding, [before, Note(0.5, 0.9, 52, 100)], SAMPLE_RATE)[0]
        begin = wave[round(0.535 * SAMPLE_RATE) : round(0.56 * SAMPLE_RATE)]
        crossings = np.flatnonzero(np.diff(np.sign(begin)))
        hertz = SAMPLE_RATE / 2 / np.diff(crossings).mean()
        assert abs(12 * np.log2(hertz / 440) + 69 - wanted) < 6


@pytest.mark.parametrize("seed", range(3))
def test_drums_all_sound_and_differ(seed):
    kit, spectra = draw_patch("drums", np.random.default_rng(seed)), []
    for key in KEYS:
        wave = play_patch(kit, [Note(0.01, 0.1, key, 100)], SAMPLE_RATE // 2)[0]
        assert 0.005 < np.abs(wave).max() < 2.0
        spectrum = np.abs(np.fft.rfft(wave))
        spectra.append(spectrum / np.linalg.norm(spectrum))
    alike = np.array(spectra) @ np.array(spectra).T - np.eye(len(KEYS))
    assert alike.max() < 0.98
    assert not play_patch(kit, [Note(0.0, 0.1, 20, 100)], 1000).any()


def test_tuning_leaves_drums_alone_and_the_closed_hi_hat_ends_the_open_one():
    kit = patch("drums", open_decay=0.3)
    open_hat, closed = Note(0.0, 0.1, OPEN_HAT, 100), Note(0.3, 0.4, HAT, 1)
    free = play_patch(kit, [open_hat], SAMPLE_RATE)
    np.testing.assert_array_equal(play_patch(kit, [open_hat], SAMPLE_RATE, tuning=1.0), free)
    choked = play_patch(kit, [open_hat, closed], SAMPLE_RATE)
    part = slice(round(0.35 * SAMPLE_RATE), round(0.5 * SAMPLE_RATE))
    assert choked[:, part].std() < 0.05 * free[:, part].std()


def test_nothing_to_play_is_silence():
    for engine in ENGINES:
        assert not play_patch(patch(engine), [], 100).any()
        assert play_patch(patch(engine), [Note(0, 1, 38, 90)], 0).shape == (2, 0)
        assert play_patch(patch(engine), [Note(0.001, 0.001, 38, 90)], 4000).any()


@pytest.mark.parametrize("engine", ENGINES)
def test_every_midi_key_gives_finite_sound(engine):
    notes = [Note(0.02 * key, 0.02 * key + 0.015, key, 127) for key in range(128)]
    wave = play_patch(patch(engine), notes, 3 * SAMPLE_RATE, tuning=0.5)
    assert np.isfinite(wave).all() and 0.05 < np.abs(wave).max() < 3.0


def test_what_does_not_exist_is_refused():
    with pytest.raises(DataError, match="no role 'flute'"):
        draw_patch("flute", np.random.default_rng(0))
    with pytest.raises(DataError, match="no engine 'tuba'"):
        play_patch(patch("tuba"), [], 10)
    with pytest.raises(DataError, match="'fm' has no parameter 'cutoff'"):
        play_patch(patch("fm", cutoff=3.0), [], 10)


def test_songs_with_patches_and_soundfonts_are_saved_without_loss_and_rendered(tmp_path):
    font = str(write_soundfont(tmp_path / "tiny.sf2", [{}]))
    song = compose(2, seconds=1.0, world=SOUNDFONT)
    bass, *others = song.parts
    patched = replace(bass, patch=draw_patch("bass", np.random.default_rng(0)))
    foreign = replace(bass, soundfont=font)
    for part in (patched, foreign):
        changed = replace(song, parts=(part, *others))
        assert Song.from_json(changed.to_json()) == changed
    samples = SAMPLE_RATE
    waves = [render_part(part, song, samples) for part in (bass, patched, foreign)]
    assert all(wave.any() for wave in waves[:2])
    assert not any(np.array_equal(waves[0], wave) for wave in waves[1:])
    direct = play(bass.notes, bass.program, samples, soundfont=font, tuning=song.tuning)
    assert direct.any() == waves[2].any()


def test_songs_saved_before_there_were_patches_are_read():
    song = compose(2, seconds=1.0, world=SOUNDFONT)
    raw = json.loads(song.to_json())
    for part in raw["parts"]:
        del part["patch"], part["soundfont"]
        old = ("drive", "lowpass", "delay", "feedback", "room", "width")
        part["effects"] = {name: part["effects"][name] for name in old}
    assert Song.from_json(json.dumps(raw)) == song
    assert asdict(song)["parts"][0]["patch"] is None


def test_the_pitch_of_a_drawn_electric_bass_is_right():
    engine, values = bass_patches.KINDS["finger"][1](np.random.default_rng(0))
    wave = play_patch(Patch(engine, 0, tuple(values.items())), [Note(0, 1.0, 33, 100)], SAMPLE_RATE)
    assert abs(semitones_off(wave[0, 4000:], 33)) < 0.05
