"""What `pip install bassnb` leaves out: the packages behind training, evaluation, songs and widgets.

Accompanying a song needs none of them. A room or a command that does need some says so once, by `need`, before it
imports them. Taught in chapter 10.
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
    "tuning": ("librosa",),
}


class MissingExtra(BassnbError, ImportError):
    """Packages of an extra are not installed; the message names the extra."""


def missing(extra: str) -> list[str]:
    """Modules of `extra` that are not installed; nothing is imported to find out."""
    return [module for module in EXTRAS[extra] if find_spec(module) is None]


def need(extra: str) -> None:
    """Refuse to go on without an extra.

    Parameters
    ----------
    extra : a key of `EXTRAS`

    Raises
    ------
    MissingExtra
        If a module of it is not installed.
    """
    if modules := missing(extra):
        verb = "is" if len(modules) == 1 else "are"
        raise MissingExtra(f'{", ".join(modules)} {verb} not installed; run pip install "bassnb[{extra}]"')
