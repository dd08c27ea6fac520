"""Models on disk: folders that hold weights beside a JSON file, see `bassnb.stored`.

A *model folder* holds `config.json` (preset, defaults) and `model.safetensors`, by the conventions
of huggingface_hub; `load_pretrained` takes the name of a shipped model, such a folder, or the id of
a model on the hub. Taught in chapter 8.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

import torch
from torch import Tensor, nn

from bassnb.autoencoder import Autoencoder
from bassnb.errors import BassnbError, CheckpointError
from bassnb.outputs import checksum
from bassnb.presets import Preset
from bassnb.settings import TakeSettings
from bassnb.stored import (
    CONFIG,
    WEIGHTS,
    check_shapes,
    load_strictly,
    read_json,
    read_tensors,
    write_json,
    write_tensors,
)
from bassnb.unet import UNet1d

SHIPPED = Path(__file__).parent / "weights"
EARLY = "early.safetensors"  # of a model folder: its U-Net after a part of its training
SYSTEM, AUTOENCODER = "bassnb", "bassnb-autoencoder"  # what a config.json says that its weights are


class System(nn.Module):
    """Both autoencoders and the U-Net of one preset, with the defaults of guidance and phi chosen
    on validation.

    The `stem` that it plays is a bass unless it was trained on another one; `bass_autoencoder` is
    that of this stem.
    """

    def __init__(self, preset: Preset, defaults: dict | None = None, *, stem: str = "bass"):
        super().__init__()
        self.preset, self.stem = preset, stem
        self.defaults = {"guidance": 2.5, "phi": 0.7, **(defaults or {})}
        self.mix_autoencoder = Autoencoder(preset.mix)
        self.bass_autoencoder = Autoencoder(preset.bass)
        self.unet = UNet1d(preset.unet)


def save_pretrained(system: System, folder: str | os.PathLike) -> Path:
    """Write `system` as a model folder, weights in half precision, with their checksum; returns the
    folder.
    """
    folder = Path(folder)
    write_tensors(
        folder / WEIGHTS, {name: tensor.half() for name, tensor in system.state_dict().items()}
    )
    config = {
        "model": SYSTEM,
        "stem": system.stem,
        "preset": system.preset.to_dict(),
        "defaults": system.defaults,
        "sha256": checksum(folder / WEIGHTS),
    }
    write_json(folder / CONFIG, config)
    return folder


def load_pretrained(source: str | os.PathLike, *, device: str | torch.device = "cpu") -> System:
    """Load a whole system, ready for inference.

    Everything is checked before it is used: sizes in `config.json` are compared with the
    names and shapes in the weights, which are a file of a known size, before any memory is asked
    for.

    Parameters
    ----------
    source : the name of a shipped model ("classroom"), a model folder, or a hub id ("owner/name")

    Raises
    ------
    CheckpointError
        If nothing is found there, it is damaged, or it does not fit.
    """
    folder = find_model(source)
    config = read_config(folder / CONFIG)
    tensors = read_tensors(folder / WEIGHTS)[0]
    check_shapes(outline(config["preset"], folder / CONFIG), tensors, str(folder / WEIGHTS))
    if config["sha256"] not in (None, checksum(folder / WEIGHTS)):
        raise CheckpointError(
            f"{folder / WEIGHTS} is not the file that {CONFIG} names; copy or download both again"
        )
    system = System(config["preset"], config["defaults"], stem=config["stem"])
    load_strictly(system, tensors, str(folder / WEIGHTS))
    return system.to(device).eval().requires_grad_(False)


def save_early(unet: UNet1d, folder: str | os.PathLike) -> Path:
    """Write the U-Net of an early state of a training into the folder of its model, in half
    precision; returns the path.
    """
    tensors = {name: tensor.half() for name, tensor in unet.state_dict().items()}
    return write_tensors(Path(folder) / EARLY, tensors)


def load_early(source: str | os.PathLike, *, device: str | torch.device = "cpu") -> UNet1d | None:
    """The U-Net of a model after a part of its training (chapter 12); None where there is none.

    Raises
    ------
    CheckpointError
        If no model is found there, or the file is damaged or does not fit.
    """
    folder = find_model(source)
    if not (folder / EARLY).is_file():
        return None
    unet = UNet1d(read_config(folder / CONFIG)["preset"].unet)
    load_strictly(unet, read_tensors(folder / EARLY)[0], str(folder / EARLY))
    return unet.to(device).eval().requires_grad_(False)


def read_config(path: Path) -> dict:
    """Content of a `config.json`: preset, defaults, stem and sha256; an older one lacks the last
    two.

    Raises
    ------
    BassnbError
        If it is no configuration, or one of another version.
    """
    content = read_json(path)
    preset, defaults, stem = (
        content.get("preset"),
        content.get("defaults", {}),
        content.get("stem", "bass"),
    )
    if not isinstance(preset, dict) or not isinstance(defaults, dict) or not isinstance(stem, str):
        raise CheckpointError(
            f"{path} describes no bassnb model; give a folder written by save_pretrained"
        )
    try:
        TakeSettings.of(**defaults)
    except BassnbError as error:
        raise CheckpointError(f"{path}, defaults: {error}, or copy the file again") from None
    return {
        "preset": Preset.from_dict(preset),
        "defaults": defaults,
        "stem": stem,
        "sha256": content.get("sha256"),
    }


def outline(preset: Preset, source: Path) -> dict[str, Tensor]:
    """The tensors of a system of this preset, without memory behind them.

    Raises
    ------
    CheckpointError
        If no network can be built like that.
    """
    try:
        with torch.device("meta"):
            return System(preset).state_dict()
    except (
        BassnbError,
        RuntimeError,
        ValueError,
        TypeError,
        ZeroDivisionError,
        OverflowError,
    ) as error:
        reason = str(error).split("\n")[0][:200]
        raise CheckpointError(
            f"{source} describes no network that can be built ({reason}); copy or download it again"
        ) from None


def adopt_defaults(source: str | os.PathLike, **defaults: float | str) -> None:
    """Write settings of takes, chosen on validation songs, into the `config.json` of a local model."""
    path = find_model(source) / CONFIG
    config = read_json(path)
    write_json(path, {**config, "defaults": {**config.get("defaults", {}), **defaults}})


def weights_fingerprint(system: nn.Module) -> str:
    """Sixteen hexadecimal digits: a hash of all weights of a system or a part of it, as
    `save_pretrained` keeps them.

    It is the same before a system is saved and after it is loaded.
    """
    digest = hashlib.sha256()
    for name, tensor in system.state_dict().items():
        digest.update(name.encode())
        digest.update(tensor.detach().half().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]


def find_model(source: str | os.PathLike) -> Path:
    """The local folder of a shipped name, a folder or a hub id (downloaded into the hub's cache)."""
    shipped = (
        sorted(folder.name for folder in SHIPPED.iterdir() if folder.is_dir())
        if SHIPPED.is_dir()
        else []
    )
    if str(source) in shipped:
        return SHIPPED / str(source)
    if str(source) and os.path.isdir(source):  # False, too, for a name that no file can have
        return Path(source)
    choices = ", ".join([*shipped, "a model folder", "or a hub id owner/name"])
    missing = f"there is no model {str(source)!r:.80}; give {choices}"
    if str(source).count("/") != 1:
        raise CheckpointError(missing)
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(str(source), allow_patterns=[WEIGHTS, CONFIG]))
    # the hub's client raises many types: no network, no such model, a malformed id
    except Exception as error:
        raise CheckpointError(
            f"{missing} (the hub's client raised {type(error).__name__})"
        ) from None


def push_to_hub(system: System, repo_id: str, *, private: bool = False) -> str:
    """Upload `system` as a model folder to the hub id `repo_id`; returns its address. Needs a
    logged-in hub client.
    """
    from huggingface_hub import HfApi

    with tempfile.TemporaryDirectory() as folder:
        save_pretrained(system, folder)
        api = HfApi()
        api.create_repo(repo_id, private=private, exist_ok=True)
        return str(api.upload_folder(repo_id=repo_id, folder_path=folder))
