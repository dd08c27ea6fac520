"""The take of which a part is kept: its latents where they are known, its audio otherwise. Taught
in chapter 11.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from bassnb.audio import read_blocks
from bassnb.control.latents_file import SUFFIX, TakeLatents, latents_path
from bassnb.control.regions import Region, crossfaded, put_back, steps_again
from bassnb.errors import BassnbError
from bassnb.outputs import listed_in
from bassnb.presets import SAMPLE_RATE
from bassnb.sources import track_of
from bassnb.tracks import Track
from bassnb.tuning import Tuning

Blocks = Callable[[], Iterable[Tensor]]


@dataclass(frozen=True)
class Kept:
    """A take that is to be kept, outside of regions.

    Attributes
    ----------
    name : how errors call it
    stored : its latents and their facts; None of audio alone, which is to be encoded
    blocks : its audio, (2, n) in blocks; None if latents alone were given
    """

    name: str
    stored: TakeLatents | None
    blocks: Blocks | None

    @classmethod
    def of(cls, source, sample_rate: float, autoencoder: str) -> Kept:
        """Find what is known about a take.

        Parameters
        ----------
        source : an `Accompaniment`; the path of a take's audio, or of its latents; any other audio
            of a bass, as a path, or an array or Tensor at `sample_rate`. Latents that lie beside
            audio count only if both are as they were written: an edited take is other audio.
        autoencoder : fingerprint of the one to which latents must belong

        Raises
        ------
        BassnbError
            If it cannot be read, is silent, or belongs to another model.
        """
        kept = cls._found(source, sample_rate)
        if kept.stored is not None and kept.stored.autoencoder != autoencoder:
            raise BassnbError(
                f"the latents of {kept.name} belong to another model; play with the model that made "
                "them, or give a copy of the audio alone"
            )
        return kept

    @classmethod
    def _found(cls, source, sample_rate: float) -> Kept:
        if hasattr(source, "latents") and hasattr(source, "settings"):
            stored = TakeLatents.of(source.latents, source.audio.shape[-1], source.settings)
            return cls("the kept take", stored, lambda: [source.audio])
        if isinstance(source, (str, os.PathLike)):
            path = Path(source)
            if path.suffix.lower() == SUFFIX:
                return cls(str(path), TakeLatents.read(path), None)
            if path.is_file() and written_together(path, latents_path(path)):
                beside = latents_path(path)
                return cls(str(path), TakeLatents.read(beside), lambda: read_blocks(path))
            return cls(str(path), None, track_of(source, sample_rate, "").blocks)
        return cls("the kept take", None, track_of(source, sample_rate, "the kept take").blocks)

    def cents(self, given: float | None) -> float | None:
        """The tuning to play in, in cents: what is `given`, or that of its latents; None to
        estimate it.

        Raises
        ------
        BassnbError
            If its latents belong to another tuning than the given one.
        """
        if self.stored is None:
            return given
        if given is not None and given != self.stored.cents:
            raise BassnbError(
                f"{self.name} was played at {self.stored.cents:g} cents above 440 Hz, not at {given:g}; "
                "leave the tuning away, or give a copy of the audio alone"
            )
        return self.stored.cents


def written_together(take: Path, latents: Path) -> bool:
    """Whether the settings beside a take list its audio and its latents, both as they are."""
    ours = listed_in(take.with_suffix(".json"))
    return latents.is_file() and ours(take) and ours(latents)


@dataclass(frozen=True)
class Repaint:
    """What is kept of a take, and where the song is played again.

    Attributes
    ----------
    latents : Tensor (1, C, L), standardised; zeros where the take has ended
    again : Tensor (L,), bool
    level : of the kept take, at which the new part is played too
    blocks : audio of the kept take; None if there is none
    rate : samples for each second of the song
    """

    latents: Tensor
    again: Tensor
    level: float
    blocks: Blocks | None
    rate: float

    @classmethod
    def of(
        cls,
        kept: Kept,
        regions: list[Region],
        mix: Track,
        tuned: Tuning,
        steps: int,
        encode: Callable[[Track], Tensor],
    ) -> Repaint:
        """Match a kept take with a mix.

        Parameters
        ----------
        regions : in seconds; none for the continuation of a take that is shorter than the mix
        mix : as it was given, at its own tuning
        steps : L, latent steps of the mix
        encode : makes standardised latents (1, C, L') of a bass at 440 Hz

        Raises
        ------
        BassnbError
            If the kept take is longer than the mix, a region lies outside of the mix, or there is
            nothing to be played.
        """
        stored = kept.stored
        if stored is None:
            assert kept.blocks is not None
            track = Track.of(kept.blocks)
            at_440 = tuned.to_440(track)
            latents, length, level = encode(at_440), track.length, at_440.level
        else:
            latents, length, level = stored.latents[None], stored.length, stored.level
        if length > mix.length or latents.shape[-1] > steps:
            raise BassnbError(
                f"{kept.name} lasts {length / SAMPLE_RATE:.2f} s, longer than the mix with its "
                f"{mix.length / SAMPLE_RATE:.2f} s; give a take to this mix"
            )
        seconds = mix.length / SAMPLE_RATE
        if length < mix.length:
            regions = [*regions, Region(length / SAMPLE_RATE, float("inf"))]
        if not regions:
            raise BassnbError(
                f"{kept.name} is as long as the mix, and no region is to be played again; give --region"
            )
        again = steps_again(regions, steps, tuned.rate, seconds)
        missing = steps - latents.shape[-1]
        return cls(F.pad(latents, (0, missing)), again, level, kept.blocks, tuned.rate)

    def put_back(self, c_hat: Tensor) -> Tensor:
        """See `bassnb.control.regions.put_back`."""
        return put_back(c_hat, self.latents, self.again)

    def crossfaded(self, new: Iterable[Tensor], reach: int) -> Iterable[Tensor]:
        """`new` audio where it is played again, the kept samples elsewhere; see
        `bassnb.control.regions.crossfaded`.
        """
        if self.blocks is None:
            return new
        return crossfaded(new, self.blocks(), self.again, reach, self.rate)

    def measured(self, sounding: Tensor | None) -> Tensor:
        """Where guidance is measured, bool (L,): in the regions where the mix sounds, if it does."""
        both = self.again if sounding is None else self.again & sounding.to(self.again.device)
        return both if both.any() else self.again

    def to(self, device: torch.device) -> Repaint:
        """The same, with its tensors there."""
        latents, again = self.latents.to(device), self.again.to(device)
        return dataclasses.replace(self, latents=latents, again=again)
