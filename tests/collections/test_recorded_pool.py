"""Crops of recorded songs for the autoencoders: one stem or sub-mixes; bad files are counted."""

import math
import shutil

import numpy as np
import pytest
import torch

from bassnb.collections.pools import RecordedPool
from bassnb.collections.stems import TRIES, StemDataset
from bassnb.errors import DataError
from bassnb.level import LEVEL

RATE = 44_100
NOTES = {"bass": 110, "drums": 443, "keys": 701}


@pytest.fixture(scope="module")
def root(tmp_path_factory, write, sine):
    root = tmp_path_factory.mktemp("pool") / "songs"
    for song, seconds in (("One", 6), ("Two", 5)):
        for name, note in NOTES.items():
            write(root / "train" / song / f"{name}.wav", sine(note, seconds))
    return root


def pool(root, target):
    return RecordedPool(
        StemDataset(root, split="train", target=target, cache=root.parent / "index", progress=False)
    )


def semitones(frequency, note):
    return 12 * math.log2(frequency / note)


@pytest.mark.parametrize("target", ["bass", "keys"])
def test_crops_are_of_the_stem_and_nothing_else(root, target, frequency):
    crops, pitches = pool(root, target).crops(1, 16, RATE), []
    assert crops.shape == (16, 2, RATE) and crops.isfinite().all()
    for crop in crops:
        pitches.append(semitones(frequency(crop), NOTES[target]))
        power = np.abs(np.fft.rfft(crop[0].numpy() * np.hanning(RATE))) ** 2
        own = NOTES[target] * 2 ** (pitches[-1] / 12)
        assert power[int(own * 0.8) : int(own * 1.25)].sum() > 0.99 * power.sum()
    assert max(map(abs, pitches)) < 2.05 and max(pitches) > 0.5 and min(pitches) < -0.5
    levels = 20 * torch.log10(crops.square().mean((1, 2)).sqrt() / LEVEL)
    assert levels.abs().max() < 6.01 and levels.std() > 1


def test_crops_of_the_mix_are_random_sub_mixes(root):
    seen = set()
    for crop in pool(root, "mix").crops(0, 24, RATE):
        power = np.abs(np.fft.rfft(crop[0].numpy() * np.hanning(RATE))) ** 2
        near = {
            name: power[int(note * 0.85) : int(note * 1.18)].sum() for name, note in NOTES.items()
        }
        seen.add(tuple(name for name in NOTES if near[name] > 0.05 * power.sum()))
    assert len(seen) > 4 and () not in seen and max(map(len, seen)) == 3


def test_songs_without_stems_serve_the_mix_only(tmp_path, write, sine, frequency):
    """MTG-Jamendo: numbered folders of MP3 files."""
    for number in range(1100, 1112):
        write(tmp_path / "songs" / f"{number % 100:02d}" / f"{number}.mp3", sine(330, 4))
    crops = pool(tmp_path / "songs", "mix").crops(0, 4, RATE)
    assert crops.shape == (4, 2, RATE) and all(
        abs(semitones(frequency(crop), 330)) < 2.05 for crop in crops
    )
    with pytest.raises(DataError, match="no song for train with bass.*no bass"):
        pool(tmp_path / "songs", "bass")


@pytest.mark.parametrize("target", ["bass", "mix"])
def test_the_shares_of_processes_are_the_batch_of_one(root, target):
    crops = pool(root, target)
    whole = crops.crops(3, 5, 20_000)
    assert torch.equal(
        torch.cat([crops.crops(3, 5, 20_000, share=(part, 2)) for part in range(2)]), whole
    )
    assert not torch.equal(crops.crops(4, 5, 20_000), whole)


def test_the_longest_crop_is_the_shortest_song_and_at_most_half_a_minute(
    root, tmp_path, write, sine
):
    assert pool(root, "bass").whole == 5 * RATE and len(pool(root, "bass")) == 2
    for name, note in (("bass", 110), ("keys", 701)):
        write(
            tmp_path / "songs" / "train" / "Long" / f"{name}.flac",
            sine(note, 40, channels=1, rate=8000),
            8000,
        )
    assert pool(tmp_path / "songs", "bass").whole == 30 * RATE


def test_an_unreadable_file_is_passed_over_and_counted(root, tmp_path):
    shutil.copytree(root, tmp_path / "songs")
    crops = pool(tmp_path / "songs", "bass")
    good = crops.crops(0, 12, 20_000)
    path = tmp_path / "songs" / "train" / "Two" / "bass.wav"
    path.write_bytes(path.read_bytes()[:20])
    found = crops.crops(0, 12, 20_000)
    ((sentence, count),) = crops.songs.unreadable.items()
    assert (
        str(path) in sentence
        and count >= 3
        and found.shape == good.shape
        and (found.square().mean((1, 2)) > 0).all()
    )
    same = [torch.equal(a, b) for a, b in zip(good, found)]
    assert 3 <= sum(same) < 12  # crops of the good song are the same as before
    assert torch.equal(found, crops.crops(0, 12, 20_000))
    (tmp_path / "songs" / "train" / "One" / "bass.wav").unlink()
    crops.songs.unreadable.clear()
    with pytest.raises(
        DataError,
        match=f"{TRIES} crops of .*songs in a row could not be read.*copy the collection again",
    ):
        crops.crops(0, 1, 20_000)
    assert sum(crops.songs.unreadable.values()) == TRIES and len(crops.songs.unreadable) == 2
