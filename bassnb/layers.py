"""Layers that the networks of the package share; their norm takes one step of time at a time.

Anything that averages over time (batch, instance or group norm) would make the output
at second 3 depend on how long the file is, and "decode in pieces" would differ from "decode
whole".
"""

import torch
from torch import Tensor, nn


class ChannelNorm(nn.Module):
    """Root-mean-square norm over the channels of each step, with one learned gain per channel.

    ``y[b, c, l] = gain[c] * x[b, c, l] / sqrt(mean_c(x[b, c, l]^2) + eps)``

    Taught in chapter 1. The paper does not name its norm; this is the cheapest one
    that does not depend on the length of the file.

    Parameters
    ----------
    channels : int
        C, the number of channels of the input.
    eps : float
        Added to the mean square, so that a silent step stays silent instead of dividing by zero.
    """

    def __init__(self, channels: int, eps: float = 1e-5):
        super().__init__()
        self.eps = eps
        self.gain = nn.Parameter(torch.ones(channels, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise ``x``, Tensor (B, C, L); the result has its shape and type."""
        # The sum runs in float32 inside torch for bfloat16 too, so hundreds of squares keep their
        # digits; x * x is a third faster to train than x.square(), whose derivative calls a power.
        # Squares of float16 overflow from 256 on; bfloat16 has the range of float32.
        wide = x.float() if x.dtype == torch.float16 else x
        mean_square = (wide * wide).mean(dim=1, keepdim=True)  # (B, 1, L)
        return x * torch.rsqrt(mean_square + self.eps).to(x.dtype) * self.gain.to(x.dtype)


class ResidualBlock(nn.Module):
    """x + conv3(silu(norm(conv3(silu(norm(x)))))), shape (B, C, T) in and out."""

    def __init__(self, channels: int):
        super().__init__()
        self.layers = nn.Sequential(
            ChannelNorm(channels),
            nn.SiLU(),
            nn.Conv1d(channels, channels, 3, padding=1),
            ChannelNorm(channels),
            nn.SiLU(),
            nn.Conv1d(channels, channels, 3, padding=1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Add the block's correction to `x`, Tensor (B, C, T)."""
        return x + self.layers(x)
