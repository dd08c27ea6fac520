"""What inference mode, memory format and half precision gain on this processor, and cost.

Each network answers the same question in several ways, in turn. A way's figure is the plain way's
time over its time, and its error the root mean square of the difference over that of the plain
answer.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn

from bassnb.autoencoder import Autoencoder
from bassnb.presets import SAMPLE_RATE, TIME_RATIO, Preset, get_preset
from bassnb.unet import UNet1d
from benchmarks.settings import Settings
from benchmarks.timing import interleaved, ratio

PLAIN = "no_grad"


def channels_last(x: Tensor) -> Tensor:
    """The same (B, C, T) with the channels of one moment side by side in memory."""
    return x.transpose(1, 2).contiguous().transpose(1, 2)


def with_channels_last(network: nn.Module) -> nn.Module:
    """A copy whose convolutions keep their kernels in that order too."""
    network = copy.deepcopy(network)
    for layer in network.modules():
        if isinstance(layer, (nn.Conv1d, nn.ConvTranspose1d)):
            layer.weight.data = channels_last(layer.weight.data)
    return network


def stir(network: nn.Module) -> nn.Module:
    """Give layers that start at zero random weights, so that errors can be compared."""
    generator = torch.Generator().manual_seed(0)
    for parameter in network.parameters():
        if not parameter.any():
            parameter.data.normal_(0, 0.02, generator=generator)
    return network.eval()


def parts(preset: Preset, settings: Settings) -> dict[str, tuple[nn.Module, tuple[Tensor, ...]]]:
    """The preset's networks with inputs of `settings.seconds`.

    U-Net with both branches of guidance, encoder, decoder.
    """
    steps = -(-int(settings.seconds * SAMPLE_RATE) // TIME_RATIO)
    mix, bass = Autoencoder(preset.mix), Autoencoder(preset.bass)
    z, c_x = (
        torch.randn(2, preset.unet.stem_channels, steps),
        torch.randn(2, preset.unet.mix_channels, steps),
    )
    levels = torch.rand(1, preset.mix.channels * preset.mix.bins, steps * preset.mix.stride)
    return {
        "unet": (stir(UNet1d(preset.unet)), (z, torch.full((2,), 0.5), c_x)),
        "encoder": (stir(mix.encoder), (levels,)),
        "decoder": (stir(bass.decoder), (z[:1],)),
    }


def ways(network: nn.Module, inputs: tuple[Tensor, ...]) -> dict[str, Callable[[], Tensor]]:
    """The same question asked in several ways."""
    half, last = copy.deepcopy(network).bfloat16(), with_channels_last(network)
    half_last = with_channels_last(half)
    turned = tuple(channels_last(x) if x.dim() == 3 else x for x in inputs)

    def ask(
        network: nn.Module,
        inputs: tuple[Tensor, ...],
        mode=torch.inference_mode,
        autocast: bool = False,
    ) -> Tensor:
        with (
            mode(),
            torch.autocast("cpu", torch.bfloat16) if autocast else contextlib.nullcontext(),
        ):
            answer = network(*inputs)
        return (answer[0] if isinstance(answer, tuple) else answer).detach().float()

    def low(inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return tuple(x.bfloat16() if x.dim() == 3 else x for x in inputs)  # times keep their digits

    return {
        PLAIN: lambda: ask(network, inputs, torch.no_grad),
        "with gradients": lambda: ask(network, inputs, torch.enable_grad),
        "inference_mode": lambda: ask(network, inputs),
        "channels last": lambda: ask(last, turned),
        "bf16 autocast": lambda: ask(network, inputs, autocast=True),
        "bf16 weights": lambda: ask(half, low(inputs)),
        "bf16 weights, channels last": lambda: ask(half_last, low(turned)),
    }


def compare(network: nn.Module, inputs: tuple[Tensor, ...], repeats: int) -> dict[str, dict]:
    """Gain and error of each way of asking one network."""
    jobs = ways(network, inputs)
    taken, answer = interleaved(jobs, repeats), jobs[PLAIN]()
    rows = {}
    for name, job in jobs.items():
        error = float((job() - answer).square().mean().sqrt() / answer.square().mean().sqrt())
        rows[name] = {"gain": ratio(taken[PLAIN], taken[name]), "error": float(f"{error:.2g}")}
    return rows


def measure(settings: Settings) -> dict:
    """By preset, network and way."""
    return {
        name: {
            part: compare(network, inputs, settings.brief_repeats)
            for part, (network, inputs) in parts(get_preset(name), settings).items()
        }
        for name in settings.presets
    }
