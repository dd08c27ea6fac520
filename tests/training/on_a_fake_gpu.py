"""A program for test_fake_gpu.py: every training on a GPU that is not there, in one process, in the
three precisions; then takes, and how much a GPU does at once. Prints one JSON object.
"""

import dataclasses
import json
import sys
from pathlib import Path

import torch

from tests import fakecuda

torch.set_num_threads(1)
fakecuda.install(tf32=True)

from bassnb.accompanist import Accompanist
from bassnb.attention import SelfAttention
from bassnb.presets import SMOKE
from bassnb.settings import TrainingSettings
from bassnb.studies.takes import batches
from bassnb.training import contrastive
from bassnb.training.ahead import Ahead
from bassnb.training.autoencoder import train_autoencoder
from bassnb.training.diffusion import train_diffusion
from bassnb.training.loop import open_accelerator

root = Path(sys.argv[1])
short = {"songs": 2, "song_seconds": 3.0, "batch": 2}
preset = dataclasses.replace(
    SMOKE,
    mix_training=dataclasses.replace(SMOKE.mix_training, **short),
    bass_training=dataclasses.replace(SMOKE.bass_training, **short),
    diffusion_training=dataclasses.replace(SMOKE.diffusion_training, **short, latents=16),
)
found: dict = {"devices": {}, "losses": {}, "synced": []}


def train(precision, where):
    """The three trainings, from songs to a system."""
    fakecuda.SYNCS.clear()
    settings = TrainingSettings(cache=root / "cache", precision=precision, total_steps=8)
    for stem in ("mix", "bass"):
        train_autoencoder(preset, stem, where / stem, settings)
    system = train_diffusion(
        preset, where / "diffusion", settings, mix=where / "mix", bass=where / "bass"
    )
    log = (where / "diffusion" / "log.jsonl").read_text().splitlines()
    found["losses"][precision] = json.loads(log[-1])
    found["synced"] += [place for _, place in fakecuda.SYNCS]
    return system


def blocks_of_attention(device):
    """How often attention over 2048 steps with two heads computes a block of rows."""
    layer, blocks = SelfAttention(2, 2).to(device), []
    attend = layer._attend
    layer._attend = lambda *given: blocks.append(given[-2:]) or attend(*given)
    layer(torch.zeros(1, 2, 2048, device=device))
    return len(blocks)


def waits_for_copies():
    """How often the computing stream has waited for that of the copies when a batch is handed over."""
    compute = torch.cuda.current_stream()
    with Ahead(lambda k: (torch.zeros(3),), torch.device("cuda", 0), workers=2) as ahead:
        counts = []
        for k in range(4):
            compute.waits.clear()
            ahead(k)
            counts.append(compute.waits.count(ahead.stream))
    return counts


open_accelerator("cpu")  # a training on the CPU came first, in the same kernel
for precision in ("no", "bf16", "fp16"):
    system = train(precision, root / precision)
    found["devices"][precision] = open_accelerator("auto", precision).device.type

plan = contrastive.ContrastivePlan(
    steps=2, batch=2, latents=16, width=4, embedding=4, songs=2, song_seconds=3.0
)
judge = contrastive.train_contrastive(
    system, root / "judge", TrainingSettings(cache=root / "cache"), plan=plan
)
found["judge"] = str(next(judge.parameters()).device)

mix = 0.1 * torch.randn(2, 30_000, generator=torch.Generator().manual_seed(0))
for precision in ("no", "bf16"):
    accompanist = Accompanist(system.to("cuda"), precision=precision)
    takes = accompanist.takes(mix, 3, style=mix, steps=2)
    alone = accompanist(mix, style=mix, steps=2, seed=2)
    found[f"takes {precision}"] = [str(take.audio.device) for take in takes]
    found[f"apart {precision}"] = float((takes[2].audio - alone.audio).abs().max())

found["batches"] = [
    len(seeds) for _, seeds in batches(accompanist, torch.zeros(70, 1, 1), range(70))
]
found["blocks"] = {device: blocks_of_attention(device) for device in ("cpu", "cuda")}
found["waits"] = waits_for_copies()
print(json.dumps(found))
