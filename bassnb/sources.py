"""What a user gives as audio, a path, an array or a Tensor: read, named, and refused when silent."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence

from torch import Tensor

from bassnb.audio import read_audio, read_blocks
from bassnb.errors import BassnbError
from bassnb.presets import SAMPLE_RATE, TIME_RATIO
from bassnb.tracks import Track
from bassnb.waves import as_stereo

SILENCE = 1e-4  # peak below which audio counts as silent


def several(sources) -> Sequence:
    """A list or tuple of sources as it is, and a single one as a list."""
    return sources if isinstance(sources, (list, tuple)) else [sources]


def name_of(source) -> str | list | None:
    """How the settings of a take name a source: its path, "array", "take" of an `Accompaniment`, or
    a list of these.
    """
    if isinstance(source, (list, tuple)):
        return [name_of(one) for one in source]
    if source is None:
        return None
    if isinstance(source, (str, os.PathLike)):
        return str(source)
    return "take" if hasattr(source, "latents") else "array"


def wave_of(source, sample_rate: float, what: str) -> Tensor:
    """Any accepted source as (2, N) at 44.1 kHz; `what` names an array in errors.

    Raises
    ------
    AudioError
        If it cannot be read, or holds no usable samples.
    """
    is_path = isinstance(source, (str, os.PathLike))
    return read_audio(source) if is_path else as_stereo(source, sample_rate, name=what)


def sounding_track(blocks: Callable[[], Iterable[Tensor]], source, what: str) -> Track:
    """Audio (2, n) in blocks as a `Track`, named by its path, or `what`, when it is refused.

    Raises
    ------
    BassnbError
        If it is silent.
    """
    track = Track.of(blocks)
    if track.peak < SILENCE:
        named = source if isinstance(source, (str, os.PathLike)) else what
        raise BassnbError(f"{named} is silent; give audio with sound in it")
    return track


def track_of(source, sample_rate: float, what: str) -> Track:
    """Any accepted source as a `Track`: a file is read in blocks, as often as it is needed.

    Raises
    ------
    AudioError, BassnbError
        If it cannot be read, or is silent.
    """
    if isinstance(source, (str, os.PathLike)):
        return sounding_track(lambda: read_blocks(source), source, what)
    wave = wave_of(source, sample_rate, what)
    return sounding_track(lambda: [wave], source, what)


def style_track(source, sample_rate: float) -> Track:
    """A style as a `Track` of at least one latent step.

    Raises
    ------
    AudioError, BassnbError
        If it cannot be read, is silent or too short.
    """
    track = track_of(source, sample_rate, "the style")
    if track.length < TIME_RATIO:
        seconds = track.length / SAMPLE_RATE
        raise BassnbError(
            f"the style lasts {seconds:.3f} s, less than one latent step; "
            "give at least 0.1 s, better 5 s"
        )
    return track
