"""Audio of any length to standardised latents and back, at the level that the autoencoders know.
Taught in chapter 8.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from bassnb.autoencoder import Autoencoder
from bassnb.control.loop import MARGIN, around, wrapped
from bassnb.level import LEVEL, level_gain
from bassnb.precisions import autocast
from bassnb.presets import TIME_RATIO
from bassnb.tracks import Track, with_progress


class Coder:
    """One autoencoder, as the accompanist uses it.

    Parameters
    ----------
    autoencoder : Autoencoder
    device : where it computes
    precision : "no", "bf16" or "fp16", see `bassnb.accompanist.Accompanist`
    """

    def __init__(self, autoencoder: Autoencoder, device: torch.device, precision: str = "no"):
        self.autoencoder, self.device, self.precision = autoencoder, device, precision

    def encode(self, track: Track, *, loop: bool = False, progress: bool = False) -> Tensor:
        """Standardised latents (1, C, L) of audio brought to `LEVEL`; of a `loop`, circular ones."""
        gain, steps = level_gain(track.level), len(track.sounding)
        track = around(track, MARGIN * TIME_RATIO) if loop else track
        blocks = with_progress(track.audible(gain), track.length, "encoding", progress)
        on_device = (block[None].to(self.device) for block in blocks)
        with autocast(self.device, self.precision):
            latents = torch.cat(list(self.autoencoder.encode_blocks(on_device)), -1)
        latents = latents[..., MARGIN : MARGIN + steps] if loop else latents
        return self.autoencoder.standardise(latents.float())

    def decode(
        self, latents: Tensor, length: int, level: float, *, loop: bool = False
    ) -> Iterator[Tensor]:
        """Standardised latents (1, C, L) to blocks (2, n) of audio.

        Parameters
        ----------
        length : samples
        level : linear root mean square that stands for `LEVEL`
        loop : the latents are one round of a loop
        """
        skip = MARGIN * TIME_RATIO if loop else 0
        latents = self.autoencoder.unstandardise(wrapped(latents, MARGIN) if loop else latents)
        blocks = self.autoencoder.decode_blocks(latents, skip + length)
        while True:
            # left before each block is handed over: the code that takes it is not to compute in bf16
            with autocast(self.device, self.precision):
                block = next(blocks, None)
            if block is None:
                return
            beginning, skip = min(skip, block.shape[-1]), max(skip - block.shape[-1], 0)
            yield block[0, :, beginning:].cpu() * (level / LEVEL)
