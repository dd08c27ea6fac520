"""Play regions of a take again and keep the rest: inpainting, without training. Taught in chapter
11.

At each step of the sampler the kept latents replace the estimate outside the regions; inside, the
network continues what is kept. Continuing a take, or playing it anew from bar 9 on, is a region to
the end.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from bassnb.errors import BassnbError
from bassnb.presets import SAMPLE_RATE, TIME_RATIO

FORMS = 'give seconds, such as 12.5-20 or 12.5- (to the end), or "bars 9-12", "bar 9", "bars 9-"'
SLACK = 0.5  # seconds by which a region may be given too long
_SECONDS = re.compile(r"(\d+(?:\.\d*)?|\.\d+)\s*-\s*(\d+(?:\.\d*)?|\.\d+)?")
_BARS = re.compile(r"bars?\s+(\d{1,6})(?:\s*(-)\s*(\d{1,6})?)?")


@dataclass(frozen=True)
class Region:
    """A part of a song, in seconds or in bars.

    Attributes
    ----------
    start, end : seconds; or numbers of bars from 1 on, of which `end` is the first that no longer
        belongs to it. An infinite end is that of the song.
    bars : whether it was given in bars
    """

    start: float
    end: float
    bars: bool = False

    @classmethod
    def of(cls, text: str) -> Region:
        """Read "12.5-20", "12.5-", "bars 9-12", "bars 9-" or "bar 9".

        Raises
        ------
        BassnbError
            If it is none of these, or ends before it starts.
        """
        words = text.strip().lower()
        if found := _SECONDS.fullmatch(words):
            start, end = float(found[1]), float(found[2] or math.inf)
            region = cls(start, end)
        elif found := _BARS.fullmatch(words):
            first = int(found[1])
            last = int(found[3] or 0) if found[2] else first
            region = cls(first, last + 1 if last or not found[2] else math.inf, bars=True)
        else:
            raise BassnbError(f"the region {text!r:.60} cannot be read; {FORMS}")
        if region.start >= region.end or (region.bars and not region.start):
            raise BassnbError(
                f"the region {text!r:.60} holds nothing; {FORMS}, bars counted from 1"
            )
        return region

    def in_seconds(self, bar_start: Callable[[int], float] | None) -> Region:
        """The same region in seconds; `bar_start` says when a bar of that number begins.

        Raises
        ------
        BassnbError
            If it counts bars, and nothing says when they begin.
        """
        if not self.bars:
            return self
        if bar_start is None:
            raise BassnbError(
                "a region in bars needs the tempo of the mix; give --tempo, or seconds"
            )
        end = self.end if math.isinf(self.end) else bar_start(int(self.end))
        return Region(max(bar_start(int(self.start)), 0.0), end, bars=True)


def regions_of(texts: str | Sequence[str] | None) -> list[Region]:
    """Every region that a setting names: one text, or several."""
    texts = [texts] if isinstance(texts, str) else texts or []
    return [Region.of(text) for text in texts]


def steps_again(regions: Sequence[Region], steps: int, rate: float, seconds: float) -> Tensor:
    """Which latent steps are played again, bool (L,).

    A step in which a border lies belongs to what follows the border: the note that begins there
    begins in it. A region has at least one step.

    Parameters
    ----------
    regions : in seconds
    steps : L
    rate : samples for each second of the song, see `bassnb.tuning.Tuning.rate`
    seconds : length of the song

    Raises
    ------
    BassnbError
        If a region begins after the song has ended, or ends after that; the last bar may end after
        it.
    """
    again = torch.zeros(steps, dtype=torch.bool)
    for region in regions:
        beyond = math.isfinite(region.end) and region.end > seconds + SLACK and not region.bars
        if region.start >= seconds or beyond:
            raise BassnbError(
                f"the region from {region.start:g} to {region.end:g} s does not lie in the mix, which lasts "
                f"{seconds:.1f} s; give a part of it"
            )
        first = min(math.floor(region.start * rate / TIME_RATIO), steps - 1)
        stop = steps if region.end >= seconds else math.floor(region.end * rate / TIME_RATIO)
        again[first : max(stop, first + 1)] = True
    return again


def put_back(c_hat: Tensor, kept: Tensor, again: Tensor) -> Tensor:
    """The kept latents k in the place of the estimate, outside the regions.

    Why the estimate c, and not z? Sampling derives the noise from both, eps = (z - alpha c) / beta,
    and steps to z' = alpha' c + beta' eps. With c = k at every step, in the kept part

        z' - alpha' k = (beta' / beta) (z - alpha k)

    so that z = alpha k + beta eps_0 at every time, with the one eps_0 that z began with: the forward
    process of k itself. The network sees the kept part at the noise level on which it was trained,
    the noise is the same at all steps, as DDIM assumes, and at t = 0 k remains, bit for bit. The
    solver of second order extrapolates k to k. A paste into z gives one of these up: clean latents
    have no noise, and newly noised ones have other noise at every step. Pasting alpha k + beta eps_0,
    with the noise of this take, is the same thing in another place. None of these methods gives the
    new part all information of the kept one: chapter 11 measures how much of it arrives.

    Parameters
    ----------
    c_hat : Tensor (B, C, L)
    kept : Tensor (1, C, L) or (B, C, L)
    again : Tensor (L,), bool, the steps of the regions

    Returns
    -------
    c : Tensor (B, C, L)
    """
    return torch.where(again, c_hat, kept)


def runs(again: Tensor) -> list[tuple[int, int]]:
    """First step of every region, and the first after it, of a bool (L,)."""
    edges = torch.nn.functional.pad(again.int(), (1, 1)).diff().nonzero().flatten().tolist()
    return list(zip(edges[::2], edges[1::2]))


def share_of_new(at: Tensor, again: Tensor, reach: int) -> Tensor:
    """How much of the new take sounds at `at` (n,), in latent steps: 1 in the regions, 0 beyond
    the reach of the decoder, a straight line between.

    Parameters
    ----------
    reach : latent steps, `bassnb.autoencoder.Autoencoder.decoder_reach`
    """
    share = torch.zeros_like(at)
    for first, stop in runs(again):
        distance = torch.maximum(first - at, at - stop).clamp(min=0)
        share = torch.maximum(share, 1 - distance / reach)
    return share


def crossfaded(
    new: Iterable[Tensor], kept: Iterable[Tensor], again: Tensor, reach: int, rate: float
) -> Iterator[Tensor]:
    """Blocks (2, n) of the new take in the regions, and exactly of the kept one beyond the reach of
    the decoder; faded between, outside the regions.

    Parameters
    ----------
    new, kept : blocks of any size; nothing is kept where the kept take has ended
    rate : samples for each second of the song
    """
    kept, waiting, start = iter(kept), torch.zeros(2, 0), 0
    for block in new:
        stop = start + block.shape[-1]
        while waiting.shape[-1] < block.shape[-1]:
            following = next(kept, None)
            if following is None:
                following = torch.zeros(2, block.shape[-1] - waiting.shape[-1])
            waiting = torch.cat([waiting, following], -1)
        at = torch.arange(start, stop, dtype=torch.float64) * (rate / SAMPLE_RATE / TIME_RATIO)
        share = share_of_new(at, again.cpu(), reach).float()
        yield share * block + (1 - share) * waiting[:, : block.shape[-1]]
        waiting, start = waiting[:, block.shape[-1] :], stop
