"""Audio files to tensors and back: the only file of bassnb that touches audio formats.

Everything inside bassnb is a float32 tensor `(2, N)` at 44.1 kHz in [-1, 1]; this module makes that true for
WAV, FLAC, Ogg and MP3 of any rate and channel count, and for arrays. Files are read and written in blocks, so that a
file of hours needs no more memory than one of seconds.
"""

from __future__ import annotations

import errno
import io
import math
import numbers
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import soundfile
import soxr
import torch

from bassnb.errors import BassnbError
from bassnb.files import whole_file
from bassnb.presets import SAMPLE_RATE

LEVEL = 0.1  # root mean square, linear (-20 dBFS), at which the autoencoders hear every mix and every bass
MOST_NUMBERS = 2 * 192_000  # samples of all channels per second of the longest file that `read_audio` may be limited to
RATES = (1000, 1_000_000)  # Hz
LOUDEST = 1e30  # linear; filters turn what is louder into infinite numbers
BLOCK = 2**20  # frames read at once, 24 s at 44.1 kHz; fewer where there are more than two channels
SUBTYPES = {".wav": "PCM_24", ".flac": "PCM_24", ".ogg": "VORBIS", ".mp3": "MPEG_LAYER_III"}


class AudioError(BassnbError):
    """A file or array that is not usable audio."""


def resample(wave: torch.Tensor, source_rate: float, target_rate: int = SAMPLE_RATE) -> torch.Tensor:
    """Change the sample rate of `wave`, shape (C, N), with the SoX resampler."""
    return torch.cat(list(_resampled([wave], source_rate, target_rate)), -1)


def _resampled(blocks: Iterable[torch.Tensor], source_rate: float, target_rate: int = SAMPLE_RATE) -> Iterator[torch.Tensor]:
    """`resample` block by block, (C, n) each; the seams are not in the sound, for the resampler remembers."""
    if source_rate == target_rate:
        yield from blocks
        return
    stream = None
    for block in blocks:
        stream = stream or soxr.ResampleStream(source_rate, target_rate, block.shape[0])
        yield torch.from_numpy(stream.resample_chunk(np.ascontiguousarray(block.numpy().T)).T)
    if stream is not None:
        yield torch.from_numpy(stream.resample_chunk(np.zeros((0, block.shape[0]), np.float32), last=True).T)


def as_stereo(samples, sample_rate: float = SAMPLE_RATE, *, name: str = "audio") -> torch.Tensor:
    """Any array of samples as `(2, N)` float32 at 44.1 kHz.

    Parameters
    ----------
    samples : array or Tensor (N,) or (C, N), float in [-1, 1] or integer PCM
    sample_rate : Hz
    name : how error messages call it

    Returns
    -------
    wave : Tensor (2, N'), float32, 44.1 kHz. Mono is doubled; more than two channels are mixed down.

    Raises
    ------
    AudioError
        If the samples are empty, not finite, not one- or two-dimensional, or the rate is not positive.
    """
    check_rate(sample_rate, name)
    if isinstance(samples, torch.Tensor):
        samples = samples.detach().cpu()
        samples = samples.float() if samples.dtype == torch.bfloat16 else samples  # which numpy does not know
    array = np.asarray(samples)
    if array.dtype.kind in "iu":
        largest, middle = float(np.iinfo(array.dtype).max), float(array.dtype.kind == "u") / 2
        array = (array / largest - middle).astype(np.float32) * (1 + 2 * middle)  # unsigned samples rest in the middle
    if array.dtype.kind != "f" or array.ndim not in (1, 2):
        raise AudioError(f"{name} has shape {array.shape} and type {array.dtype}; give numbers of shape (N,) or (channels, N)")
    if array.size == 0:
        raise AudioError(f"{name} holds no samples; give a file with sound in it")
    return resample(_two_channels(array, name), sample_rate).contiguous()


def check_rate(sample_rate: float, name: str) -> None:
    """Refuse a sample rate that no recording has: a minute at 1 Hz would become hours of memory.

    Raises
    ------
    AudioError
        If it is not a number from `RATES`.
    """
    if not isinstance(sample_rate, numbers.Real) or not RATES[0] <= sample_rate <= RATES[1]:
        raise AudioError(f"{name} has a sample rate of {sample_rate} Hz; give the true rate, for example 44100")


def _two_channels(array: np.ndarray, name: str) -> torch.Tensor:
    """Finite samples (C, N) or (N,) as (2, N): mono is doubled, more than two channels are mixed down."""
    array = array.astype(np.promote_types(array.dtype, np.float32), copy=False)  # 16 bits cannot hold the bound
    if not (np.abs(array) <= LOUDEST).all():  # not so of NaN either
        raise AudioError(f"{name} holds NaN or infinite samples; export it again")
    wave = torch.from_numpy(np.ascontiguousarray(np.atleast_2d(array), dtype=np.float32))
    return (wave.mean(0, keepdim=True) if wave.shape[0] > 2 else wave).expand(2, -1)


def read_audio(path: str | os.PathLike, *, name: str | None = None, longest: float | None = None) -> torch.Tensor:
    """Read a WAV, FLAC, Ogg or MP3 file as one Tensor (2, N); see `read_blocks`."""
    return torch.cat(list(read_blocks(path, name=name, longest=longest)), -1)


def read_blocks(
    path: str | os.PathLike, *, name: str | None = None, longest: float | None = None, frames: int = BLOCK
) -> Iterator[torch.Tensor]:  # fmt: skip
    """Read a WAV, FLAC, Ogg or MP3 file piece by piece.

    Parameters
    ----------
    path : of the file
    name : how error messages call it, by default its path
    longest : seconds; a longer file is refused before its samples are read
    frames : of the file, in a block; fewer where there are more than two channels

    Yields
    ------
    block : Tensor (2, n), float32, 44.1 kHz; at least one, together the whole file

    Raises
    ------
    AudioError
        If the file is missing, a folder, not audio, empty, too long, or holds samples that are not finite.
    """
    path, name = Path(path), name or str(path)
    empty = True
    try:
        if not path.is_file():
            raise AudioError(f"{name} is {'not a file' if path.exists() else 'missing'}; give the path of an audio file")
        with _open(path) as file:
            check_rate(file.samplerate, name)
            if longest is not None and _too_long(file, longest):
                raise AudioError(f"{name} is longer than {longest:g} s; give a shorter excerpt")
            blocks = (_two_channels(block.T, name) for block in _pieces(file, frames))
            for block in _resampled(blocks, file.samplerate):
                empty &= not block.numel()
                yield block.contiguous()
    except (soundfile.LibsndfileError, OSError, RuntimeError) as error:
        raise AudioError(f"{name} cannot be read as audio ({_reason(error)}); give WAV, FLAC, Ogg or MP3") from None
    if empty:
        raise AudioError(f"{name} holds no samples; give a file with sound in it")


def read_stretch(path: str | os.PathLike, start: float, samples: int, *, speed: float = 1.0) -> torch.Tensor:
    """A stretch of a file, read where it lies: what lies before and after costs nothing.

    Parameters
    ----------
    start : seconds from the beginning of the file
    samples : wanted, at 44.1 kHz
    speed : play that much faster and higher, as from a tape

    Returns
    -------
    wave : Tensor (2, samples), float32; silent where the file has ended

    Raises
    ------
    AudioError
        If the file cannot be read, or holds samples that are not finite.
    """
    wave = torch.zeros(2, samples)
    try:
        with _open(path) as file:
            check_rate(file.samplerate, str(path))
            rate, first = file.samplerate * speed, round(start * file.samplerate)
            if first >= file.frames:
                return wave
            file.seek(first)
            read = file.read(math.ceil(samples * rate / SAMPLE_RATE) + 1, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, OSError, RuntimeError) as error:
        raise AudioError(f"{path} cannot be read as audio ({_reason(error)}); give WAV, FLAC, Ogg or MP3") from None
    found = resample(_two_channels(read.T, str(path)), rate)[:, :samples]
    wave[:, : found.shape[-1]] = found
    return wave


def _open(path: str | os.PathLike) -> soundfile.SoundFile:
    """A file to read; on Linux and macOS a name is bytes, and need not be text in UTF-8."""
    return soundfile.SoundFile(os.fsencode(path) if os.name == "posix" else path)


def _pieces(file: soundfile.SoundFile, frames: int) -> Iterator[np.ndarray]:
    """All samples of an open file, (n, C) at a time, until nothing comes: what its header says may be wrong."""
    frames = max(1, 2 * frames // max(2, file.channels))  # a small file can hold hundreds of channels
    while len(block := file.read(frames, dtype="float32", always_2d=True)):
        yield block


def _too_long(file: soundfile.SoundFile, longest: float) -> bool:
    """More seconds than `longest`, or so many channels or such a rate that it holds as many numbers as that would."""
    return file.frames > longest * file.samplerate or file.frames * file.channels > longest * MOST_NUMBERS


def _reason(error: Exception) -> str:
    return str(getattr(error, "error_string", None) or getattr(error, "strerror", None) or error).strip().rstrip(".")


def write_audio(path: str | os.PathLike, wave: torch.Tensor, *, subtype: str | None = None) -> Path:
    """Write `wave`, Tensor (2, N); see `write_blocks`."""
    return write_blocks(path, [wave], subtype=subtype)


def write_blocks(path: str | os.PathLike, blocks: Iterable[torch.Tensor], *, subtype: str | None = None) -> Path:
    """Write blocks one after the other so that the file under `path` is always a whole one: the old or the new.

    Parameters
    ----------
    path : the suffix chooses the format: .wav, .flac, .ogg or .mp3
    blocks : Tensors (2, n), float in [-1, 1], 44.1 kHz; louder samples are clipped
    subtype : libsndfile's name of the sample format, by default 24 bit for WAV and FLAC

    Raises
    ------
    AudioError
        If the suffix is unknown, the folder is missing or not writable, or the disk is full.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in SUBTYPES:
        raise AudioError(f"{path} has no known audio suffix; use one of {', '.join(SUBTYPES)}")
    if not path.parent.is_dir():
        raise AudioError(f"the folder {path.parent} does not exist; create it first")
    kind = {"subtype": subtype or SUBTYPES[suffix], "format": suffix[1:].upper()}
    try:
        with whole_file(path) as unfinished, _Watched(unfinished, "w+") as storage:
            with soundfile.SoundFile(storage, "w", SAMPLE_RATE, 2, **kind) as file:
                for block in blocks:
                    file.write(block.detach().cpu().clamp(-1, 1).numpy().T)
                    storage.check()
            storage.check()
    except (soundfile.LibsndfileError, OSError) as error:
        raise AudioError(f"{path} cannot be written ({_reason(error)}); choose another place") from None
    return path


class _Watched(io.FileIO):
    """A file that remembers failed writes: libsndfile is silent about those of its last kilobytes."""

    failure: OSError | None = None

    def write(self, data) -> int:
        try:
            if super().write(data) < len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            self.failure = self.failure or error
        return len(data)

    def check(self) -> None:
        """Raise what happened."""
        if self.failure:
            raise self.failure


def peak(wave: torch.Tensor) -> float:
    """Largest absolute sample, linear; 0 of nothing."""
    return float(wave.abs().max()) if wave.numel() else 0.0


def rms(wave: torch.Tensor) -> float:
    """Root of the mean square over both channels and time, linear."""
    return float(wave.square().mean().sqrt())


def to_level(wave: torch.Tensor, gain_db: float = 0.0) -> torch.Tensor:
    """Scale `wave` (2, N) to a root mean square of `LEVEL`, plus `gain_db`; silence stays silent."""
    return wave * (level_gain(rms(wave)) * 10 ** (gain_db / 20))


def level_gain(rms: float) -> float:
    """The factor that brings audio of this root mean square to `LEVEL`; 1 for silence, which stays silent."""
    return LEVEL / rms if rms > 1e-5 else 1.0


def loudness(wave: torch.Tensor) -> float:
    """Integrated loudness in LUFS (ITU-R BS.1770-4); minus infinity for silence and for less than 0.4 s."""
    if wave.shape[-1] < int(0.4 * SAMPLE_RATE) or peak(wave) == 0:
        return float("-inf")
    import torchaudio  # of the extras that show and measure; accompanying does without

    value = float(torchaudio.functional.loudness(wave, SAMPLE_RATE))
    return value if value == value else float("-inf")
