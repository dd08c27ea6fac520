"""A training state: one safetensors file from which a training resumes bit for bit.

Taught in chapter 10.

It holds the tensors of all modules, the moments of all optimisers, and metadata in JSON, among
them the checksum of the tensors: a state damaged on disk is refused.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from bassnb.errors import CheckpointError
from bassnb.stored import load_strictly, read_tensors, write_tensors

MOMENTS = {"step", "exp_avg", "exp_avg_sq"}  # of Adam and AdamW, for each parameter
ADVICE = "copy it again, or train anew in another folder"


def save_state(
    path: Path, modules: dict[str, nn.Module], optimizers: dict[str, Optimizer], meta: dict
) -> Path:
    """Write modules, optimiser moments and `meta` (JSON, with the key "step") to one file.

    The file is replaced atomically.
    """
    tensors = {
        f"{key}/{name}": value
        for key, module in modules.items()
        for name, value in module.state_dict().items()
    }
    for key, optimizer in optimizers.items():
        for index, moments in optimizer.state_dict()["state"].items():
            tensors |= {
                f"{key}/{index}/{name}": torch.as_tensor(value) for name, value in moments.items()
            }
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    return write_tensors(path, tensors, {"meta": json.dumps({**meta, "sha256": digest(tensors)})})


def load_state(path: Path, modules: dict[str, nn.Module], optimizers: dict[str, Optimizer]) -> dict:
    """Restore a file of `save_state` in place; returns `meta`.

    Everything is checked before anything is used.

    Raises
    ------
    CheckpointError
        If the file is missing, damaged, or not a state of these modules and optimisers.
    """
    tensors, metadata = read_tensors(path)
    meta = read_meta(path, metadata)
    if meta.pop("sha256", None) not in (None, digest(tensors)):  # older states have none
        raise CheckpointError(f"{path} has changed since it was written; {ADVICE}")
    states = {
        key: moments_of(key, optimizer, tensors, path) for key, optimizer in optimizers.items()
    }
    for key, module in modules.items():
        own = {
            name.removeprefix(f"{key}/"): t
            for name, t in tensors.items()
            if name.startswith(f"{key}/")
        }
        load_strictly(module, own, f"{path} ({key})")
    for key, optimizer in optimizers.items():
        optimizer.load_state_dict({**optimizer.state_dict(), "state": states[key]})
    return meta


def digest(tensors: dict[str, Tensor]) -> str:
    """SHA-256, hexadecimal, of the names and the bytes of tensors in memory."""
    total = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        total.update(name.encode())
        total.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return total.hexdigest()


def read_meta(path: Path, metadata: dict[str, str]) -> dict:
    """The metadata of a state; see `load_state`."""
    try:
        meta = json.loads(metadata["meta"])
    except (KeyError, ValueError, RecursionError):
        meta = None
    step = meta.get("step") if isinstance(meta, dict) else None
    if isinstance(step, bool) or not isinstance(step, int) or not 0 <= step < 2**53:
        raise CheckpointError(f"{path} is not the state of a training; {ADVICE}")
    return meta


def moments_of(
    key: str, optimizer: Optimizer, tensors: dict[str, Tensor], path: Path
) -> dict[int, dict[str, Tensor]]:
    """The moments of one optimiser by the number of the parameter; see `load_state`.

    Each has the shape of its parameter, or is a number.
    """
    shapes = {
        str(i): p.shape
        for i, p in enumerate(p for group in optimizer.param_groups for p in group["params"])
    }
    found: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith(f"{key}/"):
            index, _, moment = name.removeprefix(f"{key}/").partition("/")
            fits = (
                index in shapes
                and moment in MOMENTS
                and tensor.shape == (() if moment == "step" else shapes[index])
            )
            if not fits or not tensor.isfinite().all():
                raise CheckpointError(
                    f"{path}: tensor {name} does not belong to the state of this training; {ADVICE}"
                )
            found.setdefault(int(index), {})[moment] = tensor
    for number, moments in found.items():
        if moments.keys() != MOMENTS:
            raise CheckpointError(f"{path}: tensors of {key}/{number} are missing; {ADVICE}")
    return found
