"""What is stored: tensors as safetensors, all else as JSON, written atomically and loaded strictly.

Nothing is ever unpickled. Taught in chapter 8.
"""

from __future__ import annotations

import json
import math
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from bassnb.errors import CheckpointError
from bassnb.files import write_atomically

WEIGHTS, CONFIG = "model.safetensors", "config.json"


def write_json(path: Path, content: dict) -> Path:
    """Write `content` as indented JSON, atomically; what is no number becomes null, see
    `without_nan`.
    """
    return write_atomically(
        path, (json.dumps(without_nan(content), indent=1, allow_nan=False) + "\n").encode()
    )


def without_nan(content):
    """`content` with None for every NaN and infinity: JSON has neither."""
    if isinstance(content, dict):
        return {key: without_nan(value) for key, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [without_nan(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content


def write_tensors(
    path: Path, tensors: dict[str, Tensor], metadata: dict[str, str] | None = None
) -> Path:
    """Write named tensors as safetensors, atomically."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    return write_atomically(path, safetensors.torch.save(tensors, metadata))


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Named tensors and metadata of a safetensors file.

    Raises
    ------
    CheckpointError
        If the file is missing, truncated or not safetensors.
    """
    path = Path(path)
    if not path.is_file():
        raise CheckpointError(f"{path} is missing; give a folder that holds {WEIGHTS} and {CONFIG}")
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}
    except (SafetensorError, OSError, RuntimeError, ValueError) as error:
        reason = str(error).split("\n")[0].rstrip(".")
        raise CheckpointError(
            f"{path} is no whole safetensors file ({reason}); copy or download it again"
        ) from None


def read_json(path: Path) -> dict:
    """Content of a JSON file that holds one object.

    Raises
    ------
    CheckpointError
        If the file is missing or holds something else.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CheckpointError(
            f"{path} is missing; give a folder that holds {WEIGHTS} and {CONFIG}"
        ) from None
    except (OSError, ValueError, RecursionError):
        raise CheckpointError(f"{path} is not readable JSON; copy or download it again") from None
    if not isinstance(content, dict):
        raise CheckpointError(f"{path} holds no JSON object; copy or download it again")
    return content


def load_strictly(module: nn.Module, tensors: dict[str, Tensor], source: str) -> None:
    """Copy `tensors` into `module`; every name and every shape must agree, and every number be
    finite.

    Raises
    ------
    CheckpointError
        Naming the first tensor that is missing, unexpected, of another shape or not finite.
    """
    own = module.state_dict()
    check_shapes(own, tensors, source)
    for name, tensor in tensors.items():
        if not tensor.isfinite().all():
            raise CheckpointError(
                f"{source}: tensor {name} holds values that are no numbers; copy or download it again"
            )
    module.load_state_dict({name: tensor.to(own[name].dtype) for name, tensor in tensors.items()})


def check_shapes(own: dict[str, Tensor], tensors: dict[str, Tensor], source: str) -> None:
    """Refuse tensors that are not exactly those of `own`, by names, shapes and kind of numbers; see
    `load_strictly`.
    """
    for name in [*own, *tensors]:
        if name not in tensors or name not in own:
            kind = "unexpected" if name not in own else "missing"
            raise CheckpointError(
                f"{source}: tensor {name} is {kind}; use weights of the preset in its {CONFIG}"
            )
        if own[name].shape != tensors[name].shape:
            raise CheckpointError(
                f"{source}: tensor {name} has shape {tuple(tensors[name].shape)}, but the preset in its {CONFIG} needs "
                f"{tuple(own[name].shape)}; use weights of that preset"
            )
        if tensors[name].dtype not in (
            own[name].dtype,
            torch.float16,
            torch.bfloat16,
            torch.float32,
        ):
            raise CheckpointError(
                f"{source}: tensor {name} holds {tensors[name].dtype}; save the model again in 16 or 32 bits"
            )
