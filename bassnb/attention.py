"""Self-attention with a position bias learned from distances, for any length.

Taught in chapter 4. Dynamic Positional Bias (paper section 3.2):
``Attention(Q, K, V) = SoftMax(Q K^T / sqrt(d) + B) V`` with ``B_ij = MLP(i - j)`` per head.
An L x L bias has only 2L - 1 different distances, so the MLP is evaluated 2L - 1 times and its
outputs are laid out along the diagonals.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from bassnb.errors import BassnbError, check_shape
from bassnb.layers import ChannelNorm

# Attention scores of one sample held at once, 4 MB: a CPU's cache. Longer songs are computed in
# blocks of rows. A GPU would wait between small blocks: there 64 MB, all of a song of 12 minutes.
SCORES = 2**20
GPU_SCORES = 2**24

OFFSET_SCALES = {
    # Signed logarithm: 1, 2, 4, 8 steps are about equally far apart, which helps extrapolation.
    "log": lambda offset: offset.sign() * offset.abs().log1p(),
    # Raw distance as in the original recipe, in units of 64 steps (about 6 s) to keep the MLP's
    # input near 1.
    "raw": lambda offset: offset / 64,
}


def toeplitz(vector: Tensor, length: int, start: int = 0, stop: int | None = None) -> Tensor:
    """Lay a vector of distances out along the diagonals of a matrix.

    ``B[..., i, j] = vector[..., i - j + L - 1]``. Taught in chapter 4. Row i reads the reversed
    vector from position L - 1 - i on, so the matrix is a stack of sliding windows: a view, no L x L
    table of indices.

    Parameters
    ----------
    vector : Tensor (..., 2L - 1)
        Values for the offsets -(L - 1), ..., 0, ..., L - 1.
    length : int
        L.
    start, stop : int
        Rows wanted, by default all; the others are never made.

    Returns
    -------
    matrix : Tensor (..., stop - start, L)
    """
    stop = length if stop is None else stop
    if vector.shape[-1] != 2 * length - 1:
        raise BassnbError(
            f"a {length} x {length} matrix has {2 * length - 1} diagonals, "
            f"but the vector has {vector.shape[-1]} values; give one per diagonal"
        )
    # (..., L, L): window s starts at reversed position s = L - 1 - i
    windows = vector.flip(-1).unfold(-1, length, 1)
    return windows[..., length - stop : length - start, :].flip(-2)


class DynamicPositionBias(nn.Module):
    """A small MLP that turns a distance in steps into one attention bias per head.

    Paper section 3.2, taught in chapter 4.

    Parameters
    ----------
    heads : int
        Number of attention heads, H.
    hidden : int
        Width of the two hidden layers.
    offsets : "log" or "raw"
        How a distance is presented to the MLP, see `OFFSET_SCALES`.

    Raises
    ------
    BassnbError
        If ``offsets`` is neither.
    """

    def __init__(self, heads: int, hidden: int, offsets: str = "log"):
        super().__init__()
        if offsets not in OFFSET_SCALES:
            raise BassnbError(f"offsets must be one of {', '.join(OFFSET_SCALES)}, not {offsets!r}")
        self.offsets = offsets
        self.mlp = nn.Sequential(
            nn.Linear(1, hidden),
            nn.SiLU(),
            nn.Linear(hidden, hidden),
            nn.SiLU(),
            nn.Linear(hidden, heads),
        )

    def forward(self, length: int) -> Tensor:
        """Biases for the offsets -(L - 1) ... L - 1, Tensor (H, 2L - 1), for `toeplitz`."""
        weight = next(self.mlp.parameters())
        offset = torch.arange(
            1 - length, length, device=weight.device, dtype=torch.float32
        )  # (2L - 1,)
        return self.mlp(OFFSET_SCALES[self.offsets](offset)[:, None].to(weight.dtype)).T


class SelfAttention(nn.Module):
    """Residual multi-head self-attention over latent steps with a dynamic position bias.

    Taught in chapter 4. ``x + W_o SoftMax(Q K^T / sqrt(d) + B) V`` with Q, K, V read from the
    channel-normalised ``x``. The output projection starts at zero, so a new layer is the identity.

    Parameters
    ----------
    channels : int
        C, divisible by ``heads``.
    heads : int
        H.
    dpb_hidden : int
        Width of the bias MLP.
    dpb_offsets : "log" or "raw"
        See `DynamicPositionBias`.
    make_bias : callable without arguments
        Makes another bias in its place: a module (length,) -> Tensor (H, 2L - 1), for comparisons
        of positions.

    Raises
    ------
    BassnbError
        If the channels cannot be shared equally among the heads.
    """

    def __init__(
        self,
        channels: int,
        heads: int,
        dpb_hidden: int = 32,
        dpb_offsets: str = "log",
        *,
        make_bias: Callable[[], nn.Module] | None = None,
    ):
        super().__init__()
        if channels % heads:
            raise BassnbError(
                f"{channels} channels cannot be shared equally among {heads} heads; "
                "choose channels divisible by heads"
            )
        self.heads = heads
        self.norm = ChannelNorm(channels)
        self.qkv = nn.Conv1d(channels, 3 * channels, 1)
        self.bias = (
            make_bias() if make_bias else DynamicPositionBias(heads, dpb_hidden, dpb_offsets)
        )
        self.out = nn.Conv1d(channels, channels, 1)
        for parameter in self.out.parameters():
            nn.init.zeros_(parameter)

    def forward(self, x: Tensor) -> Tensor:
        """Attend from every step to every other: Tensor (B, C, L) -> Tensor (B, C, L)."""
        check_shape(BassnbError, "x", x, "B", self.qkv.in_channels, "L")
        length = x.shape[-1]
        # each (B, H, d, L)
        q, k, v = self.qkv(self.norm(x)).unflatten(1, (3, self.heads, -1)).unbind(1)
        q = (q * q.shape[2] ** -0.5).transpose(2, 3)  # (B, H, L, d)
        bias = self.bias(length)  # (H, 2L - 1), the same for every sample
        rows = max((GPU_SCORES if x.is_cuda else SCORES) // (self.heads * length), 1)
        attended = [
            self._attend(q, k, v, bias, start, min(start + rows, length))
            for start in range(0, length, rows)
        ]
        return x + self.out(torch.cat(attended, -1).flatten(1, 2))

    def _attend(
        self, q: Tensor, k: Tensor, v: Tensor, bias: Tensor, start: int, stop: int
    ) -> Tensor:
        """Attention output of the query steps ``start`` to ``stop``, (B, H, d, stop - start).

        Only these rows of the matrix are held in memory.
        """
        # Written out: with a learned bias, scaled_dot_product_attention trains 2.5 times slower on
        # a CPU.
        # (B, H, rows, L), rows are queries
        scores = q[:, :, start:stop] @ k + toeplitz(bias, k.shape[-1], start, stop)
        return v @ scores.softmax(dim=-1).transpose(2, 3)
