"""What a user may set, for a take and for a training, with types, bounds and one sentence of help.

The command line makes its options of these classes, the panel its sliders, and every check reads
them. Taught in chapters 8 and 10.
"""

from __future__ import annotations

import dataclasses
import os
from dataclasses import dataclass

import numpy as np

from bassnb.checked import Checked, setting
from bassnb.errors import BassnbError

MOST_TAKES = 100  # of one call


@dataclass(frozen=True)
class TakeSettings(Checked):
    """How a take is played. None stands for the value that is best for the model."""

    guidance: float | None = setting(
        None,
        high=20,
        usual=10,
        help="How closely to follow the mix: 0 ignores it, 1 is no guidance.",
    )
    phi: float | None = setting(None, high=1, help="Share of the guidance rescale, 0 to 1.")
    strength: float | None = setting(
        None, high=2, help="Of the style: 1 as in the paper, above it exaggerated."
    )
    sampler: str | None = setting(
        None, choices=("ddim", "dpm++"), help="ddim, or dpm++ for far fewer steps."
    )
    steps: int | None = setting(
        None,
        low=1,
        high=1000,
        usual=200,
        help="Sampler steps, by default 64 of ddim or 12 of dpm++.",
    )
    seed: int = setting(0, high=2**62, help="The same seed gives the same result.")
    tuning: str | float = setting(
        "auto",
        low=-200,
        high=480,
        words="auto, the frequency of A from 400 to 480 Hz, or cents above 440 Hz from -200 to 200",
        help="Of the mix: auto, the frequency of A in Hz (432), or cents above 440 Hz (-44).",
    )

    @classmethod
    def of(cls, **given) -> TakeSettings:
        """Settings from keywords, in which numbers of numpy become numbers of Python.

        Raises
        ------
        BassnbError
            If there is no such setting, or its value is out of range.
        """
        names = [entry.name for entry in dataclasses.fields(cls)]
        for name in given:
            if name not in names:
                raise BassnbError(f"there is no setting {name!r}; choose among {', '.join(names)}")
        return cls(**{name: plain_number(value) for name, value in given.items()})


def plain_number(value):
    """A number of numpy as one of Python, which JSON can write; anything else as it is."""
    return value.item() if isinstance(value, np.generic) else value


def number_of_takes(value) -> int:
    """The number of takes that a call asks for.

    Raises
    ------
    BassnbError
        If it is no whole number from 1 to `MOST_TAKES`.
    """
    count = plain_number(value)
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= MOST_TAKES:
        raise BassnbError(f"variations is {count!r}; give a whole number from 1 to {MOST_TAKES}")
    return count


@dataclass(frozen=True)
class TrainingSettings(Checked):
    """How to train: on which songs, from which seed, on which device, and for how long.

    What is trained (sizes, learning rates, numbers of steps) is in the preset, see
    `bassnb.presets`.
    """

    data: str | os.PathLike | None = setting(
        None, help="Folder of a collection of stems; by default generated songs."
    )
    latents: str | os.PathLike | None = setting(
        None, help="Cache that bassnb encode wrote, instead of --data."
    )
    cache: str | os.PathLike = setting(
        "cache",
        help="Folder for what is made once: rendered songs, latents, the index of a collection.",
    )
    without_musdb: bool = setting(
        False, help="Leave out the songs of MedleyDB that MUSDB18 holds as well."
    )
    start: str | None = setting(
        None, help="Begin with the weights of this model: a shipped name, a folder, a hub id."
    )
    seed: int = setting(0, high=2**62, help="The same seed gives the same result.")
    resume: bool = setting(False, help="Continue the training in the run folder.")
    steps: int | None = setting(
        None, low=1, help="Stop after so many of the preset's steps; resuming continues."
    )
    total_steps: int | None = setting(
        None, low=1, help="Train so many steps in all, with the whole schedule in proportion."
    )
    composed: float = setting(
        0.0, high=1, help="Share of composed songs beside those of --data or --latents, 0 to 1."
    )
    device: str = setting("auto", help="auto, cpu or cuda.")
    precision: str = setting("no", help="no, bf16 (recent GPUs) or fp16 (older GPUs, such as T4).")
    compile: bool = setting(False, help="Compile the networks first: a minute or two, for a GPU.")
    accumulate: int = setting(1, low=1, help="Compute each batch in so many parts, to save memory.")
    best: bool = setting(False, help="Leave the weights of the best validation, not the last.")
    save_minutes: float = setting(
        3.0,
        high=1440,
        help="Minutes between two checkpoints, at least; 0 writes one every 50 steps.",
    )
