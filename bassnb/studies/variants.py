"""The recipe with one thing changed: what an ablation trains.

Positions that the product has no use for (learned names, none at all), other questions to the
network and other draws of the time are here, as small parts around the product's own U-Net.

Taught in chapter 10.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bassnb import diffusion
from bassnb.attention import SelfAttention
from bassnb.diffusion import add_noise, alpha_beta, draw_noise, log_normal_times, v_target
from bassnb.presets import UNetConfig
from bassnb.schedules import DiffusionTraining
from bassnb.unet import UNet1d

# the network of the studies that train one, and two minutes of one core for it
UNET = UNetConfig(widths=(48, 64, 96, 128), blocks=1)
TRAINING = DiffusionTraining(
    steps=1300,
    batch=16,
    latents=128,
    learning_rate=1e-3,
    warmup=50,
    ema=0.99,
    songs=800,
    song_seconds=28.0,
    submixes=3,
)
SMALLEST_ALPHA = 0.05  # an estimate of the noise is divided by alpha, which is 0 at t = 1


@dataclass(frozen=True)
class Variant:
    """One row of the table of ablations; every default is the recipe of the paper.

    Attributes
    ----------
    positions : "log" or "raw" (DPB, chapter 4), "absolute" (learned names), "rotary" or "none"
    drop : share of zeroed conditions
    ask : "v" or "eps"
    times : "uniform", or a key of `TIMES`
    weight : of the loss over time: "none", or "min-snr"
    standardise : latents of unit variance per channel
    average : mark the moving average of the weights
    posthoc : an average whose length is chosen after the training, see `bassnb.training.posthoc`
    seed : of initial weights and of all draws
    """

    name: str
    positions: str = "log"
    drop: float = 0.15
    ask: str = "v"
    times: str = "uniform"
    weight: str = "none"
    standardise: bool = True
    average: bool = True
    posthoc: bool = False
    seed: int = 0

    @property
    def training(self) -> str:
        """Name of the training; variants that differ only in which weights are marked share one."""
        scale = "standardised" if self.standardise else "raw-latents"
        name = f"{self.positions}-drop{self.drop:g}-{self.ask}-{self.times}-{scale}-seed{self.seed}"
        more = ["" if self.weight == "none" else self.weight, "posthoc" if self.posthoc else ""]
        return "-".join([name, *filter(None, more)])


VARIANTS = (
    Variant("as in the paper"),
    Variant("the same, another seed", seed=1),
    Variant("DPB on raw offsets", positions="raw"),
    Variant("absolute positions", positions="absolute"),
    Variant("rotary positions", positions="rotary"),
    Variant("no positions", positions="none"),
    Variant("no condition dropped", drop=0.0),
    Variant("half of the conditions dropped", drop=0.5),
    Variant("latents not standardised", standardise=False),
    Variant("last weights, no average", average=False),
    Variant("post-hoc average", posthoc=True),
    Variant("noise prediction", ask="eps"),
    Variant("times of EDM", times="edm"),
    Variant("noisier times", times="noisy"),
    Variant("noisier still", times="noisiest"),
    Variant("min-SNR weighting", weight="min-snr"),
)
POSITIONS = tuple(
    variant for variant in VARIANTS if replace(variant, name="", positions="log") == Variant("")
)


# -- what is asked, and when -----------------------------------------------------------------------


# Karras et al. 2022, table 1. With latents of unit variance their preconditioned network is exactly
# -v and their weight of the loss exactly 1, so that only the draw of the noise level is left to
# tell the two recipes apart. "noisy" of `bassnb.diffusion` is its mirror image.
TIMES = {
    **diffusion.TIMES,
    "edm": log_normal_times(-1.2, 1.2),
    "noisiest": log_normal_times(2.4, 1.2),
}


def variant_loss(
    model: Callable,
    c_y: Tensor,
    c_x: Tensor,
    *,
    generator: torch.Generator,
    drop: float,
    ask: str,
    times: str,
    weight: str = "none",
    share: tuple[int, int] = (0, 1),
) -> Tensor:
    """`bassnb.diffusion.diffusion_loss` with another target, other times or a weight.

    With "v" and "uniform" it is the same.

    Parameters
    ----------
    model : callable (z (B, 32, L), t (B,), mix (B, 64, L)) -> what `ask` names (B, 32, L)
    """
    t, eps, keep = draw_noise(c_y, TIMES[times], drop, generator, share)
    answer = model(add_noise(c_y, eps, t), t, c_x * keep[:, None, None])
    target = eps if ask == "eps" else v_target(c_y, eps, t)
    errors = (answer.float() - target.float()).square()
    if weight == "min-snr":
        errors = min_snr_weight(t)[:, None, None] * errors
    return errors.mean()


def min_snr_weight(t: Tensor, gamma: float = 5.0) -> Tensor:
    """Of the error of v at times t (B,): ``min(SNR, gamma) / (SNR + 1)``, ``SNR = alpha^2 / beta^2``.

    Hang et al. 2023, section 3.4: as if the clean latents were asked for, with a weight that does
    not grow beyond gamma at the clean end.
    """
    alpha, beta = alpha_beta(t)
    return torch.minimum(alpha**2, gamma * beta**2)  # SNR + 1 = 1 / beta^2


class NoiseAsV(nn.Module):
    """A network that predicts noise, wrapped to return v: ``v = (eps - beta z) / alpha``.

    See chapter 3.

    Near t = 1, alpha is held at `SMALLEST_ALPHA`, or nothing could be sampled from such a network
    at all.
    """

    def __init__(self, unet: nn.Module):
        super().__init__()
        self.unet = unet

    def forward(self, z: Tensor, t: Tensor, mix: Tensor) -> Tensor:
        """z (B, 32, L), t (B,) and mix (B, 64, L) -> v (B, 32, L)."""
        alpha, beta = (rate[:, None, None] for rate in alpha_beta(t))
        return (self.unet(z, t, mix) - beta * z) / alpha.clamp(min=SMALLEST_ALPHA)


# -- positions -------------------------------------------------------------------------------------


class NoBias(nn.Module):
    """In the place of `DynamicPositionBias`: every distance is worth 0."""

    def __init__(self, heads: int):
        super().__init__()
        self.zeros: Tensor
        self.register_buffer("zeros", torch.zeros(heads, 1), persistent=False)

    def forward(self, length: int) -> Tensor:
        """Biases (H, 2L - 1)."""
        return self.zeros.expand(-1, 2 * length - 1)


class Names(nn.Module):
    """Absolute positions: a learned vector per step, added to the feature maps.

    See Vaswani et al. 2017 and chapter 4.

    Parameters
    ----------
    steps : length of the training crops at this level
    beyond : what a longer song gets. "stretched": the names are interpolated to its length. "held":
        all steps beyond the last name share it.
    size : standard deviation of the initial names
    """

    def __init__(self, channels: int, steps: int, beyond: str = "stretched", *, size: float = 0.02):
        super().__init__()
        self.names = nn.Parameter(size * torch.randn(channels, steps))
        self.beyond = beyond

    def forward(self, x: Tensor) -> Tensor:
        """Tensor (B, C, L) -> Tensor (B, C, L)."""
        length, steps = x.shape[-1], self.names.shape[-1]
        if length <= steps:
            return x + self.names[:, :length]
        if self.beyond == "held":
            return x + F.pad(self.names[None], (0, length - steps), mode="replicate")
        return x + F.interpolate(self.names[None], size=length, mode="linear", align_corners=True)


class RotaryProjection(nn.Conv1d):
    """In the place of the projection to queries, keys and values: queries and keys are turned by
    angles that grow with their position.

    Su et al. 2024, section 3.4. Channels 2i and 2i + 1 of a head are a plane, turned by ``l
    10000^(-2i / d)`` at step l: products of queries and keys then depend on their distance alone.
    """

    def __init__(self, channels: int, heads: int):
        super().__init__(channels, 3 * channels, 1)
        self.heads = heads

    def forward(self, x: Tensor) -> Tensor:
        """Tensor (B, C, L) -> Tensor (B, 3C, L)."""
        out = super().forward(x)
        q, k, v = out.chunk(3, dim=1)
        size = q.shape[1] // self.heads
        speeds = 10_000 ** -(torch.arange(0, size, 2, device=x.device) / size)  # (d / 2,)
        angles = speeds[:, None] * torch.arange(x.shape[-1], device=x.device)  # (d / 2, L)
        turned = [turn(part, angles.to(x.dtype), self.heads) for part in (q, k)]
        return torch.cat([*turned, v], dim=1)


def turn(x: Tensor, angles: Tensor, heads: int) -> Tensor:
    """x (B, C, L) with each plane of channels of each head turned by its angle (d / 2, L)."""
    first, second = x.unflatten(1, (heads, -1, 2)).unbind(3)  # each (B, H, d / 2, L)
    cos, sin = angles.cos(), angles.sin()
    turned = torch.stack([cos * first - sin * second, sin * first + cos * second], dim=3)
    return turned.flatten(1, 3)


class RotaryAttention(SelfAttention):
    """`SelfAttention` with rotary positions in the place of a bias."""

    def __init__(self, channels: int, heads: int):
        super().__init__(channels, heads, make_bias=lambda: NoBias(heads))
        self.qkv = RotaryProjection(channels, heads)


def make_unet(variant: Variant, config: UNetConfig, latents: int) -> UNet1d:
    """A fresh U-Net with the positions of `variant`, for training crops of `latents` steps."""
    if variant.positions in ("log", "raw"):
        return UNet1d(replace(config, dpb_offsets=variant.positions))

    def attention(channels: int, depth: int) -> nn.Module:
        if variant.positions == "rotary":
            return RotaryAttention(channels, config.heads)
        layer = SelfAttention(channels, config.heads, make_bias=lambda: NoBias(config.heads))
        if variant.positions == "none":
            return layer
        return nn.Sequential(Names(channels, -(-latents // 2**depth)), layer)

    return UNet1d(config, attention)


def name_beyond(unet: nn.Module, beyond: str) -> None:
    """Choose how absolute positions extend beyond the training length, in place.

    `beyond` is "stretched" or "held".
    """
    for module in unet.modules():
        if isinstance(module, Names):
            module.beyond = beyond
