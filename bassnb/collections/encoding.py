"""The latents of a collection on disk: written once by `bassnb encode`, for many trainings.

A song is encoded in stretches of equal length, each in several versions. The first has the stem and
the sum of all other stems as recorded. The others have random sub-mixes; pitch, tempo and level of
mix and stem are changed alike, and the mix is coloured by `colour_mix`. What is written is read by
`bassnb.collections.cache`. Taught in chapter 10.
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
from bassnb.checkpoints import checksum
from bassnb.collections.cache import (
    FACTS,
    FORMAT,
    MANIFEST,
    checksums,
    facts_of,
    is_shard,
    latent_steps,
    read_manifest,
)
from bassnb.collections.change import draw_change
from bassnb.collections.latents import fingerprint
from bassnb.collections.pairs import LivePairs, read_pair
from bassnb.collections.stem_songs import Place, sounding_starts
from bassnb.collections.stems import StemDataset
from bassnb.errors import AudioError, CheckpointError, DataError
from bassnb.files import name_bytes, remove_unfinished
from bassnb.outputs import Output, check_outputs
from bassnb.presets import TIME_RATIO
from bassnb.stored import read_tensors, write_json, write_tensors

if TYPE_CHECKING:  # reading a cache needs no accelerate
    from accelerate import Accelerator


SHARD = 64  # pairs in a file


REST = 1e-3  # root mean square below which a latent step is a rest, -60 dBFS


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


def is_whole(path: Path, identity: str, expected: str | None) -> bool:
    """Whether a shard is complete, of this plan, and has the checksum that a manifest expects."""
    if not path.is_file() or expected not in (None, checksum(path)):
        return False
    try:
        facts = facts_of(read_tensors(path)[1])
    except CheckpointError:
        return False
    return facts == {"identity": identity, "unreadable": []}


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
