"""Does control of a take hold what it promises? Regions played again, lines of one's own, loops.

* Regions: the kept latents and samples are the same, and a seam is no larger jump than any other;
  beside it, what two naive methods of pasting do.
* Freedom: how near a take is to a given line, and to the mix, from freedom 0 to 1. The line is the
  bass of another song, so that the two differ.
* Loop: mixes are turned round by a random time, so that their joint lies anywhere in the music. If
  the joint is like any other step, the rank of its jump among all jumps is uniform.

Taught in chapter 11.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import torch
from scipy.stats import kstest
from torch import Tensor
from tqdm import tqdm

from bassnb.accompanist import Accompanist
from bassnb.composer.examples import Example, examples
from bassnb.control.regions import Region, put_back, runs, steps_again
from bassnb.denoiser import guided_denoiser
from bassnb.diffusion import add_noise
from bassnb.metrics.jumps import FRAME, jump_at, latent_jumps, spectral_jumps
from bassnb.metrics.match import compare, onset_f1, transcribe
from bassnb.metrics.statistics import figure, summary
from bassnb.presets import SAMPLE_RATE, TIME_RATIO
from bassnb.sampling import SAMPLERS, initial_noise
from bassnb.tracks import Track

PARTS = ((0.2, 0.35), (0.55, 0.8))  # of a song: the regions that are played again
FREEDOMS = tuple(round(0.1 * k, 1) for k in range(11))
LOOP_SECONDS = 9.0


def run(
    accompanist: Accompanist,
    *,
    songs: int = 32,
    seconds: float = 24.0,
    freedoms: Sequence[float] = FREEDOMS,
    material: Iterable[Example] | None = None,
    progress: bool = False,
    **settings,
) -> dict:
    """Regions, freedom and loops.

    Parameters
    ----------
    songs : number of generated songs of the test split, at least 2
    material : other songs than generated ones, with score, bass and mix; they are cut to `seconds`
    freedoms : ascending, from 0 to 1
    settings : of the takes, such as sampler and steps; dpm++ by default

    Returns
    -------
    dict, JSON-ready
        ``regions``, ``freedom`` and ``loop``, see `regions`, `freedom` and `loops`.
    """
    settings = {"sampler": "dpm++", "tuning": 0, **settings}
    found = list(examples("test", songs, seconds=seconds) if material is None else material)
    found = [
        Example(one.song, *(w[:, : int(seconds * SAMPLE_RATE)] for w in (one.bass, one.mix)))
        for one in found
    ]
    parts: dict[str, Callable[..., dict]] = {
        "regions": lambda shown: regions(accompanist, shown, **settings),
        "freedom": lambda shown: freedom(accompanist, found, shown, freedoms, **settings),
        "loop": lambda shown: loops(accompanist, shown, **settings),
    }
    report = {"songs": len(found), "seconds": seconds, "settings": settings}
    for name, part in parts.items():
        report[name] = part(tqdm(found, desc=name, disable=not progress))
    return report


# -- regions ---------------------------------------------------------------------------------------


def regions(accompanist: Accompanist, songs: Iterable[Example], **settings) -> dict:
    """Takes of which `PARTS` are played again with another seed.

    Returns
    -------
    dict
        ``latents_kept`` and ``audio_kept``: share of songs in which what is kept is the same, bit
        for bit, the audio beyond the reach of the decoder; a summary of the jump of the latents
        at the seams, in mean jumps of the take: ``seam``, at the same places of the
        ``first`` take, with latents of another take pasted (``pasted``), and with newly noised
        latents pasted into z at every step (``pasted_z``); the same of spectra of the audio:
        ``audio_seam``, ``audio_first``, and ``audio_pasted`` of samples; ``changed``: difference to
        the first take in the regions, in differences of two independent takes; ``match`` of the
        first take and of the one after it, mean over the measures.
    """
    rows = [_region_row(accompanist, example, settings) for example in songs]
    shares = {
        key: float(np.mean([row.pop(key) for row in rows]))
        for key in ("latents_kept", "audio_kept")
    }
    return {**shares, **{key: summary([row[key] for row in rows]) for key in rows[0]}}


def _region_row(accompanist: Accompanist, example: Example, settings: dict) -> dict:
    seconds = example.mix.shape[-1] / SAMPLE_RATE
    asked = [Region(round(a * seconds, 2), round(b * seconds, 2)) for a, b in PARTS]
    texts = [f"{region.start}-{region.end}" for region in asked]
    first, other = accompanist.takes(example.mix, 2, seed=1, **settings)
    new = accompanist(example.mix, keep=first, region=texts, seed=2, **settings)
    again = steps_again(asked, new.latents.shape[-1], SAMPLE_RATE, seconds)
    seams = [edge for run_ in runs(again) for edge in run_]
    reach = accompanist.system.bass_autoencoder.decoder_reach
    untouched = _untouched(again, reach, example.mix.shape[-1])
    pasted = torch.where(again, other.latents, first.latents)
    pasted_z = _pasted_into_z(accompanist, example.mix, first.latents, again, settings)
    inside = torch.zeros(example.mix.shape[-1], dtype=torch.bool)
    for start, stop in runs(again):
        inside[start * TIME_RATIO : stop * TIME_RATIO] = True
    frames = [edge * TIME_RATIO // FRAME for edge in seams]
    waves = {
        "seam": new.audio,
        "first": first.audio,
        "pasted": torch.where(inside, other.audio, first.audio),
    }
    apart = (other.latents - first.latents)[:, again].square().mean()
    return {
        "latents_kept": torch.equal(new.latents[:, ~again], first.latents[:, ~again]),
        "audio_kept": torch.equal(new.audio[:, untouched], first.audio[:, untouched]),
        **{
            name: jump_at(latent_jumps(latents), seams)
            for name, latents in (
                ("seam", new.latents),
                ("first", first.latents),
                ("pasted", pasted),
                ("pasted_z", pasted_z),
            )
        },
        **{f"audio_{name}": jump_at(spectral_jumps(wave), frames) for name, wave in waves.items()},
        "changed": float(((new.latents - first.latents)[:, again].square().mean() / apart).sqrt()),
        **{
            f"match_{name}": float(
                np.nanmean(list(compare(transcribe(take.audio), example.song).values()))
            )
            for name, take in (("first", first), ("again", new))
        },
    }


def _untouched(again: Tensor, reach: int, samples: int) -> Tensor:
    """Samples, bool (N,), beyond the reach of the decoder from the regions."""
    steps = torch.arange(samples) // TIME_RATIO
    near = torch.zeros(samples, dtype=torch.bool)
    for first, stop in runs(again):
        near |= (steps >= first - reach) & (steps < stop + reach)
    return ~near


def _pasted_into_z(
    accompanist: Accompanist, mix: Tensor, kept: Tensor, again: Tensor, settings: dict
) -> Tensor:
    """The naive method: before every step, kept latents with new noise are pasted into what the
    network sees; at the end they are pasted once more. Latents (C, L).
    """
    s = accompanist.settings(**settings)
    with torch.inference_mode():
        c_x = accompanist.mix_coder.encode(Track.of(lambda: [mix]))
        denoise = guided_denoiser(accompanist.system.unet, c_x, s["guidance"], s["phi"])
        seeds, clean = itertools.count(1000), kept[None].to(c_x.device)
        where = again.to(c_x.device)

        def pasted(z: Tensor, t: Tensor) -> Tensor:
            noise = initial_noise(next(seeds), z.shape[1:], z.device)[None]
            return denoise(torch.where(where, z, add_noise(clean, noise, t)), t)

        z = initial_noise(2, kept.shape, c_x.device)[None]
        made = SAMPLERS[s["sampler"]](pasted, z, s["steps"])
        return put_back(made, clean, where)[0].cpu()


# -- freedom ---------------------------------------------------------------------------------------


def freedom(
    accompanist: Accompanist,
    songs: Sequence[Example],
    shown: Iterable[Example],
    freedoms: Sequence[float],
    **settings,
) -> dict:
    """Takes near the bass of the next song.

    Returns
    -------
    dict
        For each freedom, as text, summaries of ``pitch_class`` (frames in which take and line have
        the same), ``onset_f1`` of the take against the line, their mean ``similarity``, and
        ``chord_tone`` (notes that fit the mix); ``monotone``: whether the mean similarity never
        rises with freedom, by more than an hundredth.
    """
    rows: dict[float, list[dict]] = {value: [] for value in freedoms}
    for index, example in enumerate(shown):
        line = songs[(index + 1) % len(songs)].bass[:, : example.mix.shape[-1]]
        line = torch.nn.functional.pad(line, (0, example.mix.shape[-1] - line.shape[-1]))
        own = transcribe(line)
        for value in freedoms:
            take = accompanist(example.mix, line=line, freedom=value, seed=index, **settings)
            rows[value].append(_near(transcribe(take.audio), own, example))
    found = {
        str(value): {key: summary([row[key] for row in marks]) for key in marks[0]}
        for value, marks in rows.items()
    }
    means = [row["similarity"]["mean"] for row in found.values()]
    return {**found, "monotone": bool((np.diff(means) <= 0.01).all())}


def _near(take, line, example: Example) -> dict:
    """How near one transcription is to that of a line, and to the harmony of a song."""
    count = min(len(take.midi), len(line.midi))
    one, other = take.midi[:count], line.midi[:count]
    both = np.isfinite(one) & np.isfinite(other)
    apart = np.abs((one - other + 6) % 12 - 6)[both]
    pitch = float((apart < 0.5).mean()) if both.any() else float("nan")
    onset = onset_f1(take.onsets, line.onsets)
    harmony = compare(take, example.song)["chord_tone"]
    return {
        "pitch_class": pitch,
        "onset_f1": onset,
        "similarity": float(np.nanmean([pitch, onset])),
        "chord_tone": harmony,
    }


# -- loop ------------------------------------------------------------------------------------------


def loops(accompanist: Accompanist, songs: Iterable[Example], **settings) -> dict:
    """Loops of `LOOP_SECONDS`, turned round by a random time.

    Returns
    -------
    dict
        For latents and for spectra (``audio_``): the ``jump`` at the joint in mean jumps, its mean
        ``rank`` among all jumps (0.5 if it is like any other) and ``uniform``, the p-value of the
        Kolmogorov-Smirnov test that ranks are uniform; the same of takes ``without`` loop.
    """
    rows, rng = [], np.random.default_rng(0)
    for example in songs:
        length = min(int(LOOP_SECONDS * SAMPLE_RATE), example.mix.shape[-1])
        mix = example.mix[:, :length].roll(int(rng.integers(length)), -1)
        rows.append(_loop_row(accompanist, mix, settings))
    report: dict = {}
    for key in rows[0]:
        column = np.array([row[key] for row in rows])
        report[key] = summary(column)
        if key.endswith("rank"):
            report[key.replace("rank", "uniform")] = float(kstest(column, "uniform").pvalue)
    return report


def _loop_row(accompanist: Accompanist, mix: Tensor, settings: dict) -> dict:
    takes = {
        "": accompanist(mix, loop=True, seed=3, **settings),
        "without_": accompanist(mix, seed=3, **settings),
    }
    row = {}
    for name, take in takes.items():
        for kind, jumps in (
            ("", latent_jumps(take.latents, circular=True)),
            ("audio_", spectral_jumps(take.audio, circular=True)),
        ):
            row[f"{name}{kind}jump"] = float(jumps[0] / jumps[1:].mean())
            row[f"{name}{kind}rank"] = float((jumps[1:] < jumps[0]).mean())
    return row


def headline(report: dict) -> str:
    """The line worth reading."""
    seam, rank = report["regions"]["seam"]["mean"], report["loop"]["rank"]["mean"]
    return (
        f"seams {figure(seam, '.2f')} mean jumps, freedom monotone: {report['freedom']['monotone']}, "
        f"rank of the joint of a loop {figure(rank, '.2f')}"
    )
