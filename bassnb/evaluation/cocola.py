"""COCOLA, a published judge of whether stems belong together, where its code and weights are at hand. Taught in chapter 9.

COCOLA (Ciranni et al. 2025) embeds two pieces of music of 5 s each, split into harmonic and percussive mel
spectrograms, and scores the pair by a learned bilinear form. Neither its code nor its weights are part of this
package: clone github.com/gladia-research-group/cocola, put the folder on PYTHONPATH, install what its requirements.txt
names, and download the checkpoint to which its README links. It was trained on real stems, Slakh2100 and
CocoChorales: its scores are no shares of anything, read them beside those of true and of shuffled pairs.
"""

from __future__ import annotations

import os
import pickle
from importlib import import_module
from pathlib import Path

import soxr
import torch
from torch import Tensor

from bassnb.errors import BassnbError
from bassnb.presets import SAMPLE_RATE

RATE, SECONDS = 16_000, 5


class CocolaError(BassnbError):
    """COCOLA's code or weights are not there, or not those that are expected."""


def load_cocola(checkpoint: str | os.PathLike) -> tuple[torch.nn.Module, torch.nn.Module]:
    """The published model and its feature extractor, on the CPU, ready for use.

    The checkpoint is read with `weights_only`: tensors, plain numbers, and COCOLA's own two settings, nothing else.

    Raises
    ------
    CocolaError
        If the code is not installed, or the file is not its checkpoint.
    """
    try:
        constants = import_module("contrastive_model.constants")
        model_class = import_module("contrastive_model.contrastive_model").CoCola
        extractor = import_module("feature_extraction.feature_extraction").CoColaFeatureExtractor
    except ImportError as error:
        raise CocolaError(
            f"COCOLA is not installed ({error}); clone github.com/gladia-research-group/cocola, install its requirements "
            "and put its folder on PYTHONPATH"
        ) from error
    settings = [kind for kind in (getattr(constants, name, None) for name in ("ModelInputType", "EmbeddingMode")) if kind]
    try:
        with torch.serialization.safe_globals(settings):
            weights = torch.load(Path(checkpoint), map_location="cpu", weights_only=True)["state_dict"]
        model = model_class(input_type=constants.ModelInputType.DOUBLE_CHANNEL_HARMONIC_PERCUSSIVE)
        model.load_state_dict(weights, strict=True)
    except (OSError, RuntimeError, KeyError, TypeError, pickle.UnpicklingError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        sentence = f"{checkpoint} is not a checkpoint of COCOLA ({reason}); download the one that its README names"
        raise CocolaError(sentence) from error
    if hasattr(model, "set_embedding_mode"):  # later versions may look at harmony or rhythm alone
        model.set_embedding_mode(constants.EmbeddingMode.BOTH)
    return model.eval().requires_grad_(False), extractor()


def pieces(wave: Tensor) -> Tensor:
    """A wave (2, N) at 44.1 kHz as mono pieces of 5 s at 16 kHz, (n, 80000); what is left over is dropped.

    Raises
    ------
    CocolaError
        If it is shorter than 5 s.
    """
    mono = torch.from_numpy(soxr.resample(wave.mean(0).numpy(), SAMPLE_RATE, RATE))
    if len(mono) < RATE * SECONDS:
        raise CocolaError(f"COCOLA listens to {SECONDS} s, but the take has {wave.shape[-1] / SAMPLE_RATE:.1f} s; give more")
    return mono.unfold(0, RATE * SECONDS, RATE * SECONDS)


@torch.no_grad()
def cocola_score(mix: Tensor, bass: Tensor, model: torch.nn.Module, features: torch.nn.Module) -> float:
    """Mean score of a mix and a bass, (2, N) at 44.1 kHz of one length, over pieces of 5 s; higher is more coherent.

    Parameters
    ----------
    model, features : from `load_cocola`
    """
    x, y = (torch.stack([features(piece[None]) for piece in pieces(wave)]) for wave in (mix, bass))
    return float(model.score(x, y).mean())
