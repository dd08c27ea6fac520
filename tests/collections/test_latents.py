"""Latents of mix and bass are aligned; shards are kept, resumed and split among workers."""

import pytest
import torch

from bassnb.autoencoder import Autoencoder
from bassnb.collections.latents import LatentDataset, encode_song, encode_songs, fingerprint
from bassnb.collections.pools import stems_of
from bassnb.level import to_level
from bassnb.presets import SMOKE


@pytest.fixture(scope="module")
def autoencoders():
    torch.manual_seed(0)
    return [Autoencoder(config).eval().requires_grad_(False) for config in (SMOKE.mix, SMOKE.bass)]


def test_first_pair_is_the_whole_mix_and_the_bass(autoencoders):
    mix_autoencoder, bass_autoencoder = autoencoders
    bass, mixes = encode_song(*autoencoders, 1, "train", 6.0, 3)
    stems = stems_of(1, "train", 6.0, ("bass", "drums", "chords", "pad", "melody"))
    assert bass.shape == (32, 65) and mixes.shape == (3, 64, 65)
    assert torch.allclose(bass, bass_autoencoder.encode(to_level(stems[0])[None])[0], atol=1e-5)
    quiet, loud = (
        mix_autoencoder.encode(to_level(stems[1:].sum(0), db)[None])[0] for db in (-3, 3)
    )
    assert (mixes[0] - quiet).norm() < (loud - quiet).norm() * 1.01


def test_songs_are_encoded_where_the_autoencoders_are():
    """The meta device stands for a GPU: it cannot be mixed with the CPU either."""

    class Elsewhere:
        latent_mean = torch.zeros(1, device="meta")

        def encode(self, wave):
            assert wave.device.type == "meta"
            return torch.zeros(len(wave), 4, 10)

        def standardise(self, latents):
            return latents

    bass, mixes = encode_song(Elsewhere(), Elsewhere(), 1, "train", 2.0, 2)
    assert bass.shape == (4, 10) and mixes.shape == (2, 4, 10)


@pytest.mark.evidence("one-offset-for-both")
def test_one_offset_for_mix_and_stem():
    """Latents that carry their own step number: after any crop both must show the same numbers."""
    steps = torch.arange(80.0)
    pairs = LatentDataset(
        bass=steps.expand(5, 32, 80).half(), mix=steps.expand(5, 3, 64, 80).half()
    )
    for seed in range(20):
        c_y, c_x = pairs.batch(seed, 8, 32)
        assert c_y.shape == (8, 32, 32) and c_x.shape == (8, 64, 32)
        assert torch.equal(c_y[:, 0], c_x[:, 0]) and torch.equal(
            c_y[:, 0] - c_y[:, 0, :1], steps[:32].expand(8, 32)
        )
    # offsets differ
    assert len({float(pairs.batch(seed, 1, 32)[0][0, 0, 0]) for seed in range(30)}) > 10


@pytest.mark.evidence("same-song-for-both")
def test_same_song_for_mix_and_stem():
    songs = torch.arange(6.0)
    pairs = LatentDataset(
        bass=songs[:, None, None].expand(6, 32, 40).half(),
        mix=songs[:, None, None, None].expand(6, 2, 64, 40).half(),
    )
    c_y, c_x = pairs.batch(0, 50, 32)
    assert torch.equal(c_y[:, 0], c_x[:, 0]) and len(c_y[:, 0, 0].unique()) == 6


def test_shards_are_kept_and_shared_among_workers(autoencoders, tmp_path, monkeypatch):
    monkeypatch.setattr("bassnb.collections.latents.SHARD", 2)
    shape = dict(split="train", count=5, seconds=4.0, submixes=2)
    paths = encode_songs(*autoencoders, tmp_path, worker=1, workers=2, **shape)
    assert [path.exists() for path in paths] == [False, True, False]
    stamp = paths[1].stat().st_mtime_ns
    encode_songs(*autoencoders, tmp_path, **shape)
    assert all(path.exists() for path in paths) and paths[1].stat().st_mtime_ns == stamp
    pairs = LatentDataset.load(paths)
    assert pairs.bass.shape == (5, 32, 44) and pairs.mix.shape == (5, 2, 64, 44)
    more = LatentDataset.load(encode_songs(*autoencoders, tmp_path, **{**shape, "count": 6}))
    # the short last shard is not mistaken for a whole one
    assert len(more.bass) == 6 and torch.equal(more.bass[:5], pairs.bass)


def test_other_encoders_have_another_fingerprint(autoencoders):
    before = fingerprint(*autoencoders)
    torch.manual_seed(1)
    assert (
        before
        == fingerprint(*autoencoders)
        != fingerprint(autoencoders[0], Autoencoder(SMOKE.bass))
    )
