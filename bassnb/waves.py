"""Arrays of samples as the one form that everything inside bassnb has: `(2, N)`, float32, 44.1 kHz.

Taught in chapter 8.
"""

from __future__ import annotations

import numbers
from collections.abc import Iterable, Iterator

import numpy as np
import soxr
import torch

from bassnb.channels import channels_first, stereo
from bassnb.errors import AudioError
from bassnb.presets import SAMPLE_RATE

RATES = (1000, 1_000_000)  # Hz
LOUDEST = 1e30  # linear; filters turn what is louder into infinite numbers


def resample(
    wave: torch.Tensor, source_rate: float, target_rate: int = SAMPLE_RATE
) -> torch.Tensor:
    """Change the sample rate of `wave`, shape (C, N), with the SoX resampler."""
    wave = channels_first(wave)
    return torch.cat(list(resampled([wave], source_rate, target_rate)), -1)


def resampled(
    blocks: Iterable[torch.Tensor], source_rate: float, target_rate: float = SAMPLE_RATE
) -> Iterator[torch.Tensor]:
    """`resample` block by block, (C, n) each.

    The resampler keeps its state, so that the seams are not audible.
    """
    if source_rate == target_rate:
        yield from blocks
        return
    stream = None
    for block in blocks:
        stream = stream or soxr.ResampleStream(source_rate, target_rate, block.shape[0])
        yield torch.from_numpy(stream.resample_chunk(np.ascontiguousarray(block.numpy().T)).T)
    if stream is not None:
        yield torch.from_numpy(
            stream.resample_chunk(np.zeros((0, block.shape[0]), np.float32), last=True).T
        )


def resampled_to(
    blocks: Iterable[torch.Tensor], source_rate: float, target_rate: float, length: int
) -> Iterator[torch.Tensor]:
    """`resample` block by block, (2, n) each: exactly `length` samples, cut at the end or followed
    by silence.
    """
    for block in resampled(blocks, source_rate, target_rate):
        yield block[:, :length]
        length -= min(length, block.shape[-1])
    if length:
        yield torch.zeros(2, length)


def as_stereo(samples, sample_rate: float = SAMPLE_RATE, *, name: str = "audio") -> torch.Tensor:
    """Any array of samples as `(2, N)` float32 at 44.1 kHz.

    Parameters
    ----------
    samples : array or Tensor (N,) or (C, N), float in [-1, 1] or integer PCM; see `channels_first`
        for (N, C)
    sample_rate : Hz
    name : how error messages call it

    Returns
    -------
    wave : Tensor (2, N'), float32, 44.1 kHz. Mono is doubled; more than two channels are mixed
        down, see `stereo`.

    Raises
    ------
    AudioError
        If the samples are empty, not finite, not one- or two-dimensional, the rate is not positive,
        or the axis of the channels is in doubt.
    """
    check_rate(sample_rate, name)
    if isinstance(samples, torch.Tensor):
        samples = samples.detach().cpu()
        # numpy has no bfloat16
        samples = samples.float() if samples.dtype == torch.bfloat16 else samples
    array = np.asarray(samples)
    if array.dtype.kind in "iu":
        largest, middle = float(np.iinfo(array.dtype).max), float(array.dtype.kind == "u") / 2
        # unsigned samples rest in the middle
        array = (array / largest - middle).astype(np.float32) * (1 + 2 * middle)
    if array.dtype.kind != "f" or array.ndim not in (1, 2):
        raise AudioError(
            f"{name} has shape {array.shape} and type {array.dtype}; give numbers of shape (N,) or (channels, N)"
        )
    if array.size == 0:
        raise AudioError(f"{name} holds no samples; give a file with sound in it")
    array = channels_first(array, name) if array.ndim == 2 else array
    return resample(two_channels(array, name), sample_rate).contiguous()


def check_rate(sample_rate: float, name: str) -> None:
    """Refuse a sample rate that no recording has: a minute at 1 Hz would become hours of memory.

    Raises
    ------
    AudioError
        If it is not a number from `RATES`.
    """
    if not isinstance(sample_rate, numbers.Real) or not RATES[0] <= sample_rate <= RATES[1]:
        raise AudioError(
            f"{name} has a sample rate of {sample_rate} Hz; give the true rate, for example 44100"
        )


def two_channels(array: np.ndarray, name: str, *, vorbis: bool = False) -> torch.Tensor:
    """Finite samples (C, N) or (N,) as (2, N); see `stereo`."""
    # 16 bits cannot hold the bound
    array = array.astype(np.promote_types(array.dtype, np.float32), copy=False)
    if not (np.abs(array) <= LOUDEST).all():  # not so of NaN either
        raise AudioError(f"{name} holds NaN or infinite samples; export it again")
    return stereo(
        torch.from_numpy(np.ascontiguousarray(np.atleast_2d(array), dtype=np.float32)),
        vorbis=vorbis,
    )
