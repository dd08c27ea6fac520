"""The HTML of `listen`: one self-contained block per call, with its own style and script.

No element has an id, so that any number of players live on one page. Without scripts the browser's own players
remain. Colours come from the text colour around the block, so that it is legible on light and dark pages.
"""

from __future__ import annotations

import base64
import math
from dataclasses import dataclass
from html import escape
from importlib import resources

import numpy as np
import torch

from bassnb.audio import SAMPLE_RATE, peak
from bassnb.widgets.pictures import (
    HIGHEST,
    LOWEST,
    log_spectrogram,
    spectrogram_image,
    strongest_frequency,
    waveform_path,
)

COLUMNS = 300  # of the waveform
LABELS = ((100, "100 Hz"), (1000, "1 kHz"), (5000, "5 kHz"))


@dataclass(frozen=True)
class Take:
    """What one row of the player shows."""

    name: str
    description: str
    wave: torch.Tensor  # (2, N), 44.1 kHz, all takes of a player equally long
    gain: float  # dB, already applied to the wave
    url: str


def player_html(takes: list[Take], title: str | None) -> str:
    """The whole block for takes of equal length."""
    seconds = takes[0].wave.shape[-1] / SAMPLE_RATE
    levels = [log_spectrogram(take.wave) for take in takes]
    loudest = max(float(level.max()) for level in levels)  # one scale for all: equal colour means equal level
    highest = max(peak(take.wave) for take in takes) or 1.0
    label = title or "Players: " + ", ".join(take.name for take in takes)
    buttons = "".join(
        f'<button type="button" aria-pressed="{"true" if i == 0 else "false"}">{escape(take.name)}</button>'
        for i, take in enumerate(takes)
    )
    rows = "".join(_row(take, level, loudest, highest, seconds) for take, level in zip(takes, levels))
    files = resources.files("bassnb.widgets")
    return (
        f'<div class="bassnb-listen mathjax_ignore" role="group" aria-label="{escape(label)}"'
        f' data-seconds="{seconds:.3f}">'
        f"<style>{files.joinpath('listen.css').read_text()}</style>"
        + (f'<p class="bl-title">{escape(title)}</p>' if title else "")
        + '<div class="bl-bar"><button type="button" class="bl-play">Play</button>'
        f'<input type="range" class="bl-seek" min="0" max="{seconds:.3f}" step="0.1" value="0" aria-label="Position">'
        f'<span class="bl-time">0:00 / {_clock(seconds)}</span></div>'
        f'<div class="bl-takes" role="group" aria-label="Which take sounds">{buttons}</div>'
        f'<div class="bl-rows">{rows}</div>'
        f"<script>{files.joinpath('listen.js').read_text()}</script></div>"
    )


def _row(take: Take, level: np.ndarray, loudest: float, highest: float, seconds: float) -> str:
    """One take: its name, its pictures over a common time axis, and the browser's own player as a fallback."""
    alt = f"Spectrogram of {take.name}, {seconds:.1f} s, {LOWEST:.0f} Hz to {HIGHEST / 1000:.0f} kHz"
    alt += f"; most energy near {strongest_frequency(level):.0f} Hz" if level.max() > -110 else "; silence"
    image = base64.b64encode(spectrogram_image(level, loudest)).decode("ascii")
    gain = f'<span class="bl-gain">played at {take.gain:+.1f} dB</span>' if abs(take.gain) >= 0.05 else ""
    description = f" <span>{escape(take.description)}</span>" if take.description else ""
    return (
        f'<figure class="bl-row"><figcaption><strong>{escape(take.name)}</strong>{description} {gain}</figcaption>'
        f'<div class="bl-pictures"><svg viewBox="0 0 {COLUMNS} 2" preserveAspectRatio="none" aria-hidden="true">'
        f'<path d="{waveform_path(take.wave, highest, columns=COLUMNS)}"/></svg>'
        f'<div class="bl-spectrogram"><img class="dark-light" src="data:image/webp;base64,{image}" alt="{escape(alt)}">'
        f'{_frequency_labels()}</div><div class="bl-cursor"></div></div>'
        f'<div class="bl-ticks" aria-hidden="true">{_ticks(seconds)}</div>'
        f'<audio controls preload="none" src="{escape(take.url)}" aria-label="{escape(take.name)}"></audio></figure>'
    )


def _frequency_labels() -> str:
    heights = [(math.log(hertz / LOWEST) / math.log(HIGHEST / LOWEST), text) for hertz, text in LABELS]
    return "".join(f'<i aria-hidden="true" style="bottom:{100 * height:.1f}%">{text}</i>' for height, text in heights)


def _ticks(seconds: float) -> str:
    """Labels below the pictures, at most seven, at round seconds."""
    step = next((s for s in (0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300) if seconds / s <= 6), 600)
    marks = np.arange(0, seconds * 0.97, step)
    return "".join(f'<i style="left:{100 * mark / seconds:.2f}%">{mark:g} s</i>' for mark in marks)


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
