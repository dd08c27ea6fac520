"""Unseen songs for a study: the score, the bass, and the mix without it. Taught in chapter 9."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from tqdm import tqdm

from bassnb.composer.render import render
from bassnb.composer.score import Song
from bassnb.composer.songs import compose
from bassnb.composer.world import DEFAULT, World


@dataclass(frozen=True)
class Example:
    """A song, its `bass` and its `mix` without the bass, Tensors (2, N) at 44.1 kHz."""

    song: Song
    bass: Tensor
    mix: Tensor


def example(
    split: str,
    seed: int,
    seconds: float,
    *,
    bass_program: int | None = None,
    world: World = DEFAULT,
) -> Example:
    """Compose and render song `seed` of a split; `bass_program` sets the sound of its bass."""
    song = compose(seed, split=split, seconds=seconds, bass_program=bass_program, world=world)
    stems = render(song)
    others = (wave for name, wave in stems.items() if name != "bass")
    return Example(song, stems["bass"], sum(others, torch.zeros_like(stems["bass"])))


def examples(
    split: str,
    songs: int,
    *,
    seconds: float = 24.0,
    seed0: int = 0,
    world: World = DEFAULT,
    progress: bool = False,
) -> Iterator[Example]:
    """The songs `seed0` to `seed0 + songs - 1` of a split; `progress` shows a bar on stderr."""
    for seed in tqdm(range(seed0, seed0 + songs), desc=f"{split} songs", disable=not progress):
        yield example(split, seed, seconds, world=world)
