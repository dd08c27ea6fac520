"""Two critics of decoded audio, and the hinge losses (paper section 3.1).

Taught in chapter 2. Both read log-magnitude spectrograms of waveforms, the second on a mel axis of
128 bins: "this addition encourages the autoencoder to reconstruct spectral information more
accurately in the regions where human pitch perception is more precise".
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bassnb.autoencoder import LEVEL_SCALE
from bassnb.layers import ChannelNorm, ResidualBlock
from bassnb.presets import CriticConfig
from bassnb.spectral import log_mel


class MagnitudeCritic(nn.Module):
    """Log-magnitude spectrogram (B, 2, F, T) to one score per coarse step, (B, 1, ceil(T /
    2^stages)).
    """

    def __init__(self, bins: int, widths: tuple[int, ...], channels: int = 2):
        super().__init__()
        layers: list[nn.Module] = [nn.Conv1d(channels * bins, widths[0], 1)]
        for width, after in zip(widths, (*widths[1:], None)):
            layers.append(ResidualBlock(width))
            if after:
                layers.append(nn.Conv1d(width, after, 4, stride=2, padding=1))
        self.layers = nn.Sequential(
            *layers, ChannelNorm(widths[-1]), nn.SiLU(), nn.Conv1d(widths[-1], 1, 3, padding=1)
        )

    def forward(self, s: Tensor) -> Tensor:
        """C(s): high for what looks recorded, low for what looks decoded."""
        return self.layers(s.flatten(1, 2) / LEVEL_SCALE)


class MelCritic(nn.Module):
    """The same network on the mel version of the spectrogram, (B, 2, mel_bins, T)."""

    def __init__(
        self, mel_bins: int, widths: tuple[int, ...], nyquist: float, eps: float, channels: int = 2
    ):
        super().__init__()
        self.mel_bins, self.nyquist, self.eps = mel_bins, nyquist, eps
        self.critic = MagnitudeCritic(mel_bins, widths, channels)

    def forward(self, s: Tensor) -> Tensor:
        """C_mel(mel(s)) for a log-magnitude spectrogram (B, 2, F, T) that ends at `nyquist` Hz."""
        return self.critic(log_mel(s, self.mel_bins, self.nyquist, self.eps))


class Critics(nn.Module):
    """Both critics; a call gives the list of their scores."""

    def __init__(self, config: CriticConfig, bins: int, nyquist: float, eps: float):
        super().__init__()
        self.magnitude = MagnitudeCritic(bins, config.widths)
        self.mel = MelCritic(config.mel_bins, config.widths, nyquist, eps)

    def forward(self, s: Tensor) -> list[Tensor]:
        """Scores of the log-magnitude spectrogram s (B, 2, F, T), one tensor per critic."""
        return [self.magnitude(s), self.mel(s)]


def critic_hinge_loss(real: list[Tensor], fake: list[Tensor]) -> Tensor:
    """L_C = -E[min(0, -1 + C(s))] - E[min(0, -1 - C(s~))], summed over the critics.

    A critic without training has a loss of 2.
    """
    losses = (torch.relu(1 - r).mean() + torch.relu(1 + f).mean() for r, f in zip(real, fake))
    return sum(losses, real[0].new_zeros(()))


def adversarial_loss(fake: list[Tensor]) -> Tensor:
    """L_adv = -E[C(s~)], summed over the critics; 0 without any."""
    zero = fake[0].new_zeros(()) if fake else torch.zeros(())
    return -sum((f.mean() for f in fake), zero)
