"""The settings that every training shares, with their bounds; the command line makes its options of
them. Taught in chapter 10.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from bassnb.checked import Checked, setting


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
        None, help="Go on from the network of this model: a shipped name, a folder, a hub id."
    )
    seed: int = setting(0, high=2**62, help="The same seed gives the same result.")
    resume: bool = setting(False, help="Continue the training in the run folder.")
    steps: int | None = setting(
        None, low=1, help="Stop after so many of the preset's steps; resuming continues."
    )
    device: str = setting("auto", choices=("auto", "cpu", "cuda"), help="auto, cpu or cuda.")
    precision: str = setting("no", choices=("no", "bf16", "fp16"), help="no, bf16 or fp16.")
    compile: bool = setting(False, help="Compile the networks first: a minute or two, for a GPU.")
    accumulate: int = setting(1, low=1, help="Compute each batch in so many parts, to save memory.")
    best: bool = setting(False, help="Leave the weights of the best validation, not the last.")
