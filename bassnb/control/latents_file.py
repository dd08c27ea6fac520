"""The latents of a take, in a small file beside it: `take.latents` beside `take.flac`.

What the sampler made can then be used again without coding its audio once more: 1.4 kB a second,
in 32 bits, so that they decode to the samples that were written. Taught in chapter 11.
"""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from bassnb.errors import CheckpointError, DataError
from bassnb.stored import read_tensors, write_tensors

SUFFIX = ".latents"
NAME, KIND = "latents", "bassnb-take"  # of the tensor, and what the file says that it is


@dataclass(frozen=True)
class TakeLatents:
    """The latents of one take, and what it takes to decode them as its audio was.

    Attributes
    ----------
    latents : Tensor (C, L), float32, standardised, at A = 440 Hz
    autoencoder : fingerprint of the autoencoder that they belong to, see
        `bassnb.checkpoints.weights_fingerprint`
    cents : tuning of the song above A = 440 Hz
    length : samples of the song at 44.1 kHz
    level : what the audio of the autoencoder is brought to, linear root mean square: decoded audio
        times `level` over the reference level `LEVEL` of `bassnb.audio` is the take
    loop : whether the take is a loop, see `bassnb.control.loop`
    """

    latents: Tensor
    autoencoder: str
    cents: float
    length: int
    level: float
    loop: bool = False

    @classmethod
    def of(cls, latents: Tensor, length: int, settings: dict) -> TakeLatents:
        """Those of a take with these settings, whose `gain_db` was applied to its audio."""
        gain = 10 ** (settings.get("gain_db", 0.0) / 20)
        return cls(
            latents,
            settings.get("autoencoder", "unknown"),
            settings.get("tuning", 0.0),
            length,
            settings.get("level", 0.0) * gain,
            bool(settings.get("loop", False)),
        )

    def write(self, path: str | os.PathLike) -> Path:
        """Write them as safetensors, atomically."""
        facts = {name: value for name, value in vars(self).items() if name != NAME}
        # one text: the order of several would differ from file to file
        text = json.dumps(facts, sort_keys=True)
        return write_tensors(Path(path), {NAME: self.latents.float()}, {KIND: text})

    @classmethod
    def read(cls, path: str | os.PathLike) -> TakeLatents:
        """Read and check them.

        Raises
        ------
        DataError
            If the file is missing, damaged, or holds something else.
        """
        try:
            tensors, texts = read_tensors(Path(path))
            latents, facts = tensors[NAME], json.loads(texts[KIND])
            numbers = [float(facts[name]) for name in ("cents", "level")]
            found = cls(
                latents,
                str(facts["autoencoder"]),
                numbers[0],
                int(facts["length"]),
                numbers[1],
                facts["loop"] is True,
            )
            fits = latents.dim() == 2 and latents.numel() and bool(latents.isfinite().all())
        except (CheckpointError, KeyError, ValueError, TypeError, OverflowError, RecursionError):
            fits = False
        if not fits or not all(map(math.isfinite, numbers)):
            raise DataError(
                f"{path} does not hold the latents of a take; give the file that bassnb wrote beside one"
            )
        return found


def latents_path(take: str | os.PathLike) -> Path:
    """Where the latents of a take lie: beside its audio, under the same name."""
    return Path(take).with_suffix(SUFFIX)
