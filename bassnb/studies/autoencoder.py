"""What the bass autoencoder preserves of unseen basses.

Taught in chapters 1 and 9.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import cycle

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from bassnb.accompanist import Accompanist
from bassnb.autoencoder import Autoencoder
from bassnb.composer.examples import example
from bassnb.composer.songs import BASSES, LEADS
from bassnb.level import to_level
from bassnb.metrics.spectra import spectral_measures
from bassnb.metrics.statistics import figure, summary
from bassnb.pitch import track_pitch
from bassnb.spectral import griffin_lim

ROWS = ("trained_phase", "griffin_lim", "true_phase")
TIMBRES = BASSES | LEADS
QUICK = {"songs": 10, "seconds": 4.0}


# figure -> what grows with its quality
BETTER: dict[str, Callable[[float], float]] = {
    "pitch_class": lambda x: x,
    "voiced": lambda x: x,
    "si_sdr": lambda x: x,
    "multi_resolution_stft": lambda x: -x,
    "log_spectral_distance_512": lambda x: -x,
    "log_spectral_distance_4096": lambda x: -x,
    "flux_ratio": lambda x: -abs(x - 1),
}


@torch.no_grad()
def reconstructions(autoencoder: Autoencoder, wave: Tensor) -> dict[str, Tensor]:
    """One bass, decoded with three kinds of phase.

    Parameters
    ----------
    wave : Tensor (2, N), 44.1 kHz

    Returns
    -------
    dict of Tensors (2, N)
        ``trained_phase``: the autoencoder as it is; ``griffin_lim``: its magnitudes with the phase
        of 32 Griffin-Lim iterations, the baseline; ``true_phase``: its magnitudes with the
        original's phase, the ceiling.
    """
    config, length = autoencoder.config, wave.shape[-1]
    batch = wave[None].to(next(autoencoder.parameters()).device)
    latents = autoencoder.encode(batch)
    s = autoencoder.decode_spectrum(latents)  # (1, 2, F, T), mid and side
    guessed = griffin_lim(s.cpu(), config.window, config.hop, s.shape[-1] * config.hop)[
        ..., :length
    ]
    true = torch.polar(s, autoencoder.spectrum(batch).angle())
    return {
        "trained_phase": autoencoder.decode(latents, length)[0].cpu(),
        "griffin_lim": mid_side_to_stereo(guessed)[0],
        "true_phase": autoencoder.wave(true, length)[0].cpu(),
    }


def mid_side_to_stereo(wave: Tensor) -> Tensor:
    """Mid and side (B, 2, N) to left and right."""
    mid, side = wave.unbind(1)
    return torch.stack([mid + side, mid - side], 1)


def pitch_kept(original: Tensor, decoded: Tensor) -> dict[str, float]:
    """How much of the original's pitch track survives; waves (2, N).

    ``pitch_class``: frames with the same pitch class, among those voiced in both; ``voiced``:
    frames that are still voiced, among the original's voiced ones. The reference is the same
    tracker on the original.
    """
    (_, before), (_, after) = track_pitch(original), track_pitch(decoded)
    voiced, both = ~np.isnan(before), ~np.isnan(before) & ~np.isnan(after)
    off = np.abs((after[both] - before[both] + 6) % 12 - 6)  # semitones, octaves ignored
    return {
        "pitch_class": float((off < 0.5).mean()) if both.any() else 0.0,
        "voiced": float(both.sum() / max(voiced.sum(), 1)),
    }


def si_sdr(original: Tensor, decoded: Tensor) -> float:
    """Scale-invariant signal-to-distortion ratio in dB of two waves (2, N) (Le Roux et al. 2019).

    10 log10 |a x|^2 / |a x - x~|^2 with a = <x~, x> / |x|^2: what of the decoded wave is the
    original, at whatever level, over what is not. It depends on phase; a spectrum without error
    may have any value here. At least -100 dB.
    """
    x, other = original.double().flatten(), decoded.double().flatten()
    target = other @ x / x.square().sum().clamp_min(1e-12) * x
    ratio = target.square().sum() / (target - other).square().sum().clamp_min(1e-12)
    return float(10 * torch.log10(ratio.clamp_min(1e-10)))


def run(
    accompanist: Accompanist,
    *,
    songs: int = 40,
    split: str = "test",
    seconds: float = 12.0,
    seed0: int = 0,
    progress: bool = False,
) -> dict:
    """Decode the true bass of unseen songs and compare.

    The figures are those of `pitch_kept`, `si_sdr` and `spectral_measures`.

    The songs take their bass sounds from `TIMBRES` in turn, so that each occurs equally often.

    Parameters
    ----------
    songs : a multiple of ten gives all timbres equal weight

    Returns
    -------
    dict, JSON-ready
        ``rows``: for each of `ROWS` the mean and 95 % interval over songs of every figure.
        ``gain``: by how much the trained phase is better than Griffin-Lim's, song by song, above 0
        where it is; see `BETTER`. ``timbres``: the rows for the songs of each timbre, with their
        ``count``.
    """
    system = accompanist.system
    figures: dict[str, list[dict[str, dict[str, float]]]] = {}
    seeds = tqdm(range(seed0, seed0 + songs), desc=f"{split} songs", disable=not progress)
    for timbre, bass in basses_in_turn(split, seeds, seconds):
        waves = reconstructions(system.bass_autoencoder, bass)
        figures.setdefault(timbre, []).append(
            {row: measure(bass, wave) for row, wave in waves.items()}
        )
    setting = {"split": split, "songs": songs, "seed0": seed0, "seconds": seconds}
    everything = [marks for found in figures.values() for marks in found]
    return {
        "preset": system.preset.name,
        **setting,
        "rows": tabulate(everything),
        "gain": gains(everything),
        "timbres": {
            timbre: {"count": len(found), **tabulate(found)} for timbre, found in figures.items()
        },
    }


def gains(found: list[dict[str, dict[str, float]]]) -> dict[str, dict]:
    """By how much the trained phase is better than Griffin-Lim's: mean and interval, per figure."""
    return {
        key: summary(
            [better(m["trained_phase"][key]) - better(m["griffin_lim"][key]) for m in found]
        )
        for key, better in BETTER.items()
    }


def basses_in_turn(
    split: str, seeds: Iterable[int], seconds: float
) -> Iterator[tuple[str, Tensor]]:
    """Basses (2, N) of composed songs at the level of the model, after the names of their sounds;
    the sounds are those of `TIMBRES` in turn, from the first one.
    """
    for seed, (timbre, program) in zip(seeds, cycle(TIMBRES.items())):
        yield timbre, to_level(example(split, seed, seconds, bass_program=program).bass)


def measure(bass: Tensor, wave: Tensor) -> dict[str, float]:
    """Every figure of an original (2, N) and its reconstruction (2, N)."""
    return {**pitch_kept(bass, wave), "si_sdr": si_sdr(bass, wave), **spectral_measures(bass, wave)}


def tabulate(marks: list[dict[str, dict[str, float]]]) -> dict[str, dict]:
    """Row -> figure -> mean and 95 % interval over songs."""
    return {
        row: {key: summary([song[row][key] for song in marks]) for key in marks[0][row]}
        for row in ROWS
    }


def headline(report: dict) -> str:
    """The line worth reading."""
    return ", ".join(
        f"{name} {figure(row['pitch_class']['mean'], '.1%')} of pitch classes"
        for name, row in report["rows"].items()
    )
