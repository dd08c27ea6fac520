"""Encoding and decoding speed: our autoencoders and other codecs, stereo, random weights.

A codec's speed does not depend on the values of its weights, so nothing is downloaded. Each encodes
and decodes as its own documentation shows, all channels, at its own sample rate.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from bassnb.autoencoder import Autoencoder
from bassnb.presets import SAMPLE_RATE, get_preset
from benchmarks.settings import Settings
from benchmarks.timing import interleaved, ratio, spread


@dataclass(frozen=True)
class Codec:
    """Something that encodes a wave (1, 2, N) and decodes what it made of it."""

    network: torch.nn.Module
    encode: Callable[[Tensor], object]
    decode: Callable[[object], Tensor]
    rate: int = SAMPLE_RATE
    slow: bool = False  # measured on little audio

    @property
    def millions(self) -> float:
        """Parameters, in millions."""
        return round(sum(parameter.numel() for parameter in self.network.parameters()) / 1e6, 1)


def ours(preset: str, part: str) -> Codec:
    """The "mix" or "bass" autoencoder of a preset.

    Decoding includes phase and inverse Fourier transform.
    """
    network = Autoencoder(getattr(get_preset(preset), part)).eval()
    return Codec(network, network.encode, network.decode)


def encodec() -> Codec:
    """EnCodec of 48 kHz stereo, at its default bandwidth, the lowest and so the fastest."""
    from transformers import EncodecConfig, EncodecModel

    network = EncodecModel(
        EncodecConfig(
            target_bandwidths=[3.0, 6.0, 12.0, 24.0],
            sampling_rate=48_000,
            audio_channels=2,
            normalize=True,
            chunk_length_s=1.0,
            overlap=0.01,
            norm_type="time_group_norm",
            use_causal_conv=False,
        )
    ).eval()

    def decode(codes) -> Tensor:
        return network.decode(
            codes.audio_codes, codes.audio_scales, last_frame_pad_length=codes.last_frame_pad_length
        )[0]

    return Codec(network, network.encode, decode, rate=48_000)


def dac() -> Codec:
    """Descript's codec of 44.1 kHz. It is mono: the two channels are a batch."""
    from transformers import DacConfig, DacModel

    network = DacModel(DacConfig(sampling_rate=SAMPLE_RATE)).eval()
    return Codec(
        network,
        lambda wave: network.encode(wave.transpose(0, 1)).quantized_representation,
        lambda latents: network.decode(latents).audio_values,
        slow=True,
    )


def oobleck() -> Codec:
    """The autoencoder of Stable Audio."""
    from diffusers import AutoencoderOobleck

    network = AutoencoderOobleck().eval()
    return Codec(
        network,
        lambda wave: network.encode(wave).latent_dist.mode(),
        lambda latents: network.decode(latents).sample,
        slow=True,
    )


def music2latent() -> Codec:
    """Music2Latent, one denoising step. It is mono: the two channels are a batch."""
    from music2latent.inference import EncoderDecoder
    from music2latent.models import UNet

    class Untrained(EncoderDecoder):
        """Without the download that its constructor begins with."""

        def __init__(self):
            self.device, self.gen = torch.device("cpu"), UNet().eval()

    codec = Untrained()
    return Codec(codec.gen, lambda wave: codec.encode(wave[0]), codec.decode, slow=True)


USED = {"encode": "mix", "decode": "bass"}
PEERS = {"EnCodec": encodec, "DAC": dac, "Oobleck": oobleck, "Music2Latent": music2latent}


def build(settings: Settings) -> tuple[dict[str, Codec], dict[str, str]]:
    """Codecs by name, and for those that cannot be built the reason."""
    codecs = {
        f"{preset} {part}": ours(preset, part)
        for preset in settings.presets
        for part in ("mix", "bass")
    }
    missing = {}
    for name, make in PEERS.items():
        if not settings.peers:
            missing[name] = "left out"
            continue
        try:
            codecs[name] = make()
        except ImportError as error:
            missing[name] = f"{error.name or 'a package'} is not installed"
    return codecs, missing


def speeds(codecs: dict[str, Codec], settings: Settings) -> dict[str, dict[str, list[float]]]:
    """Multiples of real time, by codec and direction.

    In each round every codec encodes and decodes once.
    """
    lasting = {
        name: settings.slow_seconds if codec.slow else settings.seconds
        for name, codec in codecs.items()
    }
    jobs = {}
    for name, codec in codecs.items():
        wave = 0.1 * torch.randn(1, 2, int(lasting[name] * codec.rate))
        code = codec.encode(wave)
        jobs[name, "encode"] = partial(codec.encode, wave)
        jobs[name, "decode"] = partial(codec.decode, code)
    taken = interleaved(jobs, settings.codec_repeats)
    return {
        name: {way: [lasting[name] / t for t in taken[name, way]] for way in ("encode", "decode")}
        for name in codecs
    }


def measure(settings: Settings) -> dict:
    """Speed of every codec in multiples of real time, and ours over each peer's.

    A take encodes with the mix autoencoder and decodes with that of the bass: these two are held
    against the peers.
    """
    with torch.inference_mode(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the peers' own packages
        codecs, missing = build(settings)
        rounds = speeds(codecs, settings)
    against = {
        peer: {
            preset: {
                way: ratio(rounds[f"{preset} {part}"][way], rounds[peer][way])
                for way, part in USED.items()
            }
            for preset in settings.presets
        }
        for peer in PEERS
        if peer in codecs
    }
    rows = {
        name: {
            "millions": codec.millions,
            **{way: spread(values) for way, values in rounds[name].items()},
        }
        for name, codec in codecs.items()
    }
    return {"codecs": rows, "against": against, "missing": missing}
