"""Audio embeddings for the Fréchet distance.

The default needs no download. The networks of the field are loaded through their own packages (`pip
install 'bassnb[embeddings]'`) and fetch their weights when they are first used; nothing is
unpickled. Figures made with different embeddings must never be compared.

Taught in chapter 9.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from functools import cache, partial
from importlib import import_module
from types import ModuleType

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from bassnb.errors import BassnbError
from bassnb.metrics.frechet import spectral_embedding
from bassnb.presets import SAMPLE_RATE
from bassnb.waves import resample

Embedding = Callable[[Tensor], np.ndarray]  # wave (2, N) at 44.1 kHz to vectors (frames, d)

# seconds: length of the patch of one vector, and hop to the next patch
PATCH, STRIDE = 1.0, 0.5
PANNS_WEIGHTS = "https://zenodo.org/record/3987831/files/Cnn14_mAP%3D0.431.pth"
PANNS_CLASSES = 527
VGGISH_WEIGHTS = (
    "https://github.com/harritaylor/torchvggish/releases/download/v0.1/vggish-10086976.pth"
)
CLAP_MODEL = "laion/clap-htsat-unfused"

LOADERS: dict[str, Callable[[], Embedding]] = {}


def register(name: str) -> Callable:
    """Decorator: register a loader of an embedding under a name.

    It is called without arguments when its embedding is first needed.
    """

    def enter(loader: Callable[[], Embedding]) -> Callable[[], Embedding]:
        LOADERS[name] = loader
        return loader

    return enter


def embedding(name: str = "spectral", *, bandwidth: float) -> Embedding:
    """The embedding of a name: a function from a wave (2, N) at 44.1 kHz to vectors (frames, d).

    "spectral" is `spectral_embedding`, d = 72, the only one that the recorded figures use. Nothing is
    downloaded and nothing is random, so every reader gets the same figures. Its lowest bands are half
    an octave wide in the middle of a bass, where networks trained on speech and everyday sounds
    resolve nothing.

    Parameters
    ----------
    name : "spectral", or a name in `LOADERS`
    bandwidth : Hz, of the evaluated model: "spectral" ends there, so that a missing treble does not
        drown everything else; the networks have bandwidths of their own

    Raises
    ------
    BassnbError
        If there is none of this name, or its package or weights are missing.
    """
    if name == "spectral":
        return partial(spectral_embedding, bandwidth=bandwidth)
    if name not in LOADERS:
        raise BassnbError(
            f"there is no embedding {name!r}; choose one of {', '.join(['spectral', *LOADERS])}"
        )
    return LOADERS[name]()


@register("panns")
@cache
def load_panns() -> Embedding:
    """PANNs Cnn14 (Kong et al. 2020), the network of the paper's table 1: d = 2048, at 32 kHz.

    With d this large an interval of 200 resamples takes minutes for each row.
    """
    network = _package("panns_inference.models", "panns").Cnn14(
        sample_rate=32_000,
        window_size=1024,
        hop_size=320,
        mel_bins=64,
        fmin=50,
        fmax=14_000,
        classes_num=PANNS_CLASSES,
    )
    weights = _weights(PANNS_WEIGHTS, "panns", "Cnn14_mAP=0.431.pth")
    network.load_state_dict(weights["model"])
    network.eval().requires_grad_(False)
    return lambda wave: _vectors(network(_patches(wave, 32_000), None)["embedding"])


@register("vggish")
@cache
def load_vggish() -> Embedding:
    """VGGish (Hershey et al. 2017), the embedding of the first FAD: d = 128, at 16 kHz.

    Taken before the last ReLU, without principal components: a Gaussian fits it better there.
    """
    package = _package("torchvggish.torchvggish", "vggish")
    examples = _package("torchvggish.vggish_input", "vggish").waveform_to_examples
    network = package.VGG(package.make_layers(), postprocess=False)
    network.load_state_dict(_weights(VGGISH_WEIGHTS, "vggish"))
    network.embeddings = network.embeddings[:-1]
    network.eval().requires_grad_(False)

    def embed(wave: Tensor) -> np.ndarray:
        # one example of 0.96 s fits into each patch
        patches = _patches(wave, 16_000).double().numpy()
        return _vectors(network(torch.cat([examples(patch, 16_000) for patch in patches])))

    return embed


@register("clap")
@cache
def load_clap() -> Embedding:
    """CLAP (Wu et al. 2023), trained on sounds and their descriptions: d = 512, at 48 kHz."""
    package = _package("transformers", "clap")
    try:  # from_pretrained takes safetensors where the hub has them, and else reads tensors only
        network = (
            package.ClapModel.from_pretrained(CLAP_MODEL, weights_only=True)
            .eval()
            .requires_grad_(False)
        )
        extract = package.ClapFeatureExtractor.from_pretrained(CLAP_MODEL)
    except (OSError, ValueError) as error:
        raise _no_weights("clap", CLAP_MODEL) from error

    def embed(wave: Tensor) -> np.ndarray:
        features = extract(
            list(_patches(wave, 48_000).numpy()), sampling_rate=48_000, return_tensors="pt"
        )
        found = network.get_audio_features(**features)
        # a plain tensor before transformers 5
        return _vectors(getattr(found, "pooler_output", found))

    return embed


def _patches(wave: Tensor, rate: int) -> Tensor:
    """Mono pieces (frames, rate) of one second at another sample rate, one every half second."""
    mono = resample(wave.detach().float().cpu().mean(0, keepdim=True), SAMPLE_RATE, rate)[0]
    size = round(PATCH * rate)
    return (
        F.pad(mono, (0, max(size - len(mono), 0)))
        .unfold(0, size, round(STRIDE * rate))
        .contiguous()
    )


def _vectors(found: Tensor) -> np.ndarray:
    return found.detach().double().cpu().numpy()


def _package(module: str, name: str) -> ModuleType:
    try:
        return import_module(module)
    except (ImportError, OSError) as error:
        package = module.partition(".")[0]
        raise BassnbError(
            f"the embedding {name!r} needs {package} ({error}); run pip install 'bassnb[embeddings]', or take 'spectral'"
        ) from error


def _weights(url: str, name: str, file: str | None = None) -> dict:
    """Download a checkpoint once and read tensors, and nothing else, from it."""
    try:
        return torch.hub.load_state_dict_from_url(
            url, map_location="cpu", file_name=file, weights_only=True, progress=False
        )
    except pickle.UnpicklingError as error:
        raise BassnbError(
            f"the weights at {url} hold more than tensors and are not read; take 'spectral'"
        ) from error
    except (OSError, RuntimeError) as error:
        raise _no_weights(name, url) from error


def _no_weights(name: str, source: str) -> BassnbError:
    return BassnbError(
        f"the weights of {name!r} cannot be fetched from {source}; go online, or take 'spectral'"
    )
