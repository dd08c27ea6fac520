"""Mix in, bass out: the whole chain of the paper's figure 1. Taught in chapters 0 and 8.

An `Accompanist` plays to audio in memory, or from file to file with memory that does not grow with
the length.

>>> from bassnb import Accompanist                                             # doctest: +SKIP
>>> bass = Accompanist.from_pretrained("classroom")("mix.flac", style="slap.flac", seed=0)
...                                                                            # doctest: +SKIP
>>> bass.save("bass.flac")                                                     # doctest: +SKIP
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor
from tqdm import tqdm

from bassnb import __version__
from bassnb.audio import read_blocks
from bassnb.checkpoints import System, load_pretrained, weights_fingerprint
from bassnb.coder import Coder
from bassnb.control.keep import Kept, Repaint
from bassnb.control.line import line_track
from bassnb.control.loop import LoopTuning, looped
from bassnb.control.request import Request
from bassnb.denoiser import guided_denoiser, interval_of
from bassnb.errors import BassnbError, check_shape
from bassnb.grounding import ground, style_mean
from bassnb.presets import SAMPLE_RATE
from bassnb.sampling import SAMPLERS, STEPS, initial_noise, noised_line
from bassnb.settings import ControlSettings, TakeSettings
from bassnb.sources import name_of, sounding_track, style_track, wave_of
from bassnb.take import Accompaniment, check_takes, decibels, numbered, several, write_take
from bassnb.tracks import Spool, Track, unclipped_gain, with_progress
from bassnb.tuning import Tuning, tuning_of
from bassnb.windows import windowed

AS_IN_PAPER = {
    "strength": 1.0,
    "sampler": "ddim",
    "guidance_rule": "cfg",
}  # where a model has no setting of its own
PRECISIONS = ("no", "bf16")  # accelerate's names


class Accompanist:
    """A trained system that plays bass to a mix.

    Parameters
    ----------
    system : both autoencoders and the U-Net; see `from_pretrained`
    name : recorded in the settings of every take
    precision : "no", or "bf16" to let the networks compute in bfloat16 where that is faster: on
        GPUs, and large networks on recent CPUs (book/speed.ipynb); their answers then have two to
        three digits

    Raises
    ------
    BassnbError
        If there is no such precision.
    """

    def __init__(self, system: System, *, name: str = "custom", precision: str = "no"):
        if precision not in PRECISIONS:
            raise BassnbError(f"precision is {precision!r}; choose one of {', '.join(PRECISIONS)}")
        self.system, self.name, self.precision = system.eval(), name, precision
        self.device = next(system.parameters()).device
        self.mix_coder, self.bass_coder = (
            Coder(autoencoder, self.device, precision)
            for autoencoder in (system.mix_autoencoder, system.bass_autoencoder)
        )

    @classmethod
    def from_pretrained(
        cls, source: str | os.PathLike = "classroom", *, device: str = "auto", precision: str = "no"
    ) -> Accompanist:
        """Load a shipped model ("classroom"), a model folder or a hub id.

        Parameters
        ----------
        device : "cpu", "cuda", or "auto", which prefers a GPU

        Raises
        ------
        CheckpointError
            If there is no such model, or it is damaged.
        BassnbError
            If the device or the precision does not exist.
        """
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        try:
            torch.zeros((), device=device).item()  # "meta" exists, but computes nothing
        except (RuntimeError, AssertionError):
            raise BassnbError(f"there is no device {device!r} here; use cpu, or auto") from None
        return cls(load_pretrained(source, device=device), name=str(source), precision=precision)

    def settings(self, **given) -> dict:
        """Every setting of the sampler: those that are given, the others as the model has them.

        Parameters
        ----------
        given : fields of `TakeSettings`; seed and tuning, which belong to a take, are checked alone

        Raises
        ------
        BassnbError
            If a setting is unknown or out of its range.
        """
        chosen = {key: v for key, v in vars(TakeSettings.of(**given)).items() if v is not None}
        filled = vars(TakeSettings.of(**{**AS_IN_PAPER, **self.system.defaults, **chosen}))
        steps = filled["steps"] or STEPS[filled["sampler"]]
        interval_of(filled["guidance_interval"])
        names = ("strength", "sampler", "guidance", "phi", "guidance_rule", "guidance_interval")
        return {**{name: filled[name] for name in names}, "steps": steps}

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
        """Several takes to one mix, of which take i has seed + i and is the same as if played alone.

        Parameters
        ----------
        count : number of takes, 1 to 100
        mix, style, sample_rate, progress, callback, settings : as in a call
        """
        request = Request.of(count, settings)
        wave, takes = wave_of(mix, sample_rate, "the mix"), []
        track = sounding_track(lambda: [wave], mix, "the mix")
        played = self._play(mix, track, request, style, sample_rate, progress, callback)
        for facts, latents, blocks in played:
            audio = torch.cat(list(blocks), -1)
            gain = unclipped_gain([audio])
            found = {**facts, "gain_db": decibels(gain)}
            takes.append(Accompaniment(audio * gain, wave, latents[0].cpu(), found))
        return takes

    @torch.inference_mode()
    def accompany_file(
        self,
        mix: str | os.PathLike,
        out: str | os.PathLike,
        *,
        with_mix: str | os.PathLike | None = None,
        style=None,
        variations: int = 1,
        progress: bool = False,
        force: bool = False,
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
        variations : number of takes; several get -1, -2 ... in their names
        style, progress, settings : as in a call
        force : replace files that this method did not write; never `mix` or `style`

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
        control, count = request.control, len(request.seeds)
        inputs = [mix, *several(style), control.keep, control.line]
        check_takes(out, with_mix, count, inputs=inputs, force=force)
        track = sounding_track(lambda: read_blocks(mix), mix, "the mix")
        names = [numbered(path, count) if path else [None] * count for path in (out, with_mix)]
        played = self._play(mix, track, request, style, SAMPLE_RATE, progress)
        for (facts, latents, blocks), path, both in zip(played, *names):
            blocks = with_progress(blocks, track.length, "writing", progress)
            with Spool(blocks, path.parent) as bass:
                written += write_take(bass, track, latents[0], facts, path, both)
        return written

    @torch.inference_mode()
    def sample(
        self,
        c_x: Tensor,
        seeds: Sequence[int],
        *,
        mean: Tensor | None = None,
        sounding: Tensor | None = None,
        repaint: Repaint | None = None,
        line: Tensor | None = None,
        freedom: float = 1.0,
        loop: bool = False,
        callback: Callable | None = None,
        **settings,
    ) -> Tensor:
        """Latents of one take for each seed, all in one batch; each is what it would be alone.

        Parameters
        ----------
        c_x : Tensor (n, 64, L), or (1, 64, L) for takes of one song: standardised latents of the
            mixes
        seeds : n numbers, of the noise of each take
        mean : Tensor (n, 32, 1) or (1, 32, 1), from `style_mean`
        sounding : Tensor (L,), bool, latent steps in which the mixes sound, over which style and
            guidance are measured; None is all of them
        repaint : latents that are kept, and where the take is played again; guidance is then
            measured there, and the style over the whole take as it will be
        line : Tensor (n, 32, L) or (1, 32, L), standardised latents of a bass line to stay near
        freedom : from 0, which is the line, to 1, which is plain sampling bit for bit: the time at
            which sampling starts, see `noised_line`
        loop : the mixes are loops, see `bassnb.control.loop`
        callback : see `ddim`
        settings : see `settings`

        Returns
        -------
        Tensor (n, 32, L), standardised
        """
        s = self.settings(**settings)
        if not len(seeds):
            raise BassnbError("the list of seeds is empty; give one for each take")
        takes = 1 if c_x.shape[:1] == (1,) else len(seeds)
        check_shape(BassnbError, "c_x", c_x, takes, self.system.preset.unet.mix_channels, "L")
        shape = (self.system.preset.unet.stem_channels, c_x.shape[-1])
        z = torch.stack([initial_noise(seed, shape, self.device) for seed in seeds])
        if line is not None:
            z = noised_line(line, z, freedom)
        heard = slice(None) if sounding is None or sounding.all() else sounding.to(self.device)
        network, c_x = windowed(self.system.unet), c_x.expand(len(z), -1, -1)
        network = looped(network) if loop else network
        measured = heard if repaint is None else repaint.measured(sounding)
        rule = {"rule": s["guidance_rule"], "interval": interval_of(s["guidance_interval"])}
        denoise = guided_denoiser(network, c_x, s["guidance"], s["phi"], measured, **rule)

        def corrected(c_hat: Tensor, beta: float) -> Tensor:
            """The order of corrections: what is kept, the style of the whole, what is kept."""
            c_hat = c_hat if repaint is None else repaint.put_back(c_hat)
            if mean is None:
                return c_hat
            c_hat = ground(c_hat, mean, beta, s["strength"], heard)
            return c_hat if repaint is None else repaint.put_back(c_hat)

        start = 1.0 if line is None else freedom
        with self._autocast():
            walk = SAMPLERS[s["sampler"]]
            return walk(denoise, z, s["steps"], ground=corrected, callback=callback, start=start)

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bf16")

    def _play(
        self,
        mix,
        track: Track,
        request: Request,
        style,
        sample_rate: float,
        progress: bool,
        callback: Callable[[int, int], None] | None = None,
    ) -> Iterator[tuple[dict, Tensor, Iterable[Tensor]]]:
        """A take of each seed: what is needed to make it again, its latents (1, 32, L), standardised,
        at 440 Hz, and blocks (2, n) of the bass in the tuning of the song.
        """
        control, sampling = request.control, self.settings(**vars(request.take))
        mean = None if style is None else self._style_mean(style, sample_rate)
        kept = (
            None if control.keep is None else Kept.of(control.keep, sample_rate, self.fingerprint)
        )
        tuned = tuning_of(track, kept.cents(request.cents) if kept else request.cents)
        tuned = LoopTuning.of(tuned, track.length) if control.loop else tuned
        at_440, repaint = tuned.to_440(track), None
        if kept:
            regions, steps = request.regions(track), len(at_440.sounding)
            repaint = Repaint.of(kept, regions, track, tuned, steps, self.bass_coder.encode)
            repaint = repaint.to(self.device)
        line = self._line(control, track, tuned, sample_rate)
        c_x = self.mix_coder.encode(at_440, loop=control.loop, progress=progress)
        options: dict = {
            "mean": mean,
            "sounding": at_440.sounding,
            "repaint": repaint,
            "line": line,
        }
        options |= {"freedom": request.freedom, "loop": control.loop, **sampling}
        level = repaint.level if repaint else at_440.level
        facts = {**self._facts(mix, style), **sampling, **request.facts, **tuned.facts}
        total, done = len(request.seeds) * sampling["steps"], itertools.count(1)
        with tqdm(total=total, desc="playing bass", unit="step", disable=not progress) as bar:

            def step(*_) -> None:
                bar.update()
                if callback is not None:
                    callback(next(done), total)

            for seed in request.seeds:
                latents = self.sample(c_x, [seed], callback=step, **options)
                at_440_played = self.bass_coder.decode(
                    latents, at_440.length, level, loop=control.loop
                )
                blocks = tuned.from_440(at_440_played, track.length)
                if repaint:
                    reach = self.system.bass_autoencoder.decoder_reach
                    blocks = repaint.crossfaded(blocks, reach)
                yield {**facts, "level": level, "seed": seed}, latents, blocks

    def _facts(self, mix, style) -> dict:
        """What is needed to make a take again, but for its settings."""
        return {
            "model": self.name,
            "precision": self.precision,
            "autoencoder": self.fingerprint,
            "mix": name_of(mix),
            "style": name_of(style),
            "version": __version__,
        }

    def _line(
        self, control: ControlSettings, track: Track, tuned: Tuning, sample_rate: float
    ) -> Tensor | None:
        """Standardised latents (1, 32, L) of the user's own line, if there is one."""
        if control.line is None:
            return None
        line = tuned.to_440(line_track(control.line, sample_rate, track, tuned.cents))
        return self.bass_coder.encode(line, loop=control.loop)

    def _style_mean(self, style, sample_rate: float) -> Tensor:
        """The mean over time, (1, 32, 1), of one style or of several, where they sound."""
        sources = several(style)
        if not sources:
            raise BassnbError("the list of styles is empty; give at least one, or no style")
        tracks = [style_track(source, sample_rate) for source in sources]
        encoded = [self.bass_coder.encode(track)[..., track.sounding] for track in tracks]
        return style_mean(torch.cat(encoded, -1))

    @cached_property
    def fingerprint(self) -> str:
        """Of the autoencoder of the bass, to which the latents of a take belong."""
        return weights_fingerprint(self.system.bass_autoencoder)
