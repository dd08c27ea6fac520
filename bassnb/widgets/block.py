"""Parts that all players share: style, script, the bar with the position, the axes.

A block is one piece of HTML with its own style and script. No element has an id, so that any number
of blocks fit on one page, and nothing is loaded from elsewhere. Colours come from the text colour
around the block, so that it is legible on light and dark pages.
"""

from __future__ import annotations

import base64
import hashlib
import math
import os
from dataclasses import dataclass
from html import escape
from importlib import resources
from pathlib import Path

import numpy as np

from bassnb.widgets.pictures import HIGHEST, LOWEST, spectrogram_image, strongest_frequency

# environment: the folder for the files of a book that is being built; its build sets it
STATIC = "BASSNB_BOOK_STATIC"
# address of that folder in a page of the book, one folder below the top of the site
STATIC_URL = "../_static/audio/"
LABELS = ((100, "100 Hz"), (1000, "1 kHz"), (5000, "5 kHz"))


@dataclass(frozen=True)
class Block:
    """Players as a notebook shows them; `html` is complete and loads nothing from elsewhere."""

    html: str
    names: tuple[str, ...]
    seconds: float

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(self.names)}; {self.seconds:.1f} s)"


def block_html(kind: str, body: str, *, label: str, title: str | None, data: dict[str, str]) -> str:
    """The whole block around `body`; `kind` names its style and script, as `listen.css`."""
    files = resources.files("bassnb.widgets")
    style, script = (
        "".join(files.joinpath(f"{name}.{suffix}").read_text() for name in (shared, kind))
        for shared, suffix in (("block", "css"), ("deck", "js"))
    )
    attributes = "".join(f' data-{name}="{escape(value)}"' for name, value in data.items())
    return (
        f'<div class="bassnb-block bassnb-{kind} mathjax_ignore" role="group" aria-label="{escape(label)}"{attributes}>'
        f"<style>{style}</style>"
        + (f'<p class="bl-title">{escape(title)}</p>' if title else "")
        + f'{body}<script>(() => {{\n"use strict";\n{script}}})();</script></div>'
    )


def bar_html(seconds: float) -> str:
    """Play, the position, and the time."""
    return (
        '<div class="bl-bar"><button type="button" class="bl-play">Play</button>'
        f'<input type="range" class="bl-seek" min="0" max="{seconds:.3f}" step="0.1" value="0" aria-label="Position">'
        f'<span class="bl-time">0:00 / {clock(seconds)}</span></div>'
    )


def choice_html(names: list[str], label: str) -> str:
    """One button per name, the first one pressed."""
    buttons = "".join(
        f'<button type="button" aria-pressed="{"true" if i == 0 else "false"}">{escape(name)}</button>'
        for i, name in enumerate(names)
    )
    return f'<div class="bl-takes" role="group" aria-label="{escape(label)}">{buttons}</div>'


def spectrogram_html(
    name: str,
    level: np.ndarray,
    loudest: float,
    seconds: float,
    *,
    quality: int,
    hidden: bool = False,
) -> str:
    """The spectrogram of one take as an image with an alternative text.

    `level` (rows, T) is in dB; `loudest` is shown brightest.
    """
    alt = f"Spectrogram of {name}, {seconds:.1f} s, {LOWEST:.0f} Hz to {HIGHEST / 1000:.0f} kHz"
    alt += (
        f"; most energy near {strongest_frequency(level):.0f} Hz"
        if level.max() > -110
        else "; silence"
    )
    address = picture_url(spectrogram_image(level, loudest, quality=quality))
    return f'<img class="dark-light" src="{escape(address)}" alt="{escape(alt)}"{" hidden" if hidden else ""}>'


def picture_url(image: bytes) -> str:
    """Address of a WebP picture: a file of the built site, to keep pages small, or a data URI."""
    folder = os.environ.get(STATIC)
    if not folder:
        return "data:image/webp;base64," + base64.b64encode(image).decode("ascii")
    name = hashlib.sha256(image).hexdigest()[:20] + ".webp"
    Path(folder).mkdir(parents=True, exist_ok=True)
    (Path(folder) / name).write_bytes(image)
    return STATIC_URL + name


def frequencies_html() -> str:
    """Labels inside a spectrogram, at their heights."""
    heights = [
        (math.log(hertz / LOWEST) / math.log(HIGHEST / LOWEST), text) for hertz, text in LABELS
    ]
    return "".join(
        f'<i aria-hidden="true" style="bottom:{100 * height:.1f}%">{text}</i>'
        for height, text in heights
    )


def ticks_html(seconds: float) -> str:
    """Labels below the pictures, at most seven, at round seconds."""
    step = next((s for s in (0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300) if seconds / s <= 6), 600)
    marks = np.arange(0, seconds * 0.97, step)
    labels = "".join(
        f'<i style="left:{100 * mark / seconds:.2f}%">{mark:g} s</i>' for mark in marks
    )
    return f'<div class="bl-ticks" aria-hidden="true">{labels}</div>'


def gain_html(gain: float, attributes: str = "") -> str:
    """The gain at which a take is played, in words; empty if it is 0 dB."""
    return (
        f'<span class="bl-gain"{attributes}>played at {gain:+.1f} dB</span>'
        if abs(gain) >= 0.05
        else ""
    )


def audio_html(url: str, label: str) -> str:
    """The browser's own player, used where scripts are off."""
    return (
        f'<audio controls preload="none" src="{escape(url)}" aria-label="{escape(label)}"></audio>'
    )


def clock(seconds: float) -> str:
    """Seconds as minutes and seconds, 1:05."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
