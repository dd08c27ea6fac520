"""How far a step of the U-Net sees, and what is left when its attention sees less.

Taught in chapter 4.
"""

from __future__ import annotations

import copy
from typing import TypeVar

import torch
from torch import Tensor, nn

from bassnb.attention import DynamicPositionBias, SelfAttention
from bassnb.sampling import initial_noise
from bassnb.unet import Level, UNet1d

Network = TypeVar("Network", bound=nn.Module)
SHARE = 0.999  # of all influence, that lies within the measured reach


# -- the same network, with other attention --------------------------------------------------------


def without_attention(unet: Network) -> Network:
    """A copy whose attention layers are the identity: convolutions are left."""
    plain = copy.deepcopy(unet)
    for module in plain.modules():
        if isinstance(module, Level):
            module.attentions = nn.ModuleList(nn.Identity() for _ in module.attentions)
    return plain


def without_biases(unet: Network) -> Network:
    """A copy in which every position bias is zero."""
    bare = copy.deepcopy(unet)
    for module in bare.modules():
        if isinstance(module, DynamicPositionBias):
            for parameter in module.parameters():
                parameter.data.zero_()
    return bare


class Banded(nn.Module):
    """A position bias that is -inf at distances of ``width`` steps and more.

    Parameters
    ----------
    bias : module (length,) -> Tensor (H, 2L - 1)
    width : steps of its level
    """

    def __init__(self, bias: nn.Module, width: int):
        super().__init__()
        self.bias, self.width = bias, width

    def forward(self, length: int) -> Tensor:
        """Biases (H, 2L - 1); with ``length <= width`` those of the wrapped bias."""
        b = self.bias(length)
        offset = torch.arange(1 - length, length, device=b.device)
        return b.masked_fill(offset.abs() >= self.width, -torch.inf)


def banded(unet: UNet1d, latents: int) -> UNet1d:
    """A copy whose attention reads no farther than pieces of `latents` steps would let it.

    A step of level i is 2^i latents long, and the largest offset in a piece is one less than its
    steps. So at all levels the offsets are those that occur in training on such pieces.
    """
    near = copy.deepcopy(unet)
    lowest = len(near.down) - 1
    levels = [*enumerate(near.down), *enumerate(near.up), (lowest, near.middle)]
    for depth, level in levels:
        for module in level.modules():
            if isinstance(module, SelfAttention):
                module.bias = Banded(module.bias, -(-latents // 2**depth))
    return near


# -- how far ---------------------------------------------------------------------------------------


def influence(unet: UNet1d, c_x: Tensor, t: float = 0.5) -> Tensor:
    """How much each step of the input counts for the middle step of the output.

    The mean absolute gradient of the squared answer with respect to the noisy bass and the mix.

    Parameters
    ----------
    c_x : Tensor (1, mix_channels, L)
    t : time, in [0, 1]

    Returns
    -------
    influence : Tensor (L,), on the CPU; 0 where there is none
    """
    channels = unet.config.stem_channels
    z = initial_noise(0, (channels, c_x.shape[-1]), c_x.device)[None]
    inputs = torch.cat([z, c_x], dim=1).detach().requires_grad_()
    v = unet(inputs[:, :channels], c_x.new_full((1,), t), inputs[:, channels:])
    middle = v[..., c_x.shape[-1] // 2].square().sum()
    (gradient,) = torch.autograd.grad(middle, inputs)
    return gradient.abs().mean(dim=(0, 1)).cpu()


def radius(influence: Tensor, share: float = SHARE) -> int:
    """The smallest distance from the middle within which `share` of an influence (L,) lies."""
    length = len(influence)
    distance = (torch.arange(length) - length // 2).abs()
    within = torch.zeros(length // 2 + 1).double().index_add(0, distance, influence.double())
    within = within.cumsum(0)
    return int((within < share * within[-1]).sum())


def convolution_radius(unet: UNet1d, share: float = SHARE, length: int = 512) -> int:
    """`radius` of the convolutions of a U-Net in latent steps, on noise in the place of a song."""
    channels = (unet.config.mix_channels, length)
    noise = initial_noise(0, channels, next(unet.parameters()).device)[None]
    with torch.enable_grad():
        return radius(influence(without_attention(unet), noise), share)
