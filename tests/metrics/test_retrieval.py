"""Memory as a bass player: the nearest mix at the right shift."""

import pytest
import torch

from bassnb.autoencoder import Autoencoder
from bassnb.composer.examples import example
from bassnb.composer.render import render
from bassnb.metrics.contrastive import encode_waves
from bassnb.metrics.retrieval import POOL_SEED, Pool, nearest, remember, retrieved_bass
from bassnb.presets import TIME_RATIO, get_preset


def test_a_rolled_copy_is_found_at_its_shift():
    pool = torch.randn(5, 8, 40, generator=torch.Generator().manual_seed(0))
    for shift in (0, 1, 17, 39):
        assert nearest(pool[3].roll(shift, -1), pool) == (3, shift)


def test_loudness_in_the_pool_does_not_matter():
    pool = torch.randn(3, 4, 21, generator=torch.Generator().manual_seed(1))
    pool[0] *= 50
    assert nearest(pool[2], pool) == (2, 0)


@pytest.fixture(scope="module")
def autoencoder():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Autoencoder(get_preset("smoke").mix).eval()


def test_the_pool_holds_training_songs(autoencoder):
    pool = remember(autoencoder, 2, seconds=2.0)
    assert [song.split for song in pool.songs] == ["train"] * 2 and pool.songs[0].seed == POOL_SEED
    assert pool.latents.shape[:2] == (2, 64)


def test_the_bass_is_rolled_with_the_mix(autoencoder):
    songs = [example("train", seed, 2.0) for seed in (1, 2)]
    latents = torch.stack([encode_waves(autoencoder, [one.mix])[0] for one in songs])
    pool = Pool([one.song for one in songs], latents)
    bass = retrieved_bass(latents[1].roll(3, -1), pool, songs[1].mix.shape[-1])
    expected = render(songs[1].song, parts=["bass"])["bass"].roll(3 * TIME_RATIO, -1)
    assert torch.equal(bass, expected)
