"""What the bass autoencoder keeps of a bass it has never heard. Taught in chapters 1 and 9."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from bassnb.audio import to_level
from bassnb.autoencoder import Autoencoder
from bassnb.checkpoints import System
from bassnb.evaluation.pitch import track_pitch
from bassnb.evaluation.examples import examples
from bassnb.evaluation.spectra import spectral_measures
from bassnb.evaluation.statistics import summary
from bassnb.spectral import griffin_lim

ROWS = ("trained_phase", "griffin_lim", "true_phase")


@torch.no_grad()
def reconstructions(autoencoder: Autoencoder, wave: Tensor) -> dict[str, Tensor]:
    """One bass, decoded with three kinds of phase.

    Parameters
    ----------
    wave : Tensor (2, N), 44.1 kHz

    Returns
    -------
    dict of Tensors (2, N)
        ``trained_phase``: the autoencoder as it is; ``griffin_lim``: its magnitudes with the phase of 32
        Griffin-Lim iterations, the baseline; ``true_phase``: its magnitudes with the original's phase, the ceiling.
    """
    config, length = autoencoder.config, wave.shape[-1]
    batch = wave[None].to(next(autoencoder.parameters()).device)
    latents = autoencoder.encode(batch)
    s = autoencoder.decode_spectrum(latents)  # (1, 2, F, T), mid and side
    guessed = griffin_lim(s.cpu(), config.window, config.hop, s.shape[-1] * config.hop)[..., :length]
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

    ``pitch_class``: frames with the same pitch class, among those voiced in both; ``voiced``: frames that are
    still voiced, among the original's voiced ones. The truth is what the same tracker hears in the original.
    """
    (_, before), (_, after) = track_pitch(original), track_pitch(decoded)
    voiced, both = ~np.isnan(before), ~np.isnan(before) & ~np.isnan(after)
    off = np.abs((after[both] - before[both] + 6) % 12 - 6)  # semitones, octaves ignored
    return {
        "pitch_class": float((off < 0.5).mean()) if both.any() else 0.0,
        "voiced": float(both.sum() / max(voiced.sum(), 1)),
    }


def evaluate_bass_autoencoder(
    system: System, *, songs: int = 24, split: str = "test", seconds: float = 24.0, seed0: int = 0,
    progress: bool = False,
) -> dict:  # fmt: skip
    """Decode the true bass of unseen songs and compare; see `pitch_kept` and `spectral_measures` for the figures.

    Returns
    -------
    dict, JSON-ready
        For each of `ROWS` the mean and 95 % interval over songs of every figure.
    """
    table: dict[str, list[dict[str, float]]] = {row: [] for row in ROWS}
    for example in examples(split, songs, seconds=seconds, seed0=seed0, progress=progress):
        bass = to_level(example.bass)
        for row, wave in reconstructions(system.bass_autoencoder, bass).items():
            table[row].append({**pitch_kept(bass, wave), **spectral_measures(bass, wave)})
    rows = {row: {key: summary([song[key] for song in marks]) for key in marks[0]} for row, marks in table.items()}
    setting = {"split": split, "songs": songs, "seed0": seed0, "seconds": seconds}
    return {"preset": system.preset.name, **setting, "rows": rows}
