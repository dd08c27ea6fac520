"""`render`: a song as stems, and `write_song`: the stems and the truth as files.

Each stem is a pure function of its own part: a subset of the stems has the same bytes as in the
full set. Taught in chapter 10.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch

from bassnb.audio import write_audio
from bassnb.composer.effects import apply_effects
from bassnb.composer.patches import play_patch
from bassnb.composer.score import Part, Song
from bassnb.composer.synth import SAMPLE_RATE, play
from bassnb.errors import DataError
from bassnb.files import write_atomically
from bassnb.outputs import Output, json_object, json_with

STEMS = ("bass", "drums", "chords", "pad", "melody")
# Loudness (rms while it plays) and highest peak of each stem before the song's own gains. The peaks
# add up to less than 1, so the sum of all stems cannot clip, whichever stems are rendered.
_LEVELS = {
    "bass": (0.11, 0.27),
    "drums": (0.075, 0.27),
    "chords": (0.06, 0.18),
    "pad": (0.03, 0.10),
    "melody": (0.045, 0.16),
}
_FRAME = 2048


def render(song: Song, *, parts: Iterable[str] | None = None) -> dict[str, torch.Tensor]:
    """Render a song stem by stem.

    Parameters
    ----------
    song : what to play
    parts : names of the stems to render, all that the song has if None

    Returns
    -------
    stems : dict of name -> Tensor (2, N) float32 at 44.1 kHz, N = round(song.duration * 44100)
        The sum of all stems stays below 1. A name in `parts` that the song lacks gives silence.

    Raises
    ------
    DataError
        If a name in `parts` is not one of `STEMS`.
    """
    wanted = [part.name for part in song.parts] if parts is None else list(parts)
    unknown = sorted(set(wanted) - set(STEMS))
    if unknown:
        raise DataError(f"there is no stem {unknown[0]!r}; choose from {', '.join(STEMS)}")
    samples = round(song.duration * SAMPLE_RATE)
    stems = {}
    for name in wanted:
        part = song.part(name)
        wave = (
            np.zeros((2, samples), np.float32) if part is None else render_part(part, song, samples)
        )
        stems[name] = torch.from_numpy(wave)
    return stems


def render_part(part: Part, song: Song, samples: int) -> np.ndarray:
    """One stem (2, N) float32: instrument, channel strip, level."""
    wave = _played(part, song.tuning, samples)
    apply_effects(wave, part.effects, part.pan, SAMPLE_RATE)
    wave *= np.float32(level(wave, part.name, part.gain_db) * 10.0 ** (song.gain_db / 20.0))
    return wave


def _played(part: Part, tuning: float, samples: int) -> np.ndarray:
    """The notes of a part played by its own instrument."""
    if part.patch is not None:
        return play_patch(part.patch, part.notes, samples, tuning=tuning)
    return play(
        part.notes,
        part.program,
        samples,
        is_drum=part.is_drum,
        tuning=tuning,
        soundfont=part.soundfont,
    )


def level(wave: np.ndarray, name: str, gain_db: float) -> float:
    """The factor that brings a stem to its usual loudness plus `gain_db`.

    The peak never exceeds the share of full scale of that stem.
    """
    rms_wanted, top_allowed = _LEVELS[name]
    peak = float(max(wave.max(initial=0.0), -wave.min(initial=0.0)))
    if peak == 0.0:
        return 1.0
    frames = wave[:, : wave.shape[1] // _FRAME * _FRAME].reshape(2, -1, _FRAME)
    if not frames.size:
        return top_allowed / peak
    power = np.einsum("cfn,cfn->f", frames, frames) / (2 * _FRAME)
    active = power[power >= 0.02 * power.max()]
    gain = rms_wanted * 10.0 ** (gain_db / 20.0) / max(float(np.sqrt(active.mean())), 1e-9)
    return min(gain, top_allowed / peak)


def mix_of(stems: dict[str, torch.Tensor]) -> torch.Tensor:
    """The accompaniment (2, N): the sum of every stem but the bass."""
    others = [wave for name, wave in stems.items() if name != "bass"]
    return torch.stack(others).sum(dim=0) if others else torch.zeros_like(stems["bass"])


def write_song(song: Song, folder: str | Path) -> Path:
    """Write the stems, `mix.flac` (all but the bass) and `song.json` into a folder.

    Stems are `bass.flac`, `drums.flac`, `chords.flac`, `pad.flac` and `melody.flac`; those that
    the song does not have are not written. `song.json` comes last, so a folder that has it is
    complete. A new folder is removed again if the song cannot be completed.
    """
    folder = Path(folder)
    new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        stems = render(song)
        for name, wave in [*stems.items(), ("mix", mix_of(stems))]:
            write_audio(folder / f"{name}.flac", wave)
        write_atomically(folder / "song.json", song.to_json().encode())
    except BaseException:
        if new:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    return folder


def song_outputs(folder: str | Path) -> list[Output]:
    """The files that `write_song` may write.

    Existing audio may be replaced if the `song.json` in the same folder lists it.
    """
    truth = Path(folder) / "song.json"
    is_song = json_with("seed", "split", "idiom", "chords", "parts")

    def ours(path: Path) -> bool:
        parts = json_object(truth)["parts"] if is_song(truth) else None
        return isinstance(parts, list) and path.stem in (
            "mix",
            *(part.get("name") for part in parts if isinstance(part, dict)),
        )

    return [
        *(Output(Path(folder) / f"{name}.flac", ours) for name in (*STEMS, "mix")),
        Output(truth, is_song),
    ]
