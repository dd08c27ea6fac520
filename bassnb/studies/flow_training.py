"""Two small networks of one shape for `bassnb.studies.flow`, trained alike: one asked for v, one for u.

Taught in chapter 13.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import nn

from bassnb.accompanist import Accompanist
from bassnb.flow import flow_loss
from bassnb.presets import UNetConfig
from bassnb.schedules import DiffusionTraining
from bassnb.settings import TrainingSettings

if TYPE_CHECKING:
    from bassnb.collections.latents import LatentDataset


def check_folders(folder: Path) -> None:
    """Refuse, before any work, folders with files that no training wrote."""
    from bassnb.training.diffusion import MODEL_FILES
    from bassnb.training.run_folder import check_run

    check_run(folder / "v", MODEL_FILES)
    check_run(folder / "flow", ())


def trained(
    accompanist: Accompanist,
    shape: UNetConfig,
    plan: DiffusionTraining,
    folder: Path,
    cache: Path,
) -> dict[str, nn.Module]:
    """The two networks, "v" and "flow", of one shape, each trained in a folder of its own."""
    pairs = composed_pairs(accompanist, plan, cache)
    return {
        ask: train_small(ask, accompanist, pairs, shape, plan, folder / ask)
        for ask in ("v", "flow")
    }


def composed_pairs(accompanist: Accompanist, plan: DiffusionTraining, cache: Path) -> LatentDataset:
    """Latents of the composed songs of a plan, encoded once."""
    from bassnb.collections.latents import LatentDataset, encode_songs

    shards = encode_songs(
        accompanist.system.mix_autoencoder,
        accompanist.system.bass_autoencoder,
        cache,
        split="train",
        count=plan.songs,
        seconds=plan.song_seconds,
        submixes=plan.submixes,
    )
    return LatentDataset.load(shards)


def train_small(
    ask: str,
    accompanist: Accompanist,
    pairs: LatentDataset,
    shape: UNetConfig,
    plan: DiffusionTraining,
    folder: Path,
) -> nn.Module:
    """The moving average of a small network that is asked for v or for u; the folder holds a model
    with the autoencoders of `accompanist` as well.
    """
    from bassnb.checkpoints import save_pretrained
    from bassnb.collections.latents import fingerprint
    from bassnb.diffusion import diffusion_loss
    from bassnb.training.diffusion import assemble
    from bassnb.training.diffusion_trainer import fit
    from bassnb.training.loop import open_accelerator
    from bassnb.unet import UNet1d

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)  # initial weights only
        unet = UNet1d(shape)
    own = accompanist.system
    coders = (own.mix_autoencoder, own.bass_autoencoder)
    config = {
        "seed": 0,
        "ask": ask,
        "shape": asdict(shape),
        "plan": asdict(plan),
        "encoders": fingerprint(*coders),
    }
    accelerator = open_accelerator(accompanist.device.type)
    _, average = fit(
        unet,
        pairs,
        plan,
        folder,
        accelerator,
        config,
        TrainingSettings(resume=True),
        objective=diffusion_loss if ask == "v" else flow_loss,
    )
    if ask == "v":  # a model of its own: a weaker copy for chapter 12
        preset = replace(own.preset, name="small", unet=shape)
        save_pretrained(assemble(preset, *coders, average), folder / "pretrained")
    return average.eval()
