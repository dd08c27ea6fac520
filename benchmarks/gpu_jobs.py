"""The jobs of `benchmarks.gpu`: each measures one thing and returns its report."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from functools import partial
from itertools import count

import numpy as np
import torch
from torch import Tensor

from bassnb.autoencoder import Autoencoder
from bassnb.collections.latents import LatentDataset
from bassnb.collections.pools import OTHERS, StemPool
from bassnb.critics import Critics
from bassnb.denoiser import guided_denoiser
from bassnb.presets import SAMPLE_RATE, TIME_RATIO, AutoencoderConfig
from bassnb.sampling import ddim
from bassnb.schedules import AutoencoderTraining
from bassnb.training.ahead import WORKERS, Ahead
from bassnb.training.autoencoder_trainer import AutoencoderTrainer
from bassnb.training.diffusion_trainer import DiffusionTrainer
from bassnb.unet import UNet1d
from benchmarks.gpu_measuring import (
    HOW,
    Bench,
    compile_how,
    duration,
    flops,
    real_time,
    timed,
    training_figures,
)

SHARE_TARGET = 0.40  # of the ceiling, in the training of the diffusion network; at least
STALL_TARGET = 0.05  # of a training step spent waiting for its batch; at most
STEPS, GUIDANCE, PHI = 64, 2.5, 0.7  # of a take
PRECISIONS = ("no", "bf16")


def ceiling(bench: Bench) -> dict:
    """The fastest of several large matrix products in bfloat16: what no training can exceed."""
    rates = {}
    for size in (4096, 8192, 16384) if bench.on_gpu else (256,):
        a, b = (bench.random(size, size).bfloat16() for _ in range(2))
        rates[str(size)] = 2 * size**3 / timed(lambda: a @ b, bench)["seconds"] / 1e12
    return {
        "tflops": max(rates.values()),
        "by_size": rates,
        "formula": "2 n^3 / seconds of an n x n by n x n product",
    }


def diffusion_trainer(bench: Bench, how: str) -> tuple[DiffusionTrainer, tuple[Tensor, Tensor]]:
    """A trainer of the U-Net, and one batch that is on the device already."""
    plan, config = bench.preset.diffusion_training, bench.preset.unet
    unet = UNet1d(config)
    compile_how(how, bench, unet)
    batch = (
        bench.random(plan.batch, channels, plan.latents)
        for channels in (config.stem_channels, config.mix_channels)
    )
    return DiffusionTrainer(unet, plan, bench.accelerator, 0), tuple(batch)


def diffusion(bench: Bench, how: str) -> dict:
    """Training steps of the diffusion network, the batch on the device."""
    plan, config = bench.preset.diffusion_training, bench.preset.unet
    trainer, batch = diffusion_trainer(bench, how)
    shapes = (1, config.stem_channels, plan.latents), (1,), (1, config.mix_channels, plan.latents)
    forward = flops(lambda: UNet1d(config), *shapes)
    formula = "3 x forward of the U-Net x batch: a backward pass costs two forward passes"
    figures = training_figures(
        lambda: trainer.step(*batch, plan.warmup), bench, 3 * plan.batch * forward, formula
    )
    return {
        "batch": plan.batch,
        "latents": plan.latents,
        **figures,
        "target_share_of_ceiling": SHARE_TARGET,
    }


def autoencoder_trainer(
    bench: Bench, how: str, config: AutoencoderConfig, plan: AutoencoderTraining
) -> tuple[AutoencoderTrainer, int]:
    """A trainer of an autoencoder, and the step from which on its critics are listened to."""
    trainer = AutoencoderTrainer(Autoencoder(config), bench.preset, plan, bench.accelerator)
    model, critics = (
        bench.accelerator.unwrap_model(part) for part in (trainer.model, trainer.critics)
    )
    compile_how(how, bench, model.encoder, model.decoder, critics.magnitude, critics.mel.critic)
    return trainer, plan.phase_start + plan.critic_warmup


def autoencoder(bench: Bench, how: str) -> dict:
    """Training steps of the bass autoencoder in the stage in which the critics are listened to."""
    preset, plan, config = bench.preset, bench.preset.bass_training, bench.preset.bass
    trainer, k = autoencoder_trainer(bench, how, config, plan)
    samples = round(plan.seconds * SAMPLE_RATE)
    wave = 0.1 * bench.random(plan.batch, 2, samples)
    steps = -(-samples // TIME_RATIO)
    spectrogram = (1, config.channels, config.bins, steps * config.stride)
    levels = (1, config.channels * config.bins, steps * config.stride)
    once = 1 if plan.freeze_encoder else 3  # a frozen encoder has no backward pass
    total = once * flops(lambda: Autoencoder(config).encoder, levels)
    total += 3 * flops(lambda: Autoencoder(config).decoder, (1, config.latent_channels, steps))
    judges = partial(Critics, preset.critic, config.bins, SAMPLE_RATE / 2, config.log_eps)
    total += 9 * flops(lambda: judges().magnitude, spectrogram)
    total += 9 * flops(
        lambda: judges().mel.critic, (*spectrogram[:2], preset.critic.mel_bins, spectrogram[-1])
    )
    formula = (
        f"batch x ({once} x forward of the encoder + 3 x forward of the decoder + 9 x forward of the critics, which answer "
        "three times a step); Fourier transforms are not counted"
    )
    figures = training_figures(lambda: trainer.step(wave, k), bench, plan.batch * total, formula)
    return {"batch": plan.batch, "seconds_of_crop": plan.seconds, **figures}


@torch.inference_mode()
def codec(bench: Bench, how: str) -> dict:
    """Encoding of mixes and decoding of basses, as `Accompanist` does it."""
    latents = bench.preset.diffusion_training.latents
    mix, bass = (
        Autoencoder(config).to(bench.device).eval()
        for config in (bench.preset.mix, bench.preset.bass)
    )
    compile_how(how, bench, mix.encoder, bass.decoder)
    rows: dict[str, list] = {"encode": [], "decode": []}
    for precision, batch in itertools.product(PRECISIONS, bench.batches):
        wave = 0.1 * bench.random(batch, 2, latents * TIME_RATIO)
        codes = bench.random(batch, bench.preset.bass.latent_channels, latents)
        with torch.autocast(bench.device.type, torch.bfloat16, enabled=precision == "bf16"):
            for way, work in (
                ("encode", partial(mix.encode, wave)),
                ("decode", partial(bass.decode, codes)),
            ):
                rows[way].append({"precision": precision, **real_time(work, bench, batch)})
    return {"latents": latents, **rows}


@torch.inference_mode()
def sampling(bench: Bench, how: str) -> dict:
    """64 guided steps of DDIM, both branches in one batch, as in `Accompanist`."""
    config, latents = bench.preset.unet, bench.preset.diffusion_training.latents
    unet = UNet1d(config).to(bench.device).eval()
    compile_how(how, bench, unet)
    rows = []
    for precision, batch in itertools.product(PRECISIONS, bench.batches):
        z, c_x = (
            bench.random(batch, channels, latents)
            for channels in (config.stem_channels, config.mix_channels)
        )
        denoise = guided_denoiser(unet, c_x, GUIDANCE, PHI)
        with torch.autocast(bench.device.type, torch.bfloat16, enabled=precision == "bf16"):
            rows.append(
                {"precision": precision, **real_time(lambda: ddim(denoise, z, STEPS), bench, batch)}
            )
    return {"latents": latents, "steps": STEPS, "guidance": GUIDANCE, "sample": rows}


class Noise(StemPool):
    """A pool of songs of random samples in memory, not rendered."""

    def __init__(self, songs: int, stems: int, seconds: float):
        shape = (songs, stems, 2, round(seconds * SAMPLE_RATE))
        self.array = np.random.default_rng(0).integers(-8000, 8000, shape, dtype=np.int16)


def stall_diffusion(bench: Bench) -> dict:
    """Waiting time of the diffusion training for crops of a `LatentDataset`.

    Its latents are random.
    """
    plan, config = bench.preset.diffusion_training, bench.preset.unet
    trainer, _ = diffusion_trainer(bench, "compiled")
    songs, steps = min(plan.songs, 400), round(plan.song_seconds * SAMPLE_RATE / TIME_RATIO)
    pairs = LatentDataset(
        torch.randn(songs, config.stem_channels, steps).half(),
        torch.randn(songs, plan.submixes, config.mix_channels, steps).half(),
    )

    def draw(k: int) -> tuple[Tensor, Tensor]:
        return pairs.batch(k, plan.batch, plan.latents)

    return stall(lambda *batch: trainer.step(*batch, plan.warmup), draw, bench)


def stall_autoencoder(bench: Bench) -> dict:
    """Waiting time of the mix autoencoder's training for crops of a `StemPool`.

    Submixes of four stems take longest.
    """
    preset, plan = bench.preset, bench.preset.mix_training
    trainer, k = autoencoder_trainer(bench, "compiled", preset.mix, plan)
    pool = Noise(min(plan.songs, 20), len(OTHERS), plan.song_seconds)

    def draw(seed: int) -> tuple[Tensor]:
        return (pool.crops(seed, plan.batch, round(plan.seconds * SAMPLE_RATE)),)

    return stall(lambda wave: trainer.step(wave, k), draw, bench)


def stall(step: Callable[..., object], draw: Callable[[int], tuple], bench: Bench) -> dict:
    """How long a training waits for its batches: made by threads, and made when they are asked for."""
    batch = tuple(tensor.to(bench.device) for tensor in draw(0))
    fed = timed(lambda: step(*batch), bench)["seconds"]
    loops = {str(workers): loop(step, draw, workers, bench) for workers in (0, WORKERS)}
    for figures in loops.values():
        figures["slower_than_fed"] = figures["seconds"] / fed - 1
    return {
        "fed_seconds": fed,
        "workers": loops,
        "stall": loops[str(WORKERS)]["waited"],
        "target_stall": STALL_TARGET,
        "formula": "seconds in which the loop waits for a batch / seconds of the loop; "
        "fed: the batch is on the device already",
    }


def loop(
    step: Callable[..., object], draw: Callable[[int], tuple], workers: int, bench: Bench
) -> dict:
    """Seconds of a training step with so many loader threads, and the share spent waiting."""
    steps, waited = count(), []
    with Ahead(draw, bench.device, workers=workers) as batches:

        def fetch_and_step() -> None:
            start = time.perf_counter()
            batch = batches(next(steps))
            waited.append(time.perf_counter() - start)
            step(*batch)

        seconds = duration(fetch_and_step, bench, 5)  # the first batches and threads
        calls = max(round(bench.seconds / seconds), 5)
        waited.clear()
        seconds = duration(fetch_and_step, bench, calls)
    return {"seconds": seconds, "calls": calls, "waited": sum(waited) / calls / seconds}


JOBS: dict[str, Callable[[Bench], dict]] = {
    "ceiling": ceiling,
    **{f"diffusion-{how}": partial(diffusion, how=how) for how in HOW},
    "stall-diffusion": stall_diffusion,
    "stall-autoencoder": stall_autoencoder,
    **{f"sampling-{how}": partial(sampling, how=how) for how in ("plain", "compiled", "graphs")},
    **{
        f"autoencoder-{how}": partial(autoencoder, how=how)
        for how in ("plain", "compiled", "tuned")
    },
    **{f"codec-{how}": partial(codec, how=how) for how in ("plain", "compiled")},
}
