"""The errors that bassnb raises on purpose: four classes here, and `bassnb.extras.MissingExtra`.

The message says what is wrong with which input, and what to do. The command line prints exactly
that sentence and exits with status 2. Taught in chapter 8.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the command line imports this file, and does not wait for torch
    from torch import Tensor


class BassnbError(ValueError):
    """Anything that a user can get wrong: a setting, an argument, a shape, a training that cannot
    go on, an output that would destroy something.
    """


class AudioError(BassnbError):
    """A file or an array that is not usable audio."""


class DataError(BassnbError):
    """A song, a score, a collection or a cache that cannot be used."""


class CheckpointError(BassnbError):
    """Weights or JSON files that are missing, damaged, or not those of the model they are loaded
    into.
    """


def check_shape(error: type[BassnbError], name: str, tensor: Tensor, *expected: int | str) -> None:
    """Refuse a tensor of another shape than `expected`: sizes, or letters for sizes that are free
    but not 0.
    """
    shape = tuple(tensor.shape)
    fits = len(shape) == len(expected) and all(
        size == want if isinstance(want, int) else size for size, want in zip(shape, expected)
    )
    if not fits:
        wanted = ", ".join(map(str, expected)) + ("," if len(expected) == 1 else "")
        raise error(f"{name} must have shape ({wanted}), but has shape {shape}")
