"""The denoiser: a one-dimensional U-Net over latent steps, conditioned on the mix.

Taught in chapter 4::

    z (B, 32, L), mix (B, 64, L) -> concat -> conv -> level 0 -> half -> level 1 -> half -> ... -> middle
                                                 |  skip                |  skip                    |
                       v (B, 32, L) <- conv <- level 0 <- double <- level 1 <- double <- ... <-----+

Residual convolution blocks, self-attention at the lower resolutions, the mix concatenated with the
noisy latents along the channels, and the sinusoidal embedding of the time t concatenated with the
feature maps before every block (paper sections 3.2 and 4). No layer averages over time except
attention, which does so on purpose.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bassnb.attention import SelfAttention
from bassnb.errors import BassnbError, check_shape
from bassnb.layers import ChannelNorm
from bassnb.presets import UNetConfig

# A convolution of width 3 that keeps the length. The ends are padded by repetition: the network
# would respond to zeros as to an event.
conv3 = partial(nn.Conv1d, kernel_size=3, padding=1, padding_mode="replicate")


def time_embedding(t: Tensor, channels: int) -> Tensor:
    """Sines and cosines of the time at geometrically spaced frequencies.

    Paper section 4, taught in chapter 4. ``[sin(1000 t w_k), cos(1000 t w_k)]`` with ``w_k``
    falling from 1 to 1/10000. The fast waves tell close times apart, the slow ones give the coarse
    position.

    Parameters
    ----------
    t : Tensor (B,), float in [0, 1]
    channels : int
        Size of the embedding, even and at least 4.

    Returns
    -------
    embedding : Tensor (B, channels), float32 in [-1, 1]
    """
    half = channels // 2
    # (half,)
    frequency = torch.exp(-math.log(10000) * torch.arange(half, device=t.device) / (half - 1))
    phase = 1000 * t.float()[:, None] * frequency  # (B, half)
    return torch.cat([phase.sin(), phase.cos()], dim=1)


class Block(nn.Module):
    """Residual convolution block with the time embedding (paper section 4).

    Taught in chapter 4. ``skip(x) + conv(silu(norm(conv(silu(norm([x, e]))))))``, where ``[x, e]``
    are the feature maps with the time embedding concatenated. The last convolution starts at zero,
    so a new block is its skip path.

    Parameters
    ----------
    channels_in, channels_out : int
        Channels of the feature maps, without the embedding.
    embedding : int
        Channels of the time embedding.
    """

    def __init__(self, channels_in: int, channels_out: int, embedding: int):
        super().__init__()
        self.norm_in = ChannelNorm(channels_in + embedding)
        self.conv_in = conv3(channels_in + embedding, channels_out)
        self.norm_out = ChannelNorm(channels_out)
        self.conv_out = conv3(channels_out, channels_out)
        self.skip = (
            nn.Conv1d(channels_in, channels_out, 1)
            if channels_in != channels_out
            else nn.Identity()
        )
        for parameter in self.conv_out.parameters():
            nn.init.zeros_(parameter)

    def forward(self, x: Tensor, e: Tensor) -> Tensor:
        """``x`` (B, channels_in, L) and the embedding ``e`` (B, embedding) -> (B, channels_out, L)."""
        x_with_time = torch.cat([x, e[:, :, None].expand(-1, -1, x.shape[-1]).to(x.dtype)], dim=1)
        h = self.conv_in(F.silu(self.norm_in(x_with_time)))
        h = self.conv_out(F.silu(self.norm_out(h)))
        return self.skip(x) + h


class Level(nn.Module):
    """The blocks of one resolution, each followed by self-attention where the level has it."""

    def __init__(
        self,
        channels_in: int,
        channels_out: int,
        blocks: int,
        embedding: int,
        attention: Callable[[], nn.Module] = nn.Identity,
    ):
        super().__init__()
        sizes = [channels_in] + [channels_out] * (blocks - 1)
        self.blocks = nn.ModuleList(Block(size, channels_out, embedding) for size in sizes)
        self.attentions = nn.ModuleList(attention() for _ in sizes)

    def forward(self, x: Tensor, e: Tensor) -> Tensor:
        """``x`` (B, channels_in, L), embedding ``e`` (B, embedding) -> (B, channels_out, L)."""
        for block, attention in zip(self.blocks, self.attentions):
            x = attention(block(x, e))
        return x


class UNet1d(nn.Module):
    """Predict v from the noisy bass latents, the time and the mix latents.

    Paper sections 3.2 and 4, taught in chapter 4.

    Parameters
    ----------
    config : UNetConfig
        Channels, widths per level, blocks per level, which levels attend; see `bassnb.presets`.
    attention : callable (channels, depth) -> module (B, C, L) -> (B, C, L)
        Makes the attention layers of a level, whose steps are 2^depth latents long; by default
        `SelfAttention` as in the configuration. Comparisons of positions pass another one.
    """

    def __init__(
        self, config: UNetConfig, attention: Callable[[int, int], nn.Module] | None = None
    ):
        super().__init__()
        self.config = config
        make = attention or (
            lambda width, _: SelfAttention(
                width, config.heads, config.dpb_hidden, config.dpb_offsets
            )
        )
        widths, attends = config.widths, config.attention
        if len(attends) != len(widths):
            raise BassnbError(
                f"the U-Net has {len(widths)} widths but {len(attends)} attention switches; "
                "give one switch per width"
            )
        pairs = list(zip(widths, widths[1:]))
        self.stem = conv3(config.stem_channels + config.mix_channels, widths[0])
        layers = [
            partial(make, width, depth) if attends[depth] else nn.Identity
            for depth, width in enumerate(widths)
        ]
        self.down = nn.ModuleList(
            Level(w, w, config.blocks, config.embedding, layer) for w, layer in zip(widths, layers)
        )
        # Stride 2 maps L steps to ceil(L / 2), so even a single step has somewhere to go.
        self.downsample = nn.ModuleList(conv3(fine, coarse, stride=2) for fine, coarse in pairs)
        self.middle = Level(
            widths[-1], widths[-1], 1, config.embedding, partial(make, widths[-1], len(widths) - 1)
        )
        self.upsample = nn.ModuleList(conv3(coarse, fine) for fine, coarse in pairs)
        self.up = nn.ModuleList(
            Level(2 * w, w, config.blocks, config.embedding, layer)
            for w, layer in zip(widths, layers)
        )
        self.norm = ChannelNorm(widths[0])
        self.head = conv3(widths[0], config.stem_channels)
        for parameter in self.head.parameters():
            nn.init.zeros_(parameter)

    def forward(self, z: Tensor, t: Tensor, mix: Tensor) -> Tensor:
        """Predict v.

        Parameters
        ----------
        z : Tensor (B, stem_channels, L)
            Noisy latents of the bass; any L >= 1.
        t : Tensor (B,), float in [0, 1]
            Time of each sample.
        mix : Tensor (B, mix_channels, L)
            Standardised latents of the mix; zeros mean "no mix" (chapter 6).

        Returns
        -------
        v : Tensor (B, stem_channels, L)

        Raises
        ------
        BassnbError
            If the three inputs do not fit one another or the configuration.
        """
        self._check(z, t, mix)
        e = time_embedding(t, self.config.embedding)  # (B, embedding)
        x = self.stem(torch.cat([z, mix], dim=1))  # (B, widths[0], L)
        skips = []
        for i, level in enumerate(self.down):
            if i > 0:
                x = self.downsample[i - 1](x)
            x = level(x, e)  # (B, widths[i], ceil(L / 2^i))
            skips.append(x)
        x = self.middle(x, e)
        for i in reversed(range(len(self.up))):
            x = self.up[i](torch.cat([x, skips[i]], dim=1), e)
            if i > 0:
                # Nearest neighbour to the exact length of the next skip: right for odd lengths too.
                x = self.upsample[i - 1](F.interpolate(x, size=skips[i - 1].shape[-1]))
        return self.head(F.silu(self.norm(x)))

    def _check(self, z: Tensor, t: Tensor, mix: Tensor) -> None:
        check_shape(BassnbError, "z", z, "B", self.config.stem_channels, "L")
        check_shape(BassnbError, "t", t, z.shape[0])
        check_shape(BassnbError, "mix", mix, z.shape[0], self.config.mix_channels, z.shape[-1])
