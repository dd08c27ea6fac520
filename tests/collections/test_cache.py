"""Reading caches of latents: batches, crops, and refusal of caches that do not fit."""

import hashlib

import numpy as np
import pytest
import torch

from bassnb.collections.cache import CachedPairs, cached_splits
from bassnb.collections.encoding import CachePlan
from bassnb.collections.latents import fingerprint
from bassnb.errors import DataError
from bassnb.presets import TIME_RATIO
from bassnb.stored import read_tensors, write_json, write_tensors
from tests.collections.small_cache import RATE, STEPS, contents, encoded, manifest_of

pytestmark = pytest.mark.usefixtures("small_shards")


def read(folder, smoke, **options):
    return CachedPairs(folder, **{"split": "train", "encoders": fingerprint(*smoke), **options})


def test_batches_depend_on_the_seed_alone(finished, smoke):
    pairs = read(finished, smoke)
    c_y, c_x = pairs.batch(3, 6, 16)
    assert (
        c_y.shape == (6, 32, 16)
        and c_x.shape == (6, 64, 16)
        and c_y.dtype == c_x.dtype == torch.float32
    )
    assert (
        len(pairs) == 8
        and pairs.facts()["pairs"] == 8
        and pairs.facts()["plan"] == manifest_of(finished)["plan"]
    )
    again = read(finished, smoke).batch(3, 6, 16)
    assert torch.equal(c_y, again[0]) and torch.equal(c_x, again[1])
    assert not torch.equal(c_y, pairs.batch(4, 6, 16)[0])
    for parts in (2, 3):
        shared = [pairs.batch(3, 6, 16, share=(part, parts)) for part in range(parts)]
        assert all(
            torch.equal(torch.cat(found), whole) for found, whole in zip(zip(*shared), (c_y, c_x))
        )


def test_a_crop_is_one_place_of_stem_and_mix(finished, smoke):
    pairs, places = read(finished, smoke), set()
    for stem, mix in zip(*pairs.batch(0, 12, 16)):
        where = {
            (number, offset)
            for number, (shard, item) in enumerate(pairs.index)
            for offset in range(STEPS - 15)
            if torch.equal(shard["stem"][item, :, offset : offset + 16].float(), stem)
            and torch.equal(shard["mix"][item, :, offset : offset + 16].float(), mix)
        }
        assert where
        places |= where
    assert len({number for number, _ in places}) > 4 and len({offset for _, offset in places}) > 4


def test_crops_avoid_rests(tmp_path, write, sine, smoke):
    """A bass that plays three seconds of eight, among crops of a second."""
    write(tmp_path / "songs/train/One/bass.wav", sine(110, 8, loud=(0, 3)))
    write(tmp_path / "songs/train/One/keys.wav", sine(440, 8))
    encoded(tmp_path / "songs", smoke, tmp_path / "cache", CachePlan(8.0, 1), splits=["train"])
    shard = read_tensors(tmp_path / "cache/train-000000.safetensors")[0]
    sounding = shard["sounding"][0].nonzero()[:, 0]
    assert sounding.tolist() == list(range(int(3 * RATE / TIME_RATIO) + 1))
    pairs, steps = read(tmp_path / "cache", smoke), shard["stem"].shape[-1]
    crops = [shard["stem"][0, :, offset : offset + 10].float() for offset in range(steps - 9)]
    offsets = []
    for seed in range(200):
        stem = pairs.batch(seed, 1, 10)[0][0]
        offsets.append(next(offset for offset, crop in enumerate(crops) if torch.equal(crop, stem)))
    last = int(sounding[-1]) - 2  # of a crop, that three steps of ten sound
    assert np.mean([offset <= last for offset in offsets]) > 0.95 and max(offsets) > last / 2


@pytest.mark.parametrize(
    "options, sentence",
    [
        ({"encoders": "0123456789abcdef"}, "latents of other encoders"),
        ({"target": "keys"}, "latents of bass, not of keys"),
        ({"split": "test"}, "no latents for test"),
    ],
)
def test_a_cache_of_something_else_is_refused(finished, smoke, options, sentence):
    with pytest.raises(DataError, match=sentence):
        read(finished, smoke, **options)


def test_an_unfinished_cache_or_one_of_another_format_is_refused(smoke, folder):
    write_json(folder / "manifest.json", {**manifest_of(folder), "format": 99})
    for use in (lambda: read(folder, smoke), lambda: cached_splits(folder)):
        with pytest.raises(DataError, match="another version of bassnb"):
            use()
    (folder / "manifest.json").unlink()
    for use in (lambda: read(folder, smoke), lambda: cached_splits(folder)):
        with pytest.raises(DataError, match="no finished cache"):
            use()


@pytest.mark.parametrize("damage", ["cut", "flipped", "missing", "empty"])
def test_a_damaged_shard_is_refused_and_can_be_made_again(root, finished, smoke, folder, damage):
    path = folder / "train-000001.safetensors"
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.unlink() if damage == "missing" else path.write_bytes(
        {"cut": data[:-100], "flipped": data, "empty": b""}[damage]
    )
    with pytest.raises(
        DataError, match="train-000001.safetensors is missing or not what .*run bassnb encode again"
    ):
        read(folder, smoke)
    encoded(root, smoke, folder)
    assert contents(folder) == contents(finished) and len(read(folder, smoke)) == 8


@pytest.mark.parametrize("name", ["../../{}", "{absolute}", "../outside/{}", ".."])
def test_a_manifest_cannot_name_files_outside_its_folder(smoke, folder, tmp_path, name):
    """Even if the file outside has the right checksum."""
    outside = tmp_path / "outside" / "elsewhere.safetensors"
    write_tensors(outside, {"stem": torch.zeros(1, 32, 43)})
    manifest = manifest_of(folder)
    file = name.format(outside.name, absolute=outside)
    data = outside.read_bytes()
    manifest["splits"]["train"]["shards"][0] = {
        "file": file,
        "bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
    }
    write_json(folder / "manifest.json", manifest)
    with pytest.raises(DataError, match="is missing or not what"):
        read(folder, smoke)


def test_crops_longer_than_the_stretches_are_refused(finished, smoke):
    assert read(finished, smoke).batch(0, 1, STEPS)[0].shape[-1] == STEPS
    with pytest.raises(DataError, match="43 steps"):
        read(finished, smoke).batch(0, 1, STEPS + 1)
