"""The paper's figure 3 as a study, with rows for comparison.

Taught in chapter 9.
"""

from __future__ import annotations

from pathlib import Path

from torch import Tensor

from bassnb.accompanist import Accompanist
from bassnb.composer.examples import examples
from bassnb.metrics.contrastive import (
    SHIPPED_JUDGE,
    diagonal,
    encode_waves,
    load_judge,
    score_matrix,
)
from bassnb.metrics.statistics import figure
from bassnb.presets import SAMPLE_RATE
from bassnb.studies.stage import SECONDS
from bassnb.studies.takes import decode_takes, sample_latents

GROUP = 25  # mixes and basses of figure 3
QUICK = {"songs": 8, "seconds": 6.0, "steps": 8}


def run(
    accompanist: Accompanist,
    *,
    songs: int = 100,
    seconds: float = SECONDS,
    steps: int = 64,
    judge: str | Path = SHIPPED_JUDGE,
    progress: bool = False,
) -> dict:
    """Scores of basses and mixes in groups of 25 (figure 3).

    Parameters
    ----------
    songs : a multiple of 25, or fewer than 25 for one smaller group; what is over is left out
    judge : weights that `bassnb.training.contrastive` left, trained on the latents of this model's
        encoders

    Returns
    -------
    dict, JSON-ready
        ``rows``: for true, late (true, a quarter of a second behind), generated, unconditional and
        shuffled basses ``mass`` and ``top1`` of the diagonal. ``matrices``: soft assignments (25,
        25) of the first group, mixes down.
    """
    group = min(GROUP, songs)
    songs -= songs % group
    system = accompanist.system
    model = load_judge(judge, system).to(accompanist.device)
    found = list(examples("test", songs, seconds=seconds, progress=progress))
    c_x = encode_waves(system.mix_autoencoder, [example.mix for example in found])

    def played(**settings) -> list[Tensor]:
        latents = sample_latents(
            accompanist, c_x, [example.song.seed for example in found], steps=steps, **settings
        )
        return decode_takes(accompanist, latents, found[0].mix.shape[-1])

    true = [example.bass for example in found]
    basses = {
        "true": true,
        "late": [bass.roll(SAMPLE_RATE // 4, -1) for bass in true],
        "generated": played(),
        "unconditional": played(guidance=0.0),
        "shuffled": true[1:] + true[:1],
    }
    rows, first = {}, {}
    for name, waves in basses.items():
        c_y = encode_waves(system.bass_autoencoder, waves)
        groups = zip(c_x.split(group), c_y.split(group), strict=True)
        matrices = [score_matrix(model, *pair) for pair in groups]
        rows[name], first[name] = diagonal(*matrices), matrices[0].round(3).tolist()
    setting = {
        "split": "test",
        "songs": songs,
        "seed0": 0,
        "group": group,
        "seconds": seconds,
        "steps": steps,
    }
    return {"preset": system.preset.name, **setting, "rows": rows, "matrices": first}


def headline(report: dict) -> str:
    """The line worth reading."""
    return ", ".join(
        f"{name} {figure(row['top1']['mean'], '.0%')} first" for name, row in report["rows"].items()
    )
