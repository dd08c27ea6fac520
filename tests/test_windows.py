"""The network in windows: exact where it can be, without seams where it cannot, for any length."""

import pytest
import torch

from bassnb.accompanist import Accompanist
from bassnb.checkpoints import System
from bassnb.presets import SMOKE
from bassnb.windows import trapezoid, windowed


def draws(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def local(z, t, mix):
    """A network without any context: windows must not change what it says."""
    return torch.tanh(z + mix[:, : z.shape[1]]) * t[:, None, None]


@pytest.mark.parametrize("length", [1, 15, 16, 17, 20, 21, 28, 29, 100, 101])
def test_a_network_without_context_is_unchanged(length):
    z, mix, t = draws(2, 3, length), draws(2, 5, length, seed=1), torch.tensor([0.3, 0.9])
    seen = []
    network = windowed(
        lambda *a: seen.append(a[0].shape[-1]) or local(*a), whole=16, window=12, overlap=4
    )
    assert torch.allclose(network(z, t, mix), local(z, t, mix), atol=1e-6)
    assert seen == [length] if length <= 16 else all(4 < n <= 12 for n in seen)


def test_up_to_the_limit_it_is_one_pass():
    z, mix, t = draws(1, 3, 16), draws(1, 5, 16, seed=1), torch.tensor([0.5])
    assert torch.equal(windowed(local, whole=16, window=12, overlap=4)(z, t, mix), local(z, t, mix))


@pytest.mark.parametrize(("length", "overlap"), [(12, 4), (16, 8), (3, 1)])
def test_weights_of_neighbours_add_up_to_one(length, overlap):
    like = torch.zeros(1)
    one, other = trapezoid(length, overlap, like), trapezoid(length, overlap, like)
    assert torch.allclose(one[-overlap:] + other[:overlap], torch.ones(overlap))
    assert one.max() <= 1 and one.min() > 0


def test_two_answers_are_faded_into_each_other():
    def counts(z, t, mix):
        counts.calls += 1
        return torch.full_like(z, counts.calls)

    counts.calls = 0
    v = windowed(counts, whole=8, window=10, overlap=4)(
        torch.zeros(1, 1, 16), torch.zeros(1), torch.zeros(1, 1, 16)
    )
    assert torch.allclose(v[0, 0], torch.tensor([1.0] * 6 + [1.2, 1.4, 1.6, 1.8] + [2.0] * 6))


def test_an_accompaniment_may_be_longer_than_the_limit(monkeypatch):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        accompanist = Accompanist(System(SMOKE).requires_grad_(False))
    for parameter in accompanist.system.unet.parameters():
        parameter += 0.02 * draws(*parameter.shape)
    c_x = draws(1, 64, 90)
    whole = accompanist.sample(c_x, [3], steps=3, guidance=2.0)
    monkeypatch.setattr(
        "bassnb.player.windowed", lambda unet: windowed(unet, whole=50, window=40, overlap=16)
    )
    pieces = accompanist.sample(c_x, [3], steps=3, guidance=2.0)
    assert pieces.shape == whole.shape and pieces.isfinite().all()
    assert 0 < (pieces - whole).square().mean() < 0.2 * whole.square().mean()
