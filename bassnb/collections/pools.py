"""Crops of generated or recorded songs, to train the autoencoders on. Taught in chapter 10."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from bassnb.collections.change import draw_change
from bassnb.collections.stem_index import WHOLE
from bassnb.collections.stems import StemDataset
from bassnb.composer.render import render
from bassnb.composer.songs import compose
from bassnb.composer.world import DEFAULT, World
from bassnb.files import whole_file
from bassnb.level import to_level
from bassnb.presets import SAMPLE_RATE

TARGET = "bass"
OTHERS = ("drums", "chords", "pad", "melody")


def stems_of(
    seed: int, split: str, seconds: float, parts: tuple[str, ...], world: World = DEFAULT
) -> Tensor:
    """Stems (len(parts), 2, N) of one generated song; a part that the song lacks is silent."""
    song = compose(seed, split=split, seconds=seconds, world=world)
    stems = render(song, parts=parts)
    silence = torch.zeros(2, round(seconds * SAMPLE_RATE))
    return torch.stack([stems.get(name, silence) for name in parts])


def random_submix(stems: Tensor, rng: np.random.Generator) -> Tensor:
    """The sum (2, N) of a non-empty random subset of the sounding stems (S, 2, N).

    Section 4 of the paper.
    """
    sounding = [index for index in range(len(stems)) if stems[index].abs().max() > 1e-3]
    return stems[random_subset(sounding, rng)].sum(0) if sounding else stems.sum(0)


def random_subset(indices: Sequence[int], rng: np.random.Generator) -> np.ndarray:
    """A non-empty random subset, in order; its size first, each size equally often."""
    return np.sort(rng.choice(indices, size=rng.integers(1, len(indices) + 1), replace=False))


def own_part(size: int, share: tuple[int, int]) -> range:
    """The items of a batch of `size` that belong to part i of n, `share` = (i, n).

    Every item of a batch depends on its own number alone, so n processes that draw one part each
    draw together exactly the batch of one process.
    """
    part, parts = share
    return range(part * size // parts, (part + 1) * size // parts)


class Pool:
    """A source of crops."""

    def crops(
        self, seed: int, batch: int, samples: int, *, share: tuple[int, int] = (0, 1)
    ) -> Tensor:
        """A batch of crops (batch, 2, samples) at about -20 dBFS.

        All stems of a crop have the same offset; with several stems each crop is a random sub-mix.
        The same `seed` always gives the same batch; `share` selects a part of it, see `own_part`.
        """
        return torch.stack(
            [
                self._crop(np.random.default_rng([seed, item]), samples)
                for item in own_part(batch, share)
            ]
        )

    @property
    def whole(self) -> int:
        """Samples of the longest crop."""
        raise NotImplementedError

    def __len__(self) -> int:
        raise NotImplementedError

    def facts(self) -> dict:
        """What a training remembers of its data, JSON-ready; empty for generated songs."""
        return {}

    def _crop(self, rng: np.random.Generator, samples: int) -> Tensor:
        """One crop (2, samples)."""
        raise NotImplementedError


class StemPool(Pool):
    """Generated songs, rendered once into an int16 array (songs, stems, 2, N) mapped from disk.

    Parameters
    ----------
    folder : of the array, which is rendered with a progress bar if it is missing
    split : "train", "validation" or "test"
    count : number of songs
    seconds : duration of each
    parts : ("bass",) for the bass autoencoder, `OTHERS` for the mix autoencoder
    world : of the songs
    """

    def __init__(
        self,
        folder: Path,
        *,
        split: str,
        count: int,
        seconds: float,
        parts: tuple[str, ...],
        world: World = DEFAULT,
    ):
        path = Path(folder) / f"{split}-{'-'.join(parts)}-{count}x{seconds:g}s-{world.label}.npy"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._render(path, split, count, seconds, parts, world)
        self.array = np.load(path, mmap_mode="r")

    @staticmethod
    def _render(
        path: Path, split: str, count: int, seconds: float, parts: tuple[str, ...], world: World
    ) -> None:
        shape = (count, len(parts), 2, round(seconds * SAMPLE_RATE))
        with whole_file(path) as unfinished:
            array = np.lib.format.open_memmap(unfinished, mode="w+", dtype=np.int16, shape=shape)
            for seed in tqdm(range(count), desc=f"rendering {split} songs"):
                stems = stems_of(seed, split, seconds, parts, world)
                array[seed] = (stems.clamp(-1, 1) * 32767).numpy()
            array.flush()

    @property
    def whole(self) -> int:
        """Samples of the longest crop."""
        return self.array.shape[-1]

    def __len__(self) -> int:
        return len(self.array)

    def _crop(self, rng: np.random.Generator, samples: int) -> Tensor:
        for _ in range(8):  # draw again in a long rest
            song = self.array[rng.integers(len(self.array))]
            offset = rng.integers(song.shape[-1] - samples + 1)
            stems = torch.from_numpy(
                song[..., offset : offset + samples].astype(np.float32) / 32767
            )
            crop = random_submix(stems, rng)
            if crop.abs().max() > 1e-2:
                break
        return to_level(crop, rng.uniform(-6, 6))


class MixedPool(Pool):
    """Crops of two pools: each is from the first with the probability `share`.

    Parameters
    ----------
    composed, recorded : pools of generated and of recorded songs
    share : of generated songs, 0 to 1
    """

    def __init__(self, composed: Pool, recorded: Pool, share: float):
        self.composed, self.recorded, self.share = composed, recorded, share

    @property
    def whole(self) -> int:
        """Samples of the longest crop that both have."""
        return min(self.composed.whole, self.recorded.whole)

    def __len__(self) -> int:
        return len(self.composed) + len(self.recorded)

    def facts(self) -> dict:
        """What a training remembers of its data, JSON-ready."""
        return {**self.recorded.facts(), "composed": self.share}

    def _crop(self, rng: np.random.Generator, samples: int) -> Tensor:
        pool = self.composed if rng.random() < self.share else self.recorded
        return pool._crop(rng, samples)


class RecordedPool(Pool):
    """Crops of recorded songs, read from their files; the counterpart of `StemPool`.

    Pitch and tempo of each crop are drawn as well: see `bassnb.collections.change`.

    Parameters
    ----------
    songs : their target is the stem to train on; for "mix", crops are random sub-mixes of all stems
    """

    def __init__(self, songs: StemDataset):
        self.songs = songs

    @property
    def whole(self) -> int:
        """Samples of a long crop: half a minute, or the shortest song."""
        return min(30, *(song.seconds for song in self.songs.songs)) * SAMPLE_RATE

    def __len__(self) -> int:
        return len(self.songs)

    def facts(self) -> dict:
        """What a training remembers of the songs, JSON-ready."""
        return self.songs.facts()

    def _crop(self, rng: np.random.Generator, samples: int) -> Tensor:
        songs = self.songs

        def read() -> Tensor:
            place = songs.draw(rng, samples, change=replace(draw_change(rng), gain_db=0.0))
            names = [songs.target]
            if songs.target == WHOLE:
                sounding = place.sounding() or sorted(place.song.stems)
                names = [sounding[index] for index in random_subset(range(len(sounding)), rng)]
            first, *others = songs.read(place, names).values()
            return sum(others, first)

        return to_level(songs.readable(read), rng.uniform(-6, 6))
