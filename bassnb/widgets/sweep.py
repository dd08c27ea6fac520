"""Sliders over takes made beforehand: `sweep` plays a grid of settings without a kernel.

Chapters 5 to 7 use it for the number of steps, guidance and its rescale, and the strength of a
style.
"""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from html import escape

import torch
import torch.nn.functional as F

from bassnb.audio import SAMPLE_RATE
from bassnb.errors import BassnbError
from bassnb.waves import as_stereo
from bassnb.widgets.block import (
    Block,
    audio_html,
    bar_html,
    block_html,
    choice_html,
    frequencies_html,
    gain_html,
    spectrogram_html,
    ticks_html,
)
from bassnb.widgets.listen import match_loudness, sound_url
from bassnb.widgets.pictures import log_spectrogram

# of a spectrogram: a few kilobytes, because a sweep may have thirty
ROWS, COLUMNS, QUALITY = 96, 420, 55
KINDS = ("bass alone", "with the mix")


class Sweep(Block):
    """The grid as a notebook shows it; `names` are the settings, in the order of the grid."""


@dataclass(frozen=True)
class Grid:
    """Settings on a full grid, the last parameter changing fastest."""

    parameters: tuple[str, ...]
    values: tuple[tuple, ...]  # of each parameter, in the order of its slider
    single: bool  # keys are values, not tuples

    @property
    def keys(self) -> list[tuple]:
        return list(itertools.product(*self.values))

    def key(self, key) -> tuple:
        """A key as the user wrote it, as a tuple of values."""
        return (key,) if self.single and not isinstance(key, tuple) else key

    def name(self, key: tuple) -> str:
        """A setting in words, as "guidance w 2, phi 0.7"."""
        return ", ".join(
            f"{parameter} {_text(value)}" for parameter, value in zip(self.parameters, key)
        )


def sweep(
    takes: dict,
    *,
    parameters: str | tuple[str, ...],
    title: str | None = None,
    descriptions: dict | None = None,
    mix=None,
    start=None,
    sample_rate: float = SAMPLE_RATE,
    loudness_match: bool = True,
) -> Sweep:
    """A slider for each parameter, with the take and the spectrogram of its setting.

    Parameters
    ----------
    takes : dict of value (one parameter) or tuple of values (several) -> waveform (2, N), (1, N) or
        (N,). Every combination of the values is needed. Numbers are sorted, other values keep their
        order.
    parameters : name of the parameter, or tuple of names
    title : a line above
    descriptions : dict of key -> one line about that take, for example what was measured
    mix : waveform (2, N); adds the choice between the bass alone and the bass with this mix
    start : key of the take shown first, by default the first of `takes`
    sample_rate : Hz, of all waveforms
    loudness_match : bring everything that can be chosen to one loudness

    Returns
    -------
    Sweep, to be the last line of a cell or to be given to IPython's `display`

    Raises
    ------
    BassnbError
        If there is no take, the grid has holes, the parameters do not fit the keys, or a
        description or `start` belongs to no take.
    AudioError
        If a take or the mix is not audio.
    """
    grid = _grid(takes, parameters)
    by_key = {grid.key(key): wave for key, wave in takes.items()}
    about = {
        _known(key, grid, "the description of"): str(text)
        for key, text in (descriptions or {}).items()
    }
    first = next(iter(by_key)) if start is None else _known(start, grid, "start")
    waves = [
        as_stereo(by_key[key], sample_rate, name=f"take {grid.name(key)!r}") for key in grid.keys
    ]
    backing = None if mix is None else as_stereo(mix, sample_rate, name="the mix")
    length = max(wave.shape[-1] for wave in [*waves, *([] if backing is None else [backing])])
    waves = [F.pad(wave, (0, length - wave.shape[-1])) for wave in waves]
    if backing is not None:  # two sounds for each take, adjacent
        backing = F.pad(backing, (0, length - backing.shape[-1]))
        waves = [sound for wave in waves for sound in (wave, wave + backing)]
    waves, gains = match_loudness(waves, loudness_match)
    html = _html(grid, waves, gains, about, grid.keys.index(first), title)
    return Sweep(html, tuple(map(grid.name, grid.keys)), length / SAMPLE_RATE)


def _grid(takes: dict, parameters: str | tuple[str, ...]) -> Grid:
    """The grid on which the keys of `takes` lie, refused if it has holes."""
    if not takes:
        raise BassnbError("there is no take to sweep over; give a dict of settings and waveforms")
    names = (parameters,) if isinstance(parameters, str) else tuple(map(str, parameters))
    if not names:
        raise BassnbError(
            "a sweep needs a parameter; give its name, for example parameters='steps K'"
        )
    keys = [(key,) if len(names) == 1 and not isinstance(key, tuple) else key for key in takes]
    for key in keys:
        if not isinstance(key, tuple) or len(key) != len(names):
            raise BassnbError(
                f"the key {key!r} does not fit the {len(names)} parameter{'s' * (len(names) > 1)} "
                f"{', '.join(map(repr, names))}; give one value for each"
            )
    values = tuple(_in_order(list(dict.fromkeys(column))) for column in zip(*keys))
    grid = Grid(names, values, len(names) == 1)
    if missing := [key for key in grid.keys if key not in set(keys)]:
        raise BassnbError(
            f"there is no take for {grid.name(missing[0])}; give all {len(grid.keys)} combinations, not {len(keys)}"
        )
    return grid


def _known(key, grid: Grid, what: str) -> tuple:
    key = grid.key(key)
    if key not in grid.keys:
        shown = key[0] if grid.single and len(key) == 1 else key
        raise BassnbError(f"{what} {shown!r} belongs to no take; use a key of the takes")
    return key


def _in_order(values: list) -> tuple:
    numbers = all(isinstance(value, (int, float)) for value in values)
    return tuple(sorted(values)) if numbers else tuple(values)


def _text(value) -> str:
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def _html(grid: Grid, waves: list, gains: list, about: dict, first: int, title: str | None) -> str:
    seconds = waves[0].shape[-1] / SAMPLE_RATE
    kinds = len(waves) // len(grid.keys)
    names = [grid.name(key) for key in grid.keys]
    levels = [log_spectrogram(wave, rows=ROWS, columns=COLUMNS) for wave in waves[::kinds]]
    # one scale for all: equal colour means equal level
    loudest = max(float(level.max()) for level in levels)
    images = "".join(
        spectrogram_html(name, level, loudest, seconds, quality=QUALITY, hidden=i != first)
        for i, (name, level) in enumerate(zip(names, levels))
    )
    captions = "".join(
        _caption(name, about.get(key, ""), gains[i * kinds : (i + 1) * kinds], i != first)
        for i, (name, key) in enumerate(zip(names, grid.keys))
    )
    body = (
        bar_html(seconds)
        + f'<div class="bl-sliders">{_sliders(grid, grid.keys[first])}</div>'
        + (choice_html(list(KINDS), "What sounds") if kinds > 1 else "")
        + f'<figure><figcaption aria-live="polite">{captions}</figcaption><div class="bl-pictures">'
        f'<div class="bl-spectrogram">{images}{frequencies_html()}</div><div class="bl-cursor"></div></div>'
        f"{ticks_html(seconds)}</figure>{_plain_players(names, waves, kinds)}"
    )
    label = title or "Takes over " + " and ".join(grid.parameters)
    return block_html("sweep", body, label=label, title=title, data={"seconds": f"{seconds:.3f}"})


def _sliders(grid: Grid, first: tuple) -> str:
    return "".join(
        f'<label class="bl-slider"><span class="bl-name">{escape(parameter)}</span>'
        f'<input type="range" min="0" max="{len(values) - 1}" step="1" value="{values.index(value)}"'
        f' data-values="{escape(json.dumps([_text(v) for v in values]))}" aria-label="{escape(parameter)}"'
        f' aria-valuetext="{escape(_text(value))}">'
        f'<span class="bl-value" style="min-width: {_width(values)}ch">{escape(_text(value))}</span></label>'
        for parameter, values, value in zip(grid.parameters, grid.values, first)
    )


def _width(values: tuple) -> int:
    """Room for any of the values, in characters, so that a slider stays where it is."""
    return min(max(len(_text(value)) for value in values) + 1, 12)


def _caption(name: str, description: str, gains: list[float], hidden: bool) -> str:
    gain = "".join(
        gain_html(value, f' data-kind="{kind}"{" hidden" if kind else ""}')
        for kind, value in enumerate(gains)
    )
    text = f" <span>{escape(description)}</span>" if description else ""
    return f"<span{' hidden' if hidden else ''}><strong>{escape(name)}</strong>{text} {gain}</span>"


def _plain_players(names: list[str], waves: list[torch.Tensor], kinds: int) -> str:
    """A table with the browser's own player of each sound, which the script reads too."""
    rows = ""
    for i, name in enumerate(names):
        labels = [name] if kinds == 1 else [f"{name}, {kind}" for kind in KINDS]
        sounds = zip(labels, waves[i * kinds : (i + 1) * kinds])
        cells = "".join(f"<td>{audio_html(sound_url(wave), label)}</td>" for label, wave in sounds)
        rows += f'<tr><th scope="row">{escape(name)}</th>{cells}</tr>'
    return f"<details><summary>All takes, one player each</summary><table>{rows}</table></details>"
