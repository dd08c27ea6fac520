"""The audio autoencoder: a waveform to 10.8 latent vectors a second, and back.

Paper section 3.1, taught in chapter 1. Residual 1-D convolutions over time; the frequency bins of
both channels (mid and side) are the input channels, which is why it is fast. No layer averages over
time, so that the latents of a second of music do not depend on the length of the file, and a long
file can be coded in pieces that overlap by the receptive field.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bassnb.errors import BassnbError, check_shape
from bassnb.layers import ChannelNorm, ResidualBlock
from bassnb.presets import TIME_RATIO, AutoencoderConfig
from bassnb.spectral import alternate_projections, istft, log_magnitude, magnitude, mirrored, stft

LEVEL_SCALE = 3.0  # the input is (s - log eps) / 3: silence is 0, a full-scale partial about 5
CHUNK = 512  # latent steps coded at once, 48 s: bounds the memory for files of hours


class Encoder(nn.Module):
    """Levels (B, 2F, T) to latents (B, C, T / stride)."""

    def __init__(self, config: AutoencoderConfig):
        super().__init__()
        widths = config.encoder_widths
        layers: list[nn.Module] = [nn.Conv1d(config.channels * config.bins, widths[0], 1)]
        for width, after in zip(widths, (*widths[1:], None)):
            layers += [ResidualBlock(width) for _ in range(config.blocks)]
            if after:
                layers.append(nn.Conv1d(width, after, 4, stride=2, padding=1))
        self.layers = nn.Sequential(
            *layers, ChannelNorm(widths[-1]), nn.Conv1d(widths[-1], config.latent_channels, 1)
        )

    def forward(self, levels: Tensor) -> Tensor:
        """E(s), unbounded: no tanh, no KL."""
        return self.layers(levels)


class Decoder(nn.Module):
    """Latents (B, C, L) to levels (B, 2F, T) and a phase vector (B, 2, 2F, T), T = L * stride."""

    def __init__(self, config: AutoencoderConfig):
        super().__init__()
        widths = config.decoder_widths[::-1]  # coarsest first
        layers: list[nn.Module] = [nn.Conv1d(config.latent_channels, widths[0], 3, padding=1)]
        for width, after in zip(widths, (*widths[1:], None)):
            layers += [ResidualBlock(width) for _ in range(config.blocks)]
            if after:
                layers.append(nn.ConvTranspose1d(width, after, 4, stride=2, padding=1))
        self.trunk = nn.Sequential(*layers)
        bins = config.channels * config.bins
        self.level_head = nn.Sequential(ChannelNorm(widths[-1]), nn.Conv1d(widths[-1], bins, 1))
        self.phase_head = nn.Sequential(
            *(ResidualBlock(widths[-1]) for _ in range(config.phase_blocks)),
            ChannelNorm(widths[-1]),
            nn.Conv1d(widths[-1], 2 * bins, 1),
        )

    def forward(self, latents: Tensor) -> tuple[Tensor, Tensor]:
        """D(c): magnitudes as levels, and for each bin an unnormalised vector whose angle is the
        phase.
        """
        hidden = self.trunk(latents)
        return self.level_head(hidden), self.phase_head(hidden).unflatten(1, (2, -1))


class Autoencoder(nn.Module):
    """Waveform (B, 2, N) to latents (B, C, ceil(N / 4096)) and back to exactly N samples.

    `latent_mean` and `latent_std`, (C,), are measured after training on the training songs; the
    diffusion model and the style mean live in the space that `standardise` makes.
    """

    latent_mean: Tensor
    latent_std: Tensor

    def __init__(self, config: AutoencoderConfig):
        super().__init__()
        self.config = config
        self.encoder = Encoder(config)
        self.decoder = Decoder(config)
        self.register_buffer("latent_mean", torch.zeros(config.latent_channels))
        self.register_buffer("latent_std", torch.ones(config.latent_channels))

    # -- between waveform, spectrogram and levels --------------------------------------------------

    def spectrum(self, wave: Tensor, *, decimation: int = 1) -> Tensor:
        """Kept bins of mid and side of `wave` (B, 2, N), complex (B, 2, F, T), T = ceil(N / 4096) *
        stride frames.

        `decimation` says that the wave's sample rate is 44.1 kHz divided by it; bins and frames
        stay the same.
        """
        c = self.config
        wave = F.pad(wave, (0, -wave.shape[-1] % (TIME_RATIO // decimation)))
        mid_side = torch.stack([(wave[:, 0] + wave[:, 1]) / 2, (wave[:, 0] - wave[:, 1]) / 2], 1)
        return stft(mid_side, c.window // decimation, c.hop // decimation, c.bins)

    def log_spectrogram(self, wave: Tensor, *, decimation: int = 1) -> Tensor:
        """s = log(|S|^2 + eps) of mid and side of `wave` (B, 2, N): (B, 2, F, T)."""
        return log_magnitude(self.spectrum(wave, decimation=decimation), self.config.log_eps)

    def levels(self, s: Tensor) -> Tensor:
        """What the encoder reads: s (B, 2, F, T) scaled so that silence is 0, as (B, 2F, T)."""
        return ((s - math.log(self.config.log_eps)) / LEVEL_SCALE).flatten(1, 2)

    def log_spectrogram_from_levels(self, levels: Tensor) -> Tensor:
        """The inverse of `levels`: (B, 2F, T) to (B, 2, F, T)."""
        return levels.float().unflatten(1, (self.config.channels, -1)) * LEVEL_SCALE + math.log(
            self.config.log_eps
        )

    def synthesise(
        self,
        s: Tensor,
        phase: Tensor,
        length: int,
        *,
        decimation: int = 1,
        projections: int | None = None,
    ) -> Tensor:
        """w~ = iSTFT(magnitude, phase).

        The decoder's angle is relative to the advance of the bin's centre frequency, 2 pi f hop /
        window = pi f / 2 a frame: a steady partial in the middle of its bin then has a constant
        angle. One latent is a multiple of four frames, after which that advance has come round, so
        pieces of a file can be decoded on their own.

        Two forms of phase. The paper's *direct head* predicts each angle separately: frames whose
        angles disagree cancel, which softens attacks. With `config.projections` the head only
        proposes: so many Griffin-Lim projections (`alternate_projections`, Griffin and Lim 1984)
        from its phase let the frames settle. They are a layer like any other, without weights,
        trained through, with a small receptive field.

        Parameters
        ----------
        s : Tensor (B, 2, F, T), mid and side
        phase : Tensor (B, 2, 2F, T), cosine-like and sine-like part
        projections : other than the config's number, for a comparison or the first stage of a
            training

        Returns
        -------
        wave : Tensor (B, 2, ceil(length / decimation)), left and right
        """
        c, d = self.config, phase.float()
        unit = d / (d.square().sum(1, keepdim=True) + 1e-8).sqrt()
        turn = torch.complex(unit[:, 0], unit[:, 1]).unflatten(1, (c.channels, -1))  # (B, 2, F, T)
        steps = (torch.arange(n, device=s.device) for n in (c.bins, s.shape[-1]))
        quarter = torch.outer(*steps) % 4  # in quarter turns: 1, j, -1, -j
        real, imaginary = ((quarter == k).float() - (quarter == k + 2).float() for k in (0, 1))
        advance = torch.complex(real, imaginary)
        wanted = magnitude(s.float(), c.log_eps)
        spectrum = alternate_projections(
            wanted * turn * advance,
            wanted,
            c.window,
            c.hop,
            s.shape[-1] * c.hop,
            decimation=c.spare,
            steps=c.projections if projections is None else projections,
        )
        return self.wave(spectrum, length, decimation=decimation)

    def wave(self, spectrum: Tensor, length: int, *, decimation: int = 1) -> Tensor:
        """Left and right (B, 2, ceil(length / decimation)) of a complex spectrum (B, 2, F, T)."""
        c = self.config
        mid, side = istft(spectrum, c.window, c.hop, length, decimation=decimation).unbind(1)
        return torch.stack([mid + side, mid - side], 1)

    # -- the two directions ------------------------------------------------------------------------

    @property
    def encoder_reach(self) -> int:
        """Latent steps of audio on each side of a step beyond which nothing can change its latents;
        exact, see the tests.
        """
        c, frames = self.config, 0
        for level in reversed(range(len(c.encoder_widths))):
            frames += 2 * c.blocks
            frames = 2 * frames + 1 if level else frames  # a convolution of width 4 and stride 2
        return math.ceil((frames + (c.window / c.hop - 1) / 2) / c.stride)

    @property
    def decoder_reach(self) -> int:
        """Latent steps on each side of a step beyond which nothing changes its 4096 samples; exact."""
        c = self.config
        overlap = c.window // c.hop - 1  # frames that a frame shares samples with, on each side
        frames = math.ceil(overlap / 2) + c.projections * overlap + 2 * c.phase_blocks
        for level in range(len(c.decoder_widths)):
            frames += 2 * c.blocks
            frames = math.ceil((frames + 1) / 2) if level < len(c.decoder_widths) - 1 else frames
        return frames + 1  # the decoder's first layer

    @property
    def receptive_field(self) -> int:
        """Latent steps by which pieces of a file must overlap: the larger of the two reaches."""
        return max(self.encoder_reach, self.decoder_reach)

    def encode(self, wave: Tensor, *, chunk: int = CHUNK) -> Tensor:
        """c = E(s): wave (B, 2, N), N >= 1, to latents (B, C, ceil(N / 4096)), in pieces of `chunk`
        latent steps.
        """
        return torch.cat(list(self.encode_blocks([wave], chunk=chunk)), -1)

    def encode_blocks(self, blocks: Iterable[Tensor], *, chunk: int = CHUNK) -> Iterator[Tensor]:
        """`encode` for audio that arrives in blocks (B, 2, n) of any size: latents (B, C, at most
        `chunk`) as they are ready.

        Every piece is coded together with `encoder_reach` steps on both sides, so the pieces are
        those of the whole.
        """
        reach = self.encoder_reach
        # audio not yet done with, and how many steps of it are there for their context alone
        pending, left = None, 0
        for block in blocks:
            pending = block if pending is None else torch.cat([pending, block], -1)
            while pending.shape[-1] >= (left + chunk + reach) * TIME_RATIO:
                yield self._encode_piece(pending[..., : (left + chunk + reach) * TIME_RATIO])[
                    ..., left : left + chunk
                ]
                spent = max(left + chunk - reach, 0)
                pending, left = pending[..., spent * TIME_RATIO :], left + chunk - spent
        if pending is None:
            raise BassnbError("there is no audio to encode; give at least one block")
        latents = self._encode_piece(pending)[..., left:]
        yield from latents.split(chunk, -1)

    def _encode_piece(self, wave: Tensor) -> Tensor:
        """Latents (B, C, ceil(N / 4096)) of `wave` (B, 2, N), whose frames are mirrored at its
        ends, so that a cut does not look like an onset.

        The convolutions are padded with silence, as in training: with mirrored frames the U-Net
        begins more notes at a cut.
        """
        check_shape(BassnbError, "audio to encode", wave, "B", 2, "N")
        c = self.config
        # latent steps that a frame at the end reaches into
        beyond = math.ceil((c.window - c.hop) / 2 / TIME_RATIO)
        wave = mirrored(
            wave, beyond * TIME_RATIO, -wave.shape[-1] % TIME_RATIO + beyond * TIME_RATIO
        )
        levels = self.levels(self.log_spectrogram(wave))
        return self.encoder(levels[..., beyond * c.stride : -beyond * c.stride])

    def decode(self, latents: Tensor, length: int | None = None, *, chunk: int = CHUNK) -> Tensor:
        """w~ = iSTFT(D(c)): latents (B, C, L) to exactly `length` samples (by default 4096 L), (B,
        2, length).
        """
        return torch.cat(list(self.decode_blocks(latents, length, chunk=chunk)), -1)

    def decode_blocks(
        self, latents: Tensor, length: int | None = None, *, chunk: int = CHUNK
    ) -> Iterator[Tensor]:
        """`decode` piece by piece: waves (B, 2, at most 4096 `chunk`) as they are ready."""
        steps, reach = latents.shape[-1], self.decoder_reach
        check_shape(BassnbError, "latents", latents, "B", self.config.latent_channels, "L")
        length = steps * TIME_RATIO if length is None else length
        if not 1 <= length <= steps * TIME_RATIO:
            raise BassnbError(
                f"{steps} latent steps hold 1 to {steps * TIME_RATIO} samples, not {length}; ask for as many"
            )
        for start in range(0, steps, chunk):
            left, right = max(start - reach, 0), min(start + chunk + reach, steps)
            levels, phase = self.decoder(latents[..., left:right])
            wave = self.synthesise(
                self.log_spectrogram_from_levels(levels), phase, (right - left) * TIME_RATIO
            )
            stop = min((start + chunk) * TIME_RATIO, length)
            yield wave[..., (start - left) * TIME_RATIO : stop - left * TIME_RATIO]

    def decode_spectrum(self, latents: Tensor) -> Tensor:
        """Magnitudes |S| of mid and side alone, (B, 2, F, T): what Griffin-Lim starts from."""
        return magnitude(
            self.log_spectrogram_from_levels(self.decoder(latents)[0]), self.config.log_eps
        )

    # -- standardised latents ----------------------------------------------------------------------

    def standardise(self, latents: Tensor) -> Tensor:
        """(c - mean) / std for each channel: latents (B, C, L) for the diffusion model."""
        return (latents - self.latent_mean[:, None]) / self.latent_std[:, None]

    def unstandardise(self, latents: Tensor) -> Tensor:
        """The inverse of `standardise`."""
        return latents * self.latent_std[:, None] + self.latent_mean[:, None]

    def set_statistics(self, latents: Tensor) -> None:
        """Keep mean and std per channel of latents (B, C, L), as part of the weights."""
        self.latent_mean.copy_(latents.mean((0, 2)))
        self.latent_std.copy_(latents.std((0, 2)))
