"""Ways to tell attention where a step is, side by side in one U-Net.

Dynamic position biases and their absence are in `bassnb.attention` and `bassnb.studies.variants`,
with learned and rotary positions; here are sinusoids, straight lines (ALiBi), and the list of all.

Taught in chapter 4.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from bassnb.attention import SelfAttention
from bassnb.errors import BassnbError
from bassnb.presets import UNetConfig
from bassnb.studies.variants import Names, NoBias, RotaryProjection
from bassnb.unet import UNet1d

ROWS = {
    "log": "DPB, log offsets",
    "raw": "DPB, raw offsets",
    "absolute": "learned embedding",
    "sinusoidal": "sinusoids",
    "alibi": "ALiBi",
    "rotary": "rotary",
    "none": "no positions",
    "no attention": "no attention",
}


class Sinusoids(nn.Module):
    """Sines and cosines of the position, added to the feature maps.

    Channels 2k and 2k + 1 are ``sin(l w_k)`` and ``cos(l w_k)`` with ``w_k = 10000^(-2k / C)``
    (Vaswani et al. 2017, section 3.5). Nothing is learned, and every position has a value. Taught
    in chapter 4.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Tensor (B, C, L) -> Tensor (B, C, L)."""
        channels, length = x.shape[1:]
        even = torch.arange(0, channels, 2, device=x.device)
        # (C / 2, L)
        angles = 10_000.0 ** (-even / channels)[:, None] * torch.arange(length, device=x.device)
        waves = torch.stack([angles.sin(), angles.cos()], dim=1).flatten(0, 1)[:channels]
        return x + waves.to(x.dtype)


class Alibi(nn.Module):
    """Attention with linear biases: ``-m_h (i - j)`` for steps j in the past of i.

    Press et al. 2022, section 3. The slopes of n heads are ``m_h = 2^(-8h / n)``, h = 1 ... n, and
    are not learned. Their attention is causal. The U-Net reads both sides, so half of the heads read
    the past and the other half, with the same slopes, the future. Taught in chapter 4.

    Parameters
    ----------
    heads : int, even
    """

    def __init__(self, heads: int):
        super().__init__()
        if heads % 2:
            raise BassnbError(
                f"half of the heads read the past and half the future, but there are {heads}; "
                "give an even number"
            )
        slopes = 2.0 ** (-8 * torch.arange(1, heads // 2 + 1) / (heads // 2))
        self.slopes: Tensor
        self.register_buffer("slopes", slopes, persistent=False)

    def forward(self, length: int) -> Tensor:
        """Biases (H, 2L - 1) for the offsets i - j; -inf on the side that a head does not read."""
        offset = torch.arange(1 - length, length, device=self.slopes.device)
        past = -self.slopes[:, None] * offset
        past = past.masked_fill(offset < 0, -torch.inf)
        return torch.cat([past, past.flip(-1)])


def attention_layer(
    row: str, config: UNetConfig, latents: int, channels: int, depth: int
) -> nn.Module:
    """An attention layer (B, C, L) -> (B, C, L) with the positions of a row of `ROWS`.

    Parameters
    ----------
    latents : length of the training crops, which a learned embedding covers
    channels, depth : of the level; its steps are 2^depth latents long
    """
    if row == "no attention":
        return nn.Identity()
    if row in ("log", "raw"):
        return SelfAttention(channels, config.heads, config.dpb_hidden, row)
    bias = Alibi if row == "alibi" else NoBias
    layer = SelfAttention(channels, config.heads, make_bias=partial(bias, config.heads))
    if row == "rotary":
        layer.qkv = RotaryProjection(channels, config.heads)
    named: dict[str, Callable[[], nn.Module]] = {
        "absolute": lambda: Names(channels, -(-latents // 2**depth), beyond="held", size=1.0),
        "sinusoidal": Sinusoids,
    }
    return nn.Sequential(named[row](), layer) if row in named else layer


def unet_with(row: str, config: UNetConfig, latents: int) -> UNet1d:
    """A fresh U-Net with the positions of a row, for training crops of `latents` steps.

    Raises
    ------
    BassnbError
        If `ROWS` has no such row.
    """
    if row not in ROWS:
        raise BassnbError(f"there are no positions {row!r}; choose one of {', '.join(ROWS)}")
    return UNet1d(config, partial(attention_layer, row, config, latents))
