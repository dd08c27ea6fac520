"""How each part of a system is trained: steps, batches, learning rates, weights of losses.

A field that the paper fixes names its section; `bassnb.presets` has the values of each preset.
Taught in chapter 10.
"""

from __future__ import annotations

from dataclasses import dataclass

from bassnb.checked import Checked, setting


@dataclass(frozen=True)
class AutoencoderTraining(Checked):
    """How one autoencoder is trained (sections 3.1 and 4, taught in chapter 10)."""

    steps: int = 500_000  # section 4
    batch: int = 32  # section 4
    seconds: float = 1.5  # section 4
    betas: tuple[float, float] = (0.5, 0.9)  # Adam, section 4
    lambda_rec: float = 25.0  # section 4
    lambda_mssd: float = 0.002  # section 4
    lambda_adv: float = 1.0  # section 3.1
    # L_mssd weighs scales and quiet partials alike, see spectral.py
    relative_distance: bool = False
    learning_rate: float = 1e-4
    warmup: int = 500  # steps of linear learning-rate warm-up
    # share of a stage's steps before the learning rate falls along a cosine ...
    plateau: float = setting(0.6, high=1)
    final_rate: float = setting(0.02, high=1)  # ... to this share of it
    clip: float = 1.0  # gradient norm
    ema: float = 0.999
    # step at which phase, spectral distance and critics join; 0 is the paper's one stage
    phase_start: int = 0
    # step from which phase is trained through the decoder's projections and with lambda_flux
    settle_start: int = 0
    # weight of the flux distance, which asks for attacks; not in the paper
    lambda_flux: float = 0.0
    # weight of L_rec where the original rises, so that soft attacks count; not in the paper
    lambda_onset: float = 0.0
    freeze_encoder: bool = False  # from phase_start on, so that latents stay what they are
    critic_warmup: int = 1000  # steps of training the critics before their loss is used
    decimation: int = 1  # spectral losses at 44.1 kHz / decimation: the kept bins need no more
    songs: int = 4000  # generated songs in the training pool
    song_seconds: float = 24.0


@dataclass(frozen=True)
class DiffusionTraining(Checked):
    """How the diffusion network is trained (sections 3.2 and 4, taught in chapter 10)."""

    steps: int = 500_000  # section 4
    batch: int = 128  # section 4
    latents: int = 256  # section 4
    betas: tuple[float, float] = (0.9, 0.999)  # AdamW, section 4
    drop: float = 0.15  # share of zeroed conditioning latents, section 4
    times: str = "uniform"  # section 3.2; or "noisy", see `bassnb.diffusion.TIMES`
    learning_rate: float = 2e-4
    weight_decay: float = 0.01
    warmup: int = 1000
    plateau: float = setting(0.6, high=1)  # see `AutoencoderTraining`
    final_rate: float = setting(0.02, high=1)
    clip: float = 1.0
    ema: float = 0.9999
    songs: int = 20_000  # section 5
    song_seconds: float = 48.0
    submixes: int = 4  # random non-empty subsets of the other stems encoded per song (section 4)
