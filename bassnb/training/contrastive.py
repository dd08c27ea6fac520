"""Training of the judge that scores pairs of mix and bass (section 5 of the paper).

Taught in chapter 9.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor

from bassnb.checkpoints import System
from bassnb.collections.latents import LatentDataset, fingerprint
from bassnb.composer.world import World
from bassnb.metrics.contrastive import ContrastiveModel, info_nce, save_judge
from bassnb.settings import TrainingSettings
from bassnb.training.loop import learning_rate, open_accelerator, step_seed
from bassnb.training.run import Run
from bassnb.training.run_folder import check_run
from bassnb.training.sources import latent_pairs


@dataclass(frozen=True)
class ContrastivePlan:
    """How the judge is trained; the paper says only that there is one."""

    steps: int = 2000
    batch: int = 64  # pairs; 63 negatives for each
    latents: int = 128  # length of a crop, 12 s
    learning_rate: float = 2e-3
    weight_decay: float = 0.1
    warmup: int = 50
    plateau: float = 0.6  # see `bassnb.schedules.AutoencoderTraining`
    final_rate: float = 0.02
    # added to the latents, in their standard deviations: against overfitting on few songs
    noise: float = 0.3
    width: int = 48  # 0.2 MB of weights, small enough to be shipped
    embedding: int = 48
    # those of the diffusion network of `classroom`, so that they are encoded once; with 800 it overfits
    songs: int = 1000
    song_seconds: float = 28.0
    submixes: int = 3


def train_contrastive(
    system: System,
    folder: str | Path,
    settings: TrainingSettings = TrainingSettings(),
    *,
    plan: ContrastivePlan = ContrastivePlan(),
) -> ContrastiveModel:
    """Train the judge on latents of composed songs and leave it in `folder`/judge.safetensors.

    Parameters
    ----------
    system : whose autoencoders make the latents
    settings : `cache`, `seed`, `resume`, `steps`, `device` and `soundfont`; the songs, of the world of
        the system's preset, are generated, and encoded first where they are missing

    Raises
    ------
    BassnbError
        If the folder holds another training, or the loss is not finite.
    BassnbError
        If the folder holds files that no training wrote.
    """
    check_run(folder, ("judge.safetensors",))
    seed, accelerator = settings.seed, open_accelerator(settings.device)
    system.to(accelerator.device)  # the songs are encoded where the judge is trained
    autoencoders = (system.mix_autoencoder, system.bass_autoencoder)
    world = World(system.preset.world, settings.soundfont or ())
    pairs, held_out = latent_pairs(plan, autoencoders, settings.cache, accelerator, world)
    model = _new_judge(plan, seed)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=plan.learning_rate, weight_decay=plan.weight_decay
    )
    model, optimizer = accelerator.prepare(model, optimizer)
    encoders = fingerprint(*autoencoders)
    bare = accelerator.unwrap_model(model)
    run = Run(
        folder,
        accelerator,
        {"model": bare},
        {"adamw": optimizer},
        {"seed": seed, "plan": asdict(plan), "encoders": encoders, **world.facts()},
        resume=settings.resume,
    )

    def step(k: int) -> dict[str, Tensor]:
        c_y, c_x = _noisy_batch(pairs, plan, seed, k)
        loss = info_nce(model(c_x.to(accelerator.device), c_y.to(accelerator.device)))
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(
                k, 0, plan.steps, plan.learning_rate, plan.warmup, plan.plateau, plan.final_rate
            )
        optimizer.zero_grad(set_to_none=True)
        accelerator.backward(loss)
        optimizer.step()
        return {"info_nce": loss.detach()}

    def validate() -> dict[str, float]:
        return held_out_scores(bare, held_out, plan.latents, accelerator.device)

    run.steps(
        min(settings.steps or plan.steps, plan.steps),
        step,
        describe="contrastive",
        validate=validate,
        validate_every=250,
    )
    if accelerator.is_main_process:
        save_judge(bare, Path(folder) / "judge.safetensors", encoders=encoders)
    return bare.eval().requires_grad_(False)


def _new_judge(plan: ContrastivePlan, seed: int) -> ContrastiveModel:
    """A judge with random weights that depend on the seed alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return ContrastiveModel(width=plan.width, embedding=plan.embedding)


def _noisy_batch(
    pairs: LatentDataset, plan: ContrastivePlan, seed: int, k: int
) -> tuple[Tensor, Tensor]:
    """Latents of bass (B, 32, L) and mix (B, 64, L) for step `k`, with fresh noise in each step."""
    c_y, c_x = pairs.batch(step_seed(seed, k), plan.batch, plan.latents)
    generator = torch.Generator().manual_seed(step_seed(seed, k, 1))
    c_y, c_x = (c + plan.noise * torch.randn(c.shape, generator=generator) for c in (c_y, c_x))
    return c_y, c_x


@torch.no_grad()
def held_out_scores(
    model: ContrastiveModel, pairs: LatentDataset, length: int, device: torch.device
) -> dict[str, float]:
    """InfoNCE and top-1 accuracy on the first crops of all held-out songs, with the full mix."""
    c_y, c_x = (
        pairs.bass[..., :length].float().to(device),
        pairs.mix[:, 0, :, :length].float().to(device),
    )
    scores = model(c_x, c_y)
    right = scores.argmax(1).cpu() == torch.arange(len(scores))
    return {
        "validation_info_nce": float(info_nce(scores)),
        "validation_top1": float(right.float().mean()),
    }
