"""The HTML of `listen`: the bar, a button and a row of pictures per take.

Without scripts the browser's own players are used.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape

import numpy as np
import torch

from bassnb.audio import SAMPLE_RATE
from bassnb.control.notes import Note
from bassnb.level import peak
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
from bassnb.widgets.pictures import HIGHEST, LOWEST, log_spectrogram, waveform_path

COLUMNS = 300  # of the waveform
QUALITY = 70  # of the spectrograms
NOTES_BUTTON = (
    '<div class="bl-bar"><button type="button" class="bl-notes" aria-pressed="true">'
    "Piano roll</button></div>"
)
ROLL = 1000  # units of the width of a piano roll; its height has 100
THICK = 3.0  # units of the height of a note
PITCHES = ("C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B")


@dataclass(frozen=True)
class Take:
    """What one row of the player shows."""

    name: str
    description: str
    wave: torch.Tensor  # (2, N), 44.1 kHz, all takes of a player equally long
    gain: float  # dB, already applied to the wave
    url: str
    notes: tuple[Note, ...] | None = None  # of its piano roll; None shows none


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
        + (NOTES_BUTTON if any(take.notes is not None for take in takes) else "")
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
        f'{roll_html(take, seconds)}{frequencies_html()}</div><div class="bl-cursor"></div></div>'
        f"{ticks_html(seconds)}{audio_html(take.url, take.name)}</figure>"
    )


def roll_html(take: Take, seconds: float) -> str:
    """The notes of a take at the heights of their fundamentals in the spectrogram, the louder the
    less transparent; empty for a take without notes.
    """
    if take.notes is None:
        return ""
    bars = "".join(note_html(note, seconds) for note in take.notes)
    return (
        f'<svg class="bl-roll" viewBox="0 0 {ROLL} 100" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(roll_label(take.name, take.notes))}">{bars}</svg>'
    )


def roll_label(name: str, notes: tuple[Note, ...]) -> str:
    """What a piano roll shows, in words."""
    if not notes:
        return f"Piano roll of {name}: no notes"
    pitches = [note.pitch for note in notes]
    low, high = (
        f"{PITCHES[pitch % 12]}{pitch // 12 - 1}" for pitch in (min(pitches), max(pitches))
    )
    if len(notes) == 1:
        return f"Piano roll of {name}: 1 note, {low}"
    return f"Piano roll of {name}: {len(notes)} notes from {low} to {high}"


def note_html(note: Note, seconds: float) -> str:
    """One note as a rectangle."""
    hertz = 440 * 2 ** ((note.pitch - 69) / 12)
    height = 100 * math.log(hertz / LOWEST) / math.log(HIGHEST / LOWEST)
    x, width = (ROLL * time / seconds for time in (note.onset, note.offset - note.onset))
    opacity = 0.35 + 0.65 * note.velocity / 127
    return (
        f'<rect x="{x:.1f}" y="{100 - height - THICK / 2:.1f}" width="{width:.1f}" '
        f'height="{THICK:g}" opacity="{opacity:.2f}"/>'
    )
