"""A task that needs positions: repeat the bass of two bars ago while the mix rests.

Every song is new random notes, all at one tempo. The mix doubles the bass, but in some bars it is
silent, and there the bass repeats what it played two bars ago. The content of those notes is random
and says nothing about where they are; the distance, always the same, is all there is to go by. It
is longer than the convolutions of the network reach.

Taught in chapter 4.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn

from bassnb.presets import UNetConfig
from bassnb.sampling import initial_noise
from bassnb.studies.positions import unet_with

CHANNELS = 4  # of the bass latents, and of those of the mix
BEAT, BAR = 4, 16  # latent steps
AGO = 2  # bars
TRAINED = 8 * BAR  # latent steps of a training crop
UNET = UNetConfig(
    stem_channels=CHANNELS,
    mix_channels=CHANNELS,
    widths=(16, 32),
    blocks=1,
    attention=(False, True),
    embedding=8,
)
BATCH = 16
LEARNING_RATE, WARMUP = 4e-3, 50
TIMES = (1, 2, 4, 8)  # lengths of the test songs, in lengths of the training crops


def repeating_songs(
    count: int, length: int, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Songs in which the bass repeats itself wherever the mix rests.

    Parameters
    ----------
    length : latent steps, a multiple of `BAR`

    Returns
    -------
    c_y : bass (count, CHANNELS, length), one normally distributed vector a beat
    c_x : mix (count, CHANNELS, length): the bass, or zeros in bars of rest
    rests : where the mix rests, bool (count, length)

    About every second bar that can be one is a bar of rest: two bars before it the mix plays.
    """
    bars = length // BAR
    beats = torch.randn(count, bars, CHANNELS, BAR // BEAT, generator=generator)
    rests = torch.rand(count, bars, generator=generator) < 0.5
    rests[:, :AGO] = False
    for k in range(AGO, bars):
        rests[:, k] &= ~rests[:, k - AGO]
        beats[:, k] = torch.where(rests[:, k, None, None], beats[:, k - AGO], beats[:, k])
    c_y = beats.transpose(1, 2).flatten(2).repeat_interleave(BEAT, -1)
    rests = rests.repeat_interleave(BAR, -1)
    return c_y, c_y * ~rests[:, None], rests


def answer(network: nn.Module, c_x: Tensor, z: Tensor) -> Tensor:
    """The bass that a network answers to a mix and to noise z alone: at t = 1, ``c = -v``."""
    return -network(z, torch.ones(len(z), device=z.device), c_x)


def train(
    row: str, *, steps: int, seed: int = 0, length: int = TRAINED, batch: int = BATCH
) -> nn.Module:
    """A small U-Net with the positions of a row, trained from its seed on songs of `length` steps."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = unet_with(row, UNET, length)
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(network.parameters(), LEARNING_RATE, fused=True)
    for step in range(steps):
        rate = min(1.0, (step + 1) / WARMUP) * (1 + math.cos(math.pi * step / steps)) / 2
        optimizer.param_groups[0]["lr"] = LEARNING_RATE * rate
        c_y, c_x, _ = repeating_songs(batch, length, generator)
        z = torch.randn(c_y.shape, generator=generator)
        loss = (answer(network, c_x, z) - c_y).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return network.eval()


@torch.inference_mode()
def errors(network: nn.Module, length: int, songs: int = 32, seed: int = 1000) -> list[float]:
    """Mean squared error of the repeated notes for each bar of songs of `length` steps.

    In units of the power of these notes: 0 is right, and 1 is an answer of zeros, the mean of all
    notes. Bars that cannot be repetitions are left out: the list begins with bar `AGO`.
    """
    generator = torch.Generator().manual_seed(seed)
    c_y, c_x, rests = repeating_songs(songs, length, generator)
    z = initial_noise(seed, c_y.shape)
    answers = [answer(network, *part) for part in zip(c_x.split(8), z.split(8))]
    wrong, power = (
        (x.square().sum(1) * rests).unflatten(-1, (-1, BAR)).sum((0, 2))
        for x in (torch.cat(answers) - c_y, c_y)
    )
    return [round(error, 5) for error in (wrong / power)[AGO:].tolist()]


def compare_positions(
    rows: Iterable[str],
    *,
    seeds: int,
    steps: int,
    times: Sequence[int] = TIMES,
    songs: int = 32,
) -> dict[str, list[list[list[float]]]]:
    """`errors` of each row: by seed, by length in lengths of training, and by bar."""
    return {
        row: [
            [errors(network, k * TRAINED, songs) for k in times]
            for network in (train(row, steps=steps, seed=seed) for seed in range(seeds))
        ]
        for row in rows
    }
