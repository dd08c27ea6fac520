"""Mix in, bass out: the whole chain of the paper's figure 1. Taught in chapters 0 and 8.

An `Accompanist` plays to audio in memory, or from file to file with memory that does not grow with
the length.

>>> from bassnb import Accompanist                                             # doctest: +SKIP
>>> bass = Accompanist.from_pretrained("classroom")("mix.flac", style="slap.flac", seed=0)
...                                                                            # doctest: +SKIP
>>> bass.save("bass.flac")                                                     # doctest: +SKIP
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import torch

from bassnb.audio import read_blocks
from bassnb.checkpoints import load_pretrained
from bassnb.control.midi import beats_for_map
from bassnb.control.progression import chord_file
from bassnb.control.request import Request
from bassnb.devices import device_of
from bassnb.errors import BassnbError
from bassnb.player import Player
from bassnb.presets import SAMPLE_RATE
from bassnb.sources import sounding_track, wave_of
from bassnb.take import (
    Accompaniment,
    check_takes,
    decibels,
    numbered,
    several,
    write_notes,
    write_take,
)
from bassnb.tracks import Spool, unclipped_gain, with_progress


class Accompanist(Player):
    """A trained system that plays bass to a mix, in memory or from file to file; see
    `bassnb.player.Player` for its parameters.
    """

    @classmethod
    def from_pretrained(
        cls, source: str | os.PathLike = "classroom", *, device: str = "auto", precision: str = "no"
    ) -> Accompanist:
        """Load a shipped model ("classroom"), a model folder or a hub id.

        Parameters
        ----------
        device : "cpu", "cuda", "mps", or "auto", which prefers a GPU; see `bassnb.devices`

        Raises
        ------
        CheckpointError
            If there is no such model, or it is damaged.
        BassnbError
            If the device or the precision does not exist.
        """
        device = device_of(device)
        return cls(load_pretrained(source, device=device), name=str(source), precision=precision)

    def __call__(
        self,
        mix,
        *,
        style=None,
        sample_rate: float = SAMPLE_RATE,
        progress: bool = False,
        callback: Callable[[int, int], None] | None = None,
        **settings,
    ) -> Accompaniment:
        """Play bass to `mix`: one take.

        Parameters
        ----------
        mix : path, or array or Tensor (N,) or (C, N) at `sample_rate`
        style : path, array or Tensor of a bass whose timbre is wanted (section 3.3), or a list of
            several of them, whose mean is taken; None leaves the timbre free
        progress : show a bar
        callback : called as callback(done, total) after each sampler step; to stop early, raise
        settings : fields of `TakeSettings`, such as `guidance` (section 3.4), `phi`, `strength`,
            `sampler`, `steps`, `seed` and `tuning`; None is what was best on validation songs

        Raises
        ------
        AudioError, BassnbError
            If mix, style or a setting cannot be used.
        """
        options = {"style": style, "sample_rate": sample_rate, "progress": progress}
        return self.takes(mix, 1, callback=callback, **options, **settings)[0]

    @torch.inference_mode()
    def takes(
        self,
        mix,
        count: int,
        *,
        style=None,
        sample_rate: float = SAMPLE_RATE,
        progress: bool = False,
        callback: Callable[[int, int], None] | None = None,
        **settings,
    ) -> list[Accompaniment]:
        """Several takes to one mix, of which take i has seed + i and is the same as if played alone
        (on a GPU but for rounding: there they are played in batches).

        Parameters
        ----------
        count : number of takes, 1 to 100
        mix, style, sample_rate, progress, callback, settings : as in a call
        """
        request = Request.of(count, settings)
        wave, takes = wave_of(mix, sample_rate, "the mix"), []
        track = sounding_track(lambda: [wave], mix, "the mix")
        lead = request.lead(track)
        played = self._play(mix, track, request, style, sample_rate, progress, callback)
        for facts, latents, blocks in played:
            audio = torch.cat(list(blocks), -1)
            gain = unclipped_gain([audio])
            found = {**facts, **(lead.facts if lead else {}), "gain_db": decibels(gain)}
            takes.append(Accompaniment(audio * gain, wave, latents[0].cpu(), found, lead))
        return takes

    @torch.inference_mode()
    def accompany_file(
        self,
        mix: str | os.PathLike,
        out: str | os.PathLike,
        *,
        with_mix: str | os.PathLike | None = None,
        midi: str | os.PathLike | None = None,
        style=None,
        variations: int = 1,
        progress: bool = False,
        force: bool = False,
        name: str | None = None,
        **settings,
    ) -> list[Path]:
        """Play bass to a file of any length and write it, in memory that does not grow with it.

        Parameters
        ----------
        mix : path
        out : path for the bass, WAV, FLAC, Ogg or MP3; the settings go into a JSON file of the same
            name, with `gain_db` and `mix_gain_db`, by which the bass and the file of both were
            turned down so as not to clip
        with_mix : path for mix and bass together, in the balance in which the bass was played
        midi : path for the notes of the bass, with a tempo map if `tempo` is given or can be
            estimated; how sure the estimate is goes into the settings, under `beats`
        variations : number of takes; several get -1, -2 ... in their names
        style, progress, settings : as in a call
        force : replace files that this method did not write; never `mix` or `style`
        name : how the settings and errors call the mix, by default its path

        Returns
        -------
        list of Path : what was written, without the JSON files

        Raises
        ------
        AudioError, BassnbError
            If mix, style or a setting cannot be used; before the work, if any file to be written
            is an input or, without `force`, was not written by this method.
        """
        request, written = Request.of(variations, settings), []
        if request.control.count_in and with_mix is None:
            raise BassnbError("a count-in is written before mix and bass together; give with_mix")
        control, count = request.control, len(request.seeds)
        inputs = [mix, *several(style), control.keep, control.line, chord_file(control.chords)]
        check_takes(out, with_mix, count, midi=midi, inputs=inputs, force=force)
        track = sounding_track(lambda: read_blocks(mix, name=name), name or mix, "the mix")
        lead = request.lead(track)
        names = [
            numbered(path, count) if path else [None] * count for path in (out, with_mix, midi)
        ]
        beats = beats_for_map(control, track) if midi else None
        played = self._play(name or mix, track, request, style, SAMPLE_RATE, progress)
        for (facts, latents, blocks), path, both, notes in zip(played, *names):
            blocks = with_progress(blocks, track.length, "writing", progress)
            with Spool(blocks, path.parent) as bass:
                written += write_take(bass, track, latents[0], facts, path, both, lead)
                if notes:
                    written.append(write_notes(bass, facts["tuning"], beats, path, notes))
        return written
