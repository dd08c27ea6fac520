"""The HTML of `listen`: the bar, a button and a row of pictures per take.

Without scripts the browser's own players are used.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

import numpy as np
import torch

from bassnb.audio import SAMPLE_RATE, peak
from bassnb.widgets.block import (
    audio_html,
    bar_html,
    block_html,
    choice_html,
    frequencies_html,
    gain_html,
    spectrogram_html,
    ticks_html,
)
from bassnb.widgets.pictures import log_spectrogram, waveform_path

COLUMNS = 300  # of the waveform
QUALITY = 70  # of the spectrograms


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
    # one scale for all: equal colour means equal level
    loudest = max(float(level.max()) for level in levels)
    highest = max(peak(take.wave) for take in takes) or 1.0
    rows = "".join(
        _row(take, level, loudest, highest, seconds) for take, level in zip(takes, levels)
    )
    return block_html(
        "listen",
        bar_html(seconds)
        + choice_html([take.name for take in takes], "Which take sounds")
        + f'<div class="bl-rows">{rows}</div>',
        label=title or "Players: " + ", ".join(take.name for take in takes),
        title=title,
        data={"seconds": f"{seconds:.3f}"},
    )


def _row(take: Take, level: np.ndarray, loudest: float, highest: float, seconds: float) -> str:
    """One take: name, pictures over a common time axis, and the browser's player as a fallback."""
    description = f" <span>{escape(take.description)}</span>" if take.description else ""
    return (
        f'<figure class="bl-row"><figcaption><strong>{escape(take.name)}</strong>{description} {gain_html(take.gain)}'
        '</figcaption><div class="bl-pictures">'
        f'<svg viewBox="0 0 {COLUMNS} 2" preserveAspectRatio="none" aria-hidden="true">'
        f'<path d="{waveform_path(take.wave, highest, columns=COLUMNS)}"/></svg>'
        f'<div class="bl-spectrogram">{spectrogram_html(take.name, level, loudest, seconds, quality=QUALITY)}'
        f'{frequencies_html()}</div><div class="bl-cursor"></div></div>'
        f"{ticks_html(seconds)}{audio_html(take.url, take.name)}</figure>"
    )
