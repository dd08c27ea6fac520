"""Ablations: small U-Nets trained at equal budget, each with one thing changed.

All of them are trained on the same latents, in the same order, between the autoencoders of one
model. Each training has its own folder and goes on where it was; what has been measured is kept
beside it, and measured again only if a setting or the songs have changed.

Taught in chapter 10.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import cast

import numpy as np
import torch
from accelerate import Accelerator
from torch import nn

from bassnb.accompanist import Accompanist
from bassnb.checkpoints import System
from bassnb.collections.latents import LatentDataset, fingerprint
from bassnb.metrics.statistics import summary
from bassnb.outputs import Output, check_outputs, json_with
from bassnb.settings import TrainingSettings
from bassnb.stored import read_json, write_json
from bassnb.studies.ablation_marks import AblationPlan, Study, examine_variant, v_losses
from bassnb.studies.length import compare_lengths
from bassnb.studies.variants import (
    POSITIONS,
    VARIANTS,
    NoiseAsV,
    Variant,
    make_unet,
    name_beyond,
    variant_loss,
)
from bassnb.training.diffusion_trainer import fit, train
from bassnb.training.loop import open_accelerator
from bassnb.training.posthoc import PosthocTrainer, chosen
from bassnb.training.run_folder import check_run
from bassnb.training.sources import latent_pairs
from bassnb.unet import UNet1d


def run_ablations(
    system: System,
    folder: str | Path,
    *,
    plan: AblationPlan = AblationPlan(),
    cache: str | Path = "cache",
    variants: tuple[Variant, ...] = VARIANTS,
    device: str = "auto",
    progress: bool = True,
) -> dict:
    """Train and mark all variants between the autoencoders of `system`.

    Parameters
    ----------
    folder : one folder in it for each training; a second call goes on
    cache : folder for the latents of the training songs, encoded first where they are missing
    variants : the first is what the others are compared with

    Returns
    -------
    dict, JSON-ready
        ``rows``: see `examine_variant`, each with ``against``, the difference from the first row on
        the same crops and songs. ``length``: `compare_lengths` of those variants that differ in
        their positions.
    """
    check_outputs(kept_outputs(Path(folder), variants))
    for variant in variants:
        check_run(Path(folder) / variant.training, ())
    accelerator = open_accelerator(device)
    system = copy.deepcopy(system).to(accelerator.device)
    pairs, held_out = latent_pairs(
        plan.training, (system.mix_autoencoder, system.bass_autoencoder), cache, accelerator
    )
    study = Study.make(Accompanist(system), plan, progress)
    common = {"plan": asdict(plan), "encoders": encoders_of(system)}
    players: dict[Variant, Accompanist] = {}
    rows = {}
    for variant in variants:
        home = Path(folder) / variant.training
        trained = train_variant(variant, plan, pairs, system, home, accelerator, held_out)
        network = trained[variant.average]
        players[variant] = player = accompanist(variant, network, system, plan)
        settings = {**common, "variant": asdict(variant), "music": study.music}
        rows[variant.name] = kept(
            marks_path(Path(folder), variant),
            settings,
            lambda: examine_variant(variant, player, plan, held_out, study),
        )
    first = rows[variants[0].name]["each"]
    for row in rows.values():
        row["against"] = paired_differences(row["each"], first)
    settings = {
        **common,
        "positions": [variant.name for variant in players if variant in POSITIONS],
        "music": study.music,
    }
    length = kept(
        Path(folder) / "length.json",
        settings,
        lambda: compare_lengths(by_positions(players), progress=progress, **plan.lengths),
    )
    return {**common, "music": study.music, "rows": rows, "length": length}


def paired_differences(each: dict[str, list], first: dict[str, list]) -> dict[str, dict]:
    """Summaries of values per crop or song less those of the first variant."""
    return {key: summary(np.subtract(each[key], first[key])) for key in first if key in each}


def train_variant(
    variant: Variant,
    plan: AblationPlan,
    pairs: LatentDataset,
    system: System,
    folder: Path,
    accelerator: Accelerator,
    held_out: LatentDataset,
) -> tuple[nn.Module, nn.Module]:
    """The network of one variant with its last weights and with their moving average; both predict v.

    `held_out` is read only where the length of the average is chosen.
    """
    training = replace(plan.training, drop=variant.drop, times=variant.times)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(variant.seed)  # initial weights only
        unet = make_unet(variant, plan.unet, training.latents)
    pairs = pairs if variant.standardise else unstandardised(pairs, system)
    config = {
        "seed": variant.seed,
        "training": variant.training,
        "shape": asdict(plan.unet),
        "plan": asdict(training),
        "encoders": encoders_of(system),
    }
    objective = partial(variant_loss, ask=variant.ask, weight=variant.weight)
    resume = TrainingSettings(resume=True)
    if variant.posthoc:
        snapshots = folder / "snapshots"
        trainer = PosthocTrainer(
            unet, training, accelerator, variant.seed, snapshots=snapshots, objective=objective
        )
        last, _ = train(trainer, pairs, folder, config, resume)
        return last.eval(), best_average(last, snapshots, plan, held_out, accelerator.device)
    networks = fit(unet, pairs, training, folder, accelerator, config, resume, objective=objective)
    if variant.ask == "eps":
        networks = NoiseAsV(networks[0]), NoiseAsV(networks[1])
    return networks[0].eval(), networks[1].eval()


def best_average(
    network: nn.Module,
    snapshots: Path,
    plan: AblationPlan,
    held_out: LatentDataset,
    device: torch.device,
) -> nn.Module:
    """The post-hoc average with the lowest loss with the mix, on the crops of `v_losses`."""

    def loss(average: nn.Module) -> float:
        return v_losses(average.eval(), plan, held_out, device)[0]["with the mix"]["mean"]

    width, average = chosen(network, snapshots, plan.training.steps, loss)
    write_json(snapshots / "chosen.json", {"width": width})
    return average.eval()


def encoders_of(system: System) -> str:
    """The fingerprint of the encoders that all variants share."""
    return fingerprint(system.mix_autoencoder, system.bass_autoencoder)


def unstandardised(pairs: LatentDataset, system: System) -> LatentDataset:
    """The same latents as the encoders give them."""
    autoencoders = (
        copy.deepcopy(autoencoder).cpu()
        for autoencoder in (system.bass_autoencoder, system.mix_autoencoder)
    )
    return LatentDataset(
        *(
            autoencoder.unstandardise(latents.float())
            for autoencoder, latents in zip(autoencoders, (pairs.bass, pairs.mix))
        )
    )


def accompanist(
    variant: Variant, network: nn.Module, system: System, plan: AblationPlan
) -> Accompanist:
    """An accompanist with the autoencoders of `system` and the network of a variant."""
    own = copy.deepcopy(system)
    own.unet = cast(UNet1d, network)  # `NoiseAsV` is called with the same arguments
    own.defaults = {"guidance": plan.guidance, "phi": plan.phi}
    if not variant.standardise:  # the network was trained on raw latents
        for autoencoder in (own.mix_autoencoder, own.bass_autoencoder):
            autoencoder.get_buffer("latent_mean").zero_()
            autoencoder.get_buffer("latent_std").fill_(1.0)
    return Accompanist(own, name=variant.name)


def by_positions(players: dict[Variant, Accompanist]) -> dict[str, Accompanist]:
    """The accompanists that differ in positions.

    The one with absolute positions appears twice, once for each choice beyond the training length.
    """
    chosen = {}
    for variant in (variant for variant in POSITIONS if variant in players):
        if variant.positions != "absolute":
            chosen[variant.positions] = players[variant]
            continue
        for beyond in ("stretched", "held"):
            player = copy.deepcopy(players[variant])
            name_beyond(player.system.unet, beyond)
            chosen[f"absolute, {beyond}"] = player
    return chosen


def marks_path(folder: Path, variant: Variant) -> Path:
    """The file for the marks of a variant."""
    return (
        folder
        / variant.training
        / ("marks.json" if variant.average else "marks-of-last-weights.json")
    )


def kept_outputs(folder: Path, variants: tuple[Variant, ...]) -> list[Output]:
    """The files that `kept` leaves, for `check_outputs`."""
    paths = [*(marks_path(folder, variant) for variant in variants), folder / "length.json"]
    return [Output(path, json_with("settings", "result")) for path in dict.fromkeys(paths)]


def kept(path: Path, settings: dict, measure: Callable[[], dict]) -> dict:
    """The result at `path` if its settings are the same, else a new one, written there."""
    settings = json.loads(json.dumps(settings))
    if not path.is_file() or read_json(path)["settings"] != settings:
        write_json(path, {"settings": settings, "result": measure()})
    return read_json(path)["result"]
