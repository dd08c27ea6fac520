"""From a mix that was read to latents and sound: the order of everything that decides a take.

Mix at 440 Hz, with the chords and the density of the settings -> latents -> sampler, from noise or
from a noised line; at each step estimate, guidance, what is kept, style, what is kept -> decoder ->
tuning of the song -> crossfade with what is kept.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property

import torch
from torch import Tensor
from tqdm import tqdm

from bassnb import __version__
from bassnb.checkpoints import System, weights_fingerprint
from bassnb.coder import Coder
from bassnb.control.beats import beats_of
from bassnb.control.choice import choose
from bassnb.control.density import PER_BEAT, SLOW, moved, slowed, with_pulse
from bassnb.control.keep import Repaint
from bassnb.control.loop import LoopTuning, looped
from bassnb.control.request import Request
from bassnb.denoiser import guided_denoiser, interval_of
from bassnb.errors import BassnbError, check_shape
from bassnb.grounding import ground, style_mean
from bassnb.precisions import autocast, check_precision
from bassnb.presets import SAMPLE_RATE
from bassnb.sampling import SAMPLERS, STEPS, initial_noise, noised_line
from bassnb.settings import TakeSettings
from bassnb.sources import name_of, several, style_track
from bassnb.tracks import Track
from bassnb.tuning import tuning_of
from bassnb.windows import windowed

AS_IN_PAPER = {
    "strength": 1.0,
    "sampler": "ddim",
    "guidance_rule": "cfg",
}  # where a model has no setting of its own
TAKES_AT_ONCE = 8  # on a GPU, which one take does not fill; a CPU plays them one by one


def all_settings(defaults: dict, **given) -> dict:
    """Every setting of the sampler for a model with these defaults; see `Player.settings`."""
    chosen = {key: v for key, v in vars(TakeSettings.of(**given)).items() if v is not None}
    filled = vars(TakeSettings.of(**{**AS_IN_PAPER, **defaults, **chosen}))
    steps = filled["steps"] or STEPS[filled["sampler"]]
    interval_of(filled["guidance_interval"])
    names = ("strength", "sampler", "guidance", "phi", "guidance_rule", "guidance_interval")
    return {**{name: filled[name] for name in names}, "steps": steps}


class Player:
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
        self.mix_coder, self.bass_coder = (
            Coder(autoencoder, self.device, precision)
            for autoencoder in (system.mix_autoencoder, system.bass_autoencoder)
        )

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
        return all_settings(self.system.defaults, **given)

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
        power: float | None = None,
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
        power : spacing of the times, see `pairs_of_times`; None is the sampler's own
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
        audible = slice(None) if sounding is None or sounding.all() else sounding.to(self.device)
        network, c_x = windowed(self.system.unet), c_x.expand(len(z), -1, -1)
        network = looped(network) if loop else network
        measured = audible if repaint is None else repaint.measured(sounding)
        rule = {"rule": s["guidance_rule"], "interval": interval_of(s["guidance_interval"])}
        denoise = guided_denoiser(network, c_x, s["guidance"], s["phi"], measured, **rule)

        def corrected(c_hat: Tensor, beta: float) -> Tensor:
            """The order of corrections: what is kept, the style of the whole, what is kept."""
            c_hat = c_hat if repaint is None else repaint.put_back(c_hat)
            if mean is None:
                return c_hat
            c_hat = ground(c_hat, mean, beta, s["strength"], audible)
            return c_hat if repaint is None else repaint.put_back(c_hat)

        start = 1.0 if line is None else freedom
        with autocast(self.device, self.precision):
            walk = SAMPLERS[s["sampler"]]
            times = {} if power is None else {"power": power}
            steps = s["steps"]
            return walk(
                denoise, z, steps, ground=corrected, callback=callback, start=start, **times
            )

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
        mean = None if style is None else self.encode_style(style, sample_rate)
        kept = request.kept(sample_rate, self.fingerprint)
        tuned = tuning_of(track, kept.cents(request.cents) if kept else request.cents)
        tuned = LoopTuning.of(tuned, track.length) if control.loop else tuned
        at_440, repaint = tuned.to_440(track), None
        if kept:
            regions, steps = request.regions(track), len(at_440.sounding)
            repaint = Repaint.of(kept, regions, track, tuned, steps, self.bass_coder.encode)
            repaint = repaint.to(self.device)
        line_at_440 = request.line(track, tuned, sample_rate)
        line = (
            None if line_at_440 is None else self.bass_coder.encode(line_at_440, loop=control.loop)
        )
        played_to, wished = request.network_input(track, at_440)
        c_x = self._mix_latents(played_to, request, track, progress)
        options: dict = {
            "mean": mean,
            "sounding": played_to.sounding,
            "repaint": repaint,
            "line": line,
        }
        options |= {"freedom": request.freedom, "loop": control.loop, **sampling}
        level = repaint.level if repaint else at_440.level
        facts = {**self._facts(mix, style), **sampling, **request.facts, **tuned.facts, **wished}
        total, done = sum(map(len, request.candidates)) * sampling["steps"], itertools.count(1)
        with tqdm(total=total, desc="playing bass", unit="step", disable=not progress) as bar:

            def step(*_) -> None:
                bar.update()
                if callback is not None:
                    callback(next(done), total)

            options["callback"] = step
            latents_of = self._one_by_one(c_x, itertools.chain(*request.candidates), options)

            def decoded(latents: Tensor) -> Iterable[Tensor]:
                played = self.bass_coder.decode(latents, at_440.length, level, loop=control.loop)
                blocks = tuned.from_440(played, track.length)
                reach = self.system.bass_autoencoder.decoder_reach
                return repaint.crossfaded(blocks, reach) if repaint else blocks

            for seeds in request.candidates:
                drawn = {seed: next(latents_of) for seed in seeds}
                seed, scores = seeds[0], dict[str, dict]()
                if len(seeds) > 1:
                    takes = {seed: decoded(latents) for seed, latents in drawn.items()}
                    seed, scores = choose(track, tuned.cents, takes)
                own = {**facts, **scores, "level": level, "seed": seed}
                yield own, drawn[seed], decoded(drawn[seed])

    def _one_by_one(self, c_x: Tensor, seeds: Iterable[int], options: dict) -> Iterator[Tensor]:
        """Latents (1, 32, L) of each seed; on a GPU, several are sampled in one batch."""
        together = TAKES_AT_ONCE if self.device.type == "cuda" else 1
        seeds, step = iter(seeds), options["callback"]
        while batch := list(itertools.islice(seeds, together)):

            def step_of_all(*_, count: int = len(batch)) -> None:
                for _one in range(count):
                    step()

            yield from self.sample(c_x, batch, **{**options, "callback": step_of_all}).split(1)

    def _mix_latents(self, mix: Track, request: Request, track: Track, progress: bool) -> Tensor:
        """Standardised latents (1, 64, L) of the mix that is encoded, at the density of the settings."""
        loop = request.control.loop
        c_x = self.mix_coder.encode(mix, loop=loop, progress=progress)
        if not request.density:
            return c_x
        beats, busier = beats_of(request.control, track), request.density > 0
        rate, per_beat = mix.length / track.length, PER_BEAT if busier else SLOW
        pulsed = with_pulse(mix, beats, rate, per_beat=per_beat)
        other = self.mix_coder.encode(pulsed, loop=loop)
        return moved(c_x, other if busier else slowed(c_x, other), request.density)

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

    @torch.inference_mode()
    def encode_style(self, style, sample_rate: float = SAMPLE_RATE) -> Tensor:
        """The mean over time, (1, 32, 1), of one style or of several, where they sound.

        Raises
        ------
        AudioError, BassnbError
            If one cannot be read, is silent or too short.
        """
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
