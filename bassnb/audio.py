"""Audio files to tensors and back: all audio that bassnb reads or writes passes here.

Everything inside bassnb is a float32 tensor `(2, N)` at 44.1 kHz in [-1, 1]; this module makes that
true for WAV, FLAC, Ogg and MP3 of any rate and channel count, for what ffmpeg decodes where it is
installed (M4A, MP4, AAC, WebM, WMA); for arrays `bassnb.waves` does. Files are read and written in
blocks, so that a file of hours needs no more memory than one of seconds, and read to their true
end: `bassnb.containers` has what the formats themselves say about it.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import soundfile
import torch

from bassnb.channels import channels_first
from bassnb.containers import ffmpeg, segments_of
from bassnb.containers.reading import BLOCK, Readable, facts_of, opened, opened_at, samples_of
from bassnb.containers.spliced import Segment
from bassnb.containers.writing import Watched, make_readable
from bassnb.errors import AudioError
from bassnb.files import whole_file
from bassnb.presets import SAMPLE_RATE
from bassnb.waves import check_rate, resample, resampled, two_channels

# samples of all channels per second of the longest file that `read_audio` may be limited to
MOST_NUMBERS = 2 * 192_000
# frames written at once: libvorbis needs 4 bytes of the stack for each, and a thread may have 512
# KB
WRITTEN = 2**16
SUBTYPES = {".wav": "PCM_24", ".flac": "PCM_24", ".ogg": "VORBIS", ".mp3": "MPEG_LAYER_III"}


def read_audio(
    path: str | os.PathLike, *, name: str | None = None, longest: float | None = None
) -> torch.Tensor:
    """Read a WAV, FLAC, Ogg or MP3 file as one Tensor (2, N); see `read_blocks`."""
    return torch.cat(list(read_blocks(path, name=name, longest=longest)), -1)


def read_blocks(
    path: str | os.PathLike,
    *,
    name: str | None = None,
    longest: float | None = None,
    frames: int = BLOCK,
) -> Iterator[torch.Tensor]:
    """Read a file piece by piece: WAV, FLAC, Ogg (Vorbis, Opus) or MP3, and with ffmpeg M4A, MP4,
    AAC, WebM and WMA, of which the first audio stream counts: of Native Instruments' stems the mix.

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
        If the file is missing, a folder, not audio, empty, too long, or holds samples that are not
        finite.
    """
    path, name = Path(path), name or str(path)
    empty = True
    with _refusing(path, name):
        segments = _segments(path, name)
        if longest is not None and _too_long(path, segments, longest):
            raise AudioError(f"{name} is longer than {longest:g} s; give a shorter excerpt")
        for rate, blocks in groupby(_rated_blocks(path, segments, frames, name), itemgetter(0)):
            for block in resampled((block for _, block in blocks), rate):
                empty &= not block.numel()
                yield block.contiguous()
    if empty:
        raise AudioError(f"{name} holds no samples; give a file with sound in it")


def read_stretch(
    path: str | os.PathLike, start: float, samples: int, *, speed: float = 1.0
) -> torch.Tensor:
    """A stretch of a file, read where it lies: what lies before and after is not decoded.

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
    if start < 0:
        raise AudioError(f"a stretch of {path} cannot begin at {start:g} s; give 0 or more")
    wave, filled, begins = torch.zeros(2, samples), 0, 0.0  # seconds at which a segment begins
    with _refusing(path, str(path)):
        for segment in _segments(path, str(path)):
            own_rate, length, _ = facts_of(path, segment)
            check_rate(own_rate, str(path))
            first = 0 if filled else round((start - begins) * own_rate)
            begins += length / own_rate
            if first >= length or filled == samples:
                continue
            rate = own_rate * speed
            most = min(math.ceil((samples - filled) * rate / SAMPLE_RATE) + 1, length - first)
            with opened_at(path, segment, first) as file:
                blocks = list(_stereo_blocks(file, str(path), most=most))
            if blocks:
                found = resample(torch.cat(blocks, -1), rate)[:, : samples - filled]
                wave[:, filled : filled + found.shape[-1]] = found
                filled += found.shape[-1]
    return wave


@contextmanager
def _refusing(path: str | os.PathLike, name: str) -> Iterator[None]:
    """Turn errors of reading a file into an AudioError."""
    try:
        yield
    except (soundfile.LibsndfileError, OSError, RuntimeError) as error:
        raise AudioError(
            f"{name} cannot be read as audio ({_reason(error)}); give WAV, FLAC, Ogg or MP3"
        ) from None


def _segments(path: str | os.PathLike, name: str) -> tuple[Segment, ...]:
    """The segments of a plain file; opening a pipe would block."""
    path = Path(path)
    if not path.is_file():
        raise AudioError(
            f"{name} is {'not a file' if path.exists() else 'missing'}; give the path of an audio file"
        )
    segments = segments_of(path)
    if any(segment.demuxer for segment in segments) and not ffmpeg.program():
        raise AudioError(
            f"{name} is in a format that needs ffmpeg; install it or convert the file to WAV"
        )
    return segments


def _stereo_blocks(
    file: Readable, name: str, frames: int = BLOCK, most: float = math.inf
) -> Iterator[torch.Tensor]:
    """The next `most` frames of an open file as (2, n) at a time, at the rate of the file."""
    for block in samples_of(file, frames, most):
        yield two_channels(block.T, name, vorbis=file.subtype in ("VORBIS", "OPUS"))


def _rated_blocks(
    path: Path, segments: Iterable[Segment], frames: int, name: str
) -> Iterator[tuple[int, torch.Tensor]]:
    """All segments as (2, n) at a time, each block with its rate."""
    for segment in segments:
        with opened(path, segment) as file:
            check_rate(file.samplerate, name)
            for block in _stereo_blocks(file, name, frames):
                yield file.samplerate, block


def _too_long(path: Path, segments: Iterable[Segment], longest: float) -> bool:
    """More seconds than `longest`, or so many channels or such a rate that it holds as many numbers
    as that would.
    """
    seconds = size = 0.0
    for segment in segments:
        rate, frames, channels = facts_of(path, segment)
        seconds, size = seconds + frames / rate, size + frames * channels
    return seconds > longest or size > longest * MOST_NUMBERS


def _reason(error: Exception) -> str:
    return (
        str(getattr(error, "error_string", None) or getattr(error, "strerror", None) or error)
        .strip()
        .rstrip(".")
    )


def write_audio(path: str | os.PathLike, wave: torch.Tensor, *, subtype: str | None = None) -> Path:
    """Write `wave`, Tensor (2, N); see `write_blocks`."""
    return write_blocks(path, [wave], subtype=subtype)


def write_blocks(
    path: str | os.PathLike, blocks: Iterable[torch.Tensor], *, subtype: str | None = None
) -> Path:
    """Write blocks one after the other so that the file under `path` is always a whole one: the old
    or the new.

    Parameters
    ----------
    path : the suffix chooses the format: .wav, .flac, .ogg or .mp3
    blocks : Tensors (2, n) of any length, float in [-1, 1], 44.1 kHz; louder samples are clipped
    subtype : libsndfile's name of the sample format, by default 24 bit for WAV and FLAC

    A WAV file beyond 4 GiB becomes RF64, under the same name.

    Raises
    ------
    AudioError
        If the suffix is unknown, the folder is missing or not writable, the disk is full, or a
        block is not stereo.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in SUBTYPES:
        raise AudioError(f"{path} has no known audio suffix; use one of {', '.join(SUBTYPES)}")
    if not path.parent.is_dir():
        raise AudioError(f"the folder {path.parent} does not exist; create it first")
    kind = {"subtype": subtype or SUBTYPES[suffix], "format": suffix[1:].upper()}
    try:
        with whole_file(path) as unfinished:
            with Watched(unfinished, "w+") as storage:
                with soundfile.SoundFile(storage, "w", SAMPLE_RATE, 2, **kind) as file:
                    for block in blocks:
                        for piece in _writable(block, path).split(WRITTEN, -1):
                            file.write(piece.numpy().T)
                            storage.check()
                storage.check()
            if suffix == ".wav":
                make_readable(unfinished)
    except (soundfile.LibsndfileError, OSError) as error:
        raise AudioError(
            f"{path} cannot be written ({_reason(error)}); choose another place"
        ) from None
    return path


def _writable(block: torch.Tensor, path: Path) -> torch.Tensor:
    """A block as (2, n) within [-1, 1]."""
    block = channels_first(torch.as_tensor(block), f"the audio for {path}")
    if len(block) != 2:
        raise AudioError(
            f"the audio for {path} has shape {tuple(block.shape)}; give two channels, (2, N)"
        )
    return block.detach().cpu().clamp(-1, 1)
