"""Rendered songs on disk, and crops of them: what the autoencoders are trained on. Taught in chapter 10."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from bassnb.audio import to_level
from bassnb.data.render import render
from bassnb.data.songs import SONGS_VERSION, compose
from bassnb.presets import SAMPLE_RATE

TARGET = "bass"
OTHERS = ("drums", "chords", "pad", "melody")


def stems_of(seed: int, split: str, seconds: float, parts: tuple[str, ...]) -> Tensor:
    """Stems of one generated song, (len(parts), 2, N); a part that the song does not have is silent."""
    song = compose(seed, split=split, seconds=seconds)
    stems = render(song, parts=parts)
    silence = torch.zeros(2, round(seconds * SAMPLE_RATE))
    return torch.stack([stems.get(name, silence) for name in parts])


def random_submix(stems: Tensor, rng: np.random.Generator) -> Tensor:
    """The sum of a non-empty random subset of the sounding stems (section 4): (S, 2, N) to (2, N)."""
    sounding = [index for index in range(len(stems)) if stems[index].abs().max() > 1e-3]
    if not sounding:
        return stems.sum(0)
    chosen = rng.choice(sounding, size=rng.integers(1, len(sounding) + 1), replace=False)
    return stems[np.sort(chosen)].sum(0)


class StemPool:
    """`count` generated songs, rendered once into an int16 array (songs, stems, 2, N) that is mapped from disk.

    Parameters
    ----------
    folder : where the array lies or is made, with a progress bar
    parts : ("bass",) for the bass autoencoder, `OTHERS` for the mix autoencoder
    """

    def __init__(self, folder: Path, *, split: str, count: int, seconds: float, parts: tuple[str, ...]):
        path = Path(folder) / f"{split}-{'-'.join(parts)}-{count}x{seconds:g}s-songs{SONGS_VERSION}.npy"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._render(path, split, count, seconds, parts)
        self.array = np.load(path, mmap_mode="r")

    @staticmethod
    def _render(path: Path, split: str, count: int, seconds: float, parts: tuple[str, ...]) -> None:
        unfinished = path.with_suffix(".unfinished")
        shape = (count, len(parts), 2, round(seconds * SAMPLE_RATE))
        array = np.lib.format.open_memmap(unfinished, mode="w+", dtype=np.int16, shape=shape)
        for seed in tqdm(range(count), desc=f"rendering {split} songs"):
            array[seed] = (stems_of(seed, split, seconds, parts).clamp(-1, 1) * 32767).numpy()
        array.flush()
        os.replace(unfinished, path)

    def crops(self, seed: int, batch: int, samples: int) -> Tensor:
        """A batch of crops (batch, 2, samples) at about -20 dBFS; every crop is one offset in all stems of a song.

        The same `seed` always gives the same batch. With several stems each crop is a random submix.
        """
        rng = np.random.default_rng(seed)
        return torch.stack([self._crop(rng, samples) for _ in range(batch)])

    def _crop(self, rng: np.random.Generator, samples: int) -> Tensor:
        for _ in range(8):  # a crop in a long rest teaches little: draw again
            song = self.array[rng.integers(len(self.array))]
            offset = rng.integers(song.shape[-1] - samples + 1)
            stems = torch.from_numpy(song[..., offset : offset + samples].astype(np.float32) / 32767)
            crop = random_submix(stems, rng)
            if crop.abs().max() > 1e-2:
                break
        return to_level(crop, rng.uniform(-6, 6))
