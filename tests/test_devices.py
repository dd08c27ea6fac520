"""Devices: the order of "auto", refusals, and that nothing a GPU of Apple lacks is sent to it."""

import contextlib

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from bassnb import coder, devices, player
from bassnb.accompanist import Accompanist
from bassnb.checkpoints import System
from bassnb.devices import computes, device_of, present
from bassnb.errors import BassnbError
from bassnb.presets import SMOKE


def there(monkeypatch, cuda, mps):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)


@pytest.mark.parametrize(
    "cuda, mps, first", [(True, True, "cuda"), (False, True, "mps"), (False, False, "cpu")]
)
def test_auto_prefers_cuda_then_mps_then_the_cpu(cuda, mps, first, monkeypatch):
    there(monkeypatch, cuda, mps)
    monkeypatch.setattr(devices, "computes", lambda device: True)
    assert device_of("auto") == first


def test_auto_passes_over_a_device_that_cannot_compute(monkeypatch):
    there(monkeypatch, False, True)
    monkeypatch.setattr(devices, "computes", lambda device: device == "cpu")
    assert present() == ["mps", "cpu"] and device_of("auto") == "cpu"


def test_the_trial_tells_devices_from_names():
    assert computes("cpu")
    assert not any(map(computes, ("meta", "abacus", "", "cpu:x")))


@pytest.mark.skipif(torch.backends.mps.is_available(), reason="here it is no refusal")
def test_mps_is_refused_where_there_is_none():
    with pytest.raises(BassnbError, match="no device 'mps' .*cpu.*auto"):
        Accompanist.from_pretrained("classroom", device="mps")


class Doubles(TorchDispatchMode):
    """Notes every operation with a result in double precision on the meta device."""

    def __init__(self):
        super().__init__()
        self.found, self.seen = [], 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        for one in result if isinstance(result, (tuple, list)) else [result]:
            if isinstance(one, torch.Tensor) and one.device.type == "meta":
                self.seen += 1
                if one.dtype in (torch.float64, torch.complex128):
                    self.found.append(str(function))
        return result


def test_no_double_precision_on_the_device(monkeypatch):
    """Apple's GPUs have none. The meta device stands for them: it follows shapes and types."""
    nothing = lambda device, precision: contextlib.nullcontext()
    for module in (coder, player):
        monkeypatch.setattr(module, "autocast", nothing)
    system = System(SMOKE).requires_grad_(False).to("meta")
    playing, bass, mix = Accompanist(system), system.bass_autoencoder, system.mix_autoencoder
    with Doubles() as watch, torch.inference_mode():
        waves = torch.zeros(1, 2, 50_000, device="meta")
        c_x = mix.standardise(torch.cat(list(mix.encode_blocks([waves])), -1))
        mean = torch.zeros(1, 32, 1, device="meta")
        for sampler in ("ddim", "dpm++"):
            c = playing.sample(c_x, [0], steps=3, sampler=sampler, mean=mean, guidance=2.0)
            (block,) = bass.decode_blocks(bass.unstandardise(c), 50_000)
            assert block.shape == (1, 2, 50_000) and block.device.type == "meta"
        assert watch.seen > 100 and watch.found == []
        torch.zeros(3, dtype=torch.float64, device="meta").sum()
    assert watch.found  # it would have been noticed
