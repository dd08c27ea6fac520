"""Encoding a collection: contents, resumed encoding, and refusal of what would be overwritten."""

import hashlib
import shutil

import pytest
import safetensors.torch
import torch
from accelerate import Accelerator

from bassnb.autoencoder import Autoencoder
from bassnb.collections import cache
from bassnb.collections.cache import CachedPairs, cached_splits
from bassnb.collections.encoding import CachePlan, encode_split, encode_splits, rests, stretches
from bassnb.collections.latents import fingerprint
from bassnb.collections.pairs import LivePairs, read_pair
from bassnb.collections.stem_songs import Place
from bassnb.errors import DataError
from bassnb.presets import SMOKE, TIME_RATIO
from bassnb.stored import read_tensors
from tests.collections.small_cache import PLAN, STEPS, contents, encoded, manifest_of, opened, times

pytestmark = pytest.mark.usefixtures("small_shards")


def test_the_manifest_describes_the_shards(finished, smoke):
    manifest = manifest_of(finished)
    assert manifest["format"] == cache.FORMAT and manifest["encoders"] == fingerprint(*smoke)
    assert manifest["plan"] == {"seconds": 4.0, "versions": 2, "seed": 0}
    train, validation = (manifest["splits"][split] for split in ("train", "validation"))
    assert list(manifest["splits"]) == ["train", "validation"] == cached_splits(finished)
    assert (train["layout"], train["target"], train["songs"], train["pairs"]) == (
        "song folders",
        "bass",
        2,
        8,
    )
    assert (
        train["left_out"] == {"Without": "no bass"}
        and train["unreadable"] == []
        and train["missing"] == 0
        and validation["pairs"] == 4
    )
    shards = train["shards"] + validation["shards"]
    assert {shard["file"] for shard in shards} == contents(finished).keys() and len(shards) == 6
    for shard in shards:
        data = (finished / shard["file"]).read_bytes()
        assert shard["bytes"] == len(data) and shard["sha256"] == hashlib.sha256(data).hexdigest()


def test_stretches_cover_a_song_and_never_begin_twice(root):
    found = [
        (place.song.name, place.start, version)
        for place, version in stretches(opened(root)[0], PLAN)
    ]
    starts = ("One", 0), ("One", 4), ("One", 5), ("Two", 0)
    assert found == [(song, start, version) for song, start in starts for version in (0, 1)]
    assert {place.samples for place, _ in stretches(opened(root)[0], PLAN)} == {STEPS * TIME_RATIO}


def test_stretches_in_which_one_of_two_rests_are_left_out(tmp_path, write, sine):
    write(tmp_path / "songs/train/One/bass.wav", sine(110, 20, loud=(8, 14)))
    write(tmp_path / "songs/train/One/keys.wav", sine(440, 20))
    assert [
        place.start
        for place, _ in stretches(
            opened(tmp_path / "songs", splits=["train"])[0], CachePlan(4.0, 1)
        )
    ] == [8, 12]


def test_the_first_version_is_as_recorded_and_the_others_are_not(root, finished, smoke):
    live = LivePairs(opened(root)[0], *smoke)
    tensors, _ = read_tensors(finished / "train-000001.safetensors")
    assert {name: tensor.shape for name, tensor in tensors.items()} == {
        "stem": (2, 32, STEPS),
        "mix": (2, 64, STEPS),
        "sounding": (2, STEPS),
    }
    song = next(song for song in live.songs.songs if song.name == "One")
    waves = read_pair(live.songs, Place(song, 4.0, STEPS * TIME_RATIO))
    for name, expected in zip(("stem", "mix"), live.encode(*(wave[None] for wave in waves))):
        assert torch.equal(tensors[name][0], expected[0].half())
        assert not torch.allclose(tensors[name][1].float(), expected[0], atol=0.05)
    assert tensors["sounding"][0].all()


def test_what_is_drawn_depends_on_the_seed(root, finished, smoke, tmp_path):
    encoded(root, smoke, tmp_path / "same")
    assert contents(tmp_path / "same") == contents(finished)
    encoded(root, smoke, tmp_path / "other", CachePlan(4.0, 2, seed=1))
    old, new = (
        read_tensors(folder / "train-000000.safetensors")[0]["stem"]
        for folder in (finished, tmp_path / "other")
    )
    assert torch.equal(old[0], new[0]) and not torch.equal(old[1], new[1])


def test_rests_are_steps_in_which_nothing_sounds():
    wave = torch.zeros(2, 3 * TIME_RATIO + 10)
    wave[:, TIME_RATIO : 2 * TIME_RATIO] = 0.01
    wave[0, 2 * TIME_RATIO :] = 1e-4
    assert rests(wave, 3).tolist() == [True, False, True] and rests(wave, 5).tolist() == [
        True,
        False,
        True,
        True,
        True,
    ]
    assert rests(torch.stack([wave, wave + 0.01]), 3).tolist() == [[True, False, True], [False] * 3]


@pytest.mark.parametrize("damage", ["missing", "half", "foreign"])
def test_an_interrupted_encoding_is_finished(root, finished, smoke, folder, damage):
    before, lost = times(folder), folder / "train-000002.safetensors"
    (folder / "manifest.json").unlink()
    foreign = safetensors.torch.save({"x": torch.zeros(1)}, {"facts": "no JSON"})
    lost.unlink() if damage == "missing" else lost.write_bytes(
        foreign if damage == "foreign" else lost.read_bytes()[:1000]
    )
    encoded(root, smoke, folder)
    after = times(folder)
    assert {name for name in before if before[name] != after[name]} == {lost.name}
    assert contents(folder) == contents(finished) and manifest_of(folder) == manifest_of(finished)


def test_shards_of_another_plan_are_not_kept(root, finished, smoke, folder):
    (folder / "manifest.json").unlink()
    encoded(root, smoke, folder, CachePlan(4.0, 2, seed=1))
    assert not contents(folder).items() & contents(finished).items()


@pytest.mark.parametrize("other", ["plan", "encoders", "target"])
def test_a_finished_cache_is_not_overwritten(root, finished, smoke, folder, other):
    torch.manual_seed(9)
    changed = [smoke[0], Autoencoder(SMOKE.bass)] if other == "encoders" else smoke
    plan = CachePlan(3.0, 2) if other == "plan" else PLAN
    with pytest.raises(
        DataError, match="already holds a cache of other songs, encoders or settings"
    ):
        encoded(root, changed, folder, plan, target="keys" if other == "target" else "bass")
    assert contents(folder) == contents(finished) and manifest_of(folder) == manifest_of(finished)


def test_encoded_again_nothing_changes(root, smoke, folder):
    before, manifest = times(folder), manifest_of(folder)
    encoded(root, smoke, folder)
    assert times(folder) == before and manifest_of(folder) == manifest


def test_workers_share_the_shards(root, finished, smoke, tmp_path):
    written = []
    for worker in (1, 0):
        for songs in opened(root):
            encode_split(
                songs,
                *smoke,
                tmp_path / str(worker),
                PLAN,
                worker=worker,
                workers=2,
                progress=False,
            )
        written.append(contents(tmp_path / str(worker)))
    assert not written[0].keys() & written[1].keys() and all(written)
    assert written[0] | written[1] == contents(finished)


def test_an_unreadable_file_is_counted_and_the_others_are_encoded(root, finished, smoke, tmp_path):
    songs = shutil.copytree(root, tmp_path / "songs")
    splits = opened(songs)  # indexed before the damage
    path = songs / "train" / "Two" / "drums.wav"
    path.write_bytes(path.read_bytes()[:20])
    encode_splits(splits, *smoke, tmp_path / "cache", PLAN, Accelerator(cpu=True), progress=False)
    train = manifest_of(tmp_path / "cache")["splits"]["train"]
    assert (
        train["pairs"] < 8
        and train["missing"] == 8 - train["pairs"]
        and len(train["unreadable"]) == 1
    )
    assert all(str(path) in sentence for sentence in train["unreadable"])
    pairs = CachedPairs(tmp_path / "cache", split="train", encoders=fingerprint(*smoke))
    assert len(pairs) == train["pairs"] >= 6
    old, new = (
        read_tensors(folder / "train-000000.safetensors")[0]["stem"]
        for folder in (finished, tmp_path / "cache")
    )
    assert torch.equal(old, new)
    path.write_bytes((root / "train" / "Two" / "drums.wav").read_bytes())  # repaired
    encode_splits(splits, *smoke, tmp_path / "cache", PLAN, Accelerator(cpu=True), progress=False)
    train = manifest_of(tmp_path / "cache")["splits"]["train"]
    assert (train["pairs"], train["missing"], train["unreadable"]) == (8, 0, [])
    assert contents(tmp_path / "cache") == contents(finished)


def test_a_collection_of_unreadable_files_is_refused(root, smoke, tmp_path):
    songs = shutil.copytree(root, tmp_path / "songs")
    splits = opened(songs)
    for path in songs.rglob("*.wav"):
        path.write_bytes(b"RIFF")
    with pytest.raises(DataError, match="no song for train in .*songs could be read"):
        encode_splits(
            splits, *smoke, tmp_path / "cache", PLAN, Accelerator(cpu=True), progress=False
        )
