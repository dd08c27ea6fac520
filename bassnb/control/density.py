"""Busier or sparser: the network hears a soft pulse of sixteenths, or the opposite of one.

With a pulse in the mix the model plays more notes. The difference that the pulse makes to the mix
latents is a direction, and it works both ways:

    c_x' = c_x + density (c_pulse - c_x)

At 1 the network hears mix and pulse, at 0 the mix alone; below 0 the latents are moved away from
what a pulse would add. The pulse is not in the output.

Taught in chapter 11.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from bassnb.control.beats import Beats
from bassnb.errors import BassnbError
from bassnb.presets import SAMPLE_RATE
from bassnb.tracks import Track

NAMED = {"busier": 0.5, "sparser": -0.5}
PER_BEAT = 4  # strokes of the pulse
LEVEL_DB = -3.0  # of the pulse beside the mix, both as root mean squares
DECAY = 0.012  # seconds in which a stroke falls to 1/e
STROKE = round(0.05 * SAMPLE_RATE)  # samples


def density_of(density: str | float | None) -> float:
    """The number behind a setting: "busier", "sparser", or a number from -1 to 1; None is 0.

    Raises
    ------
    BassnbError
        If it is none of these.
    """
    if density is None:
        return 0.0
    try:
        value = NAMED.get(density, density) if isinstance(density, str) else density
        number = float(value)
    except ValueError:
        number = float("nan")
    if not -1 <= number <= 1:
        raise BassnbError(f"density is {density!r}; give busier, sparser, or a number from -1 to 1")
    return number


def with_pulse(track: Track, beats: Beats, rate: float = 1.0) -> Track:
    """The track with a stroke of noise on every sixteenth.

    Parameters
    ----------
    beats : of the song, in seconds
    rate : by which the track is longer than the song, if it was brought to 440 Hz
    """
    seconds = track.length / SAMPLE_RATE
    quarters = np.arange(0, len(beats.times), 1 / PER_BEAT)
    times = np.array([beats.beat_time(index) for index in quarters]) * rate
    starts = np.round(times[(times >= 0) & (times < seconds)] * SAMPLE_RATE).astype(int)
    noise = np.random.default_rng(0).normal(size=STROKE)
    stroke = noise * np.exp(-np.arange(STROKE) / SAMPLE_RATE / DECAY)
    power = len(starts) * float((stroke**2).sum()) / track.length
    gain = track.level * 10 ** (LEVEL_DB / 20) / max(power, 1e-12) ** 0.5
    sound = torch.from_numpy(stroke * gain).float()
    return Track.of(lambda: added(track.blocks(), starts, sound))


def added(blocks, starts: np.ndarray, sound: Tensor) -> Iterator[Tensor]:
    """Blocks (2, n) with `sound` (m,) added at ascending samples `starts`."""
    first = 0
    for block in blocks:
        block, last = block.clone(), first + block.shape[-1]
        begin, end = np.searchsorted(starts, [first - len(sound) + 1, last])
        for start in starts[begin:end]:
            here, there = max(int(start), first), min(int(start) + len(sound), last)
            block[:, here - first : there - first] += sound[here - start : there - start]
        yield block
        first = last


def denser(c_x: Tensor, pulsed: Tensor, density: float) -> Tensor:
    """Mix latents (1, C, L) moved towards those with the pulse, or away: see the head of this file."""
    return c_x + density * (pulsed - c_x)
