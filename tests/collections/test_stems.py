"""The index of a collection and crops from it: one offset, partial reads, no silence."""

import json

import numpy as np
import pytest
import soundfile
import torch

from bassnb.audio import read_audio, read_stretch
from bassnb.collections.change import Change
from bassnb.collections.stem_index import levels_of, loudest, packed, stem_index, unpacked
from bassnb.collections.stems import StemDataset
from bassnb.errors import AudioError, DataError

RATE = 44_100


def clicks(seconds, rate=RATE, channels=2, loud=(0, None), value=0.3, turn=None):
    """A ramp in each second, so that a sample identifies its time; silent outside `loud` (s).

    With `turn` the sign changes every other second, from that one on: no stem is then a copy of
    another.
    """
    wave = value * (np.arange(seconds * rate) % rate / rate).astype(np.float32)
    if turn is not None:
        wave *= (-1.0) ** ((np.arange(seconds * rate) // rate + turn) // 2)
    first, last = loud[0] * rate, None if loud[1] is None else loud[1] * rate
    wave[:first] = 0
    if last is not None:
        wave[last:] = 0
    return np.tile(wave[:, None], (1, channels))


def write(path, wave, rate=RATE):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, wave, rate, subtype="FLOAT" if path.suffix == ".wav" else None)


@pytest.fixture
def collection(tmp_path):
    root = tmp_path / "songs"
    for song in ("One", "Two"):
        write(root / "train" / song / "bass.wav", clicks(12, loud=(4, 8)))
        write(root / "train" / song / "drums.wav", clicks(12, turn=0))
        write(root / "train" / song / "keys.flac", clicks(9, channels=1, turn=1), RATE)
    write(root / "train" / "No bass" / "drums.wav", clicks(5, turn=0))
    write(root / "train" / "No bass" / "keys.wav", clicks(5, turn=1))
    write(root / "train" / "Apart" / "bass.wav", clicks(8, loud=(0, 2)))
    write(root / "train" / "Apart" / "keys.wav", clicks(8, loud=(6, None)))
    (root / "train" / "Broken").mkdir()
    (root / "train" / "Broken" / "bass.wav").write_bytes(b"RIFF not audio")
    write(root / "train" / "Broken" / "keys.wav", clicks(3))
    return root


def dataset(collection, tmp_path, **options):
    return StemDataset(
        collection, split="train", cache=tmp_path / "cache", progress=False, **options
    )


def crop(data, seed, samples, change=Change()):
    place = data.draw(np.random.default_rng(seed), samples, change=change)
    return data.read(place, place.song.stems)


def test_songs_that_cannot_be_used_are_counted_with_the_reason(collection, tmp_path):
    data = dataset(collection, tmp_path)
    assert [song.name for song in data.songs] == ["One", "Two"] and len(data) == 2
    assert data.skipped["No bass"] == "no bass" and "sound together" in data.skipped["Apart"]
    assert "cannot be read" in data.skipped["Broken"]


def test_any_stem_may_be_the_target(collection, tmp_path):
    data = dataset(collection, tmp_path, target="keys")
    assert {"One", "Two", "No bass"} <= {song.name for song in data.songs}
    with pytest.raises(DataError, match="no song for train with violin"):
        dataset(collection, tmp_path, target="violin")
    with pytest.raises(DataError, match="0 looked at: the split is empty|0 looked at"):
        StemDataset(collection, split="test", cache=tmp_path / "cache", progress=False)


def test_the_index_is_made_once_and_again_when_a_file_changes(collection, tmp_path, monkeypatch):
    first = stem_index(collection, tmp_path / "cache", progress=False)
    monkeypatch.setattr(
        "bassnb.collections.stem_index.seconds_of", lambda path: pytest.fail("indexed again")
    )
    assert stem_index(collection, tmp_path / "cache", progress=False) == json.loads(
        json.dumps(first)
    )
    monkeypatch.undo()
    write(collection / "train" / "One" / "bass.wav", clicks(13, loud=(0, 3)))
    again = stem_index(collection, tmp_path / "cache", progress=False)
    assert again != first and len(list((tmp_path / "cache").iterdir())) == 2


def test_levels_are_those_of_each_second(collection):
    levels = levels_of(collection / "train" / "One" / "bass.wav")
    assert len(levels) == 12 and levels[:4] == [-100] * 4 and levels[8:] == [-100] * 4
    assert all(level == round(20 * np.log10(0.3 / 3**0.5)) for level in levels[4:8])
    assert unpacked(packed(levels + [3])).tolist() == levels + [0]
    assert loudest([[-20, -100], [-30, -10, -50]]) == [-20, -10, -50]


def test_one_offset_for_all_stems_and_only_where_something_sounds(collection, tmp_path):
    data, starts = dataset(collection, tmp_path), set()
    for seed in range(30):
        stems = crop(data, seed, 2 * RATE)
        assert {name: wave.shape for name, wave in stems.items()} == dict.fromkeys(
            ("bass", "drums", "keys"), (2, 2 * RATE)
        )
        sounding = stems["bass"].abs() > 0
        assert sounding.any()
        # in time, to the sample
        assert torch.allclose(
            stems["bass"][sounding].abs(), stems["drums"][sounding].abs(), atol=1e-4
        )
        starts.add(int(sounding[0].sum()))
    assert (
        torch.equal(crop(data, 3, 2 * RATE)["keys"], crop(data, 3, 2 * RATE)["keys"])
        and len(starts) > 1
    )


def test_a_faster_tape_is_the_same_for_all_stems(collection, tmp_path):
    data = dataset(collection, tmp_path)
    stems = crop(data, 0, RATE, Change(pitch=0.8, tempo=2 ** (0.8 / 12)))
    quiet = (stems["bass"].abs() > 1e-3) & (stems["drums"].abs() > 1e-3)
    assert (stems["bass"].abs() - stems["drums"].abs())[quiet].abs().median() < 1e-3


@pytest.mark.parametrize("rate", [44_100, 16_000, 48_000])
@pytest.mark.parametrize("start", [0.0, 1.0, 2.5, 9.0, 20.0])
def test_a_stretch_is_what_the_whole_file_holds_there(tmp_path, rate, start):
    t = np.arange(10 * rate) / rate
    path = tmp_path / "a.wav"
    write(path, (0.5 * np.sin(2 * np.pi * 300 * t) * (1 + t) / 11).astype(np.float32), rate)
    whole, first = read_audio(path), round(start * RATE)
    expected = torch.zeros(2, 2 * RATE)
    part = whole[:, first : first + 2 * RATE]
    expected[:, : part.shape[-1]] = part
    inner = slice(500, 2 * RATE - 500)  # a resampler has artefacts at its edges
    assert torch.allclose(
        read_stretch(path, start, 2 * RATE)[:, inner], expected[:, inner], atol=2e-3
    )


def test_a_stretch_of_a_long_file_reads_a_stretch(tmp_path, monkeypatch):
    path, counted = tmp_path / "a.wav", []
    write(path, clicks(60))
    read = soundfile.SoundFile.read
    monkeypatch.setattr(
        soundfile.SoundFile,
        "read",
        lambda file, frames, **k: counted.append(frames) or read(file, frames, **k),
    )
    read_stretch(path, 30, RATE)
    assert counted == [RATE + 1]


def test_an_unreadable_stretch_is_one_sentence(tmp_path):
    (tmp_path / "a.wav").write_bytes(b"nothing")
    with pytest.raises(AudioError, match="cannot be read"):
        read_stretch(tmp_path / "a.wav", 0, 100)


@pytest.mark.evidence("song-of-nan-left-out")
def test_a_song_that_holds_no_numbers_is_left_out(collection, tmp_path):
    wave = clicks(5)
    wave[100_000, 0] = np.nan
    write(collection / "train" / "Nan" / "bass.wav", wave)
    write(collection / "train" / "Nan" / "keys.wav", clicks(5))
    assert "NaN" in dataset(collection, tmp_path).skipped["Nan"]
