"""Latents of recorded songs, read from disk: encoded once, used by many trainings.

`bassnb.collections.encoding` writes a cache. Its manifest records the songs, settings and encoders;
other encoders are refused. Taught in chapter 10.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from bassnb.checkpoints import checksum
from bassnb.collections.latents import LatentDataset
from bassnb.collections.names import stem_name
from bassnb.collections.pools import own_part
from bassnb.collections.stem_songs import SOUNDING
from bassnb.errors import CheckpointError, DataError
from bassnb.presets import SAMPLE_RATE, TIME_RATIO
from bassnb.stored import read_json, read_tensors

if TYPE_CHECKING:  # reading a cache needs no accelerate
    pass

FORMAT = 1  # of the cache
MANIFEST, FACTS = "manifest.json", "facts"


def latent_steps(seconds: float) -> int:
    """Number of whole latent steps in `seconds`."""
    return int(seconds * SAMPLE_RATE) // TIME_RATIO


class CachedPairs:
    """Pairs of one split of a cache, mapped from disk: only the crops that are drawn are read.

    Parameters
    ----------
    folder : written by `bassnb encode`
    split : "train", "validation" or "test"
    encoders : `fingerprint` of the encoders of the training
    target : the stem that the model generates

    Raises
    ------
    DataError
        If the cache is unfinished, of another format, made by other encoders, without this split,
        or damaged.
    """

    def __init__(self, folder: str | Path, *, split: str, encoders: str, target: str = "bass"):
        folder, manifest = Path(folder), read_manifest(folder)
        if manifest["encoders"] != encoders:
            raise DataError(
                f"{folder} holds latents of other encoders; "
                "encode the songs again with the --mix and --bass of this training"
            )
        entry = manifest["splits"].get(split, {"shards": []})
        if not entry["shards"]:
            raise DataError(
                f"{folder} has no latents for {split}; encode a collection that has songs for it"
            )
        target = stem_name(target)
        if entry["target"] != target:
            raise DataError(
                f"{folder} holds latents of {entry['target']}, not of {target}; "
                f"train with --stem {entry['target']}"
            )
        self.entry, self.plan = entry, manifest["plan"]
        shards = [read_shard(folder, shard) for shard in entry["shards"]]
        self.index = [(shard, item) for shard in shards for item in range(len(shard["stem"]))]

    def __len__(self) -> int:
        return len(self.index)

    def facts(self) -> dict:
        """Facts about the data that a checkpoint records, JSON-ready."""
        return {
            key: self.entry[key] for key in ("layout", "target", "songs", "digest", "pairs")
        } | {"plan": self.plan}

    def batch(
        self, seed: int, size: int, length: int, *, share: tuple[int, int] = (0, 1)
    ) -> tuple[Tensor, Tensor]:
        """Random crops c_y (size, 32, length) and c_x (size, 64, length) in which both sound.

        See `LatentDataset.batch`.
        """
        self.check(length)
        crops = [
            self._crop(np.random.default_rng([seed, item]), length)
            for item in own_part(size, share)
        ]
        return torch.stack([stem for stem, _ in crops]).float(), torch.stack(
            [mix for _, mix in crops]
        ).float()

    latents = staticmethod(LatentDataset.latents)

    def check(self, length: int) -> None:
        """Refuse crops that are longer than the stretches of the cache.

        Raises
        ------
        DataError
            If `length` is more than the steps of a stretch.
        """
        if length > (steps := latent_steps(self.plan["seconds"])):
            raise DataError(
                f"the stretches of this cache have {steps} steps, crops {length}; "
                "run bassnb encode with longer --seconds"
            )

    def _crop(self, rng: np.random.Generator, length: int) -> tuple[Tensor, Tensor]:
        for _ in range(8):  # draw again where the crop is mostly a rest
            shard, item = self.index[rng.integers(len(self.index))]
            offset = int(rng.integers(max(shard["stem"].shape[-1] - length, 0) + 1))
            crop = slice(offset, offset + length)
            if shard["sounding"][item, crop].float().mean() >= SOUNDING:
                break
        return shard["stem"][item, :, crop], shard["mix"][item, :, crop]


def read_manifest(folder: str | Path) -> dict:
    """The manifest of a finished cache of this format.

    Raises
    ------
    DataError
        If there is none, or `write_manifest` did not write it.
    """
    path = Path(folder) / MANIFEST
    if not path.is_file():
        raise DataError(
            f"{folder} holds no finished cache of latents; run bassnb encode with --out {folder}"
        )
    manifest = read_json(path)
    if manifest.get("format") != FORMAT:
        raise DataError(
            f"{folder} was written by another version of bassnb; encode the songs again"
        )
    try:
        float(manifest["plan"]["seconds"]), str(manifest["encoders"])
        for entry in manifest["splits"].values():
            _ = [entry[key] for key in ("layout", "target", "songs", "digest", "pairs")]
            _ = [
                (Path(shard["file"]), int(shard["bytes"]), str(shard["sha256"]))
                for shard in entry["shards"]
            ]
    except (AttributeError, KeyError, TypeError, ValueError):
        raise DataError(
            f"{path} is not as bassnb encode wrote it; encode the songs again into another folder"
        ) from None
    return manifest


def cached_splits(folder: str | Path) -> list[str]:
    """Splits of a cache for a training: "train", and "validation" if it has any songs."""
    splits = read_manifest(folder)["splits"]
    return ["train", *(["validation"] if splits.get("validation", {}).get("shards") else [])]


def read_shard(folder: Path, entry: dict) -> dict[str, Tensor]:
    """The tensors of a shard, after a check of its size and checksum.

    Raises
    ------
    DataError
        If the shard is missing or not the one in the manifest.
    """
    name = Path(entry["file"]).name  # no path outside this folder
    path = folder / name
    if (
        not path.is_file()
        or path.stat().st_size != entry["bytes"]
        or checksum(path) != entry["sha256"]
    ):
        raise DataError(
            f"{path} is missing or not what {folder / MANIFEST} says; run bassnb encode again"
        )
    return read_tensors(path)[0]


def checksums(folder: Path) -> dict[str, str]:
    """SHA-256 of all shards of a finished cache by file name; empty without a manifest."""
    splits = read_manifest(folder)["splits"].values() if (folder / MANIFEST).is_file() else []
    return {shard["file"]: shard["sha256"] for entry in splits for shard in entry["shards"]}


def facts_of(metadata: dict[str, str]) -> dict:
    """The facts in the metadata of a shard, empty if there are none.

    They are one entry of JSON, because safetensors does not keep the order of several entries.
    """
    try:
        return json.loads(metadata.get(FACTS, "{}"))
    except (ValueError, RecursionError):
        return {}


def is_shard(path: Path) -> bool:
    """Whether a file is a shard of any cache."""
    try:
        return "identity" in facts_of(read_tensors(path)[1])
    except CheckpointError:
        return False
