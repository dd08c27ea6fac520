"""Composed and recorded songs in one training: their share, and the same batch in any division."""

import pytest
import torch

from bassnb.collections.latents import LatentDataset
from bassnb.collections.pairs import LivePairs, MixedPairs
from bassnb.collections.pools import MixedPool, Pool
from bassnb.collections.stems import StemDataset
from bassnb.presets import TIME_RATIO


class Constant(Pool):
    """A pool of crops of one value."""

    def __init__(self, value, whole):
        self.value, self.seconds = value, whole

    whole = property(lambda self: self.seconds)
    __len__ = lambda self: 3

    def facts(self):
        return {"songs": 3}

    def _crop(self, rng, samples):
        return torch.full((2, samples), self.value) + float(rng.random()) / 10


def latents(value, songs=5, length=40):
    """Composed pairs whose every entry is about `value`."""
    draws = torch.Generator().manual_seed(0)
    noise = 0.1 * torch.rand(songs, 1, length, generator=draws)
    bass = (value + noise.expand(-1, 32, -1)).half()
    return LatentDataset(bass, (value + noise[:, None].expand(-1, 2, 64, -1)).half())


def test_crops_are_of_both_kinds_in_their_share():
    pool = MixedPool(Constant(0.0, 900), Constant(1.0, 800), 0.3)
    found = pool.crops(0, 400, 10)[:, 0, 0] < 0.5
    assert found.float().mean() == pytest.approx(0.3, abs=0.07)
    assert (pool.whole, len(pool)) == (800, 6)
    assert pool.facts() == {"songs": 3, "composed": 0.3}
    parts = [pool.crops(0, 8, 10, share=(i, 4)) for i in range(4)]
    assert torch.equal(torch.cat(parts), pool.crops(0, 8, 10))


@pytest.mark.parametrize("share", [0.25, 0.5, 0.9])
def test_a_batch_holds_the_share_and_is_the_same_in_any_division(share):
    pairs = MixedPairs(latents(0.0), latents(1.0), share)
    whole = pairs.latents(*pairs.batch(3, 16, 8))
    composed = whole[0][:, 0, 0] < 0.5
    assert composed.sum() == int(16 * share)
    assert composed.tolist() == [pairs.is_composed(item) for item in range(16)]
    assert (whole[1][:, 0, 0] < 0.5).tolist() == composed.tolist()  # mix and bass belong together
    for parts in (2, 16):
        own = [pairs.latents(*pairs.batch(3, 16, 8, share=(i, parts))) for i in range(parts)]
        for together, alone in zip(whole, map(torch.cat, zip(*own))):
            assert torch.equal(together, alone)


def test_composed_latents_and_recorded_waves_in_one_batch(tmp_path, write, sine, smoke):
    for name, note in (("bass", 110), ("keys", 700)):
        write(tmp_path / "songs" / "train" / "One" / f"{name}.wav", sine(note, 8))
    songs = StemDataset(tmp_path / "songs", split="train", cache=tmp_path / "cache", progress=False)
    live = LivePairs(songs, *smoke)
    pairs = MixedPairs(latents(50.0), live, 0.5)
    order, *batch = pairs.batch(0, 4, 8)
    assert batch[0].shape == (2, 32, 8) and batch[2].shape[0] == 2
    assert batch[2].shape[-1] == (8 + 2 * live.reach) * TIME_RATIO
    c_y, c_x = pairs.latents(order, *batch)
    assert c_y.shape == (4, 32, 8) and c_x.shape == (4, 64, 8)
    assert (c_y.mean((1, 2)) > 40).tolist() == [pairs.is_composed(item) for item in range(4)]
    assert pairs.facts() == {**songs.facts(), "composed": 0.5}
