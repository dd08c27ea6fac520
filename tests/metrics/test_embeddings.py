"""The registry of embeddings: the default works, networks that are not here say so, and users may
add one.
"""

import sys

import numpy as np
import pytest
import torch

from bassnb.errors import BassnbError
from bassnb.metrics import embeddings
from bassnb.metrics.embeddings import LOADERS, embedding, register
from bassnb.metrics.frechet import spectral_embedding

NETWORKS = {"panns": "panns_inference", "vggish": "torchvggish", "clap": "transformers"}


def test_the_default_is_the_spectral_one():
    wave = torch.randn(2, 50_000, generator=torch.Generator().manual_seed(0))
    for name in ((), ("spectral",)):
        found = embedding(*name, bandwidth=8000.0)(wave)
        assert np.array_equal(found, spectral_embedding(wave, bandwidth=8000.0))
        assert not np.array_equal(found, spectral_embedding(wave, bandwidth=5512.5))


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(BassnbError, match="'wav2vec'.* spectral, panns, vggish, clap"):
        embedding("wav2vec", bandwidth=5512.5)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_without_its_package_says_how_to_get_it(name, monkeypatch):
    monkeypatch.setitem(sys.modules, NETWORKS[name], None)  # as if it were not installed
    with pytest.raises(
        BassnbError,
        match=rf"{NETWORKS[name]}.*pip install 'bassnb\[embeddings\]', or take 'spectral'",
    ):
        embedding(name, bandwidth=5512.5)


def test_weights_that_cannot_be_fetched_are_named(monkeypatch, tmp_path):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    nowhere = (tmp_path / "nothing.pth").as_uri()
    with pytest.raises(BassnbError, match="'panns' .*nothing.pth.* online"):
        embeddings._weights(nowhere, "panns")


class Trap:
    """Runs code when it is unpickled."""

    def __reduce__(self):
        return (exec, ("raise SystemExit('unpickled')",))


def test_nothing_is_unpickled(monkeypatch, tmp_path):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    tensors, trap = tmp_path / "tensors.pth", tmp_path / "trap.pth"
    torch.save({"model": {"a": torch.ones(2)}}, tensors)
    torch.save({"model": Trap()}, trap)
    with pytest.raises(SystemExit), trap.open("rb"):
        torch.load(trap, weights_only=False)
    assert torch.equal(embeddings._weights(tensors.as_uri(), "panns")["model"]["a"], torch.ones(2))
    with pytest.raises(BassnbError, match="more than tensors"):
        embeddings._weights(trap.as_uri(), "panns")


def test_patches_are_seconds_at_another_rate():
    second = torch.sin(torch.arange(44_100 * 2.5) * 2 * torch.pi * 100 / 44_100).expand(2, -1)
    patches = embeddings._patches(second, 16_000)
    assert patches.shape == (4, 16_000)  # at 0, 0.5, 1 and 1.5 s
    crossings = (patches[1].sign().diff() != 0).sum()
    assert abs(int(crossings) - 200) < 3  # 100 Hz still is 100 Hz
    assert embeddings._patches(second[:, :1000], 32_000).shape == (1, 32_000)


def test_a_registered_embedding_is_loaded_when_it_is_asked_for(monkeypatch):
    monkeypatch.setattr(embeddings, "LOADERS", dict(LOADERS))
    calls = []

    @register("loudness")
    def load():
        calls.append(1)
        return lambda wave: np.array([[float(wave.square().mean())]])

    assert not calls
    assert embedding("loudness", bandwidth=5512.5)(torch.ones(2, 8)).shape == (1, 1) and calls == [
        1
    ]
