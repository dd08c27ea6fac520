"""Audio files to tensors and back: the only file of bassnb that touches audio formats.

Everything inside bassnb is a float32 tensor `(2, N)` at 44.1 kHz in [-1, 1]; this module makes that true for
WAV, FLAC, Ogg and MP3 of any rate and channel count, and for arrays.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import numpy as np
import soundfile
import soxr
import torch
import torchaudio

from bassnb.errors import BassnbError
from bassnb.presets import SAMPLE_RATE

LEVEL = 0.1  # root mean square, linear (-20 dBFS), at which the autoencoders hear every mix and every bass
MOST_NUMBERS = 2 * 192_000  # samples of all channels per second of the longest file that `read_audio` may be limited to
SUBTYPES = {".wav": "PCM_24", ".flac": "PCM_24", ".ogg": "VORBIS", ".mp3": "MPEG_LAYER_III"}


class AudioError(BassnbError):
    """A file or array that is not usable audio."""


def resample(wave: torch.Tensor, source_rate: float, target_rate: int = SAMPLE_RATE) -> torch.Tensor:
    """Change the sample rate of `wave`, shape (C, N), with the SoX resampler."""
    if source_rate == target_rate:
        return wave
    return torch.from_numpy(np.ascontiguousarray(soxr.resample(wave.numpy().T, source_rate, target_rate).T))


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
    array = samples.detach().cpu().numpy() if isinstance(samples, torch.Tensor) else np.asarray(samples)
    if array.dtype.kind in "iu":
        array = array.astype(np.float32) / float(np.iinfo(array.dtype).max)
    if array.dtype.kind != "f" or array.ndim not in (1, 2):
        raise AudioError(f"{name} has shape {array.shape} and type {array.dtype}; give numbers of shape (N,) or (channels, N)")
    if array.size == 0:
        raise AudioError(f"{name} holds no samples; give a file with sound in it")
    if not np.isfinite(array).all():
        raise AudioError(f"{name} holds NaN or infinite samples; export it again")
    if not 0 < sample_rate < float("inf"):
        raise AudioError(f"{name} has a sample rate of {sample_rate} Hz; give the true rate, for example 44100")
    wave = torch.from_numpy(np.ascontiguousarray(np.atleast_2d(array), dtype=np.float32))
    if wave.shape[0] > 2:
        wave = wave.mean(0, keepdim=True)
    return resample(wave, sample_rate).expand(2, -1).contiguous()


def read_audio(path: str | os.PathLike, *, name: str | None = None, longest: float | None = None) -> torch.Tensor:
    """Read a WAV, FLAC, Ogg or MP3 file.

    Parameters
    ----------
    path : of the file
    name : how error messages call it, by default its path
    longest : seconds; a longer file is refused before its samples are read

    Returns
    -------
    wave : Tensor (2, N), float32, 44.1 kHz

    Raises
    ------
    AudioError
        If the file is missing, a folder, not audio, empty, too long, or holds samples that are not finite.
    """
    path, name = Path(path), name or str(path)
    if not path.is_file():
        raise AudioError(f"{name} is {'not a file' if path.exists() else 'missing'}; give the path of an audio file")
    try:
        with soundfile.SoundFile(path) as file:
            if longest is not None and _too_long(file, longest):
                raise AudioError(f"{name} is longer than {longest:g} s; give a shorter excerpt")
            samples, rate = file.read(dtype="float32", always_2d=True), file.samplerate
    except (soundfile.LibsndfileError, OSError, RuntimeError) as error:
        raise AudioError(f"{name} cannot be read as audio ({_reason(error)}); give WAV, FLAC, Ogg or MP3") from None
    return as_stereo(samples.T, rate, name=name)


def _too_long(file: soundfile.SoundFile, longest: float) -> bool:
    """More seconds than `longest`, or so many channels or such a rate that it holds as many numbers as that would."""
    return file.frames > longest * file.samplerate or file.frames * file.channels > longest * MOST_NUMBERS


def _reason(error: Exception) -> str:
    return str(getattr(error, "error_string", None) or error).strip().rstrip(".")


def write_audio(path: str | os.PathLike, wave: torch.Tensor, *, subtype: str | None = None) -> Path:
    """Write `wave` so that the file under `path` is always a whole one: the old or the new.

    Parameters
    ----------
    path : the suffix chooses the format: .wav, .flac, .ogg or .mp3
    wave : Tensor (2, N), float in [-1, 1], 44.1 kHz; louder samples are clipped
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
    samples = wave.detach().cpu().clamp(-1, 1).numpy().T
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=suffix)
        os.close(handle)
        soundfile.write(temporary, samples, SAMPLE_RATE, subtype=subtype or SUBTYPES[suffix])
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except (soundfile.LibsndfileError, OSError) as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        raise AudioError(f"{path} cannot be written ({_reason(error)}); choose another place") from None
    return path


def peak(wave: torch.Tensor) -> float:
    """Largest absolute sample, linear."""
    return float(wave.abs().max())


def rms(wave: torch.Tensor) -> float:
    """Root of the mean square over both channels and time, linear."""
    return float(wave.square().mean().sqrt())


def to_level(wave: torch.Tensor, gain_db: float = 0.0) -> torch.Tensor:
    """Scale `wave` (2, N) to a root mean square of `LEVEL`, plus `gain_db`; silence stays silent."""
    level = rms(wave)
    return wave * (LEVEL * 10 ** (gain_db / 20) / level) if level > 1e-5 else wave


def loudness(wave: torch.Tensor) -> float:
    """Integrated loudness in LUFS (ITU-R BS.1770-4); minus infinity for silence and for less than 0.4 s."""
    if wave.shape[-1] < int(0.4 * SAMPLE_RATE) or peak(wave) == 0:
        return float("-inf")
    value = float(torchaudio.functional.loudness(wave, SAMPLE_RATE))
    return value if value == value else float("-inf")
