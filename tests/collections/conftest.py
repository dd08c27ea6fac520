"""Small collections of sines, whose frequencies identify the stems, and untrained autoencoders."""

import shutil

import numpy as np
import pytest
import soundfile
import torch

from bassnb.autoencoder import Autoencoder
from bassnb.collections import encoding
from bassnb.presets import SMOKE
from tests.collections.small_cache import encoded

RATE = 44_100


@pytest.fixture(scope="session")
def write():
    """Write samples (N,) or (N, C) as a file, folders included; returns its path."""

    def write(path, wave, rate=RATE):
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, wave, rate, subtype="FLOAT" if path.suffix == ".wav" else None)
        return path

    return write


@pytest.fixture(scope="session")
def sine():
    """Stereo samples (N, 2) of a sine, silent outside of `loud` (seconds)."""

    def sine(frequency, seconds, loud=(0, 1e9), value=0.2, rate=RATE, channels=2):
        t = np.arange(round(seconds * rate)) / rate
        wave = value * np.sin(2 * np.pi * frequency * t) * ((loud[0] <= t) & (t < loud[1]))
        return np.repeat(wave[:, None], channels, 1).astype(np.float32)

    return sine


@pytest.fixture(scope="session")
def strength():
    """Amplitude of the sine of a frequency in a wave (2, N)."""

    def strength(wave, frequency):
        window = np.hanning(wave.shape[-1])
        turn = np.exp(-2j * np.pi * frequency * np.arange(wave.shape[-1]) / RATE)
        return float(abs((wave.mean(0).double().numpy() * window * turn).sum()) * 2 / window.sum())

    return strength


@pytest.fixture(scope="session")
def frequency():
    """The strongest frequency of a wave (2, N) in Hz, between the bins of its spectrum."""

    def frequency(wave):
        mono = wave.mean(0).double().numpy()
        spectrum = np.log(np.abs(np.fft.rfft(mono * np.hanning(len(mono)))) + 1e-12)
        k = int(spectrum.argmax())
        left, middle, right = spectrum[k - 1 : k + 2]
        return (k + (left - right) / (2 * (left - 2 * middle + right))) * RATE / len(mono)

    return frequency


@pytest.fixture(scope="session")
def smoke():
    """Autoencoders of mix and bass with random weights, and statistics of noise."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        pair = [
            Autoencoder(config).eval().requires_grad_(False) for config in (SMOKE.mix, SMOKE.bass)
        ]
        for autoencoder in pair:
            autoencoder.set_statistics(autoencoder.encode(0.1 * torch.randn(1, 2, RATE)))
        return pair


@pytest.fixture(scope="module")
def small_shards():
    """Two pairs in a file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoding, "SHARD", 2)
        yield


@pytest.fixture(scope="session")
def root(tmp_path_factory, write, sine):
    """Two songs to train with, of nine seconds and of four, and one of five for validation."""
    root = tmp_path_factory.mktemp("collection") / "songs"
    for song, seconds in (("train/One", 9), ("train/Two", 4), ("validation/Three", 5)):
        for name, note in (("bass", 110), ("drums", 443), ("keys", 701)):
            write(root / song / f"{name}.wav", sine(note, seconds))
    write(root / "train" / "Without" / "drums.wav", sine(443, 3))
    write(root / "train" / "Without" / "keys.wav", sine(701, 3))
    return root


@pytest.fixture(scope="module")
def finished(root, smoke, small_shards, tmp_path_factory):
    return encoded(root, smoke, tmp_path_factory.mktemp("cache")).parent


@pytest.fixture
def folder(finished, tmp_path):
    """A copy to damage."""
    return shutil.copytree(finished, tmp_path / "cache")
