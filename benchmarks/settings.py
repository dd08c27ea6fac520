"""How much is measured: everything, a dry run, or what a test can afford."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """Sizes of one run."""

    name: str = "full"
    model: str = "classroom"  # shipped model, or "smoke" for untrained weights of that preset
    # whose networks are measured with random weights
    presets: tuple[str, ...] = ("classroom", "paper")
    peers: bool = True
    repeats: int = 4
    brief_repeats: int = 12  # of what takes milliseconds
    codec_repeats: int = 3  # a round with all peers takes half a minute
    seconds: float = 24.0  # of audio, for whoever is faster than real time
    # for whoever is slower; everything is expressed in multiples of real time
    slow_seconds: float = 2.0
    steps: int = 64  # K of DDIM
    few_steps: int = 12  # of the few-step sampler
    processes: int = 3  # fresh ones for each figure of starting up
    lengths: tuple[float, ...] = (24.0, 60.0, 150.0, 300.0, 600.0)  # seconds of music
    batches: tuple[int, ...] = (1, 2, 4, 8, 16)
    counts: tuple[int, ...] = (1, 4, 16, 64, 128)  # K


FULL = Settings()
_ONCE = {"repeats": 1, "brief_repeats": 1, "codec_repeats": 1}
QUICK = Settings(
    name="quick",
    **_ONCE,
    seconds=4.0,
    slow_seconds=0.25,
    steps=8,
    few_steps=4,
    processes=1,
    lengths=(4.0, 16.0),
    batches=(1, 4),
    counts=(1, 8),
)
TINY = Settings(
    name="tiny",
    model="smoke",
    presets=("smoke",),
    peers=False,
    **_ONCE,
    seconds=1.0,
    steps=4,
    few_steps=2,
    processes=0,
    lengths=(1.0, 2.0),
    batches=(1, 2),
    counts=(1, 2),
)
