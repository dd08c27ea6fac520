"""ChannelNorm: unit root mean square per step, blind to all other steps."""

import pytest
import torch

from bassnb.layers import ChannelNorm


def draws(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_each_step_has_unit_root_mean_square():
    y = ChannelNorm(24)(100 * draws(3, 24, 7))
    assert torch.allclose(y.square().mean(dim=1), torch.ones(3, 7), atol=1e-4)


def test_equals_torch_rms_norm_with_gain():
    norm, x = ChannelNorm(24), draws(3, 24, 7)
    norm.gain.data = draws(24, 1, seed=1)
    expected = torch.nn.functional.rms_norm(
        x.transpose(1, 2), (24,), norm.gain[:, 0], norm.eps
    ).transpose(1, 2)
    assert torch.allclose(norm(x), expected, atol=1e-6)


def test_a_step_does_not_depend_on_the_others():
    x = draws(1, 8, 10)
    louder = x.clone()
    louder[..., 5:] *= 1000
    assert torch.equal(ChannelNorm(8)(x)[..., :5], ChannelNorm(8)(louder)[..., :5])


def test_silence_stays_silent():
    assert torch.equal(ChannelNorm(8)(torch.zeros(1, 8, 3)), torch.zeros(1, 8, 3))


@pytest.mark.parametrize("channels", [512, 4096])
def test_bfloat16_sums_lose_no_squares(channels):
    # Adding ones one by one in bfloat16 stops at 256; the mean would come out as 256 / channels.
    y = ChannelNorm(channels)(torch.ones(1, channels, 2, dtype=torch.bfloat16))
    assert y.dtype == torch.bfloat16
    assert torch.allclose(y.float(), torch.ones(1, channels, 2), atol=0.01)
