"""One bass take: its audio, its latents, its settings, and the files that it is written to."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from bassnb.audio import SUBTYPES, write_audio, write_blocks
from bassnb.control.beats import Beats
from bassnb.control.latents_file import TakeLatents, latents_path
from bassnb.control.midi import write_midi
from bassnb.control.notes import Note, notes_of
from bassnb.errors import AudioError, BassnbError
from bassnb.outputs import (
    Output,
    check_outputs,
    is_settings,
    json_object,
    listed_in,
    write_settings,
)
from bassnb.settings import number_of_takes
from bassnb.sources import several
from bassnb.tracks import Lead, Spool, Track, summed, unclipped_gain

MIDI = (".mid", ".midi")


@dataclass(frozen=True)
class Accompaniment:
    """One bass take.

    Attributes
    ----------
    audio : Tensor (2, N), float32 in [-1, 1], 44.1 kHz, exactly as long as the mix
    mix : Tensor (2, N), the mix it was made for
    latents : Tensor (32, L), standardised; at A = 440 Hz, from which a song in another tuning has
        another length
    settings : everything needed to make it again, and `gain_db`, by which `audio` was turned down
        so as not to clip
    lead : what comes before mix and bass together; None for nothing
    """

    audio: Tensor
    mix: Tensor
    latents: Tensor
    settings: dict
    lead: Lead | None = None

    def mix_with(self, balance_db: float = 0.0) -> Tensor:
        """Mix and bass together, (2, N), turned down as a whole if they would clip.

        The bass is as loud beside the mix as it was played, also where `audio` had to be turned
        down alone, and then changed by `balance_db`.
        """
        both = self.mix + self.audio * 10 ** ((balance_db - self.settings.get("gain_db", 0.0)) / 20)
        if self.lead is not None:
            both = torch.cat(list(self.lead.before([both])), -1)
        return both * unclipped_gain([both])

    def notes(self) -> tuple[Note, ...]:
        """The notes of the bass, in order: onset, offset, pitch and velocity; see
        `bassnb.control.notes.notes_of`.
        """
        return notes_of(lambda: [self.audio], self.settings.get("tuning", 0.0))

    def midi(
        self, path: str | os.PathLike, *, beats: Beats | None = None, force: bool = False
    ) -> Path:
        """Write the notes as a Standard MIDI File, and the settings to a JSON file beside it.

        Parameters
        ----------
        path : with the suffix .mid or .midi
        beats : of the song, for the tempo map; see `bassnb.control.beats`

        Raises
        ------
        BassnbError
            If the suffix is another one, or a file cannot be written or was not written by this
            method; see `save`.
        """
        check_midi(path)
        path, settings = Path(path), Path(path).with_suffix(".json")
        outputs = [Output(path, listed_in(settings)), Output(settings, is_settings)]
        check_outputs(outputs, self._inputs(), force=force)
        write_midi(path, self.notes(), beats)
        facts = {**self.settings, **(beats.facts if beats else {})}
        write_settings(settings, facts, [path])
        return path

    def _inputs(self) -> list:
        """What the take was made of; never overwritten."""
        sources = ("mix", "style", "keep", "line", "chords")
        return [one for name in sources for one in several(self.settings.get(name))]

    def save(self, path: str | os.PathLike, *, force: bool = False) -> Path:
        """Write the bass to `path` (WAV, FLAC, Ogg or MP3), and its settings and its latents beside.

        Raises
        ------
        BassnbError
            If a file cannot be written, is an input of the take such as the mix, or was not written
            by this method; with `force` files of others are replaced, but never an input.
        """
        check_takes(path, inputs=self._inputs(), force=force)
        path = write_audio(path, self.audio)
        stored = TakeLatents.of(self.latents, self.audio.shape[-1], self.settings)
        files = [path, stored.write(latents_path(path))]
        write_settings(path.with_suffix(".json"), self.settings, files)
        return path


def numbered(path: str | os.PathLike, count: int) -> list[Path]:
    """`path` itself for one take; name-1, name-2 ... for several."""
    path = Path(path)
    if count == 1:
        return [path]
    return [path.with_stem(f"{path.stem}-{number}") for number in range(1, count + 1)]


def check_takes(
    out: str | os.PathLike,
    with_mix: str | os.PathLike | None = None,
    variations: int = 1,
    *,
    midi: str | os.PathLike | None = None,
    inputs: Iterable = (),
    force: bool = False,
) -> None:
    """Refuse takes that cannot be written, before the work: numbered files, settings, latents,
    mixes, and notes.

    Raises
    ------
    AudioError
        If a suffix is unknown or a folder is missing.
    BassnbError
        See `bassnb.outputs.check_outputs`.
    """
    count = number_of_takes(variations)
    targets = [Path(path) for path in (out, with_mix) if path is not None]
    for target in targets:
        if target.suffix.lower() not in SUBTYPES:
            known = ", ".join(SUBTYPES)
            raise AudioError(f"{target} has no known audio suffix; use one of {known}")
        if not target.parent.is_dir():
            raise AudioError(f"{target} cannot be written; give a file in a folder that exists")
    if midi is not None:
        check_midi(midi)
        targets.append(Path(midi))
    outputs = []
    for path, *sounds in zip(numbered(out, count), *(numbered(one, count) for one in targets)):
        settings = path.with_suffix(".json")
        outputs += [Output(sound, listed_in(settings)) for sound in sounds]
        outputs.append(Output(latents_path(path), listed_in(settings)))
        outputs.append(Output(settings, is_settings))
    check_outputs(outputs, inputs, force=force)


def check_midi(path: str | os.PathLike) -> None:
    """Refuse a path that is no place for a MIDI file.

    Raises
    ------
    BassnbError
    """
    path = Path(path)
    if path.suffix.lower() not in MIDI:
        raise BassnbError(f"{path} has no suffix of MIDI files; use one of {', '.join(MIDI)}")
    if not path.parent.is_dir():
        raise BassnbError(f"{path} cannot be written; give a file in a folder that exists")


def write_notes(bass: Spool, cents: float, beats: Beats | None, take: Path, path: Path) -> Path:
    """Write the notes of a take that was written to `take`, and add to its settings what is known
    of the beats.
    """
    write_midi(path, notes_of(bass.blocks, cents), beats)
    settings = take.with_suffix(".json")
    facts = json_object(settings) | (beats.facts if beats else {"beats": None})
    write_settings(settings, facts, [path])
    return path


def write_take(
    bass: Spool,
    mix: Track,
    latents: Tensor,
    facts: dict,
    path: Path,
    both: Path | None,
    lead: Lead | None = None,
) -> list[Path]:
    """Write a take to `path`, its settings and its `latents` (C, L) beside it, and mix and bass
    together, after `lead`, to `both`.

    Neither file clips; the gains that this takes are recorded in the settings.
    """

    def together() -> Iterator[Tensor]:
        blocks = summed(mix.blocks(), bass.blocks())
        return blocks if lead is None else lead.before(blocks)

    gain = unclipped_gain(bass.blocks())
    facts, written = {**facts, "gain_db": decibels(gain)}, [path]
    if both is not None:
        mix_gain = unclipped_gain(together())
        facts["mix_gain_db"] = decibels(mix_gain)
    if lead is not None:
        facts |= lead.facts
    write_blocks(path, (block * gain for block in bass.blocks()))
    stored = TakeLatents.of(latents, mix.length, facts).write(latents_path(path))
    write_settings(path.with_suffix(".json"), facts, [path, stored])
    if both is not None:
        written.append(write_blocks(both, (block * mix_gain for block in together())))
        write_settings(path.with_suffix(".json"), facts, [both])
    return written


def decibels(gain: float) -> float:
    """A linear gain in dB."""
    return 20 * math.log10(gain)
