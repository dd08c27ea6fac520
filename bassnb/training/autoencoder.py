"""Training of one autoencoder: magnitudes, then phase with spectral distance and critics.

Section 3.1 of the paper. Taught in chapter 10.

`paper` trains everything at once, as printed (phase_start = 0). `classroom` trains magnitudes first
and then keeps the encoder as it is: the gradient of a newly initialised phase head would dominate
the clipped gradient of the magnitudes, and with fixed latents the training of the diffusion model
can start while the phase is still being learned. A decoder with projections has a third stage,
`settle_start`: phase is trained through them, with a distance that includes spectral flux.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor

from bassnb.autoencoder import Autoencoder
from bassnb.checkpoints import AUTOENCODER, load_pretrained
from bassnb.collections.pools import Pool
from bassnb.composer.world import World
from bassnb.plans import with_steps
from bassnb.presets import SAMPLE_RATE, Preset
from bassnb.settings import TrainingSettings
from bassnb.stored import load_strictly, write_json, write_tensors
from bassnb.training.ahead import Ahead
from bassnb.training.autoencoder_trainer import AutoencoderTrainer
from bassnb.training.loop import check_best, open_accelerator, parts_of_batch, step_seed
from bassnb.training.run import Run
from bassnb.training.run_folder import check_run
from bassnb.training.sources import open_pools


def train_autoencoder(
    preset: Preset, stem: str, folder: str | Path, settings: TrainingSettings = TrainingSettings()
) -> Autoencoder:
    """Train the autoencoder of a stem and leave its averaged weights in `folder`/model.safetensors.

    Parameters
    ----------
    stem : "mix" for sub-mixes, "bass", or with `data` any other stem of the collection, which takes
        the bass's shape
    settings : how to train; `start` names a model whose autoencoder the training begins with;
        `latents` is for the diffusion network alone

    Raises
    ------
    BassnbError
        If the stem is unknown, the folder holds another training, or the loss is not finite.
    DataError
        If there is nothing to learn from in `data`.
    """
    role = "mix" if stem == "mix" else "bass"
    preset = with_steps(preset, role, settings.total_steps)
    config, plan = getattr(preset, role), getattr(preset, f"{role}_training")
    seed, steps = settings.seed, settings.steps or plan.steps
    accelerator = open_accelerator(settings.device, settings.precision)
    parts_of_batch(plan.batch, accelerator, settings.accumulate)
    inputs = [settings.data, settings.start]
    check_run(folder, ("model.safetensors", "config.json"), inputs)
    world = World(preset.world, settings.soundfont or ())
    pool, held_out = open_pools(plan, stem, settings, accelerator, world)
    check_best(settings.best, held_out)
    torch.manual_seed(seed)  # initial weights only
    model = Autoencoder(config)
    if settings.start:
        other = getattr(load_pretrained(settings.start), f"{role}_autoencoder")
        load_strictly(model, other.state_dict(), settings.start)
    trainer = AutoencoderTrainer(
        model,
        preset,
        plan,
        accelerator,
        compile=settings.compile,
        accumulate=settings.accumulate,
    )
    shapes = {"shape": asdict(config), "critic": asdict(preset.critic), "plan": asdict(plan)}
    data = {"data": pool.facts()} if settings.data else {}
    start = {"start": settings.start} if settings.start else {}
    run = Run(
        folder,
        accelerator,
        trainer.modules(),
        trainer.optimizers(),
        {"stem": stem, "seed": seed, **shapes, **data, **start, **world.facts()},
        resume=settings.resume,
        best="validation_mssd",
        save_minutes=settings.save_minutes,
    )
    samples = round(plan.seconds * SAMPLE_RATE)
    share = (accelerator.process_index, accelerator.num_processes)

    def draw(k: int) -> tuple[Tensor]:
        return (pool.crops(step_seed(seed, k), plan.batch, samples, share=share),)

    def validate() -> dict[str, float]:
        assert held_out is not None  # it is not called without songs
        crops = held_out.crops(step_seed(0, 0), 32, samples)
        return trainer.validate(crops.to(accelerator.device), run)

    with Ahead(draw, accelerator.device) as batches:
        run.steps(
            min(steps, plan.steps),
            lambda k: trainer.step(batches(k)[0], k),
            describe=f"{stem} autoencoder",
            validate=validate if held_out else None,
        )
    if settings.best:
        run.take_best()
    if accelerator.is_main_process:
        facts = {"stem": stem, "preset": preset.to_dict(), "steps": run.step}
        leave(trainer.average, pool, Path(folder), {"model": AUTOENCODER, **facts})
    return trainer.average


def leave(model: Autoencoder, pool: Pool, folder: Path, config: dict) -> None:
    """Write the finished weights, with the statistics of their latents, and `config`."""
    measure_statistics(model, pool, songs=min(len(pool), 200))
    write_tensors(folder / "model.safetensors", model.state_dict())
    write_json(folder / "config.json", config)


@torch.inference_mode()
def measure_statistics(model: Autoencoder, pool: Pool, songs: int) -> None:
    """Per-channel mean and std of the latents of training songs, stored inside the model."""
    device = model.latent_mean.device
    latents = [
        model.encode(pool.crops(step_seed(1, k), 1, pool.whole).to(device)) for k in range(songs)
    ]
    model.set_statistics(torch.cat(latents, -1))
