"""What `pip install bassnb` leaves out: the packages behind training, evaluation, songs and
widgets.

Accompanying a song needs none of them. A subpackage or command that needs some calls `need`
once, before it imports them.
"""

from __future__ import annotations

from importlib.util import find_spec

from bassnb.errors import BassnbError

_SONGS = ("pretty_midi",)
_EVALUATE = (*_SONGS, "librosa", "mir_eval", "torchaudio", "yaml")
EXTRAS = {  # extra -> the modules that it brings; pyproject.toml has their packages and versions
    "songs": _SONGS,
    "evaluate": _EVALUATE,
    "train": (*_EVALUATE, "accelerate", "tensorboard"),
    "widgets": ("ipywidgets", "matplotlib", "torchaudio"),
    "line": ("librosa",),
    "app": ("gradio",),
    "beats": ("librosa",),
    "export": ("onnx", "onnxruntime"),
}


class MissingExtra(BassnbError, ImportError):
    """Packages of an extra are not installed; the message names the extra."""


def missing(extra: str) -> str:
    """A sentence on what of `extra` is not installed, and what to do; empty if all of it is.
    Nothing is imported.

    Parameters
    ----------
    extra : a key of `EXTRAS`
    """
    modules = [module for module in EXTRAS[extra] if find_spec(module) is None]
    verb = "is" if len(modules) == 1 else "are"
    return (
        f'{", ".join(modules)} {verb} not installed; run pip install "bassnb[{extra}]"'
        if modules
        else ""
    )


def need(extra: str) -> None:
    """Refuse to go on without an extra; what can go on asks `missing`.

    Raises
    ------
    MissingExtra
        If a module of it is not installed; the message is that of `missing`.
    """
    if sentence := missing(extra):
        raise MissingExtra(sentence)
