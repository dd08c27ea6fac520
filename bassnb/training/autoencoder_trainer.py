"""One step of the training of an autoencoder: losses, critics, updates, moving average.

Taught in chapters 2 and 10.
"""

from __future__ import annotations

import copy

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from bassnb.autoencoder import Autoencoder
from bassnb.critics import Critics, adversarial_loss, critic_hinge_loss
from bassnb.presets import SAMPLE_RATE, Preset
from bassnb.schedules import AutoencoderTraining
from bassnb.spectral import (
    FLUX_HOPS,
    PAPER_HOPS,
    flux_distance,
    multi_scale_spectral_distance,
    relative_spectral_distance,
)
from bassnb.training.loop import average_gradients, compile_in_place, learning_rate, update_ema
from bassnb.training.run import Run


def rises(s: Tensor) -> Tensor:
    """How far each bin of s (..., T) rises into a frame or into the one before it: r >= 0, (..., T).

    L_onset = mean of r |s~ - s| weighs errors at attacks. A distance of the differences in time
    would not: its L1 norm is least for a decoder that smooths them.
    """
    rise = nn.functional.pad(s.diff(dim=-1).clamp_min(0), (2, 0))
    return torch.maximum(rise[..., 1:], rise[..., :-1])


class AutoencoderTrainer:
    """Model, moving average, critics, their optimisers, and one step on a batch of waveforms."""

    def __init__(
        self,
        model: Autoencoder,
        preset: Preset,
        plan: AutoencoderTraining,
        accelerator: Accelerator,
        *,
        compile: bool = False,
        accumulate: int = 1,
    ):
        config = model.config
        nyquist = SAMPLE_RATE * (config.bins - 1) / config.window
        self.plan, self.accelerator, self.accumulate = plan, accelerator, accumulate
        critics = Critics(preset.critic, config.bins, nyquist, config.log_eps)
        # the spectrograms between them are not compiled: torch generates no kernels for complex
        # numbers
        if compile:
            compile_in_place(model.encoder, model.decoder, critics.magnitude, critics.mel.critic)
        adam = dict(
            lr=plan.learning_rate, betas=plan.betas, fused=accelerator.device.type == "cuda"
        )
        # gradients of all processes are averaged by hand, see `average_gradients`
        unwrap = accelerator.unwrap_model
        model, self.optimizer = accelerator.prepare(
            model, torch.optim.Adam(model.parameters(), **adam)
        )
        critics, self.critic_optimizer = accelerator.prepare(
            critics, torch.optim.Adam(critics.parameters(), **adam)
        )
        self.model, self.critics = unwrap(model), unwrap(critics)
        self.average = copy.deepcopy(self.model).requires_grad_(False)
        self.hops = tuple(hop // plan.decimation for hop in PAPER_HOPS)

    def modules(self) -> dict[str, nn.Module]:
        """The modules that a checkpoint holds."""
        return {"model": self.model, "average": self.average, "critics": self.critics}

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """The optimisers whose moments a checkpoint holds."""
        return {"adam": self.optimizer, "critic_adam": self.critic_optimizer}

    def step(self, wave: Tensor, k: int) -> dict[str, Tensor]:
        """One update on wave (B, 2, N) in step k; returns the losses, detached."""
        plan, model = self.plan, self.model
        start, end = self.stage(k)
        voiced, settled = k >= plan.phase_start, k >= max(plan.phase_start, plan.settle_start)
        if voiced and k == start:
            # continue from the average: the frozen encoder is its encoder
            model.load_state_dict(self.average.state_dict())
            self.optimizer.state.clear()
        frozen = voiced and plan.freeze_encoder
        model.encoder.requires_grad_(not frozen)
        rate = learning_rate(
            k, start, end, plan.learning_rate, plan.warmup, plan.plateau, plan.final_rate
        )
        parts = [
            self.generator_part(part, k, voiced, settled) for part in wave.chunk(self.accumulate)
        ]
        self.update(self.optimizer, model, rate)
        update_ema(self.average, model, plan.ema, k)
        losses = {
            name: torch.stack([part[0][name] for part in parts]).mean() for name in parts[0][0]
        }
        if voiced:
            # gradients of the generator's losses
            self.critic_optimizer.zero_grad(set_to_none=True)
            losses["critic"] = torch.stack(
                [self.critic_part(fake, real) for _, fake, real in parts]
            ).mean()
            self.update(self.critic_optimizer, self.critics, rate)
        return losses

    def generator_part(
        self, wave: Tensor, k: int, voiced: bool, settled: bool
    ) -> tuple[dict[str, Tensor], Tensor, Tensor]:
        """Backward for a part of the batch; returns losses and inputs of the critics, detached."""
        plan = self.plan
        losses, fake, real = self.losses(self.model, wave, voiced, settled)
        total = plan.lambda_rec * losses["rec"]
        if plan.lambda_onset:
            total = total + plan.lambda_onset * losses["onset"]
        if voiced:
            total = total + plan.lambda_mssd * losses["mssd"]
            if settled and plan.lambda_flux:
                total = total + plan.lambda_flux * losses["flux"]
            if k >= plan.phase_start + plan.critic_warmup:
                losses["adv"] = adversarial_loss(self.critics(fake))
                total = total + plan.lambda_adv * losses["adv"]
        self.accelerator.backward(total / self.accumulate)
        return (
            {name: value.detach() for name, value in losses.items()},
            fake.detach(),
            real.detach(),
        )

    def critic_part(self, fake: Tensor, real: Tensor) -> Tensor:
        """Backward of the critics for a part of the batch; returns their loss, detached."""
        hinge = critic_hinge_loss(self.critics(real), self.critics(fake))
        self.accelerator.backward(hinge / self.accumulate)
        return hinge.detach()

    def stage(self, k: int) -> tuple[int, int]:
        """First and last step (exclusive) of the stage of step k.

        The stages are magnitudes, phase, and phase through projections.
        """
        bounds = sorted(
            {
                0,
                self.plan.phase_start,
                max(self.plan.phase_start, self.plan.settle_start),
                self.plan.steps,
            }
        )
        return max(b for b in bounds if b <= k), min(b for b in bounds if b > k)

    def losses(
        self, model: Autoencoder, wave: Tensor, voiced: bool, settled: bool = True
    ) -> tuple[dict[str, Tensor], Tensor, Tensor]:
        """Losses of the generator on a batch, and the log spectrograms for the critics.

        L_rec; with phase also L_mssd and the spectrograms (fake, real); with `settled` also the
        flux.

        Both spectrograms are those of waves at the lower rate: given the original at the full rate,
        a critic would recognise it by the effect of decimation alone.
        """
        spectrum = model.spectrum(wave)
        s = torch.log(spectrum.real.square() + spectrum.imag.square() + model.config.log_eps)
        with self.accelerator.autocast():
            levels, phase = model.decoder(model.encoder(model.levels(s)))
        s_hat = model.log_spectrogram_from_levels(levels.float())
        losses = {"rec": (s_hat - s).abs().mean()}
        if self.plan.lambda_onset:
            losses["onset"] = ((s_hat - s).abs() * rises(s)).mean()
        if not voiced:
            return losses, s_hat, s
        plan, length, decimation = self.plan, wave.shape[-1], self.plan.decimation
        projections = model.config.projections if settled else 0
        decoded = model.synthesise(
            s_hat, phase, length, decimation=decimation, projections=projections
        )
        target = model.wave(spectrum, length, decimation=decimation)
        if plan.relative_distance:
            losses["mssd"] = relative_spectral_distance(
                target, decoded, self.hops, eps=model.config.log_eps
            )
        else:
            losses["mssd"] = multi_scale_spectral_distance(target, decoded, self.hops)
        if settled and plan.lambda_flux:
            losses["flux"] = flux_distance(
                target, decoded, tuple(hop // decimation for hop in FLUX_HOPS)
            )
        fake, real = (
            model.log_spectrogram(signal, decimation=decimation) for signal in (decoded, target)
        )
        return losses, fake, real

    def update(self, optimizer: torch.optim.Optimizer, module: nn.Module, rate: float) -> None:
        """Average the gradients over processes, clip, step, and clear the gradients."""
        for group in optimizer.param_groups:
            group["lr"] = rate
        average_gradients(self.accelerator, module)
        self.accelerator.clip_grad_norm_(module.parameters(), self.plan.clip)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    @torch.no_grad()
    def validate(self, wave: Tensor, run: Run) -> dict[str, float]:
        """Losses of the averaged model on fixed held-out crops.

        One decoded crop is written to TensorBoard as sound.
        """
        losses, _, _ = self.losses(
            self.average, wave, voiced=True, settled=run.step >= self.plan.settle_start
        )
        decoded = self.average.decode(self.average.encode(wave[:1]), wave.shape[-1])
        assert run.writer is not None  # the main process alone validates
        run.writer.add_audio("decoded", decoded[0].mean(0).clamp(-1, 1), run.step, SAMPLE_RATE)
        return {f"validation_{name}": float(value) for name, value in losses.items()}
