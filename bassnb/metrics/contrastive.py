"""A contrastive model that scores how well a bass fits a mix (section 5, figure 3).

Two small towers turn the latents of a mix and of a bass into one unit vector each. Pairs that
belong together are trained to point the same way (`bassnb.training.contrastive`); the score of a
pair is the cosine of the angle.

Taught in chapter 9.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bassnb.autoencoder import Autoencoder
from bassnb.checkpoints import SHIPPED, System
from bassnb.collections.latents import fingerprint
from bassnb.errors import CheckpointError
from bassnb.layers import ChannelNorm
from bassnb.level import to_level
from bassnb.metrics.statistics import summary
from bassnb.presets import UNetConfig
from bassnb.stored import load_strictly, read_tensors, write_tensors

SHIPPED_JUDGE = SHIPPED / "classroom" / "judge.safetensors"
MOST_SCALE = 100.0  # of the cosines: beyond it the softmax saturates and has no gradient


class Tower(nn.Module):
    """Latents (B, C, L) of any length to unit vectors (B, D).

    Four convolutions, and the mean over time.
    """

    def __init__(self, channels: int, width: int, embedding: int):
        super().__init__()
        layers: list[nn.Module] = [nn.Conv1d(channels, width, 5, padding=2)]
        for stride in (1, 2, 2):
            layers += [
                ChannelNorm(width),
                nn.SiLU(),
                nn.Conv1d(width, width, 5, stride=stride, padding=2),
            ]
        self.layers = nn.Sequential(*layers, ChannelNorm(width), nn.SiLU())
        self.head = nn.Linear(width, embedding)

    def forward(self, latents: Tensor) -> Tensor:
        """See the class."""
        return F.normalize(self.head(self.layers(latents).mean(-1)), dim=-1)


class ContrastiveModel(nn.Module):
    """A tower for mixes, one for basses, and the learned scale of their cosines.

    The scale is one over the temperature.
    """

    def __init__(
        self,
        mix_channels: int = UNetConfig.mix_channels,
        stem_channels: int = UNetConfig.stem_channels,
        *,
        width: int = 64,
        embedding: int = 64,
    ):
        super().__init__()
        self.mix_tower = Tower(mix_channels, width, embedding)
        self.bass_tower = Tower(stem_channels, width, embedding)
        self.log_scale = nn.Parameter(torch.tensor(10.0).log())

    def forward(self, c_x: Tensor, c_y: Tensor) -> Tensor:
        """Scores of every mix with every bass.

        Parameters
        ----------
        c_x : Tensor (n, 64, L), c_y : Tensor (m, 32, L'), standardised latents

        Returns
        -------
        scores : Tensor (n, m), scaled cosines
        """
        scale = self.log_scale.exp().clamp_max(MOST_SCALE)
        return scale * self.mix_tower(c_x) @ self.bass_tower(c_y).T


def info_nce(scores: Tensor) -> Tensor:
    """The symmetric InfoNCE loss of scores (n, n) in which pair i stands on the diagonal.

    Each row is a classification: which of the n basses belongs to this mix? Each column asks the
    reverse. The loss is the mean of both cross-entropies; guessing costs log n.
    """
    own = torch.arange(len(scores), device=scores.device)
    return (F.cross_entropy(scores, own) + F.cross_entropy(scores.T, own)) / 2


@torch.no_grad()
def score_matrix(model: ContrastiveModel, c_x: Tensor, c_y: Tensor) -> np.ndarray:
    """Soft assignment of basses to mixes (figure 3): softmax over the basses of each mix.

    Parameters
    ----------
    c_x : Tensor (n, 64, L), c_y : Tensor (n, 32, L'); bass i was made for mix i

    Returns
    -------
    array (n, n), rows sum to 1; row i shares out mix i among the basses
    """
    return model(c_x, c_y).softmax(-1).double().cpu().numpy()


def diagonal(*matrices: np.ndarray) -> dict[str, dict]:
    """Two figures of soft assignments (n, n), with 95 % intervals over all their mixes.

    Returns
    -------
    dict
        ``mass``: mean share that a mix gives to its own bass; ``top1``: share of mixes whose
        own bass scores highest. Chance is 1 / n for both.
    """
    own = np.concatenate([np.diagonal(matrix) for matrix in matrices])
    best = np.concatenate([matrix.argmax(1) == np.arange(len(matrix)) for matrix in matrices])
    return {"mass": summary(own), "top1": summary(best.astype(float))}


@torch.inference_mode()
def encode_waves(autoencoder: Autoencoder, waves: list[Tensor]) -> Tensor:
    """Standardised latents (n, C, L) of waves (2, N) of one length, at one level."""
    device = next(autoencoder.parameters()).device
    latents = [autoencoder.encode(to_level(wave)[None].to(device)) for wave in waves]
    return autoencoder.standardise(torch.cat(latents))


def save_judge(model: ContrastiveModel, path: str | Path, *, encoders: str) -> Path:
    """Write the weights as half-precision safetensors.

    The metadata hold the sizes of the judge and the `fingerprint` of its encoders.
    """
    width, embedding = model.mix_tower.head.in_features, model.mix_tower.head.out_features
    tensors = {name: tensor.half() for name, tensor in model.state_dict().items()}
    return write_tensors(
        Path(path),
        tensors,
        {"width": str(width), "embedding": str(embedding), "encoders": encoders},
    )


def load_judge(path: str | Path = SHIPPED_JUDGE, system: System | None = None) -> ContrastiveModel:
    """Read a file of `save_judge`, by default the judge shipped with "classroom".

    Parameters
    ----------
    system : refuse a judge that was trained on the latents of other encoders than this one's

    Raises
    ------
    CheckpointError
        If the file is missing or damaged, or the judge was trained with other encoders.
    """
    tensors, meta = read_tensors(Path(path))
    if system is not None and meta.get("encoders") != fingerprint(
        system.mix_autoencoder, system.bass_autoencoder
    ):
        raise CheckpointError(
            f"{path} was trained on the latents of other encoders; train a judge for this model"
        )
    model = ContrastiveModel(
        width=int(meta.get("width", 64)), embedding=int(meta.get("embedding", 64))
    )
    load_strictly(model, {name: tensor.float() for name, tensor in tensors.items()}, str(path))
    return model.eval().requires_grad_(False)
