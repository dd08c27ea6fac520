"""The marks of one variant of the ablations: v-losses on crops, and takes of validation songs."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import torch
from torch import nn

from bassnb.accompanist import Accompanist
from bassnb.collections.latents import LatentDataset
from bassnb.composer.examples import Example, examples
from bassnb.diffusion import add_noise, v_target
from bassnb.metrics.match import compare, transcribe
from bassnb.metrics.statistics import normalised_score_summary, summary
from bassnb.presets import UNetConfig
from bassnb.schedules import DiffusionTraining
from bassnb.studies.length import digest, mean_marks
from bassnb.studies.marks import Marks, floor_marks, normalised_scores
from bassnb.studies.takes import single_take, through_autoencoder
from bassnb.studies.variants import TRAINING, UNET, Variant
from bassnb.training.loop import step_seed


@dataclass(frozen=True)
class AblationPlan:
    """What every variant gets: two minutes of one core for its training, and the same study."""

    unet: UNetConfig = UNET
    training: DiffusionTraining = TRAINING
    crops: int = 192  # of validation songs, for the loss
    songs: int = 16  # of the validation split, for the marks
    seconds: float = 12.0  # about the length of the training crops
    steps: int = 32  # of the sampler
    guidance: float = 4.0
    phi: float = 0.7
    lengths: dict = field(default_factory=dict)  # options of `compare_lengths`


@dataclass(frozen=True)
class Study:
    """The songs on which all variants are marked, with floor and ceiling.

    `music` is the digest of their notes.
    """

    examples: list[Example]
    floor: list[Marks]
    ceiling: list[Marks]
    music: str

    @classmethod
    def make(cls, shipped: Accompanist, plan: AblationPlan, progress: bool) -> Study:
        """Compose and render the songs; `shipped` has the autoencoders."""
        studied = list(examples("validation", plan.songs, seconds=plan.seconds, progress=progress))
        takes = [transcribe(through_autoencoder(shipped, one.bass)) for one in studied]
        songs = [one.song for one in studied]
        music = digest("validation", [(song.seed, plan.seconds) for song in songs])
        ceiling = [compare(take, song) for take, song in zip(takes, songs)]
        return cls(studied, floor_marks(takes, songs), ceiling, music)


def examine_variant(
    variant: Variant, player: Accompanist, plan: AblationPlan, held_out: LatentDataset, study: Study
) -> dict:
    """v-losses on crops of validation songs, and the marks of takes with guidance and without.

    Returns
    -------
    dict, JSON-ready
        ``loss``: v-loss "with the mix" and "without", and ``by_time``, with the mix in each third
        of [0, 1]; None for latents that are not standardised, whose v is another quantity.
        ``guided`` and ``plain``: the normalised score of every measure from floor to ceiling, and
        of their mean. ``each``: per crop or song, for paired differences; ``match`` is the mean of
        the measures.
    """
    report: dict = {"variant": asdict(variant), "loss": None, "each": {}}
    if variant.standardise:
        report["loss"], report["each"] = v_losses(player.system.unet, plan, held_out, player.device)
    for name, guidance in (("guided", plan.guidance), ("plain", 1.0)):
        marks = []
        for one in study.examples:
            options = {"steps": plan.steps, "seed": one.song.seed, "guidance": guidance}
            take = single_take(player, one.mix, **options)
            marks.append(compare(transcribe(take), one.song))
        overall = [mean_marks(row) for row in (marks, study.floor, study.ceiling)]
        report[name] = {
            **normalised_scores(marks, study.floor, study.ceiling),
            "overall": normalised_score_summary(*overall),
        }
        report["each"][f"{name} match"] = overall[0].round(4).tolist()
    return report


@torch.no_grad()
def v_losses(
    network: nn.Module, plan: AblationPlan, held_out: LatentDataset, device: torch.device
) -> tuple[dict, dict]:
    """Squared error of v on fixed crops, noise and evenly spread times.

    Returns summaries, and the values per crop.
    """
    c_y, c_x = (
        c.to(device) for c in held_out.batch(step_seed(0, 0), plan.crops, plan.training.latents)
    )
    t = (torch.arange(plan.crops, device=device) + 0.5) / plan.crops
    eps = torch.randn(c_y.shape, generator=torch.Generator().manual_seed(0)).to(device)
    z, v = add_noise(c_y, eps, t), v_target(c_y, eps, t)
    each = {}
    for name, mix in (("with the mix", c_x), ("without", torch.zeros_like(c_x))):
        answers = [network(*batch) for batch in zip(z.split(32), t.split(32), mix.split(32))]
        each[name] = (torch.cat(answers) - v).square().mean((1, 2)).cpu().numpy()
    loss: dict[str, Any] = {name: summary(values) for name, values in each.items()}
    loss["by_time"] = [float(third.mean()) for third in np.array_split(each["with the mix"], 3)]
    return loss, {name: values.astype(float).round(5).tolist() for name, values in each.items()}
