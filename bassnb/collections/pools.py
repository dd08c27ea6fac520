"""Crops of songs, rendered to disk or recorded: what the autoencoders are trained on. Taught in
chapter 10.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from bassnb.audio import to_level
from bassnb.collections.change import draw_change
from bassnb.collections.stem_index import WHOLE
from bassnb.collections.stems import StemDataset
from bassnb.composer.render import render
from bassnb.composer.songs import SONGS_VERSION, compose
from bassnb.files import whole_file
from bassnb.presets import SAMPLE_RATE

TARGET = "bass"
OTHERS = ("drums", "chords", "pad", "melody")


def stems_of(seed: int, split: str, seconds: float, parts: tuple[str, ...]) -> Tensor:
    """Stems of one generated song, (len(parts), 2, N); a part that the song does not have is
    silent.
    """
    song = compose(seed, split=split, seconds=seconds)
    stems = render(song, parts=parts)
    silence = torch.zeros(2, round(seconds * SAMPLE_RATE))
    return torch.stack([stems.get(name, silence) for name in parts])


def random_submix(stems: Tensor, rng: np.random.Generator) -> Tensor:
    """The sum of a non-empty random subset of the sounding stems (section 4): (S, 2, N) to (2, N)."""
    sounding = [index for index in range(len(stems)) if stems[index].abs().max() > 1e-3]
    return stems[random_subset(sounding, rng)].sum(0) if sounding else stems.sum(0)


def random_subset(indices: Sequence[int], rng: np.random.Generator) -> np.ndarray:
    """A non-empty random subset, in order; its size first, each size equally often."""
    return np.sort(rng.choice(indices, size=rng.integers(1, len(indices) + 1), replace=False))


def own_part(size: int, share: tuple[int, int]) -> range:
    """Which of the `size` items of a batch belong to part i of n, `share` = (i, n).

    Every item of a batch is drawn from its own number alone, so n processes that draw a part each
    have together exactly the batch that one process would draw.
    """
    part, parts = share
    return range(part * size // parts, (part + 1) * size // parts)


class Pool:
    """Where crops come from."""

    def crops(
        self, seed: int, batch: int, samples: int, *, share: tuple[int, int] = (0, 1)
    ) -> Tensor:
        """A batch of crops (batch, 2, samples) at about -20 dBFS; every crop is one offset in all
        stems of a song.

        The same `seed` always gives the same batch, of which `share` asks for a part: see
        `own_part`. With several stems each crop is a random submix.
        """
        return torch.stack(
            [
                self._crop(np.random.default_rng([seed, item]), samples)
                for item in own_part(batch, share)
            ]
        )

    def _crop(self, rng: np.random.Generator, samples: int) -> Tensor:
        """One crop (2, samples)."""
        raise NotImplementedError


class StemPool(Pool):
    """`count` generated songs, rendered once into an int16 array (songs, stems, 2, N) that is
    mapped from disk.

    Parameters
    ----------
    folder : where the array lies or is made, with a progress bar
    parts : ("bass",) for the bass autoencoder, `OTHERS` for the mix autoencoder
    """

    def __init__(
        self, folder: Path, *, split: str, count: int, seconds: float, parts: tuple[str, ...]
    ):
        path = (
            Path(folder)
            / f"{split}-{'-'.join(parts)}-{count}x{seconds:g}s-songs{SONGS_VERSION}.npy"
        )
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._render(path, split, count, seconds, parts)
        self.array = np.load(path, mmap_mode="r")

    @staticmethod
    def _render(path: Path, split: str, count: int, seconds: float, parts: tuple[str, ...]) -> None:
        shape = (count, len(parts), 2, round(seconds * SAMPLE_RATE))
        with whole_file(path) as unfinished:
            array = np.lib.format.open_memmap(unfinished, mode="w+", dtype=np.int16, shape=shape)
            for seed in tqdm(range(count), desc=f"rendering {split} songs"):
                array[seed] = (stems_of(seed, split, seconds, parts).clamp(-1, 1) * 32767).numpy()
            array.flush()

    @property
    def whole(self) -> int:
        """Samples of the longest crop."""
        return self.array.shape[-1]

    def __len__(self) -> int:
        return len(self.array)

    def _crop(self, rng: np.random.Generator, samples: int) -> Tensor:
        for _ in range(8):  # a crop in a long rest teaches little: draw again
            song = self.array[rng.integers(len(self.array))]
            offset = rng.integers(song.shape[-1] - samples + 1)
            stems = torch.from_numpy(
                song[..., offset : offset + samples].astype(np.float32) / 32767
            )
            crop = random_submix(stems, rng)
            if crop.abs().max() > 1e-2:
                break
        return to_level(crop, rng.uniform(-6, 6))


class RecordedPool(Pool):
    """Crops of recorded songs, read where they lie: for an autoencoder what `StemPool` is for
    generated songs.

    Pitch and tempo of each crop are drawn as well: see `bassnb.collections.change`.

    Parameters
    ----------
    songs : with the stem to be learned as their target; of a target "mix", crops are random
        sub-mixes of all stems
    """

    def __init__(self, songs: StemDataset):
        self.songs = songs

    @property
    def whole(self) -> int:
        """Samples of a long crop: half a minute, or the shortest song."""
        return min(30, *(song.seconds for song in self.songs.songs)) * SAMPLE_RATE

    def __len__(self) -> int:
        return len(self.songs)

    def _crop(self, rng: np.random.Generator, samples: int) -> Tensor:
        songs = self.songs

        def read() -> Tensor:
            place = songs.draw(rng, samples, change=replace(draw_change(rng), gain_db=0.0))
            names = [songs.target]
            if songs.target == WHOLE:
                sounding = place.sounding() or sorted(place.song.stems)
                names = [sounding[index] for index in random_subset(range(len(sounding)), rng)]
            return sum(songs.read(place, names).values())

        return to_level(songs.readable(read), rng.uniform(-6, 6))
