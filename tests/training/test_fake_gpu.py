"""Every training on a GPU that is not there: no tensor is left on the wrong device, nothing waits
for the GPU within a step, and one kernel may train on the CPU, then on the GPU in any precision.
"""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bassnb import attention
from bassnb.studies import takes

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    program = Path(__file__).with_name("on_a_fake_gpu.py")
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, str(program), str(tmp_path_factory.mktemp("gpu"))],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment,
        timeout=1800,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.evidence("trainings-in-one-kernel")
def test_after_a_training_on_the_cpu_auto_is_the_gpu_in_every_precision(found):
    assert found["devices"] == dict.fromkeys(("no", "bf16", "fp16"), "cuda")
    for losses in found["losses"].values():
        assert all(map(math.isfinite, losses.values()))


def test_the_judge_is_trained_where_its_songs_are_encoded(found):
    assert found["judge"] == "cuda:0"


def test_no_step_waits_for_the_gpu(found):
    """Losses are read together, weights are written, songs encoded, validations measured."""
    callers = [place.split(" in ")[1:] for place in found["synced"]]
    assert any("look_at" in names for names in callers)  # what waits is seen
    assert not [names for names in callers if "step" in names]


def test_what_is_computed_waits_for_the_copy_of_its_batch(found):
    assert found["waits"] == [1, 1, 1, 1]


def test_a_gpu_gets_larger_batches_and_blocks_than_a_cpu(found):
    assert found["batches"] == [takes.GPU_BATCH, 70 - takes.GPU_BATCH]
    rows = {"cpu": attention.SCORES // (2 * 2048), "cuda": attention.GPU_SCORES // (2 * 2048)}
    assert found["blocks"] == {device: math.ceil(2048 / rows[device]) for device in rows}
    assert found["blocks"]["cpu"] > found["blocks"]["cuda"] == 1


def test_takes_of_one_batch_are_what_each_is_alone_and_come_back_to_the_cpu(found):
    for precision, most in (("no", 1e-4), ("bf16", 0.1)):
        assert found[f"takes {precision}"] == ["cpu"] * 3
        assert found[f"apart {precision}"] < most
