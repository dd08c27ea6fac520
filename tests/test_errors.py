"""Errors that a user can cause are one family, and a wrong shape is named beside the right one."""

import importlib
import importlib.util
import pkgutil
import subprocess
import sys

import pytest
import torch
from typer.testing import CliRunner

import bassnb
from bassnb.cli import app
from bassnb.errors import AudioError, BassnbError, CheckpointError, DataError, check_shape
from bassnb.extras import MissingExtra

FAMILY = {BassnbError, AudioError, DataError, CheckpointError, MissingExtra}


def test_whoever_catches_the_one_catches_all():
    """Also those who know only Python's own classes."""
    assert all(issubclass(kind, BassnbError) for kind in FAMILY)
    assert issubclass(BassnbError, ValueError) and issubclass(MissingExtra, ImportError)


@pytest.mark.slow  # imports everything
def test_there_are_no_others():
    """A handful of classes: nobody can know twenty."""
    found = set()
    for module in pkgutil.walk_packages(bassnb.__path__, "bassnb."):
        gradio = module.name == "bassnb.app.page" and importlib.util.find_spec("gradio") is None
        if not module.name.endswith("__main__") and not gradio:
            found |= {
                kind
                for kind in vars(importlib.import_module(module.name)).values()
                if isinstance(kind, type) and issubclass(kind, BassnbError)
            }
    assert found == FAMILY


def test_the_command_line_prints_the_sentence_and_ends_with_2(tmp_path):
    out = str(tmp_path / "bass.wav")
    done = CliRunner().invoke(app, ["accompany", str(tmp_path / "none.wav"), "--out", out])
    assert done.exit_code == 2 and "none.wav" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1 and "Traceback" not in done.stderr


def test_errors_do_not_wait_for_torch():
    code = "import sys, bassnb.errors; assert 'torch' not in sys.modules and 'numpy' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("shape", "expected", "fits"),
    [
        ((2, 7), (2, "N"), True),
        ((1, 7), (2, "N"), False),
        ((2, 0), (2, "N"), False),  # a free size is not 0
        ((2,), (2, "N"), False),
        ((2, 7, 1), (2, "N"), False),
        ((), (), True),
        ((3,), ("N",), True),
        ((0,), (0,), True),
    ],
)
def test_a_shape_fits_or_is_named_beside_the_right_one(shape, expected, fits):
    if fits:
        check_shape(AudioError, "the mix", torch.zeros(shape), *expected)
        return
    with pytest.raises(AudioError) as error:
        check_shape(AudioError, "the mix", torch.zeros(shape), *expected)
    assert "the mix" in str(error.value) and str(shape) in str(error.value)


def test_a_shape_of_one_size_is_written_as_python_writes_it():
    with pytest.raises(DataError, match=r"shape \(N,\), but has shape \(2, 2\)"):
        check_shape(DataError, "x", torch.zeros(2, 2), "N")
