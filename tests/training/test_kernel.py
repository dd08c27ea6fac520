"""Trainings that follow each other in one kernel: each has the device and precision it asks for."""

import pytest
import torch

from bassnb.errors import BassnbError
from bassnb.presets import SMOKE
from bassnb.settings import TrainingSettings
from bassnb.training import loop
from bassnb.training.autoencoder import train_autoencoder
from bassnb.training.loop import open_accelerator
from tests.refusals import assert_sentence


@pytest.mark.evidence("trainings-in-one-kernel")
def test_another_precision_after_a_training_is_that_precision():
    for precision in ("no", "bf16", "no"):
        accelerator = open_accelerator("cpu", precision)
        assert accelerator.mixed_precision == precision and accelerator.device.type == "cpu"
        layer, inputs = torch.nn.Linear(2, 2), torch.ones(1, 2)
        with accelerator.autocast():
            assert layer(inputs).dtype == (torch.bfloat16 if precision == "bf16" else torch.float32)


def test_two_trainings_in_one_kernel(tmp_path):
    for precision in ("no", "bf16"):
        settings = TrainingSettings(
            cache=tmp_path / "cache", device="cpu", precision=precision, steps=1
        )
        train_autoencoder(SMOKE, "bass", tmp_path / precision, settings)
        assert (tmp_path / precision / "model.safetensors").is_file()


def test_an_engine_that_cannot_be_reset_is_one_sentence(monkeypatch):
    """Processes that train together keep what they have begun with."""
    open_accelerator("cpu", "no")
    monkeypatch.setitem(loop.PartialState._shared_state, "num_processes", 2)
    with pytest.raises(BassnbError) as refused:
        open_accelerator("cpu", "bf16")
    assert_sentence(refused.value, "bf16")


def test_a_device_that_cannot_be_had_is_one_sentence(monkeypatch):
    """Processes that have begun on the CPU do not train there when the GPU was asked for."""
    open_accelerator("cpu", "no")
    monkeypatch.setitem(loop.PartialState._shared_state, "num_processes", 2)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    for device in ("cuda", "auto"):
        with pytest.raises(BassnbError) as refused:
            open_accelerator(device, "no")
        assert_sentence(refused.value, device)


def test_processes_wait_longer_than_the_songs_take():
    assert loop.PATIENCE.total_seconds() > 3600
    assert open_accelerator("cpu").init_handler.timeout == loop.PATIENCE
