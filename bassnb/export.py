"""A model for programs without Python: three ONNX graphs and one JSON file.

The pages of the book play with these files (`bassnb/web/`), and so can a plugin, a phone or a game,
with any runtime for ONNX.

- `encoder.onnx`: `levels` (B, 2F, T) of a mix to `latents` (B, C, L), T = stride * L;
- `bass_encoder.onnx`: the same of a bass, for its style;
- `unet.onnx`: `z` (B, C, L), `t` (B,) and `mix` (B, M, L) to `v` (B, C, L);
- `decoder.onnx`: `latents` (B, C, L) to `levels` (B, 2F, T) and `phase` (B, 2, 2F, T).

B, L and T are free. Weights are stored in half precision and computed with in float32. All else
(Fourier transforms, level, standardisation, sampler) is left to the program, with its constants in
`model.json`.
"""

from __future__ import annotations

import copy
import os
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from scipy.signal import sosfilt_zi
from torch import Tensor, nn

from bassnb import __version__, level
from bassnb.attention import SelfAttention
from bassnb.autoencoder import CHUNK, LEVEL_SCALE, Autoencoder
from bassnb.checkpoints import System, load_pretrained, weights_fingerprint
from bassnb.errors import CheckpointError
from bassnb.extras import need
from bassnb.files import write_atomically
from bassnb.level import LEVEL
from bassnb.outputs import FILES, Output, check_outputs, json_with, listed_in, write_settings
from bassnb.player import AS_IN_PAPER
from bassnb.presets import SAMPLE_RATE, TIME_RATIO
from bassnb.sampling import STEPS
from bassnb.sources import SILENCE
from bassnb.spectral import REFERENCE_WINDOW
from bassnb.windows import OVERLAP, WHOLE, WINDOW

DESCRIPTION = "model.json"
OPSET = 17  # version of the ONNX operators
TRACED = 24  # latent steps of the example from which a graph is made
CHECKED = (1, 7, 131)  # latent steps of the inputs on which torch and onnxruntime are compared
LARGE = 1024  # numbers from which a tensor is stored in half precision
MOST_DIFFERENCE = 1e-3  # of torch and onnxruntime, as a share of the largest output


@dataclass(frozen=True)
class Graph:
    """A network to be exported.

    Attributes
    ----------
    network : computes in float32
    inputs, outputs : their names, each with the names of the axes that are free
    example : makes inputs, the same each time, from a number of latent steps and a batch
    """

    network: nn.Module
    inputs: dict[str, dict[int, str]]
    outputs: dict[str, dict[int, str]]
    example: Callable[[int, int], tuple[Tensor, ...]]


class AnyLengthAttention(nn.Module):
    """`SelfAttention` as a graph of any length, in one piece.

    ``B_ij = b(i - j)`` is gathered from the vector of distances by a table of indices; the views of
    `bassnb.attention.toeplitz` would keep the length of the example.
    """

    def __init__(self, attention: SelfAttention):
        super().__init__()
        self.attention = attention

    def forward(self, x: Tensor) -> Tensor:
        """Attend from every step to every other: Tensor (B, C, L) -> Tensor (B, C, L)."""
        own, length = self.attention, x.shape[-1]
        # each (B, H, d, L)
        q, k, v = own.qkv(own.norm(x)).unflatten(1, (3, own.heads, -1)).unbind(1)
        q = (q * q.shape[2] ** -0.5).transpose(2, 3)  # (B, H, L, d)
        step = torch.arange(length, device=x.device)
        bias = own.bias(length)[:, step[:, None] - step + length - 1]  # (H, L, L)
        scores = q @ k + bias
        attended = v @ scores.softmax(dim=-1).transpose(2, 3)  # (B, H, d, L)
        return x + own.out(attended.flatten(1, 2))


def of_any_length(network: nn.Module) -> nn.Module:
    """A copy of a network on the CPU, with `AnyLengthAttention` in the place of `SelfAttention`."""
    network = copy.deepcopy(network).cpu().eval()
    for module in list(network.modules()):
        for name, child in module.named_children():
            if isinstance(child, SelfAttention):
                setattr(module, name, AnyLengthAttention(child))
    return network


def graphs(system: System) -> dict[str, Graph]:
    """The networks of a system by the names of their files."""
    mix, bass, unet = system.mix_autoencoder, system.bass_autoencoder, system.unet

    def encoder(autoencoder: Autoencoder) -> Graph:
        c = autoencoder.config
        bins, stride = c.channels * c.bins, c.stride
        example = lambda steps, batch: (noise(batch, bins, stride * steps).abs(),)
        ends = {"levels": {0: "B", 2: "T"}}, {"latents": {0: "B", 2: "L"}}
        return Graph(autoencoder.encoder, *ends, example)

    sizes = system.preset.unet
    noisy = lambda steps, batch: (
        noise(batch, sizes.stem_channels, steps),
        torch.linspace(1, 0.3, batch),
        noise(batch, sizes.mix_channels, steps),
    )
    free = {0: "B", 2: "L"}
    decoded = {"levels": {0: "B", 2: "T"}, "phase": {0: "B", 3: "T"}}
    latents = lambda steps, batch: (noise(batch, sizes.stem_channels, steps),)
    return {
        "encoder.onnx": encoder(mix),
        "bass_encoder.onnx": encoder(bass),
        "unet.onnx": Graph(unet, {"z": free, "t": {0: "B"}, "mix": free}, {"v": free}, noisy),
        "decoder.onnx": Graph(bass.decoder, {"latents": free}, decoded, latents),
    }


def noise(*shape: int) -> Tensor:
    """Normal numbers, the same each time."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def as_onnx(graph: Graph) -> bytes:
    """A network as an ONNX file with weights in half precision."""
    import onnx

    with warnings.catch_warnings(), torch.no_grad(), tempfile.TemporaryDirectory() as work:
        # the tracer says that checks of shapes are not part of the graph, and that it is not the newest
        warnings.simplefilter("ignore")
        torch.onnx.export(
            of_any_length(graph.network),
            graph.example(TRACED, 2),
            f"{work}/graph.onnx",
            input_names=list(graph.inputs),
            output_names=list(graph.outputs),
            dynamic_axes={**graph.inputs, **graph.outputs},
            opset_version=OPSET,
            dynamo=False,
        )
        model = onnx.load(f"{work}/graph.onnx")
    halve(model)
    return model.SerializeToString()


def halve(model) -> None:
    """Store the large tensors of an ONNX model in half precision, each followed by a cast to float32.

    What half precision cannot hold exactly stays as it is; weights of a model folder all fit.
    """
    from onnx import TensorProto, helper, numpy_helper

    casts = []
    for weight in model.graph.initializer:
        wide = numpy_helper.to_array(weight)
        if wide.dtype != np.float32 or wide.size < LARGE:
            continue
        with np.errstate(over="ignore"):  # infinite numbers are not equal, and stay wide
            half = wide.astype(np.float16)
        if not np.array_equal(half.astype(np.float32), wide):
            continue
        name = weight.name
        weight.CopyFrom(numpy_helper.from_array(half, f"{name}_half"))
        casts.append(helper.make_node("Cast", [f"{name}_half"], [name], to=TensorProto.FLOAT))
    for place, cast in enumerate(casts):
        model.graph.node.insert(place, cast)


def largest_difference(graph: Graph, onnx_file: bytes) -> float:
    """The largest difference of onnxruntime from torch, as a share of torch's largest number."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(onnx_file, options, providers=["CPUExecutionProvider"])
    largest = 0.0
    for batch, steps in enumerate(CHECKED, start=1):
        inputs = graph.example(steps, batch)
        with torch.inference_mode():
            wanted = graph.network(*inputs)
        wanted = wanted if isinstance(wanted, tuple) else (wanted,)
        found = session.run(None, {n: x.numpy() for n, x in zip(graph.inputs, inputs)})
        for own, other in zip(wanted, found):
            difference = np.abs(own.numpy() - other).max() / max(float(own.abs().max()), 1e-12)
            largest = max(largest, float(np.nan_to_num(difference, nan=np.inf)))
    return largest


def description(system: System, source: str) -> dict:
    """Everything but the networks that a program needs to play: the content of `model.json`."""
    defaults = {**AS_IN_PAPER, **system.defaults}
    return {
        "command": "bassnb export",
        "version": __version__,
        "model": source,
        "stem": system.stem,
        "weights": weights_fingerprint(system),
        "sample_rate": SAMPLE_RATE,
        "samples_per_latent": TIME_RATIO,
        "reference_window": REFERENCE_WINDOW,
        "chunk": CHUNK,
        "mix": geometry(system.mix_autoencoder),
        "bass": geometry(system.bass_autoencoder),
        "windows": {"whole": WHOLE, "window": WINDOW, "overlap": OVERLAP},
        "defaults": {**defaults, "steps": STEPS},
        "level": {
            "target": LEVEL,
            "silence": SILENCE,
            "hop": level.HOP,
            "gap": level.GAP,
            "piece": level.PIECE,
            "gates": [level.FIRST_GATE, level.SECOND_GATE],
            "high_pass": level.HIGH_PASS.tolist(),
            "steady_state": sosfilt_zi(level.HIGH_PASS).tolist(),
        },
    }


def geometry(autoencoder: Autoencoder) -> dict:
    """Sizes of an autoencoder and the statistics of its latents."""
    c = autoencoder.config
    return {
        "latent_channels": c.latent_channels,
        "window": c.window,
        "hop": c.hop,
        "bins": c.bins,
        "stride": c.stride,
        "decimation": c.spare,
        "projections": c.projections,
        "log_eps": c.log_eps,
        "level_scale": LEVEL_SCALE,
        "encoder_reach": autoencoder.encoder_reach,
        "decoder_reach": autoencoder.decoder_reach,
        "mean": autoencoder.latent_mean.tolist(),
        "std": autoencoder.latent_std.tolist(),
    }


def export(
    source: str | os.PathLike, folder: str | os.PathLike, *, force: bool = False
) -> dict[str, float]:
    """Write a model as ONNX graphs and `model.json` into `folder`, each compared with torch.

    Parameters
    ----------
    source : a shipped model, a model folder or a hub id
    folder : made if it is missing
    force : replace files that bassnb did not write

    Returns
    -------
    dict of float : see `largest_difference`; `model.json` holds them too, beside the checksum of
        each file

    Raises
    ------
    MissingExtra
        Without the extra `export`.
    CheckpointError
        If the model cannot be loaded, or a graph differs from torch; nothing is written then.
    BassnbError
        If a file is in the way, see `bassnb.outputs.check_outputs`.
    """
    need("export")
    folder = Path(folder)
    system = load_pretrained(source)
    parts, about = graphs(system), folder / DESCRIPTION
    outputs = [Output(folder / name, listed_in(about)) for name in parts]
    outputs.append(Output(about, json_with(FILES, "samples_per_latent")))
    check_outputs(outputs, force=force)
    files = {name: as_onnx(graph) for name, graph in parts.items()}
    differences = {name: largest_difference(parts[name], files[name]) for name in parts}
    for name, difference in differences.items():
        if difference > MOST_DIFFERENCE:
            raise CheckpointError(
                f"{name} made from {source} differs from torch by {difference:.1e} of the largest number; "
                "use the versions of onnx and onnxruntime in requirements.txt"
            )
    sizes = {name: len(data) for name, data in files.items()}
    for name, data in files.items():
        write_atomically(folder / name, data)
    facts = {**description(system, str(source)), "bytes": sizes, "differences": differences}
    write_settings(about, facts, [folder / name for name in files])
    return differences
