"""Tensors on disk are the old ones or the new ones."""

import pytest
import torch

from bassnb.stored import read_tensors, write_tensors


def test_failed_write_keeps_the_old_file(tmp_path, monkeypatch):
    path = write_tensors(tmp_path / "a.safetensors", {"x": torch.zeros(2)})
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError):
        write_tensors(path, {"x": torch.ones(2)})
    assert (
        torch.equal(read_tensors(path)[0]["x"], torch.zeros(2))
        and len(list(tmp_path.iterdir())) == 1
    )
