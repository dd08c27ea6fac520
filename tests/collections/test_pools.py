"""Crops are reproducible and at the stated level; mixes are sums of stems of one song."""

import numpy as np
import pytest
import torch

from bassnb.collections.pools import OTHERS, StemPool, random_submix, stems_of
from bassnb.level import LEVEL

SHAPE = dict(split="train", count=2, seconds=6.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("pool")


@pytest.mark.evidence("pool-holds-songs")
def test_pool_holds_the_rendered_songs(folder):
    pool = StemPool(folder, parts=("bass",), **SHAPE)
    assert pool.array.shape == (2, 1, 2, 6 * 44_100)
    assert np.abs(pool.array[1] / 32767 - stems_of(1, "train", 6.0, ("bass",)).numpy()).max() < 1e-4
    assert [path.suffix for path in folder.iterdir()] == [".npy"]


def test_crops_depend_on_the_seed_alone_and_have_the_level(folder):
    pool = StemPool(folder, parts=("bass",), **SHAPE)
    crops = pool.crops(3, 4, 66_150)
    assert crops.shape == (4, 2, 66_150) and torch.equal(crops, pool.crops(3, 4, 66_150))
    assert not torch.equal(crops, pool.crops(4, 4, 66_150))
    levels = 20 * torch.log10(crops.square().mean((1, 2)).sqrt() / LEVEL)
    assert levels.abs().max() <= 6.01 and levels.std() > 0


@pytest.mark.evidence("submixes")
def test_submixes_are_sums_of_non_empty_subsets():
    stems = torch.stack([torch.full((2, 5), float(2**k)) for k in range(3)] + [torch.zeros(2, 5)])
    rng = np.random.default_rng(0)
    seen = {float(random_submix(stems, rng)[0, 0]) for _ in range(200)}
    assert seen == {1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0}


def test_all_stems_have_one_length():
    assert stems_of(0, "train", 5.0, ("bass", *OTHERS)).shape == (5, 2, 5 * 44_100)


def test_one_offset_in_all_stems_sample_by_sample(folder, monkeypatch):
    """Stems that are ramps of different slope, all zero at sample 0: a crop at one offset is again
    such a ramp.
    """
    # a ramp is below 20 Hz
    monkeypatch.setattr("bassnb.collections.pools.to_level", lambda wave, gain_db: wave)
    pool = StemPool(folder, parts=("bass",), **SHAPE)
    ramp = np.arange(8000, dtype=np.int16)
    pool.array = np.stack([ramp, 2 * ramp, -ramp])[None, :, None].repeat(2, axis=2)
    offsets = set()
    for seed in range(20):
        crop = pool.crops(seed, 1, 500)[0, 0].double()
        slope = (crop[-1] - crop[0]) / 499
        position = crop / slope
        assert torch.allclose(position, position[0].round() + torch.arange(500), atol=0.05)
        offsets.add(int(position[0].round()))
    assert len(offsets) > 10
