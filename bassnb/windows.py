"""The network on a song of hours: overlapping windows, blended at every step of the sampler.

Taught in chapter 8.

Attention compares every step with every other, so one pass over a whole song costs time that grows
with the square of its length. Up to `WHOLE` steps that is cheaper than the alternative, which this
module is: the song is cut into windows that overlap, the network is evaluated on each, and the
outputs are cross-faded where they overlap. All windows then take the sampler's step together, from
one shared z. Two neighbours that disagree at the first step agree at the last, because at every
step in between each receives the blend of both in the part that they share.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from bassnb.errors import BassnbError

Network = Callable[[Tensor, Tensor, Tensor], Tensor]

# latent steps, 12.7 min: most that the network processes in one pass; see the length figures of
# results/bench.json
WHOLE = 8192
WINDOW = 2048  # steps of a window, 3.2 min
OVERLAP = 256  # steps that two windows share, 24 s: as long as a training crop


def windowed(
    network: Network, *, whole: int = WHOLE, window: int = WINDOW, overlap: int = OVERLAP
) -> Network:
    """`network`, or the same for a song that is too long for it.

    Parameters
    ----------
    network : callable (z (B, C, L), t (B,), mix (B, 64, L)) -> v (B, C, L)
    whole : the longest song, in latent steps, that is seen in one pass
    window, overlap : latent steps; overlap is smaller than window

    Returns
    -------
    callable of the same form, for any L. Of a song longer than `whole`, memory grows with the
    latents alone.

    Raises
    ------
    BassnbError
        If the overlap is not smaller than the window, or one of them is negative.
    """
    if not 0 <= overlap < window:
        raise BassnbError(
            f"windows of {window} steps cannot overlap by {overlap}; let them overlap by less than their length"
        )

    def in_windows(z: Tensor, t: Tensor, mix: Tensor) -> Tensor:
        length = z.shape[-1]
        if length <= whole:
            return network(z, t, mix)
        total, weights = torch.zeros_like(z), z.new_zeros(length)
        for start in range(0, length - overlap, window - overlap):
            part = slice(start, start + window)
            weight = trapezoid(min(window, length - start), overlap, z)
            total[..., part] += weight * network(z[..., part], t, mix[..., part])
            weights[part] += weight
        return total / weights

    return in_windows


def trapezoid(length: int, overlap: int, like: Tensor) -> Tensor:
    """Weights (length,) that rise over `overlap` steps, stay at 1, and fall: two of them that meet
    add up to a constant.
    """
    rise = torch.arange(1, length + 1, device=like.device, dtype=like.dtype)
    return torch.minimum(rise, rise.flip(0)).clamp(max=overlap + 1) / (overlap + 1)
