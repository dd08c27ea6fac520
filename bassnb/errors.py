"""The root of every error that bassnb raises on purpose.

Each domain has one exception type, defined beside its code and derived from this one:
`AudioError`, `CheckpointError`, `AccompanimentError`, `DataError`, `TrainingError`. The message is one
sentence: what is wrong with which input, and what to do. The command line prints exactly that
sentence and exits with status 2.
"""


from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the command line imports this file, and does not wait for torch
    from torch import Tensor


class BassnbError(ValueError):
    """Base of all errors a user can cause; its message is one sentence that says what to do."""


def check_shape(error: type[BassnbError], name: str, tensor: Tensor, *expected: int | str) -> None:
    """Refuse a tensor of another shape than `expected`: sizes, or letters for sizes that are free but not 0."""
    shape = tuple(tensor.shape)
    fits = len(shape) == len(expected) and all(size == want if isinstance(want, int) else size for size, want in zip(shape, expected))
    if not fits:
        wanted = ", ".join(map(str, expected)) + ("," if len(expected) == 1 else "")
        raise error(f"{name} must have shape ({wanted}), but has shape {shape}")
