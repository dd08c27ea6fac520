"""Mix in, bass out: the whole way of the paper's figure 1 on one screen. Taught in chapters 0 and 8.

>>> from bassnb import Accompanist                                             # doctest: +SKIP
>>> bass = Accompanist.from_pretrained("classroom")("mix.flac", style="slap.flac", guidance=2.5, phi=0.7, seed=0)
...                                                                            # doctest: +SKIP
>>> bass.save("bass.flac")                                                     # doctest: +SKIP
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from tqdm import tqdm

from bassnb import __version__
from bassnb.audio import LEVEL, as_stereo, peak, read_audio, rms, to_level, write_audio
from bassnb.checkpoints import System, load_pretrained, write_json
from bassnb.diffusion import c_from_v
from bassnb.errors import BassnbError
from bassnb.grounding import ground, style_mean
from bassnb.guidance import classifier_free_guidance, rescale
from bassnb.presets import SAMPLE_RATE, TIME_RATIO
from bassnb.sampling import ddim, initial_noise
from bassnb.unet import UNet1d

SILENCE = 1e-4  # peak below which a mix or a style says nothing
MOST_GUIDANCE, MOST_STEPS, MOST_STRENGTH = 20.0, 1000, 2.0


class AccompanimentError(BassnbError):
    """A mix, style or setting from which no bass can be made."""


@dataclass(frozen=True)
class Accompaniment:
    """One bass take.

    Attributes
    ----------
    audio : Tensor (2, N), float32 in [-1, 1], 44.1 kHz, exactly as long as the mix
    mix : Tensor (2, N), the mix it was made for
    latents : Tensor (32, L), standardised
    settings : everything needed to make it again
    """

    audio: Tensor
    mix: Tensor
    latents: Tensor
    settings: dict

    def mix_with(self, balance_db: float = 0.0) -> Tensor:
        """Mix and bass together, (2, N), the bass changed by `balance_db`; turned down as a whole if it would clip."""
        both = self.mix + self.audio * 10 ** (balance_db / 20)
        return both / max(peak(both), 1.0)

    def save(self, path: str | os.PathLike) -> Path:
        """Write the bass to `path` (WAV, FLAC, Ogg or MP3) and its settings to a JSON file of the same name."""
        path = write_audio(path, self.audio)
        write_json(path.with_suffix(".json"), self.settings)
        return path


class Accompanist:
    """A trained system that plays bass to a mix.

    Parameters
    ----------
    system : both autoencoders and the U-Net; see `from_pretrained`
    name : recorded in the settings of every take
    """

    def __init__(self, system: System, *, name: str = "custom"):
        self.system, self.name = system.eval(), name
        self.device = next(system.parameters()).device

    @classmethod
    def from_pretrained(cls, source: str | os.PathLike = "classroom", *, device: str = "auto") -> Accompanist:
        """Load a shipped model ("classroom"), a model folder or a hub id; `device` "auto" prefers a GPU.

        Raises
        ------
        CheckpointError
            If there is no such model, or it is damaged.
        AccompanimentError
            If the device does not exist.
        """
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        try:
            torch.empty(0, device=device)
        except (RuntimeError, AssertionError):
            raise AccompanimentError(f"there is no device {device!r} here; use cpu, or auto") from None
        return cls(load_pretrained(source, device=device), name=str(source))

    @property
    def own_strength(self) -> float:
        """The strength of a style that this model's defaults name, or 1, the paper's."""
        return self.system.defaults.get("strength", 1.0)

    @torch.inference_mode()
    def __call__(
        self, mix, *, style=None, guidance: float | None = None, phi: float | None = None, steps: int = 64, seed: int = 0,
        variations: int = 1, strength: float | None = None, sample_rate: float = SAMPLE_RATE, progress: bool = False,
        callback: Callable[[int, int], None] | None = None,
    ) -> Accompaniment | list[Accompaniment]:  # fmt: skip
        """Play bass to `mix`.

        Parameters
        ----------
        mix : path, or array or Tensor (N,) or (C, N) at `sample_rate`
        style : path, array or Tensor of a bass whose timbre is wanted (section 3.3), or a list of several of them, which
            average out what is played; None leaves the timbre free
        guidance : w of classifier-free guidance (section 3.4): 0 ignores the mix, 1 is the model as trained
        phi : share of the rescale that guidance gets, 0 to 1; both default to what was best on validation songs
        steps : K of DDIM
        seed : of the first take; take i has seed + i, and sounds the same alone as among others
        variations : number of takes
        strength : of the style: 1 as in the paper, up to 2 to exaggerate it; None is the model's own
        progress : show a bar
        callback : called as callback(done, total) after each sampler step of each take; to stop early, raise

        Returns
        -------
        Accompaniment, or a list of them if `variations` is above 1

        Raises
        ------
        AudioError, AccompanimentError
            If mix, style or a setting cannot be used.
        """
        guidance = self.system.defaults["guidance"] if guidance is None else guidance
        phi = self.system.defaults["phi"] if phi is None else phi
        strength = self.own_strength if strength is None else strength
        _check_settings(guidance=guidance, phi=phi, steps=steps, seed=seed, variations=variations, strength=strength)
        wave = _sounding(mix, sample_rate, "the mix")
        c_x = self._encode(self.system.mix_autoencoder, wave)  # (1, 64, L)
        mean = None
        if style is not None:
            sources = style if isinstance(style, (list, tuple)) else [style]
            latents = [self._encode(self.system.bass_autoencoder, _style(one, sample_rate)) for one in sources]
            mean = style_mean(torch.cat(latents, -1))  # (1, 32, 1)
        settings = {"model": self.name, "mix": _name(mix), "style": _name(style), "guidance": guidance, "phi": phi,
                    "steps": steps, "strength": strength, "version": __version__}  # fmt: skip
        takes = []
        with tqdm(total=variations * steps, desc="playing bass", unit="step", disable=not progress) as bar:
            step = _counter(bar, callback)
            for take in range(seed, seed + variations):
                latents = self._sample(c_x, mean, guidance, phi, steps, take, strength, step)
                audio = self._decode(latents, wave)
                takes.append(Accompaniment(audio, wave, latents[0].cpu(), {**settings, "seed": take}))
        return takes if variations > 1 else takes[0]

    def _sample(self, c_x: Tensor, mean: Tensor | None, guidance: float, phi: float, steps: int, seed: int, strength: float,
                callback: Callable) -> Tensor:  # fmt: skip
        z = initial_noise(seed, (self.system.preset.unet.stem_channels, c_x.shape[-1]), self.device)[None]
        denoise = guided_denoiser(self.system.unet, c_x, guidance, phi)
        to_style = None if mean is None else lambda c_hat, beta: ground(c_hat, mean, beta, strength)
        return ddim(denoise, z, steps, ground=to_style, callback=callback)

    def _encode(self, autoencoder, wave: Tensor) -> Tensor:
        return autoencoder.standardise(autoencoder.encode(to_level(wave)[None].to(self.device)))

    def _decode(self, latents: Tensor, mix: Tensor) -> Tensor:
        """Standardised latents (1, 32, L) to the bass (2, N), as much louder than `LEVEL` as the mix is."""
        autoencoder = self.system.bass_autoencoder
        audio = autoencoder.decode(autoencoder.unstandardise(latents), mix.shape[-1])[0].cpu() * (rms(mix) / LEVEL)
        return audio / max(peak(audio), 1.0)


def guided_denoiser(unet: UNet1d, c_x: Tensor, guidance: float, phi: float) -> Callable[[Tensor, Tensor], Tensor]:
    """The network as a function (z, t) -> c_hat, with both branches of guidance in one batch (section 3.4, chapter 6).

    Parameters
    ----------
    c_x : Tensor (B, 64, L), standardised latents of the mix; zeros stand for "no mix", as in training
    """
    silence = torch.zeros_like(c_x)
    if guidance in (0.0, 1.0):  # one branch alone
        heard = c_x if guidance else silence
        return lambda z, t: c_from_v(z, unet(z, t, heard), t)
    both = torch.cat([c_x, silence])

    def denoise(z: Tensor, t: Tensor) -> Tensor:
        v_cond, v_uncond = unet(torch.cat([z, z]), torch.cat([t, t]), both).chunk(2)
        c_cond, c_uncond = c_from_v(z, v_cond, t), c_from_v(z, v_uncond, t)
        return rescale(classifier_free_guidance(c_cond, c_uncond, guidance), c_cond, phi)

    return denoise


def _counter(bar: tqdm, callback: Callable[[int, int], None] | None) -> Callable:
    """What the sampler calls after each step: moves the bar, and counts for the caller."""
    done = itertools.count(1)

    def step(*_) -> None:
        bar.update()
        if callback is not None:
            callback(next(done), bar.total)

    return step


def _name(source) -> str | list | None:
    if isinstance(source, (list, tuple)):
        return [_name(one) for one in source]
    return str(source) if isinstance(source, (str, os.PathLike)) else None if source is None else "array"


def _sounding(source, sample_rate: float, what: str) -> Tensor:
    """Any accepted source as (2, N), refused when silent."""
    is_path = isinstance(source, (str, os.PathLike))
    wave = read_audio(source) if is_path else as_stereo(source, sample_rate, name=what)
    if peak(wave) < SILENCE:
        raise AccompanimentError(f"{source if is_path else what} is silent; give audio with sound in it")
    return wave


def _style(source, sample_rate: float) -> Tensor:
    wave = _sounding(source, sample_rate, "the style")
    if wave.shape[-1] < TIME_RATIO:
        raise AccompanimentError(
            f"the style lasts {wave.shape[-1] / SAMPLE_RATE:.3f} s, less than one latent step; give at least 0.1 s, better 5 s"
        )
    return wave


def _check_settings(**settings) -> None:
    limits = {"guidance": (0, MOST_GUIDANCE), "phi": (0, 1), "steps": (1, MOST_STEPS), "seed": (0, 2**62),
              "variations": (1, 100), "strength": (0, MOST_STRENGTH)}  # fmt: skip
    for name, (low, high) in limits.items():
        value = settings[name]
        whole = name in ("steps", "seed", "variations")
        if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)) or not low <= value <= high:
            raise AccompanimentError(f"{name} is {value!r}; give a{' whole' if whole else ''} number from {low:g} to {high:g}")
