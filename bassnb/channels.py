"""Any number of channels as two: which axis of an array holds them, and the downmix to stereo."""

from __future__ import annotations

import math
import warnings
from typing import TypeVar

import numpy as np
import torch

from bassnb.errors import AudioError

FEW, MANY = 8, 32  # columns and rows of an array that surely holds samples by channels
HALF = math.sqrt(0.5)  # -3 dB
SHARES = {
    "L": (1, 0),
    "R": (0, 1),
    "C": (HALF, HALF),
    "LFE": (0, 0),
    "Ls": (HALF, 0),
    "Rs": (0, HALF),
    "S": (0.5, 0.5),
}
WAVE = {
    3: "L R C",
    4: "L R Ls Rs",
    5: "L R C Ls Rs",
    6: "L R C LFE Ls Rs",
    7: "L R C LFE S Ls Rs",
    8: "L R C LFE Ls Rs Ls Rs",
}
VORBIS = {
    3: "L C R",
    4: "L R Ls Rs",
    5: "L C R Ls Rs",
    6: "L C R Ls Rs LFE",
    7: "L C R Ls Rs S LFE",
    8: "L C R Ls Rs Ls Rs LFE",
}


Wave = TypeVar("Wave", np.ndarray, torch.Tensor)


def channels_first(wave: Wave, name: str = "audio") -> Wave:
    """An array of two dimensions as (channels, N).

    One of at most 8 columns and at least 32 rows is (N, channels), as `soundfile.read` and
    `scipy.io.wavfile.read` return it: it is turned, with a warning. At most two rows, or no more
    rows than columns, are (channels, N).

    Raises
    ------
    AudioError
        If the array could be either, or does not have two dimensions.
    """
    if wave.ndim != 2:
        raise AudioError(
            f"{name} has shape {tuple(wave.shape)}; give numbers of shape (channels, N)"
        )
    rows, columns = wave.shape
    if rows <= 2 or rows <= columns:
        return wave
    if columns <= FEW and rows >= MANY:
        warnings.warn(
            f"{name} has shape {(rows, columns)} and is read as {columns} channels of {rows} samples; "
            "give (channels, N) to be rid of this warning",
            stacklevel=3,
        )
        return wave.T
    raise AudioError(
        f"{name} has shape {(rows, columns)}, which may be (channels, N) or (N, channels); give the first, with N larger"
    )


def stereo(wave: torch.Tensor, *, vorbis: bool = False) -> torch.Tensor:
    """The downmix (2, N) of channels (C, N); mono is doubled.

    ITU-R BS.775-3, annex 4, table 2: L' = L + C/√2 + Ls/√2 and R' = R + C/√2 + Rs/√2, without the
    LFE; a single rear channel goes to both sides with 1/2. Three to eight channels are taken for
    3.0, quad, 5.0, 5.1, 6.1 and 7.1 in the order of WAVE files. Of more, whose meaning is unknown,
    the first two are left and right and the others alternate like surround channels; a last one
    without a partner goes to both sides. Nothing is scaled down: the sum may exceed 1.

    Parameters
    ----------
    wave : Tensor (C, N)
    vorbis : the channels are in the order of the Vorbis and Opus codecs (Vorbis I specification,
        section 4.3.9)
    """
    count = len(wave)
    if count <= 2:
        return wave.expand(2, -1)
    names = (
        (VORBIS if vorbis else WAVE)
        .get(count, "L R" + " Ls Rs" * (count // 2 - 1) + " S" * (count % 2))
        .split()
    )
    shares = zip(*(SHARES[name] for name in names))
    return torch.stack(
        [sum(share * channel for share, channel in zip(side, wave) if share) for side in shares]
    )
