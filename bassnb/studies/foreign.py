"""What the bass autoencoder preserves of basses that its generator did not make.

"Give it any bass" is true only if any bass passes the autoencoder: a style reference is what its
encoder makes of a recording, and a take is what its decoder can play. Beside the foreign groups of
`bassnb.studies.foreign_basses` stand basses of unseen composed songs and the style references that
are shipped.

Taught in chapter 9.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import librosa
import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from bassnb.accompanist import Accompanist
from bassnb.autoencoder import Autoencoder
from bassnb.metrics.spectra import flux_ratio, spectral_convergence
from bassnb.metrics.statistics import figure, median_summary, summary, with_interval
from bassnb.presets import SAMPLE_RATE
from bassnb.studies.autoencoder import pitch_kept
from bassnb.studies.foreign_basses import Bass, foreign_basses, own_basses
from bassnb.temperament import key_of_hertz

MEDIANS = ("spectral_convergence", "pitch_class", "voiced", "pitch_class_pyin", "flux_ratio")
PYIN_RATE = 22_050  # Hz
LOWEST, HIGHEST = 30.0, 420.0  # Hz: from below the B string of a five-string bass to above its neck
QUICK = {"songs": 2, "seconds": 3.0}


def run(
    accompanist: Accompanist,
    *,
    songs: int | None = None,
    seconds: float = 8.0,
    fetched: str | Path = Path("cache/foreign"),
    folder: Sequence[str | Path] = (),
    soundfont: str | Path | None = None,
    progress: bool = False,
) -> dict:
    """Decode foreign basses and own ones, and compare.

    Parameters
    ----------
    songs : most basses of a group; None takes all, and 40 own songs
    seconds : most of a bass that is used
    fetched : folder that `book/foreign_basses.sh` has filled
    folder : folders of recorded basses, each a group of its own
    soundfont : path of a SoundFont that plays the written pieces of the transfer set

    Returns
    -------
    dict, JSON-ready
        ``groups``: for each the number of ``songs`` and the figures of `tabulate`; ``skipped``: what
        could not be used, and why; ``basses``: the figures of `measure` for every bass.
    """
    skipped: dict[str, str] = {}
    foreign = foreign_basses(
        seconds=seconds,
        songs=songs,
        fetched=Path(fetched),
        folders=folder,
        soundfont=soundfont,
        skipped=skipped,
    )
    found = chain(own_basses(40 if songs is None else songs, seconds), foreign)
    autoencoder = accompanist.system.bass_autoencoder
    basses = [
        {"group": bass.group, "name": bass.name, **measure(autoencoder, bass)}
        for bass in tqdm(found, desc="basses", disable=not progress)
    ]
    groups = dict.fromkeys(bass["group"] for bass in basses)
    return {
        "preset": accompanist.system.preset.name,
        "songs": len(basses),
        "seconds": seconds,
        "skipped": skipped,
        "groups": {
            name: tabulate([bass for bass in basses if bass["group"] == name]) for name in groups
        },
        "basses": basses,
    }


@torch.inference_mode()
def measure(autoencoder: Autoencoder, bass: Bass) -> dict[str, float]:
    """One bass before and after the autoencoder.

    Returns
    -------
    dict
        ``spectral_convergence``: of the decoded magnitudes of mid and side, over the bins that the
        model keeps: 0 is perfect, silence has 1; ``pitch_class`` and ``voiced``: those of
        `bassnb.studies.autoencoder.pitch_kept`; ``pitch_class_pyin``: see `pitch_class_kept`;
        ``flux_ratio``: spectral flux of the decoded wave over that of the original; ``level_db``:
        root mean square of the decoded wave over that of the original, in dB.
    """
    device = next(autoencoder.parameters()).device
    batch = bass.wave[None].to(device)
    latents = autoencoder.encode(batch)
    s, s_hat = autoencoder.spectrum(batch).abs(), autoencoder.decode_spectrum(latents)
    decoded = autoencoder.decode(latents, bass.wave.shape[-1])[0].cpu()
    marks = {
        "spectral_convergence": spectral_convergence(s, s_hat[..., : s.shape[-1]]),
        **pitch_kept(bass.wave, decoded),
        "pitch_class_pyin": pitch_class_kept(bass.wave, decoded),
        "flux_ratio": flux_ratio(bass.wave, decoded),
        "level_db": level_difference(bass.wave, decoded),
    }
    return {name: round(value, 4) for name, value in marks.items()}


def pitch_class_kept(original: Tensor, decoded: Tensor) -> float:
    """Share of the original's voiced frames that the decoded wave has with the same pitch class.

    A frame that is voiced no more counts as lost, which makes it stricter than `pitch_kept`, and the
    tracker is another one: pYIN (Mauch & Dixon 2014), which calls far more frames voiced, decays and
    slaps among them. The pitch class is the same within half a semitone. Waves (2, N); nan if the original has no voiced frame.
    """
    before, after = pyin(original), pyin(decoded)
    voiced = ~np.isnan(before)
    off = np.abs((after - before + 6) % 12 - 6)  # semitones, octaves ignored; nan where unvoiced
    return float((off[voiced] < 0.5).mean()) if voiced.any() else float("nan")


def pyin(wave: Tensor) -> np.ndarray:
    """Pitch of a wave (2, N), 44.1 kHz, as MIDI numbers (T,) every 23 ms; nan where unvoiced."""
    mono = librosa.resample(wave.mean(0).numpy(), orig_sr=SAMPLE_RATE, target_sr=PYIN_RATE)
    hertz, _, _ = librosa.pyin(mono, fmin=LOWEST, fmax=HIGHEST, sr=PYIN_RATE, resolution=0.2)
    return key_of_hertz(hertz)


def level_difference(original: Tensor, decoded: Tensor) -> float:
    """Level of the decoded wave over that of the original in dB, both (2, N); at least -100."""
    power, ours = (float(wave.double().square().mean()) for wave in (original, decoded))
    return 10 * math.log10(max(ours / max(power, 1e-20), 1e-10))


def tabulate(basses: list[dict]) -> dict:
    """The figures of a group.

    Returns
    -------
    dict
        ``songs``: number of basses; of each of `MEDIANS` the median as ``value`` with its 95 %
        interval; ``level_db``: the mean with its interval; ``loudest_db``: by how much the loudest
        is louder than its original.
    """
    columns = {key: [bass[key] for bass in basses] for key in (*MEDIANS, "level_db")}
    return {
        "songs": len(basses),
        **{key: median_summary(columns[key]) for key in MEDIANS},
        "level_db": summary(columns["level_db"]),
        "loudest_db": max(columns["level_db"]),
    }


def headline(report: dict) -> str:
    """The line worth reading."""
    groups = report["groups"]
    lines = [
        f"{name} convergence {with_interval(row['spectral_convergence'], '.2f')}, "
        f"pitch classes {figure(row['pitch_class']['value'], '.0%')}"
        for name, row in groups.items()
    ]
    left = [name for name in report["skipped"] if ":" not in name]
    return "; ".join([*lines, *([f"left out: {', '.join(left)}"] if left else [])])
