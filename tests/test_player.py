"""The order of corrections, and what decides a take."""

import pytest
import torch

from bassnb.errors import BassnbError
from bassnb.player import Player


def noise(samples, seed=0):
    return 0.1 * torch.randn(2, samples, generator=torch.Generator().manual_seed(seed))


def test_style_means_are_weighted_by_length_and_an_empty_list_is_refused(accompanist):
    one, other = noise(5 * 4096, 1), noise(3 * 4096, 2)
    mean = lambda style: accompanist.encode_style(style)  # noqa: E731
    both = mean([one, other])
    assert both.shape == (1, 32, 1)
    assert torch.allclose(both, (5 * mean(one) + 3 * mean(other)) / 8, atol=1e-5)
    with pytest.raises(BassnbError, match="empty"):
        mean([])


def test_latents_belong_to_the_autoencoder(accompanist):
    before = accompanist.fingerprint
    assert len(before) == 16 and Player(accompanist.system).fingerprint == before
    other = {"guidance": 3.0, "steps": 2}
    assert accompanist.settings(**other)["guidance"] == 3 and accompanist.fingerprint == before


def test_the_style_is_measured_over_the_take_as_it_will_be(accompanist, monkeypatch):
    """Kept latents are back before the style is applied, and again after it."""
    from bassnb.control.keep import Repaint

    seen = []
    again = torch.tensor([False] * 6 + [True] * 4)
    kept = torch.full((1, 32, 10), 3.0)
    repaint = Repaint(kept, again, 0.1, None, 44_100)
    monkeypatch.setattr("bassnb.player.ground", lambda c, *rest: seen.append(c) or c + 100)
    made = accompanist.sample(
        torch.zeros(1, 64, 10), [0], repaint=repaint, mean=torch.zeros(1, 32, 1), steps=2
    )
    assert len(seen) == 2 and all(torch.equal(c[..., :6], kept[..., :6]) for c in seen)
    assert torch.equal(made[..., :6], kept[..., :6]) and (made[..., 6:] > 50).all()
