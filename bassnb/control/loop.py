"""A bass whose end leads into its beginning, to a mix that is repeated. Taught in chapter 11.

Every operation along time is made circular by giving it more of the loop on both sides and cutting
that off again: encoders and decoder as far as they reach, the network whole rounds of the loop. All
rounds share one z, at every step. So the network is given the loop in the midst of its repetitions,
as a listener is, and no layer needs to be changed; attention compares a step with all rounds, at the
distances that they have. What is left of a beginning is where the outermost round starts.

A loop is no whole number of latent steps: it is resampled until it is one, by a few cents, and the
bass back. Both are done circularly, by the Fourier method.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from bassnb.errors import BassnbError
from bassnb.presets import SAMPLE_RATE, TIME_RATIO
from bassnb.spectral import resample_periodic
from bassnb.tracks import Track
from bassnb.tuning import IN_TUNE, Tuning
from bassnb.windows import Network

CONTEXT = 128  # latent steps, 12 s: the least that the network sees of a loop on each side
MARGIN = 16  # latent steps around a loop that is coded, more than any filter reaches
LONGEST = 600.0  # seconds


def wrapped(x: Tensor, margin: int) -> Tensor:
    """`x` (..., N) as one period, with `margin` more of it on both sides: (..., N + 2 margin)."""
    length = x.shape[-1]
    return x[..., torch.arange(-margin, length + margin, device=x.device) % length]


def looped(network: Network, context: int = CONTEXT) -> Network:
    """`network` (z, t, mix) -> v for a loop: it sees whole rounds before and after, at least
    `context` steps, with the same z in all of them.
    """

    def in_rounds(z: Tensor, t: Tensor, mix: Tensor) -> Tensor:
        length = z.shape[-1]
        margin = math.ceil(context / length) * length
        return network(wrapped(z, margin), t, wrapped(mix, margin))[..., margin : margin + length]

    return in_rounds


def around(track: Track, margin: int) -> Track:
    """A loop with `margin` samples more of it on both sides, at the level of the loop."""

    def blocks() -> Iterable[Tensor]:
        return [wrapped(torch.cat(list(track.blocks()), -1), margin)]

    return dataclasses.replace(track, length=track.length + 2 * margin, blocks=blocks)


@dataclass(frozen=True)
class LoopTuning(Tuning):
    """A tuning with which a loop has a whole number of latent steps at 440 Hz.

    Attributes
    ----------
    length : samples of the loop
    """

    length: int = 0

    @classmethod
    def of(cls, tuned: Tuning, length: int) -> LoopTuning:
        """For a loop of `length` samples.

        Raises
        ------
        BassnbError
            If it lasts too long, or is so short that a whole number of latent steps would be out
            of tune by more than 10 cents.
        """
        loop = cls(tuned.cents, tuned.source, length)
        if length > LONGEST * SAMPLE_RATE:
            raise BassnbError(
                f"the loop lasts {length / SAMPLE_RATE:.0f} s; give at most {LONGEST:.0f} s, or play without loop"
            )
        if abs(loop.off) > IN_TUNE:
            times = next(
                n for n in range(2, 1000) if abs(cls(tuned.cents, "", n * length).off) <= IN_TUNE
            )
            raise BassnbError(
                f"a loop of {length / SAMPLE_RATE:.2f} s cannot be coded in tune ({loop.off:+.0f} cents); give it "
                f"{times} times in one file"
            )
        return loop

    @property
    def steps(self) -> int:
        """Latent steps of a round."""
        return max(round(self.length * 2 ** (self.cents / 1200) / TIME_RATIO), 1)

    @property
    def off(self) -> float:
        """Cents by which the bass is sharp of the mix, because the steps are a whole number."""
        return 1200 * math.log2(self.steps * TIME_RATIO / self.length) - self.cents

    @property
    def facts(self) -> dict:
        """For the settings of a take."""
        return {**super().facts, "loop_cents": round(self.off, 2)}

    @property
    def rate(self) -> float:  # type: ignore[override]  # no whole number
        """Samples at 440 Hz for each second of the song."""
        return self.steps * TIME_RATIO / self.length * SAMPLE_RATE

    def to_440(self, track: Track) -> Track:
        """The loop at 440 Hz, a whole number of latent steps long."""
        wave = torch.cat(list(track.blocks()), -1)
        at_440 = resample_periodic(wave, self.steps * TIME_RATIO)
        return Track.of(lambda: [at_440])

    def from_440(self, blocks: Iterable[Tensor], length: int) -> Iterable[Tensor]:
        """What was played to `to_440`, exactly as long as the loop."""
        return [resample_periodic(torch.cat(list(blocks), -1), length)]
