"""Busier or sparser: the network is given a pulse of sixteenths, or a slow one without other rhythm.

With a pulse in the mix the model plays more notes. With latents of the mix that are averaged over
two seconds it is given the harmony, but hardly a rhythm; beside that a stroke on every second beat
makes it play fewer. Both are directions in the mix latents, along which `density` goes from 0 to 1
or to -1:

    c_x' = c_x + density (c_pulse - c_x)                 if density > 0
    c_x' = c_x - density (c_mean + c_slow - 2 c_x)       if density < 0

The pulses are not in the output. To go away from the fast one does not make a take sparser: where
the mix has no drums, the opposite of a pulse is another pulse. What it does in numbers is recorded
by `bassnb evaluate control`.

Taught in chapter 11.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from bassnb.control.beats import Beats
from bassnb.errors import BassnbError
from bassnb.presets import SAMPLE_RATE
from bassnb.tracks import Track

NAMED = {"busier": 0.5, "sparser": -0.5}
PER_BEAT, SLOW = 4, 0.5  # strokes of the fast and of the slow pulse
LEVEL_DB = -3.0  # of the pulse beside the mix, both as root mean squares
DECAY = 0.012  # seconds in which a stroke falls to 1/e
AVERAGE = 21  # latent steps, 2 s
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


def with_pulse(
    track: Track, beats: Beats, rate: float = 1.0, *, per_beat: float = PER_BEAT
) -> Track:
    """The track with strokes of noise, `per_beat` for each beat: sixteenths by default.

    Parameters
    ----------
    beats : of the song, in seconds
    rate : by which the track is longer than the song, if it was brought to 440 Hz
    """
    seconds = track.length / SAMPLE_RATE
    quarters = np.arange(0, len(beats.times), 1 / per_beat)
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


def moved(c_x: Tensor, other: Tensor, density: float) -> Tensor:
    """Mix latents (1, C, L), moved towards `other` by the size of `density`."""
    return c_x + abs(density) * (other - c_x)


def slowed(c_x: Tensor, c_slow: Tensor) -> Tensor:
    """Mix latents (1, C, L) without their rhythm and with the slow pulse of `c_slow`."""
    return averaged(c_x) + c_slow - c_x


def averaged(c_x: Tensor) -> Tensor:
    """Mix latents (1, C, L), averaged over two seconds with the weights of a Hann window."""
    weights = torch.hann_window(AVERAGE + 2, periodic=False, device=c_x.device)[1:-1]
    kernel = (weights / weights.sum()).expand(c_x.shape[1], 1, -1)
    padded = F.pad(c_x, (AVERAGE // 2, AVERAGE // 2), mode="replicate")
    return F.conv1d(padded, kernel, groups=c_x.shape[1])
