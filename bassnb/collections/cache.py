"""Latents of recorded songs on disk: a collection is encoded once and used by many trainings.

A song is encoded in stretches of equal length, each in several versions. The first has the stem and
the sum of all other stems as recorded. The others have random sub-mixes; pitch, tempo and level of
mix and stem are changed alike, and the mix is coloured by `colour_mix`. The manifest of a cache
records the songs, settings and encoders; other encoders are refused. Taught in chapter 10.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from bassnb.autoencoder import Autoencoder
from bassnb.checkpoints import checksum, read_json, read_tensors, write_json, write_tensors
from bassnb.collections.change import draw_change
from bassnb.collections.latents import LatentDataset, fingerprint
from bassnb.collections.names import stem_name
from bassnb.collections.pairs import LivePairs, read_pair
from bassnb.collections.pools import own_part
from bassnb.collections.stems import SOUNDING, Place, StemDataset, sounding_starts
from bassnb.errors import AudioError, CheckpointError, DataError
from bassnb.files import name_bytes, remove_unfinished
from bassnb.outputs import Output, check_outputs
from bassnb.presets import SAMPLE_RATE, TIME_RATIO

if TYPE_CHECKING:  # reading a cache needs no accelerate
    from accelerate import Accelerator

FORMAT = 1  # of the cache
MANIFEST, FACTS = "manifest.json", "facts"
SHARD = 64  # pairs in a file
REST = 1e-3  # root mean square below which a latent step is a rest, -60 dBFS

# -- writing ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CachePlan:
    """How a collection is encoded: `versions` of each stretch of `seconds`, drawn from `seed`."""

    seconds: float
    versions: int = 4
    seed: int = 0


def encode_splits(
    splits: list[StemDataset],
    mix_autoencoder: Autoencoder,
    stem_autoencoder: Autoencoder,
    folder: str | Path,
    plan: CachePlan,
    accelerator: Accelerator,
    *,
    progress: bool = True,
) -> Path:
    """Encode all splits of a collection, each process its share, and write the manifest.

    Returns
    -------
    path : of the manifest

    Raises
    ------
    DataError
        If the folder holds the finished cache of other songs, encoders or settings.
    BassnbError
        If files that are not shards have the names of shards.
    """
    folder = Path(folder)
    check_folder(folder, splits, fingerprint(mix_autoencoder, stem_autoencoder), plan)
    accelerator.wait_for_everyone()  # no process writes before all have checked
    if accelerator.is_main_process:
        remove_unfinished(folder)
    accelerator.wait_for_everyone()
    for songs in splits:
        encode_split(
            songs,
            mix_autoencoder,
            stem_autoencoder,
            folder,
            plan,
            worker=accelerator.process_index,
            workers=accelerator.num_processes,
            progress=progress,
        )
    accelerator.wait_for_everyone()
    if accelerator.is_main_process:
        write_manifest(splits, fingerprint(mix_autoencoder, stem_autoencoder), folder, plan)
    return folder / MANIFEST


def check_folder(folder: Path, splits: list[StemDataset], encoders: str, plan: CachePlan) -> None:
    """Refuse to overwrite a finished cache with other contents, or files that are not shards.

    Raises
    ------
    DataError
        If the cache is of other songs, encoders or settings.
    BassnbError
        If files that are not shards have the names of shards.
    """
    if not (folder / MANIFEST).is_file():
        begun = any(is_shard(path) for path in folder.glob("*.safetensors"))  # interrupted encoding
        names = [name for songs in splits for name in shards_of(songs, plan)]
        check_outputs(Output(folder / name, lambda path: begun) for name in names)
        return
    manifest = read_manifest(folder)
    old = [
        manifest["encoders"],
        manifest["plan"],
        {name: entry["digest"] for name, entry in manifest["splits"].items()},
    ]
    if old != [encoders, asdict(plan), {songs.split: songs.facts()["digest"] for songs in splits}]:
        raise DataError(
            f"{folder} already holds a cache of other songs, encoders or settings; "
            "choose another folder for --out"
        )


def encode_split(
    songs: StemDataset,
    mix_autoencoder: Autoencoder,
    stem_autoencoder: Autoencoder,
    folder: Path,
    plan: CachePlan,
    *,
    worker: int = 0,
    workers: int = 1,
    progress: bool = True,
) -> None:
    """Encode one split into shards; existing shards of the same plan are kept.

    Several processes share the work when each is given its own `worker` of `workers`.
    """
    live = LivePairs(songs, mix_autoencoder, stem_autoencoder)
    identity = identity_of(songs, fingerprint(mix_autoencoder, stem_autoencoder), plan)
    todo = list(shards_of(songs, plan).items())[worker::workers]
    sums = checksums(folder)
    for name, places in tqdm(
        todo, desc=f"encoding {songs.split}", unit="shard", disable=not progress
    ):
        path = folder / name
        if is_whole(path, identity, sums.get(name)):
            continue
        songs.unreadable.clear()
        pairs = [pair for place in places if (pair := encode_place(live, place, plan)) is not None]
        if pairs:
            stem, mix, sounding = (torch.stack(parts) for parts in zip(*pairs))
            facts = {"identity": identity, "unreadable": sorted(songs.unreadable)}
            write_tensors(
                path, {"stem": stem, "mix": mix, "sounding": sounding}, {FACTS: json.dumps(facts)}
            )


def checksums(folder: Path) -> dict[str, str]:
    """SHA-256 of all shards of a finished cache by file name; empty without a manifest."""
    splits = read_manifest(folder)["splits"].values() if (folder / MANIFEST).is_file() else []
    return {shard["file"]: shard["sha256"] for entry in splits for shard in entry["shards"]}


def is_whole(path: Path, identity: str, expected: str | None) -> bool:
    """Whether a shard is complete, of this plan, and has the checksum that a manifest expects."""
    if not path.is_file() or expected not in (None, checksum(path)):
        return False
    try:
        facts = facts_of(read_tensors(path)[1])
    except CheckpointError:
        return False
    return facts == {"identity": identity, "unreadable": []}


def is_shard(path: Path) -> bool:
    """Whether a file is a shard of any cache."""
    try:
        return "identity" in facts_of(read_tensors(path)[1])
    except CheckpointError:
        return False


def facts_of(metadata: dict[str, str]) -> dict:
    """The facts in the metadata of a shard, empty if there are none.

    They are one entry of JSON, because safetensors does not keep the order of several entries.
    """
    try:
        return json.loads(metadata.get(FACTS, "{}"))
    except (ValueError, RecursionError):
        return {}


def stretches(songs: StemDataset, plan: CachePlan) -> list[tuple[Place, int]]:
    """All places to encode, each with the number of its version.

    Stretches that are mostly silent are left out.
    """
    found, samples = [], latent_steps(plan.seconds) * TIME_RATIO
    for song in songs.songs:
        last = max(song.seconds - plan.seconds, 0.0)
        good = set(sounding_starts(song, songs.target, plan.seconds).tolist())
        starts = sorted(
            {float(int(min(start, last))) for start in np.arange(0, song.seconds, plan.seconds)}
        )
        starts = [start for start in starts if start in good] or [float(min(good))]
        found += [
            (Place(song, start, samples), version)
            for start in starts
            for version in range(plan.versions)
        ]
    return found


def latent_steps(seconds: float) -> int:
    """Number of whole latent steps in `seconds`."""
    return int(seconds * SAMPLE_RATE) // TIME_RATIO


def shards_of(songs: StemDataset, plan: CachePlan) -> dict[str, list[tuple[Place, int]]]:
    """The places and versions in each shard, by file name."""
    places = stretches(songs, plan)
    return {
        f"{songs.split}-{first // SHARD:06d}.safetensors": places[first : first + SHARD]
        for first in range(0, len(places), SHARD)
    }


def encode_place(
    live: LivePairs, place: tuple[Place, int], plan: CachePlan
) -> tuple[Tensor, Tensor, Tensor] | None:
    """Encode one version of one stretch.

    Returns
    -------
    stem, mix : standardised latents (32, L) and (64, L), float16
    sounding : bool (L,), the steps in which both sound

    None if a file cannot be read; `songs.unreadable` then counts it.
    """
    where, version = place
    name = int.from_bytes(hashlib.sha256(name_bytes(where.song.name)).digest()[:8], "big")
    rng = np.random.default_rng([plan.seed, name, int(where.start), version])
    try:
        pair = read_pair(
            live.songs,
            replace(where, change=draw_change(rng)) if version else where,
            rng if version else None,
        )
    except AudioError as error:
        live.songs.note(error)
        return None
    waves = [wave[None] for wave in pair]
    device = cast(Tensor, live.autoencoders[0].latent_mean).device
    stem, mix = (c[0].half().cpu() for c in live.encode(*(wave.to(device) for wave in waves)))
    sounding = ~(rests(pair[0], stem.shape[-1]) | rests(pair[1], stem.shape[-1]))
    return stem, mix, sounding


def rests(wave: Tensor, steps: int) -> Tensor:
    """Silent latent steps, bool (..., steps), of a wave (..., 2, N) at -20 dBFS."""
    padded = torch.nn.functional.pad(wave, (0, max(steps * TIME_RATIO - wave.shape[-1], 0)))
    blocks = padded[..., : steps * TIME_RATIO].unflatten(-1, (steps, TIME_RATIO))
    return blocks.square().mean((-3, -1)).sqrt() < REST


def write_manifest(splits: list[StemDataset], encoders: str, folder: Path, plan: CachePlan) -> Path:
    """Write the manifest, which marks a cache as finished, once all shards are written.

    Raises
    ------
    DataError
        If no song of a split could be read.
    """
    entries: dict[str, dict] = {}
    for songs in splits:
        wanted = shards_of(songs, plan)
        found = {
            folder / name: read_tensors(folder / name)
            for name in wanted
            if (folder / name).is_file()
        }
        shards = [
            {"file": path.name, "bytes": path.stat().st_size, "sha256": checksum(path)}
            for path in found
        ]
        pairs = sum(len(tensors["stem"]) for tensors, _ in found.values())
        unreadable = [
            message
            for _, metadata in found.values()
            for message in facts_of(metadata)["unreadable"]
        ]
        entries[songs.split] = {
            **songs.facts(),
            "pairs": pairs,
            "missing": sum(map(len, wanted.values())) - pairs,
            "shards": shards,
            "left_out": songs.skipped,
            "unreadable": sorted(set(unreadable)),
        }
        if not pairs:
            raise DataError(
                f"no song for {songs.split} in {songs.root} could be read; "
                "copy the collection again"
            )
    content = {"format": FORMAT, "encoders": encoders, "plan": asdict(plan), "splits": entries}
    return write_json(folder / MANIFEST, content)


def identity_of(songs: StemDataset, encoders: str, plan: CachePlan) -> str:
    """Sixteen hexadecimal digits: a hash of everything on which the shards depend."""
    return hashlib.sha256(
        json.dumps([FORMAT, SHARD, songs.facts(), encoders, asdict(plan)]).encode()
    ).hexdigest()[:16]


# -- reading ---------------------------------------------------------------------------------------


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
