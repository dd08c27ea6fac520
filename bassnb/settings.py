"""What a user may set, for a take and for a training, with types, bounds and one sentence of help.

The command line makes its options of these classes, the panel its sliders, and every check reads
them. Taught in chapter 10.
"""

from __future__ import annotations

import dataclasses
import itertools
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
    guidance_rule: str | None = setting(
        None,
        choices=("cfg", "apg"),
        help="cfg as in the paper, or apg, which leaves out what only makes the estimate larger.",
    )
    guidance_interval: str | None = setting(
        None,
        words="two times from 0 (clean) to 1 (noise) such as 0.3-0.9",
        help="Guide only between two times from 0 (clean) to 1 (noise), such as 0.3-0.9.",
    )
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
        """Settings from keywords; see `chosen`."""
        return chosen(given, cls)[0]


@dataclass(frozen=True)
class ControlSettings(Checked):
    """What the player decides beyond the sampler, see `bassnb.control`. None leaves it to the
    model.
    """

    keep: str | os.PathLike | object | None = setting(
        None,
        help="A take, or another bass to this mix, that is kept outside the regions; a shorter one is continued.",
    )
    region: str | tuple[str, ...] | None = setting(
        None,
        words="seconds such as 12.5-20 or 12.5-, or bars such as bars 9-12",
        help="Play this part of --keep again: seconds such as 12.5-20 or 12.5-, or bars such as 'bars 9-12'.",
    )
    line: str | os.PathLike | object | None = setting(
        None, help="A line of your own to stay near: hummed or played audio, or a MIDI file."
    )
    freedom: float | None = setting(
        None, high=1, help="How far from the line: 0 is the line itself, 1 is no line."
    )
    loop: bool = setting(
        False, help="The mix is a loop; the end of the bass leads into its beginning."
    )
    chords: str | None = setting(
        None,
        help="Chords to play to: a text such as 'Am F C G', or a file (.txt, .lab, .mid).",
    )
    key: str | None = setting(
        None, help="A scale to stay in, such as 'A minor' or 'D dorian', without --chords."
    )
    chord_level: float | None = setting(
        None,
        low=-40,
        high=40,
        usual=12,
        help="Of the chords in the input of the network, in dB above the mix; 6 by default.",
    )
    bars_per_chord: float | None = setting(
        None, low=0.01, high=1000, usual=4, help="How long each of the chords lasts; 1 by default."
    )
    tempo: float | None = setting(
        None, low=20, high=400, help="Of the mix, in beats a minute; without it, it is estimated."
    )
    meter: int | None = setting(
        None, low=1, high=32, usual=12, help="Beats in a bar; 4 by default."
    )
    first_beat: float | None = setting(
        None, help="Seconds at which the first bar of the mix begins; 0 with --tempo."
    )
    count_in: int | None = setting(
        None, low=1, high=16, usual=4, help="Bars of clicks before mix and bass together."
    )
    density: str | float | None = setting(
        None,
        low=-1,
        words="busier, sparser, or a number from -1 to 1",
        help="More or fewer notes: busier, sparser, or a number from -1 to 1.",
    )
    best_of: int | None = setting(
        None,
        low=2,
        high=64,
        usual=16,
        help="Play so many takes and keep the one that fits best by what can be heard in the mix.",
    )


def chosen(given: dict, *classes: type) -> list:
    """Settings of several classes from keywords: numbers of numpy become numbers of Python, lists
    become tuples.

    Raises
    ------
    BassnbError
        If no class has such a setting, or a value is out of range.
    """
    names = [[entry.name for entry in dataclasses.fields(one)] for one in classes]
    for name in given:
        if not any(name in own for own in names):
            known = ", ".join(itertools.chain(*names))
            raise BassnbError(f"there is no setting {name!r}; choose among {known}")
    values = {name: plain_number(value) for name, value in given.items()}
    return [
        one(**{name: values[name] for name in own if name in values})
        for one, own in zip(classes, names)
    ]


def plain_number(value):
    """A number of numpy as one of Python, which JSON can write; a list of texts as a tuple; anything
    else as it is.
    """
    if isinstance(value, list) and value and all(isinstance(one, str) for one in value):
        return tuple(value)
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
    soundfont: tuple[str, ...] | None = setting(
        None, help="A further SoundFont for composed songs of the world 'wide'; may be repeated."
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
