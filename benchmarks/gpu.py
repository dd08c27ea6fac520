"""What `paper` costs on one GPU, in one command that can be stopped and started again:

    python -m benchmarks.gpu

Every job leaves one JSON file in results/gpu and is skipped where its file is already there (`--again` measures anew). A job
takes one to three minutes, most of them torch's compiler. `--preset smoke --device cpu` tries every job without a GPU, into
a folder of its own; its figures mean nothing.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from bassnb.accompanist import guided_denoiser
from bassnb.autoencoder import Autoencoder
from bassnb.checkpoints import read_json, write_json
from bassnb.critics import Critics
from bassnb.data.latents import LatentDataset
from bassnb.data.pools import OTHERS, StemPool
from bassnb.presets import SAMPLE_RATE, TIME_RATIO, AutoencoderConfig, AutoencoderTraining, Preset, get_preset
from bassnb.sampling import ddim
from bassnb.training.ahead import WORKERS, Ahead
from bassnb.training.autoencoder import AutoencoderTrainer
from bassnb.training.diffusion import DiffusionTrainer
from bassnb.unet import UNet1d

SHARE_TARGET = 0.40  # of the ceiling, in the training of the diffusion network; at least
STALL_TARGET = 0.05  # of a training step spent waiting for its batch; at most
STEPS, GUIDANCE, PHI = 64, 2.5, 0.7  # of a take
HOW = {
    "plain": "as written, without torch.compile",
    "compiled": "torch.compile, default mode: what compile=True of the trainings does",
    "graphs": 'torch.compile, mode="reduce-overhead": CUDA graphs',
    "tuned": "torch.compile, and cuDNN tries its convolutions (torch.backends.cudnn.benchmark)",
}


@dataclass(frozen=True)
class Bench:
    """What all jobs share."""

    preset: Preset
    accelerator: Accelerator  # bf16 autocast
    seconds: float  # of measuring for each figure
    out: Path

    @property
    def device(self) -> torch.device:
        """Where everything runs."""
        return self.accelerator.device

    @property
    def on_gpu(self) -> bool:
        """False in a dry run."""
        return self.device.type == "cuda"

    @property
    def batches(self) -> tuple[int, int]:
        """One take, and as many as a server would make at once."""
        return (1, 64) if self.on_gpu else (1, 2)

    def path(self, job: str) -> Path:
        """The file of a job."""
        return self.out / f"{self.preset.name}-{job}.json"

    def random(self, *shape: int) -> Tensor:
        """Normal numbers on the device; zeros would be multiplied faster."""
        return torch.randn(shape, generator=torch.Generator().manual_seed(0)).to(self.device)


# -- measuring ------------------------------------------------------------------------------------------------------


def wait(bench: Bench) -> None:
    """Until the device has done all that it was asked to do."""
    if bench.on_gpu:
        torch.cuda.synchronize()


def duration(work: Callable[[], object], bench: Bench, calls: int = 1) -> float:
    """Seconds of one call, over `calls` in a row that the device need not stop between."""
    wait(bench)
    start = time.perf_counter()
    for _ in range(calls):
        work()
    wait(bench)
    return (time.perf_counter() - start) / calls


def timed(work: Callable[[], object], bench: Bench) -> dict:
    """Seconds of one call: median and range of groups of calls, after three calls that compile, tune and allocate."""
    once = min(duration(work, bench) for _ in range(4))
    calls = max(round(bench.seconds / 10 / once), 1)
    groups = max(min(round(bench.seconds / (calls * once)), 10), 3)
    times = [duration(work, bench, calls) for _ in range(groups)]
    return {"seconds": statistics.median(times), "fastest": min(times), "slowest": max(times), "calls": calls * groups}


def compile_how(how: str, bench: Bench, *networks: nn.Module) -> None:
    """Prepare networks in place as one of `HOW` says. A dry run traces them and no more: a compiler takes minutes."""
    torch.backends.cudnn.benchmark = how == "tuned"
    options = {"mode": "reduce-overhead"} if how == "graphs" else {}
    for network in networks if how != "plain" else ():
        network.compile(dynamic=False, **(options if bench.on_gpu else {"backend": "eager"}))


def flops(make: Callable[[], nn.Module], *shapes: tuple[int, ...]) -> int:
    """Floating-point operations of one forward pass, a multiplication and an addition counted as two; nothing is computed."""
    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        make()(*(torch.zeros(shape) for shape in shapes))
    return counter.get_total_flops()


def ceiling_of(bench: Bench) -> float | None:
    """The measured ceiling in TFLOP/s, if its job has been done."""
    path = bench.path("ceiling")
    return read_json(path)["tflops"] if path.is_file() else None


def training_figures(step: Callable[[], object], bench: Bench, step_flops: int, formula: str) -> dict:
    """Steps a second, operations a second and as a share of the ceiling, memory."""
    times = timed(step, bench)
    tflops, ceiling = step_flops / times["seconds"] / 1e12, ceiling_of(bench)
    return {
        "steps_per_second": 1 / times["seconds"], "times": times, "model_tflop_per_step": step_flops / 1e12,
        "formula": formula, "tflops": tflops, "ceiling_tflops": ceiling, "share_of_ceiling": ceiling and tflops / ceiling,
        "peak_memory_gib": torch.cuda.max_memory_allocated() / 2**30 if bench.on_gpu else None,
    }  # fmt: skip


# -- jobs -----------------------------------------------------------------------------------------------------------


def ceiling(bench: Bench) -> dict:
    """The fastest of several large matrix products in bfloat16: what no training can exceed."""
    rates = {}
    for size in (4096, 8192, 16384) if bench.on_gpu else (256,):
        a, b = (bench.random(size, size).bfloat16() for _ in range(2))
        rates[str(size)] = 2 * size**3 / timed(lambda: a @ b, bench)["seconds"] / 1e12
    return {"tflops": max(rates.values()), "by_size": rates, "formula": "2 n^3 / seconds of an n x n by n x n product"}


def diffusion_trainer(bench: Bench, how: str) -> tuple[DiffusionTrainer, tuple[Tensor, Tensor]]:
    """A trainer of the U-Net, and one batch that is on the device already."""
    plan, config = bench.preset.diffusion_training, bench.preset.unet
    unet = UNet1d(config)
    compile_how(how, bench, unet)
    batch = (bench.random(plan.batch, channels, plan.latents) for channels in (config.stem_channels, config.mix_channels))
    return DiffusionTrainer(unet, plan, bench.accelerator, 0), tuple(batch)


def diffusion(bench: Bench, how: str) -> dict:
    """Training steps of the diffusion network, the batch on the device."""
    plan, config = bench.preset.diffusion_training, bench.preset.unet
    trainer, batch = diffusion_trainer(bench, how)
    shapes = (1, config.stem_channels, plan.latents), (1,), (1, config.mix_channels, plan.latents)
    forward = flops(lambda: UNet1d(config), *shapes)
    formula = "3 x forward of the U-Net x batch: a backward pass costs two forward passes"
    figures = training_figures(lambda: trainer.step(*batch, plan.warmup), bench, 3 * plan.batch * forward, formula)
    return {"batch": plan.batch, "latents": plan.latents, **figures, "target_share_of_ceiling": SHARE_TARGET}


def autoencoder_trainer(
    bench: Bench, how: str, config: AutoencoderConfig, plan: AutoencoderTraining
) -> tuple[AutoencoderTrainer, int]:  # fmt: skip
    """A trainer of an autoencoder, and the step from which on its critics are listened to."""
    trainer = AutoencoderTrainer(Autoencoder(config), bench.preset, plan, bench.accelerator)
    model, critics = (bench.accelerator.unwrap_model(part) for part in (trainer.model, trainer.critics))
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
    total += 9 * flops(lambda: judges().mel.critic, (*spectrogram[:2], preset.critic.mel_bins, spectrogram[-1]))
    formula = (
        f"batch x ({once} x forward of the encoder + 3 x forward of the decoder + 9 x forward of the critics, which answer "
        "three times a step); Fourier transforms are not counted"
    )
    figures = training_figures(lambda: trainer.step(wave, k), bench, plan.batch * total, formula)
    return {"batch": plan.batch, "seconds_of_crop": plan.seconds, **figures}


def real_time(work: Callable[[], object], bench: Bench, batch: int) -> dict:
    """Seconds of music made in a second, all takes of the batch together."""
    music = batch * bench.preset.diffusion_training.latents * TIME_RATIO / SAMPLE_RATE
    try:
        times = timed(work, bench)
    except torch.OutOfMemoryError:
        return {"batch": batch, "real_time_factor": None, "error": "out of memory"}
    return {"batch": batch, "real_time_factor": music / times["seconds"], "times": times}


@torch.inference_mode()
def codec(bench: Bench, how: str) -> dict:
    """Encoding of mixes and decoding of basses in float32, as `Accompanist` does it."""
    latents = bench.preset.diffusion_training.latents
    mix, bass = (Autoencoder(config).to(bench.device).eval() for config in (bench.preset.mix, bench.preset.bass))
    compile_how(how, bench, mix.encoder, bass.decoder)
    rows: dict[str, list] = {"encode": [], "decode": []}
    for batch in bench.batches:
        wave = 0.1 * bench.random(batch, 2, latents * TIME_RATIO)
        codes = bench.random(batch, bench.preset.bass.latent_channels, latents)
        rows["encode"].append(real_time(lambda: mix.encode(wave), bench, batch))
        rows["decode"].append(real_time(lambda: bass.decode(codes), bench, batch))
    return {"latents": latents, "precision": "float32", **rows}


@torch.inference_mode()
def sampling(bench: Bench, how: str) -> dict:
    """64 guided steps of DDIM in float32, both branches of the guidance in one batch, as `Accompanist` does it."""
    config, latents = bench.preset.unet, bench.preset.diffusion_training.latents
    unet = UNet1d(config).to(bench.device).eval()
    compile_how(how, bench, unet)
    rows = []
    for batch in bench.batches:
        z, c_x = (bench.random(batch, channels, latents) for channels in (config.stem_channels, config.mix_channels))
        denoise = guided_denoiser(unet, c_x, GUIDANCE, PHI)
        rows.append(real_time(lambda: ddim(denoise, z, STEPS), bench, batch))
    return {"latents": latents, "precision": "float32", "steps": STEPS, "guidance": GUIDANCE, "sample": rows}


class Noise(StemPool):
    """A pool of songs that nobody has rendered: random samples, in memory."""

    def __init__(self, songs: int, stems: int, seconds: float):
        shape = (songs, stems, 2, round(seconds * SAMPLE_RATE))
        self.array = np.random.default_rng(0).integers(-8000, 8000, shape, dtype=np.int16)


def stall_diffusion(bench: Bench) -> dict:
    """The training of the diffusion network waiting for crops of a `LatentDataset`, whose latents are random."""
    plan, config = bench.preset.diffusion_training, bench.preset.unet
    trainer, _ = diffusion_trainer(bench, "compiled")
    songs, steps = min(plan.songs, 400), round(plan.song_seconds * SAMPLE_RATE / TIME_RATIO)
    pairs = LatentDataset(torch.randn(songs, config.stem_channels, steps).half(),
                          torch.randn(songs, plan.submixes, config.mix_channels, steps).half())  # fmt: skip

    def draw(k: int) -> tuple[Tensor, Tensor]:
        return pairs.batch(k, plan.batch, plan.latents)

    return stall(lambda *batch: trainer.step(*batch, plan.warmup), draw, bench)


def stall_autoencoder(bench: Bench) -> dict:
    """The training of the mix autoencoder waiting for crops of a `StemPool`: submixes of four stems, which take longest."""
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
    return {"fed_seconds": fed, "workers": loops, "stall": loops[str(WORKERS)]["waited"], "target_stall": STALL_TARGET,
            "formula": "seconds in which the loop waits for a batch / seconds of the loop; "
                       "fed: the batch is on the device already"}  # fmt: skip


def loop(step: Callable[..., object], draw: Callable[[int], tuple], workers: int, bench: Bench) -> dict:
    """Seconds of a training step with batches made by so many threads, and the share of them spent waiting."""
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
    **{f"autoencoder-{how}": partial(autoencoder, how=how) for how in ("plain", "compiled", "tuned")},
    **{f"codec-{how}": partial(codec, how=how) for how in ("plain", "compiled")},
}


# -- the command ----------------------------------------------------------------------------------------------------


def run(job: str, bench: Bench) -> None:
    """Do one job and write its file."""
    bench.accelerator.free_memory()  # of the job before
    gc.collect()
    torch.compiler.reset()
    if bench.on_gpu:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    torch.manual_seed(0)
    start = time.perf_counter()
    figures = JOBS[job](bench)
    name = torch.cuda.get_device_name() if bench.on_gpu else "CPU, a dry run"
    how = HOW.get(job.rpartition("-")[2])
    figures |= {"took": time.perf_counter() - start}
    write_json(bench.path(job), {"job": job, **({"how": how} if how else {}), "preset": bench.preset.name, "device": name,
                                 "torch": torch.__version__, **rounded(figures)})  # fmt: skip


def rounded(value):
    """The same figures to four significant digits."""
    if isinstance(value, dict):
        return {key: rounded(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [rounded(inner) for inner in value]
    return float(f"{value:.4g}") if isinstance(value, float) else value


def line(job: str, bench: Bench) -> str:
    """What the file of a job says, in a few words."""
    report = read_json(bench.path(job))
    if job == "ceiling":
        return f"{report['tflops']:.4g} TFLOP/s"
    if job.startswith("stall"):
        target = f" ({verdict(report['stall'] < STALL_TARGET)}: below {STALL_TARGET:.0%})" if bench.on_gpu else ""
        return f"waits {report['stall']:.1%} of the time{target}"
    if "steps_per_second" not in report:
        rows = [(what, row) for what in ("encode", "decode", "sample") for row in report.get(what, ())]
        return ", ".join(f"{what} x{row['batch']}: {row['real_time_factor'] or 0:.4g} x real time" for what, row in rows)
    share, memory = report["share_of_ceiling"], report["peak_memory_gib"]
    asked = bench.on_gpu and share and "diffusion" in job  # a dry run has no targets
    target = f" ({verdict(share >= SHARE_TARGET)}: at least {SHARE_TARGET:.0%})" if asked else ""
    return (f"{report['steps_per_second']:.4g} steps/s" + (f", {share:.1%} of the ceiling{target}" if share else "")
            + (f", {memory:.3g} GiB" if memory else ""))  # fmt: skip


def verdict(met: bool) -> str:
    """A target's name once it has been measured."""
    return "target met" if met else "target missed"


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=__doc__.split("\n")[0])
    parser.add_argument("--preset", default="paper", help="paper, classroom or smoke")
    parser.add_argument("--device", default="cuda", choices=["cuda", "cpu"], help="cpu is a dry run")
    parser.add_argument("--seconds", type=float, default=10.0, help="of measuring for each figure")
    parser.add_argument("--only", nargs="+", choices=list(JOBS), metavar="JOB", help=", ".join(JOBS))
    parser.add_argument("--again", action="store_true", help="measure what has been measured already")
    parser.add_argument("--out", type=Path, help="folder; by default results/gpu, and runs/gpu-dry-run for a dry run")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Do what has not been done yet, print every figure, and return the number of jobs that failed."""
    options = parse(arguments)
    if options.device == "cuda" and not torch.cuda.is_available():
        print("there is no GPU here; try every job with --preset smoke --device cpu", file=sys.stderr)
        return 2
    out = options.out or Path("results/gpu" if options.device == "cuda" else "runs/gpu-dry-run")
    accelerator = Accelerator(cpu=options.device == "cpu", mixed_precision="bf16")
    bench = Bench(get_preset(options.preset), accelerator, options.seconds, out)
    failed = []
    for job in options.only or JOBS:
        try:
            if options.again or not bench.path(job).is_file():
                run(job, bench)
            print(f"{job:<22}{line(job, bench)}", flush=True)
        except Exception:  # the next job may well run: a lease is short
            traceback.print_exc()
            failed.append(job)
    if failed:
        print(f"failed: {', '.join(failed)}; the same command tries them again", file=sys.stderr)
    return min(len(failed), 1)


if __name__ == "__main__":
    sys.exit(main())
