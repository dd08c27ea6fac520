"""Mix in, bass out: the whole way of the paper's figure 1 on one screen. Taught in chapters 0 and
8.

An `Accompanist` plays to audio in memory, or from file to file with memory that does not grow with
the length.

>>> from bassnb import Accompanist                                             # doctest: +SKIP
>>> bass = Accompanist.from_pretrained("classroom")("mix.flac", style="slap.flac", guidance=2.5, phi=0.7, seed=0)
...                                                                            # doctest: +SKIP
>>> bass.save("bass.flac")                                                     # doctest: +SKIP
"""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from bassnb import __version__
from bassnb.audio import (
    LEVEL,
    SUBTYPES,
    as_stereo,
    level_gain,
    read_audio,
    read_blocks,
    write_audio,
    write_blocks,
)
from bassnb.autoencoder import Autoencoder
from bassnb.checkpoints import System, load_pretrained
from bassnb.diffusion import c_from_v
from bassnb.errors import AudioError, BassnbError, check_shape
from bassnb.grounding import ground, style_mean
from bassnb.guidance import classifier_free_guidance, rescale
from bassnb.outputs import Output, check_outputs, is_settings, listed_in, write_settings
from bassnb.presets import SAMPLE_RATE, TIME_RATIO
from bassnb.sampling import SAMPLERS, STEPS, initial_noise
from bassnb.tracks import Spool, Track, summed, unclipped_gain, with_progress
from bassnb.tuning import AUTO, given_cents, tuning_of
from bassnb.windows import Network, windowed

SILENCE = 1e-4  # peak below which a mix or a style says nothing
AS_IN_PAPER = {"strength": 1.0, "sampler": "ddim"}  # where a model has no setting of its own
PRECISIONS = ("no", "bf16")  # accelerate's names
MOST_GUIDANCE, MOST_STEPS, MOST_STRENGTH = 20.0, 1000, 2.0


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
    """

    audio: Tensor
    mix: Tensor
    latents: Tensor
    settings: dict

    def mix_with(self, balance_db: float = 0.0) -> Tensor:
        """Mix and bass together, (2, N), the bass changed by `balance_db`; turned down as a whole
        if it would clip.

        The bass is as loud beside the mix as it was played, also where `audio` had to be turned
        down alone.
        """
        both = self.mix + self.audio * 10 ** ((balance_db - self.settings.get("gain_db", 0.0)) / 20)
        return both * unclipped_gain([both])

    def save(self, path: str | os.PathLike, *, force: bool = False) -> Path:
        """Write the bass to `path` (WAV, FLAC, Ogg or MP3) and its settings to a JSON file of the
        same name.

        Raises
        ------
        BassnbError, AudioError
            If either file cannot be written, is the mix or a style, or was not written by this
            method; with `force` files of others are replaced, but never mix or style.
        """
        check_takes(
            path,
            inputs=[self.settings.get("mix"), *_several(self.settings.get("style"))],
            force=force,
        )
        path = write_audio(path, self.audio)
        write_settings(path.with_suffix(".json"), self.settings, [path])
        return path


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

    @classmethod
    def from_pretrained(
        cls, source: str | os.PathLike = "classroom", *, device: str = "auto", precision: str = "no"
    ) -> Accompanist:
        """Load a shipped model ("classroom"), a model folder or a hub id; `device` "auto" prefers a
        GPU.

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
        """Every setting of the sampler, those that are not given or None as they are best for this
        model.

        Raises
        ------
        BassnbError
            If a setting is unknown or out of its range.
        """
        given = {name: _plain(value) for name, value in given.items() if value is not None}
        settings = {**AS_IN_PAPER, **self.system.defaults, **given}
        if settings["sampler"] not in tuple(SAMPLERS):
            raise BassnbError(
                f"sampler is {settings['sampler']!r}; choose one of {', '.join(SAMPLERS)}"
            )
        settings.setdefault("steps", STEPS[settings["sampler"]])
        _check(settings)
        return settings

    @torch.inference_mode()
    def __call__(
        self,
        mix,
        *,
        style=None,
        guidance: float | None = None,
        phi: float | None = None,
        sampler: str | None = None,
        steps: int | None = None,
        seed: int = 0,
        variations: int = 1,
        strength: float | None = None,
        tuning: str | float = AUTO,
        sample_rate: float = SAMPLE_RATE,
        progress: bool = False,
        callback: Callable[[int, int], None] | None = None,
    ) -> Accompaniment | list[Accompaniment]:
        """Play bass to `mix`.

        Parameters
        ----------
        mix : path, or array or Tensor (N,) or (C, N) at `sample_rate`
        style : path, array or Tensor of a bass whose timbre is wanted (section 3.3), or a list of
            several of them, which average out what is played; None leaves the timbre free
        guidance : w of classifier-free guidance (section 3.4): 0 ignores the mix, 1 is the model as
            trained
        phi : share of the rescale that guidance gets, 0 to 1; both default to what was best on
            validation songs
        sampler : "ddim", the paper's and the default, or "dpm++", which needs far fewer steps
            (chapter 5)
        steps : K of the sampler, by default 64 of DDIM or 12 of DPM-Solver++
        seed : of the first take; take i has seed + i, and sounds the same alone as among others
        variations : number of takes
        strength : of the style: 1 as in the paper, up to 2 to exaggerate it; None is the model's
            own
        tuning : of the mix, which the bass follows: "auto" estimates it, and keeps 440 Hz where it
            cannot; or the frequency of A in Hz (400 to 480), or cents above 440 Hz (-200 to 200).
            The style may be in any tuning.
        progress : show a bar
        callback : called as callback(done, total) after each sampler step of each take; to stop
            early, raise

        Returns
        -------
        Accompaniment, or a list of them if `variations` is above 1

        Raises
        ------
        AudioError, BassnbError
            If mix, style or a setting cannot be used.
        """
        cents = given_cents(tuning)
        settings = self.settings(
            guidance=guidance, phi=phi, sampler=sampler, steps=steps, strength=strength
        )
        wave = _wave(mix, sample_rate, "the mix")
        track = _sounding(lambda: [wave], mix, "the mix")
        tuned = tuning_of(track, cents)
        heard, takes = tuned.to_440(track), []
        for latents, facts in self._takes(
            heard, mix, style, settings, seed, variations, sample_rate, progress, callback
        ):
            audio = torch.cat(list(tuned.from_440(self._decode(latents, heard), track.length)), -1)
            gain = unclipped_gain([audio])
            facts |= {**tuned.facts, "gain_db": _db(gain)}
            takes.append(Accompaniment(audio * gain, wave, latents[0].cpu(), facts))
        return takes if variations > 1 else takes[0]

    @torch.inference_mode()
    def accompany_file(
        self,
        mix: str | os.PathLike,
        out: str | os.PathLike,
        *,
        with_mix: str | os.PathLike | None = None,
        style=None,
        seed: int = 0,
        variations: int = 1,
        tuning: str | float = AUTO,
        progress: bool = False,
        force: bool = False,
        **settings,
    ) -> list[Path]:
        """Play bass to a file of any length and write it; the memory needed does not grow with the
        audio.

        Parameters
        ----------
        mix : path
        out : path for the bass, WAV, FLAC, Ogg or MP3; the settings go into a JSON file of the same
            name, with `gain_db` and `mix_gain_db`, by which the bass and the file of both were
            turned down so as not to clip
        with_mix : path for mix and bass together, in the balance in which the bass was played
        variations : number of takes; several get -1, -2 ... in their names
        style, seed, tuning, progress, settings : as in a call
        force : replace files that this method did not write; never `mix` or `style`

        Returns
        -------
        list of Path : what was written, without the JSON files

        Raises
        ------
        AudioError, BassnbError
            If mix, style or a setting cannot be used.
        BassnbError
            Before the work, if any file to be written is an input or, without `force`, somebody
            else's.
        """
        cents, settings, written = given_cents(tuning), self.settings(**settings), []
        check_takes(out, with_mix, variations, inputs=[mix, *_several(style)], force=force)
        track = _sounding(lambda: read_blocks(mix), mix, "the mix")
        tuned = tuning_of(track, cents)
        heard = tuned.to_440(track)
        takes = self._takes(
            heard, mix, style, settings, seed, variations, SAMPLE_RATE, progress, None
        )
        for number, (latents, facts) in enumerate(takes):
            path = numbered(out, variations)[number]
            both = None if with_mix is None else numbered(with_mix, variations)[number]
            audio = tuned.from_440(self._decode(latents, heard), track.length)
            with Spool(
                with_progress(audio, track.length, "writing", progress), path.parent
            ) as bass:
                written += _write(bass, track, {**facts, **tuned.facts}, path, both)
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
        denoise = guided_denoiser(
            windowed(self.system.unet), c_x.expand(len(z), -1, -1), s["guidance"], s["phi"], at
        )
        to_style = (
            None
            if mean is None
            else lambda c_hat, beta: ground(c_hat, mean, beta, s["strength"], at)
        )
        with self._autocast():
            return SAMPLERS[s["sampler"]](
                denoise, z, s["steps"], ground=to_style, callback=callback
            )

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bf16")

    def _takes(
        self,
        track: Track,
        mix,
        style,
        settings: dict,
        seed: int,
        variations: int,
        sample_rate: float,
        progress: bool,
        callback: Callable[[int, int], None] | None,
    ) -> Iterator[tuple[Tensor, dict]]:
        """For each take its latents (1, 32, L), standardised, and all that is needed to make it
        again.
        """
        seed, variations = _plain(seed), _plain(variations)
        _check({"seed": seed, "variations": variations})
        mean = None if style is None else self._style_mean(style, sample_rate)
        c_x = self._encode(self.system.mix_autoencoder, track, progress)
        facts = {
            "model": self.name,
            "precision": self.precision,
            "mix": _name(mix),
            "style": _name(style),
            **settings,
            "version": __version__,
        }
        with tqdm(
            total=variations * settings["steps"],
            desc="playing bass",
            unit="step",
            disable=not progress,
        ) as bar:
            step = _counter(bar, callback)
            for take in range(seed, seed + variations):
                latents = self.sample(
                    c_x, [take], mean=mean, sounding=track.sounding, callback=step, **settings
                )
                yield latents, {**facts, "seed": take}

    def _style_mean(self, style, sample_rate: float) -> Tensor:
        """The mean over time, (1, 32, 1), of one style or of several, where they sound."""
        sources = _several(style)
        if not sources:
            raise BassnbError("the list of styles is empty; give at least one, or no style")
        tracks = [_style(source, sample_rate) for source in sources]
        encoded = [
            self._encode(self.system.bass_autoencoder, track)[..., track.sounding]
            for track in tracks
        ]
        return style_mean(torch.cat(encoded, -1))

    def _encode(self, autoencoder: Autoencoder, track: Track, progress: bool = False) -> Tensor:
        """Standardised latents (1, C, L) of audio brought to `LEVEL`."""
        blocks = with_progress(
            track.audible(level_gain(track.level)), track.length, "listening", progress
        )
        with self._autocast():
            latents = list(
                autoencoder.encode_blocks(block[None].to(self.device) for block in blocks)
            )
        return autoencoder.standardise(torch.cat(latents, -1).float())

    def _decode(self, latents: Tensor, mix: Track) -> Iterator[Tensor]:
        """Standardised latents (1, 32, L) to blocks (2, n) of the bass, as much louder than `LEVEL`
        as the mix is.
        """
        autoencoder = self.system.bass_autoencoder
        with self._autocast():
            for block in autoencoder.decode_blocks(autoencoder.unstandardise(latents), mix.length):
                yield block[0].cpu() * (mix.level / LEVEL)


def guided_denoiser(
    unet: Network, c_x: Tensor, guidance: float, phi: float, steps: Tensor | slice = slice(None)
) -> Callable[[Tensor, Tensor], Tensor]:
    """The network as a function (z, t) -> c_hat, with both branches of guidance in one batch
    (section 3.4, chapter 6).

    Parameters
    ----------
    c_x : Tensor (B, 64, L), standardised latents of the mix; zeros stand for "no mix", as in
        training
    steps : those over which `rescale` measures, by default all
    """
    silence = torch.zeros_like(c_x)
    if guidance in (0.0, 1.0):  # one branch alone
        heard = c_x if guidance else silence
        return lambda z, t: c_from_v(z, unet(z, t, heard), t)
    both = torch.cat([c_x, silence])

    def denoise(z: Tensor, t: Tensor) -> Tensor:
        v_cond, v_uncond = unet(torch.cat([z, z]), torch.cat([t, t]), both).chunk(2)
        c_cond, c_uncond = c_from_v(z, v_cond, t), c_from_v(z, v_uncond, t)
        return rescale(classifier_free_guidance(c_cond, c_uncond, guidance), c_cond, phi, steps)

    return denoise


def _counter(bar: tqdm, callback: Callable[[int, int], None] | None) -> Callable:
    """What the sampler calls after each step: moves the bar, and counts for the caller."""
    done = itertools.count(1)

    def step(*_) -> None:
        bar.update()
        if callback is not None:
            callback(next(done), bar.total)

    return step


def numbered(path: str | os.PathLike, count: int) -> list[Path]:
    """`path` itself for one take; name-1, name-2 ... for several."""
    path = Path(path)
    return (
        [path] if count == 1 else [path.with_stem(f"{path.stem}-{i}") for i in range(1, count + 1)]
    )


def check_takes(
    out: str | os.PathLike,
    with_mix: str | os.PathLike | None = None,
    variations: int = 1,
    *,
    inputs: Iterable = (),
    force: bool = False,
) -> None:
    """Refuse takes that cannot be written, before the work: every numbered file, its settings, and
    its mix.

    Raises
    ------
    AudioError
        If a suffix is unknown or a folder is missing.
    BassnbError
        See `check_outputs`.
    """
    _check({"variations": _plain(variations)})
    for target in (Path(path) for path in (out, with_mix) if path is not None):
        if target.suffix.lower() not in SUBTYPES:
            raise AudioError(
                f"{target} has no known audio suffix; use one of {', '.join(SUBTYPES)}"
            )
        if not target.parent.is_dir():
            raise AudioError(
                f"{target} cannot be written; give the path of a file in a folder that exists"
            )
    outputs = []
    for number, path in enumerate(numbered(out, _plain(variations))):
        settings = path.with_suffix(".json")
        sounds = [
            path,
            *([numbered(with_mix, _plain(variations))[number]] if with_mix is not None else []),
        ]
        outputs += [
            *(Output(sound, listed_in(settings)) for sound in sounds),
            Output(settings, is_settings),
        ]
    check_outputs(outputs, inputs, force=force)


def _several(sources) -> Sequence:
    return sources if isinstance(sources, (list, tuple)) else [sources]


def _write(bass: Spool, mix: Track, facts: dict, path: Path, both: Path | None) -> list[Path]:
    """Write a take to `path`, its settings beside it, and mix and bass together to `both`; neither
    file clips.
    """
    gain = unclipped_gain(bass.blocks())
    facts, written = {**facts, "gain_db": _db(gain)}, [path]
    if both is not None:
        mix_gain = unclipped_gain(summed(mix.blocks(), bass.blocks()))
        facts["mix_gain_db"] = _db(mix_gain)
    write_blocks(path, (block * gain for block in bass.blocks()))
    write_settings(path.with_suffix(".json"), facts, [path])
    if both is not None:
        written.append(
            write_blocks(both, (block * mix_gain for block in summed(mix.blocks(), bass.blocks())))
        )
        write_settings(path.with_suffix(".json"), facts, [both])
    return written


def _db(gain: float) -> float:
    return 20 * math.log10(gain)


def _name(source) -> str | list | None:
    if isinstance(source, (list, tuple)):
        return [_name(one) for one in source]
    return (
        str(source)
        if isinstance(source, (str, os.PathLike))
        else None
        if source is None
        else "array"
    )


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
    is_path = isinstance(source, (str, os.PathLike))
    wave = None if is_path else _wave(source, sample_rate, "the style")
    track = _sounding(
        (lambda: read_blocks(source)) if is_path else lambda: [wave], source, "the style"
    )
    if track.length < TIME_RATIO:
        raise BassnbError(
            f"the style lasts {track.length / SAMPLE_RATE:.3f} s, less than one latent step; give at least 0.1 s, better 5 s"
        )
    return track


def _plain(value):
    """A number of numpy as one of Python, which JSON can write; anything else as it is."""
    return value.item() if isinstance(value, np.generic) else value


def _check(settings: dict) -> None:
    limits = {
        "guidance": (0, MOST_GUIDANCE),
        "phi": (0, 1),
        "steps": (1, MOST_STEPS),
        "seed": (0, 2**62),
        "variations": (1, 100),
        "strength": (0, MOST_STRENGTH),
    }
    for name, value in settings.items():
        if name == "sampler":
            continue
        if name not in limits:
            raise BassnbError(
                f"there is no setting {name!r}; choose among {', '.join(limits)}, sampler"
            )
        whole, (low, high) = name in ("steps", "seed", "variations"), limits[name]
        if (
            isinstance(value, bool)
            or not isinstance(value, int if whole else (int, float))
            or not low <= value <= high
        ):
            raise BassnbError(
                f"{name} is {value!r}; give a{' whole' if whole else ''} number from {low:g} to {high:g}"
            )
