"""Contents of stems are measured: wholes are found under any name and after any processing.

Other instruments with the same notes are not mistaken for the bass.
"""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from scipy.signal import butter, fftconvolve, sosfilt

from bassnb.collections.augment import equaliser, room
from bassnb.collections.change import Change
from bassnb.collections.contents import MOST, Sketch, search
from bassnb.collections.pairs import read_pair
from bassnb.collections.stem_songs import Place
from bassnb.collections.stems import StemDataset, survey
from bassnb.composer.render import render
from bassnb.composer.songs import compose
from bassnb.composer.synth import play
from bassnb.errors import DataError

RATE = 44_100
pytestmark = pytest.mark.kind("meaning guessed")
SEEDS = (0, 4, 6)


def band(seed, seconds=8.0):
    """Composed song and its stems, name: array (2, N)."""
    song = compose(seed, split="train", seconds=seconds)
    return song, {name: wave.numpy() for name, wave in render(song).items()}


@pytest.fixture(scope="module")
def bands():
    return {seed: band(seed) for seed in SEEDS}


def sketch_of(waves):
    sketch, monos = Sketch(), [np.asarray(wave).mean(0) for wave in waves]
    for second in range(len(monos[0]) // RATE):
        if sketch.needs(second):
            sketch.add(
                np.stack([mono[second * RATE : (second + 1) * RATE] for mono in monos]).astype(
                    np.float32
                )
            )
    return sketch


def holds(whole, stem):
    """Share of the power of `whole` that is `stem`, as measured; 0 if it does not hold it."""
    return sketch_of([whole, stem]).shares()[0, 1]


def through_mp3(wave):
    file = io.BytesIO()
    soundfile.write(file, wave.T, RATE, format="MP3")
    file.seek(0)
    return soundfile.read(file, dtype="float32")[0].T


def equalised(wave):
    frequencies = np.fft.rfftfreq(wave.shape[1], 1 / RATE)
    gain = equaliser(np.maximum(frequencies, 1), np.random.default_rng(5))
    return np.fft.irfft(np.fft.rfft(wave) * gain, wave.shape[1])


TREATED = {
    "as it is": lambda w: w,
    "louder, driven": lambda w: np.tanh(4 * w),
    "MP3": through_mp3,
    "15 ms later, upside down": lambda w: -np.roll(w, 660, 1),
    "mono": lambda w: np.repeat(w.mean(0, keepdims=True), 2, 0),
    "equaliser": equalised,
    "room": lambda w: w + fftconvolve(w, room(np.random.default_rng(1)), axes=1)[:, : w.shape[1]],
    "without the lowest": lambda w: sosfilt(
        butter(2, 60, "high", fs=RATE, output="sos"), w, axis=1
    ),
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("treated", TREATED)
def test_a_whole_holds_its_bass_whatever_became_of_it(bands, seed, treated):
    stems = bands[seed][1]
    assert holds(TREATED[treated](sum(stems.values())), stems["bass"]) > 0.02


@pytest.mark.parametrize("seed", SEEDS)
def test_a_bass_through_an_amplifier_is_the_bass(bands, seed):
    bass = bands[seed][1]["bass"]
    assert holds(np.tanh(8 * bass), bass) > 0.5 and holds(bass / 2, bass) > 0.5


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("seconds", [4.0, 9.0])
def test_no_stem_of_a_composed_song_holds_the_bass(seed, seconds):
    _, stems = band(seed, seconds)
    names = list(stems)
    if "bass" in names:
        shares = sketch_of(stems.values()).shares()[:, names.index("bass")]
        assert not shares.any(), dict(zip(names, shares))


def kick(song, samples):
    """A drum tuned to each note of the bass, in phase with its beginning."""
    wave, t = np.zeros(samples + RATE), np.arange(RATE // 3) / RATE
    for note in song.part("bass").notes:
        first = round(note.start * RATE)
        wave[first : first + len(t)] += (
            0.5 * np.sin(2 * np.pi * 440 * 2 ** ((note.pitch - 69) / 12) * t) * np.exp(-12 * t)
        )
    return np.stack([wave[:samples]] * 2)


def doubled(program, shift):
    """Another instrument with the notes of the bass."""

    def wave(song, samples):
        notes = [replace(note, pitch=note.pitch + shift) for note in song.part("bass").notes]
        return play(notes, program, samples, tuning=song.tuning)

    return wave


ALONG = {
    "kick": kick,
    "guitar in unison": doubled(27, 0),
    "nylon guitar in unison": doubled(24, 0),
    "piano an octave higher": doubled(0, 12),
    "guitar an octave higher": doubled(27, 12),
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("along", ALONG)
def test_another_instrument_with_the_same_notes_is_no_leak(bands, seed, along):
    song, stems = bands[seed]
    assert holds(ALONG[along](song, stems["bass"].shape[1]), stems["bass"]) == 0


def test_samples_of_the_project_hold_no_bass_in_other_stems():
    found = {}
    for place in sorted((Path(__file__).parents[2] / "data_samples").iterdir()):
        files = [
            path
            for path in sorted(place.glob("*"))
            if path.stem in ("bass", "drums", "chords", "pad", "melody", "mix")
        ]
        if place.name != "styles" and place.is_dir():
            waves = [soundfile.read(path, dtype="float32", always_2d=True)[0].T for path in files]
            shortest = min(wave.shape[1] for wave in waves)
            shares = sketch_of([wave[:, :shortest] for wave in waves]).shares()
            # of "mix" as well: all but the bass
            found[place.name] = shares[:, [path.stem for path in files].index("bass")].max()
    assert len(found) >= 4 and not any(found.values()), found


def test_silence_noise_and_single_seconds_hold_nothing():
    rng = np.random.default_rng(0)
    noise, silence = rng.normal(0, 0.1, (2, 2, 3 * RATE)), np.zeros((2, 3 * RATE))
    assert not sketch_of([*noise, silence]).shares().any()
    assert holds(noise[0][:, :RATE], noise[0][:, :RATE]) == 0  # one second proves nothing


def test_a_sketch_of_hours_is_no_larger_than_one_of_minutes():
    sketch = Sketch()
    for second in range(5 * MOST):
        if sketch.needs(second):
            sketch.add(np.zeros((1, RATE), np.float32))
    assert MOST / 2 <= len(sketch.spectra) <= MOST and sketch.step >= 4


@pytest.mark.parametrize("seed", SEEDS)
def test_only_an_exact_sum_is_a_sum(bands, seed):
    stems = bands[seed][1]
    bass, whole = stems["bass"], sum(stems.values())
    others = {
        "quieter": 0.7 * whole,
        "driven": np.tanh(4 * whole),
        "later": np.roll(whole, 441, 1),
        "the bass itself": bass,
    }
    sketch = sketch_of([bass, whole, *others.values()])
    assert sketch.is_sum(1, 0)
    assert not any(sketch.is_sum(2 + i, 0) for i in range(len(others)))


def test_evidence_names_gain_and_delay(bands):
    bass = bands[0][1]["bass"]
    sketch = sketch_of([np.roll(-2 * bass, 300, 1), bass])
    x, powers = np.stack(sketch.spectra, 1), np.stack(sketch.powers, 1)
    evidence = search(x[:1], powers[:1], x[1], powers[1])[0]
    assert (
        evidence.gain == pytest.approx(-2, rel=0.02)
        and abs(evidence.delay - 300) <= 1
        and evidence.agreement > 0.99
    )


# -- collections -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sines(sine):
    """Stems of seven seconds with noises as drums, (N, 2), and their sum."""
    stems = {"bass": sine(82, 7), "guitar": sine(331, 7), "vocals": sine(443, 7, value=0.1)}
    stems["drums"] = (
        np.random.default_rng(0).normal(0, 0.05, stems["bass"].shape).astype(np.float32)
    )
    return stems, sum(stems.values())


def opened(tmp_path, write, files, **options):
    for song in ("one", "two"):
        for name, wave in files.items():
            write(tmp_path / "c" / "train" / song / f"{name}.wav", wave)
            write(tmp_path / "c" / "test" / song / f"{name}.wav", wave)
    return StemDataset(
        tmp_path / "c", split="train", cache=tmp_path / "cache", progress=False, **options
    )


@pytest.mark.evidence("whole-beside-stems-left-out")
@pytest.mark.parametrize(
    "name", ["master", "Full Mix", "linear_mixture", "song", "FINAL_MIX 2", "demo 3"]
)
def test_a_whole_beside_its_stems_is_left_out_under_any_name(
    tmp_path, write, strength, sines, name
):
    stems, whole = sines
    data = opened(tmp_path, write, {**stems, name: whole})
    assert set(data.songs[0].stems) == set(stems)
    _, mix = read_pair(data, Place(data.songs[0], 0.0, 5 * RATE))
    assert strength(mix, 82) < 0.01 * strength(mix, 331)
    said = "\n".join(survey(tmp_path / "c", "bass", tmp_path / "cache", progress=False))
    assert f"{name.lower()} holds bass (" in said and "of its power" in said


@pytest.mark.parametrize("without", ["vocals", "drums"])
@pytest.mark.parametrize("name", ["instrumental", "accompaniment", "backing"])
def test_a_song_without_one_stem_is_left_out_for_each_of_its_stems(
    tmp_path, write, sines, name, without
):
    stems, whole = sines
    for target in stems:
        data = opened(tmp_path, write, {**stems, name: whole - stems[without]}, target=target)
        # holds the target, or other stems of the song
        assert set(data.songs[0].stems) == set(stems), target


def test_a_backing_that_holds_no_other_stem_is_a_stem(tmp_path, write, sines):
    stems, _ = sines
    data = opened(
        tmp_path,
        write,
        {
            "bass": stems["bass"],
            "vocals": stems["vocals"],
            "backing": stems["guitar"] + stems["drums"],
        },
    )
    assert set(data.songs[0].stems) == {"bass", "vocals", "backing"} and not data.songs[0].left_out


@pytest.mark.evidence("mixture-beside-bass-used-without")
@pytest.mark.parametrize(
    "change", [Change(), Change(1.5, 2 ** (1.5 / 12)), Change(2.0, 1.0), Change(-1.0, 1.07)]
)
@pytest.mark.parametrize("name", ["mixture", "mix", "master"])
def test_a_mixture_beside_a_bass_is_used_without_it(tmp_path, write, strength, sines, name, change):
    stems, whole = sines
    data = opened(tmp_path, write, {"bass": stems["bass"], name: whole})
    bass, mix = read_pair(data, Place(data.songs[0], 1.0, 4 * RATE, change))
    up = 2 ** (change.pitch / 12)
    assert set(data.songs[0].stems) == {"bass", "others"}
    assert (
        strength(mix, 82 * up) < 0.01 * strength(mix, 331 * up) and strength(bass, 82 * up) > 0.05
    )


@pytest.mark.parametrize("made", ["driven", "quieter", "the same file"])
def test_a_mixture_that_is_no_sum_is_left_out_with_the_reason(tmp_path, write, bands, made):
    stems = bands[4][1]
    whole = sum(stems.values())
    mixture = {"driven": np.tanh(4 * whole), "quieter": whole / 2, "the same file": stems["bass"]}[
        made
    ]
    with pytest.raises(DataError, match="nothing but bass.*holds bass"):
        opened(tmp_path, write, {"bass": stems["bass"].T, "mixture": mixture.T})


def test_a_mixture_without_the_bass_is_used_as_it_is(tmp_path, write, sines):
    stems, whole = sines
    data = opened(tmp_path, write, {"bass": stems["bass"], "mix": whole - stems["bass"]})
    assert not data.songs[0].minus and set(data.songs[0].stems) == {"bass", "others"}


@pytest.mark.evidence("several-takes-bass-bass")
@pytest.mark.parametrize(
    "names", [("bass", "bass_di", "bass_amp"), ("bass_di",), ("Bass Amp",), ("bass-DI", "bass-amp")]
)
def test_of_several_takes_of_the_bass_one_is_the_bass(tmp_path, write, sines, names):
    stems, _ = sines
    levels = {name: stems["bass"] * (0.3 if "di" in name.lower() else 1.0) for name in names}
    data = opened(tmp_path, write, {"guitar": stems["guitar"], "drums": stems["drums"], **levels})
    assert set(data.songs[0].stems) == {"bass", "guitar", "drums"}
    chosen = data.songs[0].stems["bass"][0].stem
    assert chosen == (names[0] if len(names) != 2 else "bass-amp")


def test_every_stem_is_still_read_when_it_is_the_target(tmp_path, write, sines):
    stems, whole = sines
    data = opened(tmp_path, write, {**stems, "master": whole}, target="mix")
    assert set(data.songs[0].stems) == {*stems, "master"}  # the target is never an input here
