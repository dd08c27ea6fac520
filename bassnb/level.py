"""The level of the music in a recording, without the silence around it.

The one measure of level, for training and inference. Three inaudible things are excluded:

- Everything below 20 Hz, such as an offset or rumble: `audible` removes it.
- Silence, and noise far below the music: as in ITU-R BS.1770-4 there are two gates. The first drops what lies 50 dB
  below the loudest moment; it is relative, unlike that of the standard, so that music turned down
  by 20 dB measures exactly 20 dB less. The second drops what lies 10 dB below the mean of the rest.
- Where the file begins and ends: the standard's blocks of 0.4 s straddle the border between music and silence, and
  count some of the silence. Here the gates look at hops of 23 ms, and up to a second between two
  hops that pass, such as the rest between two notes, belongs to the music.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from scipy.signal import butter, sosfilt, sosfilt_zi
from torch import Tensor

from bassnb.channels import channels_first
from bassnb.presets import SAMPLE_RATE, TIME_RATIO

# linear, -20 dBFS: the level of the audible part of what the autoencoders receive
LEVEL = 0.1
HOP = TIME_RATIO // 4  # samples, 23 ms
GAP = SAMPLE_RATE // HOP  # hops, 1 s
# power: 50 dB below the loudest hop, 10 dB below the mean of the hops that passed
FIRST_GATE, SECOND_GATE = 1e-5, 0.1
# power: what decays to less is silence, as its gain to `LEVEL` would be infinite
SILENT = 1e-50
PIECE = 64 * HOP  # samples filtered at a time, 1.5 s
HIGH_PASS = butter(6, 20, "highpass", fs=SAMPLE_RATE, output="sos")


@dataclass(frozen=True)
class Measured:
    """What `measure` found.

    Attributes
    ----------
    length : samples at 44.1 kHz
    level : root mean square of the parts that sound, over both channels, linear; 0 of silence
    peak : largest absolute sample, linear
    sounding : Tensor (ceil(length / 4096),), bool: the latent steps in which something sounds
    """

    length: int
    level: float
    peak: float
    sounding: Tensor


def audible(blocks: Iterable[Tensor]) -> Iterator[Tensor]:
    """The same audio without what lies below 20 Hz, as pieces of 1.5 s whatever the sizes of
    `blocks`, (2, n) each.
    """
    state = None
    for piece in pieces(blocks, PIECE):
        wave = piece.double().numpy()
        if state is None:  # start in the steady state of the offset: no step at the beginning
            offset = wave[..., :TIME_RATIO].sum(-1, keepdims=True) / TIME_RATIO
            state = sosfilt_zi(HIGH_PASS).reshape(-1, *[1] * (wave.ndim - 1), 2) * offset
        wave, state = sosfilt(HIGH_PASS, wave, zi=state)
        # avoid denormal numbers, which are slow
        state[np.abs(state) < 1e-30] = 0
        yield torch.from_numpy(wave).to(piece.dtype)


def measure(blocks: Iterable[Tensor]) -> Measured:
    """Measure audio that is all `audible`, in one pass over blocks (2, n) of any size, on which
    nothing depends.
    """
    length, peak, energies, counts = 0, 0.0, [], []
    for piece in pieces(blocks, PIECE):
        wave = piece.double().numpy()
        length, peak = length + wave.shape[-1], max(peak, float(np.abs(wave).max()))
        squares = np.pad(wave**2, [(0, 0)] * (wave.ndim - 1) + [(0, -wave.shape[-1] % HOP)])
        hops = squares.reshape(-1, squares.shape[-1] // HOP, HOP).sum(-1)
        energies.append(hops.mean(0))
        counts.append(np.minimum(HOP, wave.shape[-1] - HOP * np.arange(hops.shape[-1])))
    energy, count = (
        np.concatenate(parts) if parts else np.zeros(0) for parts in (energies, counts)
    )
    sounds = sounding(energy / count)
    level = math.sqrt(energy[sounds].sum() / count[sounds].sum()) if sounds.any() else 0.0
    steps = (
        np.pad(sounds, (0, -len(sounds) % (TIME_RATIO // HOP)))
        .reshape(-1, TIME_RATIO // HOP)
        .any(1)
    )
    return Measured(length, level, peak, torch.from_numpy(steps))


def sounding(power: np.ndarray) -> np.ndarray:
    """Which of the hops, of mean squares `power` (n,), pass both gates, with the short gaps between
    them; bool (n,).
    """
    if power.max(initial=0.0) < SILENT:
        return np.zeros(len(power), bool)
    passed = _without_gaps(power > FIRST_GATE * power.max())
    return _without_gaps(power > SECOND_GATE * power[passed].mean())


def _without_gaps(passed: np.ndarray) -> np.ndarray:
    """`passed` (n,), and what is at most `GAP` hops long between two that passed."""
    here = np.arange(len(passed))
    last = np.maximum.accumulate(np.where(passed, here, -np.inf))
    following = np.minimum.accumulate(np.where(passed, here, np.inf)[::-1])[::-1]
    return following - last <= GAP + 1


def pieces(blocks: Iterable[Tensor], size: int) -> Iterator[Tensor]:
    """The same audio, (..., n) in each block, in pieces of `size` samples, of which the last may be
    shorter.
    """
    held: list[Tensor] = []
    samples = 0
    for block in blocks:
        while samples + block.shape[-1] >= size:
            yield torch.cat([*held, block[..., : size - samples]], -1)
            held, block, samples = [], block[..., size - samples :], 0
        held.append(block)
        samples += block.shape[-1]
    if samples:
        yield torch.cat(held, -1)


def peak(wave: Tensor) -> float:
    """Largest absolute sample, linear; 0 of nothing."""
    return float(wave.abs().max()) if wave.numel() else 0.0


def rms(wave: Tensor) -> float:
    """Root of the mean square over both channels and time, linear."""
    return float(wave.square().mean().sqrt())


def to_level(wave: Tensor, gain_db: float = 0.0) -> Tensor:
    """What is audible of `wave` (2, N), at `LEVEL` plus `gain_db`: the input of the
    autoencoders. Silence stays silent.
    """
    filtered = torch.cat(list(audible([wave])), -1)
    return filtered * (level_gain(measure([filtered]).level) * 10 ** (gain_db / 20))


def level(wave: Tensor) -> float:
    """Root mean square of what sounds in `wave` (2, N), linear; see `measure`."""
    return measure(audible([wave])).level


def level_gain(level: float) -> float:
    """The factor that brings audio of this level to `LEVEL`; 1 for silence, which stays silent."""
    return LEVEL / level if level else 1.0


def loudness(wave: Tensor) -> float:
    """Integrated loudness in LUFS (ITU-R BS.1770-4); minus infinity for silence and for less than
    0.4 s.
    """
    wave = channels_first(wave)
    if wave.shape[-1] < int(0.4 * SAMPLE_RATE) or peak(wave) == 0:
        return float("-inf")
    import torchaudio  # of the extras that show and measure; accompanying does not need it

    # in double precision, in which its filters are three times as fast
    value = float(torchaudio.functional.loudness(wave.double(), SAMPLE_RATE))
    return value if value == value else float("-inf")
