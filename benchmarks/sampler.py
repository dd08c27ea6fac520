"""The sampler's overhead over its network, and a comparison with diffusers' DDIM."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from torch import Tensor, nn

from bassnb.checkpoints import System
from bassnb.denoiser import guided_denoiser
from bassnb.diffusion import alpha_beta
from bassnb.presets import SAMPLE_RATE, TIME_RATIO
from bassnb.sampling import ddim, initial_noise
from benchmarks.settings import Settings
from benchmarks.timing import interleaved, ratio, spread

GUIDANCE = 2.5
TOLERANCE = 1e-3  # largest difference of two samplers in standardised latents, whose deviation is 1


class Timed:
    """A network that counts the seconds spent in it."""

    def __init__(self, network: nn.Module):
        self.network, self.seconds = network, 0.0

    def __call__(self, *inputs: Tensor) -> Tensor:
        start = time.perf_counter()
        answer = self.network(*inputs)
        self.seconds += time.perf_counter() - start
        return answer


def free_network(z: Tensor, t: Tensor, mix: Tensor) -> Tensor:
    """A network that costs nothing: what is left of the time is the sampler's own."""
    return z


def inputs(system: System, seconds: float) -> tuple[Tensor, Tensor]:
    """Noise (1, 32, L) and mix latents (1, 64, L) for a song of this length."""
    config, steps = system.preset.unet, -(-int(seconds * SAMPLE_RATE) // TIME_RATIO)
    return initial_noise(0, (config.stem_channels, steps))[None], initial_noise(
        1, (config.mix_channels, steps)
    )[None]


def ours(network: Callable, z: Tensor, c_x: Tensor, steps: int) -> Tensor:
    """A guided take by `bassnb.sampling.ddim`, both branches in one batch; (1, 32, L)."""
    return ddim(guided_denoiser(network, c_x, GUIDANCE, 0.0), z, steps)


def scheduler_of(steps: int):
    """diffusers' DDIM on our schedule.

    alpha^2 of t = 1 / K ... 1, the last of them 0, v as prediction, no clipping.
    """
    from diffusers import DDIMScheduler

    alpha, _ = alpha_beta(torch.linspace(0, 1, steps + 1, dtype=torch.float64))
    betas = 1 - (alpha[1:] / alpha[:-1]) ** 2
    scheduler = DDIMScheduler(
        num_train_timesteps=steps,
        trained_betas=betas.tolist(),
        prediction_type="v_prediction",
        clip_sample=False,
        thresholding=False,
        set_alpha_to_one=True,
        timestep_spacing="trailing",
    )
    scheduler.set_timesteps(steps)
    return scheduler


def theirs(network: Callable, z: Tensor, c_x: Tensor, steps: int) -> Tensor:
    """The same take by diffusers' DDIM.

    Guidance of v equals guidance of c, since each is linear in the other.
    """
    scheduler, both = scheduler_of(steps), torch.cat([c_x, torch.zeros_like(c_x)])
    for index in scheduler.timesteps:
        t = ((index + 1) / steps).expand(2)
        v_cond, v_uncond = network(torch.cat([z, z]), t, both).chunk(2)
        z = scheduler.step(v_uncond + GUIDANCE * (v_cond - v_uncond), index, z).prev_sample
    return z


def overhead(system: System, settings: Settings) -> list[float]:
    """Wall time of guided takes over the sum of their network evaluations, less 1, by repeat."""
    z, c_x = inputs(system, settings.seconds)
    ours(system.unet, z, c_x, 2)
    shares = []
    for _ in range(settings.repeats):
        network, start = Timed(system.unet), time.perf_counter()
        ours(network, z, c_x, settings.steps)
        shares.append((time.perf_counter() - start) / network.seconds - 1)
    return shares


def comparison(system: System, settings: Settings) -> dict:
    """diffusers' time over ours, and the largest difference of the results.

    For whole takes, and with a free network.
    """
    z, c_x = inputs(system, settings.seconds)
    jobs = {
        "ours": lambda: ours(system.unet, z, c_x, settings.steps),
        "theirs": lambda: theirs(system.unet, z, c_x, settings.steps),
    }
    free = {
        "ours": lambda: ours(free_network, z, c_x, settings.steps),
        "theirs": lambda: theirs(free_network, z, c_x, settings.steps),
    }
    taken, alone = interleaved(jobs, settings.repeats), interleaved(free, settings.brief_repeats)
    return {
        "difference": float((jobs["ours"]() - jobs["theirs"]()).abs().max()),
        "tolerance": TOLERANCE,
        "take": ratio(taken["theirs"], taken["ours"]),
        "own work": ratio(alone["theirs"], alone["ours"]),
    }


def measure(system: System, settings: Settings) -> dict:
    """Overhead of ours, and diffusers beside it where it is installed."""
    with torch.inference_mode():
        figures = {
            "steps": settings.steps,
            "guidance": GUIDANCE,
            "overhead": spread(overhead(system, settings)),
        }
        try:
            if not settings.peers:
                raise ImportError(name="diffusers")
            figures["diffusers"] = comparison(system, settings)
        except ImportError as error:
            figures["missing"] = f"{error.name} is not installed"
    return figures
