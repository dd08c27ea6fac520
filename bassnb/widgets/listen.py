"""Players for several takes of the same music, which keep the position when switching.

`listen` is the first thing that most chapters call. With a live kernel the sound travels inside the
notebook; in the built book it is in files beside the page that load when play is pressed.
Neither needs a server.
"""

from __future__ import annotations

import base64
import hashlib
import math
import os
import tempfile
from pathlib import Path

import torch
import torch.nn.functional as F

from bassnb.audio import SAMPLE_RATE, write_audio
from bassnb.control.notes import Note
from bassnb.errors import BassnbError
from bassnb.level import loudness, peak
from bassnb.take import Accompaniment
from bassnb.waves import as_stereo
from bassnb.widgets.block import STATIC, STATIC_URL, Block
from bassnb.widgets.player import Take, player_html

TARGET = -18.0  # LUFS: most music then does not clip
CEILING = 0.97  # largest sample after matching
SILENT = -70.0  # LUFS: quieter waves keep their level


class Listen(Block):
    """Players as a notebook shows them; `names` are those of the takes."""


def listen(
    takes: dict,
    *,
    sample_rate: float = SAMPLE_RATE,
    title: str | None = None,
    descriptions: dict | None = None,
    notes: dict | None = None,
    loudness_match: bool = True,
) -> Listen:
    """Aligned players: one position for all takes, a waveform and a spectrogram of each.

    Introduced in chapter 0.

    Parameters
    ----------
    takes : dict of name -> Tensor or array (2, N), (1, N) or (N,), float in [-1, 1]
        Takes of different length are aligned at their start and shown over the longest.
    sample_rate : Hz, of all takes
    title : a line above the players
    descriptions : dict of name -> one sentence about that take
    notes : dict of name -> notes of that take (`bassnb.control.notes.Note`), or the `Accompaniment`
        whose notes they are; a piano roll over the spectrogram, which a button hides
    loudness_match : bring all takes to one loudness (LUFS), so that the louder one does not sound
        like the better one

    Returns
    -------
    Listen, to be the last line of a cell or to be given to IPython's `display`

    Raises
    ------
    BassnbError
        If there is no take, or a description or notes belong to none.
    AudioError
        If a take is not audio.
    """
    descriptions, notes = descriptions or {}, notes or {}
    if not takes:
        raise BassnbError("there is no take to listen to; give a dict of names and waveforms")
    for what, given in (("description", descriptions), ("piano roll", notes)):
        if unknown := sorted(set(given) - set(takes)):
            raise BassnbError(
                f"the {what} of {unknown[0]!r} belongs to no take; use the names {', '.join(map(repr, takes))}"
            )
    waves = [as_stereo(wave, sample_rate, name=f"take {name!r}") for name, wave in takes.items()]
    length = max(wave.shape[-1] for wave in waves)
    waves = [F.pad(wave, (0, length - wave.shape[-1])) for wave in waves]
    waves, gains = match_loudness(waves, loudness_match)
    shown = [
        Take(
            str(name),
            str(descriptions.get(name, "")),
            wave,
            gain,
            sound_url(wave),
            notes_from(notes[name]) if name in notes else None,
        )
        for name, wave, gain in zip(takes, waves, gains)
    ]
    return Listen(
        player_html(shown, title), tuple(take.name for take in shown), length / SAMPLE_RATE
    )


def notes_from(source) -> tuple[Note, ...]:
    """Notes as they are, or those of an `Accompaniment`."""
    return source.notes() if isinstance(source, Accompaniment) else tuple(source)


def match_loudness(
    waves: list[torch.Tensor], wanted: bool
) -> tuple[list[torch.Tensor], list[float]]:
    """Waves (2, N) with their `matching_gains` applied, and these gains in dB.

    Without `wanted` the waves stay as they are and the gains are 0.
    """
    gains = matching_gains(waves) if wanted else [0.0] * len(waves)
    return [wave * 10 ** (gain / 20) for wave, gain in zip(waves, gains)], gains


def matching_gains(waves: list[torch.Tensor]) -> list[float]:
    """Gains in dB that bring every wave (2, N) to one loudness.

    The target is -18 LUFS, or as much less as the highest peak requires.

    Silence, and what is too short to have a loudness, keeps its level.
    """
    levels, peaks = [level_of(wave) for wave in waves], [peak(wave) for wave in waves]
    audible = [level > SILENT for level in levels]
    rooms = [
        level + 20 * math.log10(CEILING / top)
        for level, top, sounding in zip(levels, peaks, audible)
        if sounding
    ]
    target = min([TARGET, *rooms])
    return [target - level if sounding else 0.0 for level, sounding in zip(levels, audible)]


def level_of(wave: torch.Tensor) -> float:
    """Loudness in LUFS of a wave (2, N).

    Measured at a tenth of full scale, where the filters of the measure cannot clip.
    """
    top = peak(wave)
    return loudness(wave * (0.1 / top)) + 20 * math.log10(top / 0.1) if top > 0 else float("-inf")


def sound_url(wave: torch.Tensor) -> str:
    """Address of a wave (2, N): a file of the built site, or else a data URI.

    MP3, because every browser plays it; the file is named after its content, so that equal takes
    share one.
    """
    folder = os.environ.get(STATIC)
    if folder:
        name = hashlib.sha256(wave.contiguous().numpy().tobytes()).hexdigest()[:20] + ".mp3"
        Path(folder).mkdir(parents=True, exist_ok=True)
        if not (Path(folder) / name).exists():
            write_audio(Path(folder) / name, wave)
        return STATIC_URL + name
    with tempfile.TemporaryDirectory() as scratch:
        sound = write_audio(Path(scratch) / "take.mp3", wave).read_bytes()
    return "data:audio/mpeg;base64," + base64.b64encode(sound).decode("ascii")
