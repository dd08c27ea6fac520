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
from pathlib import Path

import torch
from torch import Tensor
from tqdm import tqdm

from bassnb import __version__
from bassnb.audio import LEVEL, as_stereo, level_gain, read_audio, read_blocks
from bassnb.autoencoder import Autoencoder
from bassnb.checkpoints import System, load_pretrained
from bassnb.devices import autocast, check_precision
from bassnb.diffusion import c_from_v
from bassnb.errors import BassnbError, check_shape
from bassnb.grounding import ground, style_mean
from bassnb.guidance import classifier_free_guidance, rescale
from bassnb.presets import SAMPLE_RATE, TIME_RATIO
from bassnb.sampling import SAMPLERS, STEPS, initial_noise
from bassnb.settings import TakeSettings, number_of_takes
from bassnb.take import (
    Accompaniment,
    check_takes,
    decibels,
    numbered,
    several,
    write_take,
)
from bassnb.tracks import Spool, Track, unclipped_gain, with_progress
from bassnb.tuning import given_cents, tuning_of
from bassnb.windows import Network, windowed

SILENCE = 1e-4  # peak below which a mix or a style counts as silent
AS_IN_PAPER = {"strength": 1.0, "sampler": "ddim"}  # where a model has no setting of its own
TAKES_AT_ONCE = 8  # on a GPU, which one take does not fill; a CPU plays them one by one


class Accompanist:
    """A trained system that plays bass to a mix.

    Parameters
    ----------
    system : both autoencoders and the U-Net; see `from_pretrained`
    name : recorded in the settings of every take
    precision : "no", or "bf16" to let the networks compute in bfloat16 where that is faster: on
        GPUs from Ampere on, and large networks on recent CPUs (book/speed.ipynb); "fp16" is for
        older GPUs. Their answers then have two to three digits.

    Raises
    ------
    BassnbError
        If there is no such precision, or not on this device.
    """

    def __init__(self, system: System, *, name: str = "custom", precision: str = "no"):
        self.device = next(system.parameters()).device
        check_precision(precision, self.device)
        self.system, self.name, self.precision = system.eval(), name, precision

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
        names = ("strength", "sampler", "guidance", "phi")
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
        """Several takes to one mix, of which take i has seed + i and is the same as if played alone
        (on a GPU but for rounding: there they are played in one batch).

        Parameters
        ----------
        count : number of takes, 1 to 100
        mix, style, sample_rate, progress, callback, settings : as in a call
        """
        count, chosen = number_of_takes(count), TakeSettings.of(**settings)
        sampling, cents = self.settings(**settings), given_cents(chosen.tuning)
        wave = _wave(mix, sample_rate, "the mix")
        track, takes = _sounding(lambda: [wave], mix, "the mix"), []
        mean = None if style is None else self._style_mean(style, sample_rate)
        seeds, facts = range(chosen.seed, chosen.seed + count), self._facts(mix, style, sampling)
        played = self._play(track, cents, seeds, mean, sampling, progress, callback)
        for own, latents, blocks in played:
            audio = torch.cat(list(blocks), -1)
            gain = unclipped_gain([audio])
            found = {**facts, **own, "gain_db": decibels(gain)}
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
        count, chosen = number_of_takes(variations), TakeSettings.of(**settings)
        sampling, cents, written = self.settings(**settings), given_cents(chosen.tuning), []
        check_takes(out, with_mix, count, inputs=[mix, *several(style)], force=force)
        track = _sounding(lambda: read_blocks(mix), mix, "the mix")
        names = [numbered(path, count) if path else [None] * count for path in (out, with_mix)]
        mean = None if style is None else self._style_mean(style, SAMPLE_RATE)
        seeds, facts = range(chosen.seed, chosen.seed + count), self._facts(mix, style, sampling)
        played = self._play(track, cents, seeds, mean, sampling, progress)
        for (own, _, blocks), path, both in zip(played, *names):
            blocks = with_progress(blocks, track.length, "writing", progress)
            with Spool(blocks, path.parent) as bass:
                written += write_take(bass, track, {**facts, **own}, path, both)
        return written

    @torch.inference_mode()
    def sample(
        self,
        c_x: Tensor,
        seeds: Sequence[int],
        *,
        mean: Tensor | None = None,
        sounding: Tensor | None = None,
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
        at = slice(None) if sounding is None or sounding.all() else sounding.to(self.device)
        network, c_x = windowed(self.system.unet), c_x.expand(len(z), -1, -1)
        denoise = guided_denoiser(network, c_x, s["guidance"], s["phi"], at)

        def to_style(c_hat: Tensor, beta: float) -> Tensor:
            return c_hat if mean is None else ground(c_hat, mean, beta, s["strength"], at)

        grounded = None if mean is None else to_style
        with autocast(self.device, self.precision):
            sampler = SAMPLERS[s["sampler"]]
            return sampler(denoise, z, s["steps"], ground=grounded, callback=callback)

    def _play(
        self,
        track: Track,
        cents: float | None,
        seeds: Sequence[int],
        mean: Tensor | None,
        sampling: dict,
        progress: bool,
        callback: Callable[[int, int], None] | None = None,
    ) -> Iterator[tuple[dict, Tensor, Iterable[Tensor]]]:
        """A take of each seed: its seed and tuning, its latents (1, 32, L), standardised, at 440 Hz,
        and blocks (2, n) of the bass in the tuning of the song.
        """
        tuned = tuning_of(track, cents)
        at_440 = tuned.to_440(track)
        c_x = self._encode(self.system.mix_autoencoder, at_440, progress)
        options = {"mean": mean, "sounding": at_440.sounding, **sampling}
        total, done = len(seeds) * sampling["steps"], itertools.count(1)
        together = TAKES_AT_ONCE if self.device.type == "cuda" else 1
        with tqdm(total=total, desc="playing bass", unit="step", disable=not progress) as bar:

            def steps_of(takes: int) -> Callable:
                def step(*_) -> None:
                    for _one in range(takes):
                        bar.update()
                        if callback is not None:
                            callback(next(done), total)

                return step

            for first in range(0, len(seeds), together):
                batch = seeds[first : first + together]
                played = self.sample(c_x, batch, callback=steps_of(len(batch)), **options)
                for seed, latents in zip(batch, played.split(1)):
                    blocks = tuned.from_440(self._decode(latents, at_440), track.length)
                    yield {**tuned.facts, "seed": seed}, latents, blocks

    def _facts(self, mix, style, sampling: dict) -> dict:
        """What is needed to make a take again, but for its seed and its tuning."""
        sources = {"mix": _name(mix), "style": _name(style)}
        system = {"model": self.name, "precision": self.precision}
        return {**system, **sources, **sampling, "version": __version__}

    def _style_mean(self, style, sample_rate: float) -> Tensor:
        """The mean over time, (1, 32, 1), of one style or of several, where they sound."""
        sources = several(style)
        if not sources:
            raise BassnbError("the list of styles is empty; give at least one, or no style")
        autoencoder = self.system.bass_autoencoder
        tracks = [_style(source, sample_rate) for source in sources]
        encoded = [self._encode(autoencoder, track)[..., track.sounding] for track in tracks]
        return style_mean(torch.cat(encoded, -1))

    def _encode(self, autoencoder: Autoencoder, track: Track, progress: bool = False) -> Tensor:
        """Standardised latents (1, C, L) of audio brought to `LEVEL`."""
        audible = track.audible(level_gain(track.level))
        blocks = with_progress(audible, track.length, "encoding", progress)
        on_device = (block[None].to(self.device) for block in blocks)
        with autocast(self.device, self.precision):
            latents = torch.cat(list(autoencoder.encode_blocks(on_device)), -1)
        return autoencoder.standardise(latents.float())

    def _decode(self, latents: Tensor, mix: Track) -> Iterator[Tensor]:
        """Standardised latents (1, 32, L) to blocks (2, n) of the bass, at the level of the mix."""
        autoencoder = self.system.bass_autoencoder
        waves = autoencoder.decode_blocks(autoencoder.unstandardise(latents), mix.length)
        while True:
            # left before each block is handed over: the code that takes it is not to compute in bf16
            with autocast(self.device, self.precision):
                wave = next(waves, None)
            if wave is None:
                return
            yield wave[0].cpu() * (mix.level / LEVEL)


def guided_denoiser(
    unet: Network, c_x: Tensor, guidance: float, phi: float, steps: Tensor | slice = slice(None)
) -> Callable[[Tensor, Tensor], Tensor]:
    """The network as a function (z, t) -> c_hat, with both branches of guidance in one batch.

    Section 3.4, taught in chapter 6.

    Parameters
    ----------
    c_x : Tensor (B, 64, L), standardised latents of the mix; zeros stand for "no mix", as in
        training
    steps : those over which `rescale` measures, by default all
    """
    silence = torch.zeros_like(c_x)
    if guidance in (0.0, 1.0):  # one branch alone
        condition = c_x if guidance else silence
        return lambda z, t: c_from_v(z, unet(z, t, condition), t)
    both = torch.cat([c_x, silence])

    def denoise(z: Tensor, t: Tensor) -> Tensor:
        v_cond, v_uncond = unet(torch.cat([z, z]), torch.cat([t, t]), both).chunk(2)
        c_cond, c_uncond = c_from_v(z, v_cond, t), c_from_v(z, v_uncond, t)
        return rescale(classifier_free_guidance(c_cond, c_uncond, guidance), c_cond, phi, steps)

    return denoise


def _name(source) -> str | list | None:
    if isinstance(source, (list, tuple)):
        return [_name(one) for one in source]
    if source is None:
        return None
    return str(source) if isinstance(source, (str, os.PathLike)) else "array"


def _wave(source, sample_rate: float, what: str) -> Tensor:
    """Any accepted source as (2, N)."""
    is_path = isinstance(source, (str, os.PathLike))
    return read_audio(source) if is_path else as_stereo(source, sample_rate, name=what)


def _sounding(blocks: Callable[[], Iterable[Tensor]], source, what: str) -> Track:
    """Audio that is refused when silent."""
    track = Track.of(blocks)
    if track.peak < SILENCE:
        named = source if isinstance(source, (str, os.PathLike)) else what
        raise BassnbError(f"{named} is silent; give audio with sound in it")
    return track


def _style(source, sample_rate: float) -> Track:
    if isinstance(source, (str, os.PathLike)):
        track = _sounding(lambda: read_blocks(source), source, "the style")
    else:
        wave = _wave(source, sample_rate, "the style")
        track = _sounding(lambda: [wave], source, "the style")
    if track.length < TIME_RATIO:
        seconds = track.length / SAMPLE_RATE
        raise BassnbError(
            f"the style lasts {seconds:.3f} s, less than one latent step; "
            "give at least 0.1 s, better 5 s"
        )
    return track
