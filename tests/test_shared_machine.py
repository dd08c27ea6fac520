"""How threads wait for each other: the setting reaches the runtime, a user's own wins, and no
sample depends on it.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import table

ROOT = Path(__file__).parents[1]
NAMES = ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")
pytestmark = [pytest.mark.kind("shared machine"), pytest.mark.slow]
SHOW = "import os; print([os.environ.get(name) for name in ('GOMP_SPINCOUNT', 'OMP_WAIT_POLICY')])"
TAKE = """
import hashlib, torch
from bassnb.accompanist import Accompanist
from bassnb.checkpoints import System
from bassnb.presets import SMOKE
torch.set_num_threads(2)
torch.manual_seed(0)
take = Accompanist(System(SMOKE).requires_grad_(False), name="random")(0.1 * torch.randn(2, 30_000), steps=2, seed=0)
print(hashlib.sha256(take.audio.numpy().tobytes()).hexdigest())
"""


def run(*arguments, **variables):
    """A fresh Python, whose environment has of `NAMES` what is given."""
    clean = {name: value for name, value in os.environ.items() if name not in NAMES}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**clean, **variables},
        capture_output=True,
        text=True,
        check=True,
        timeout=600,
    )


@pytest.mark.parametrize(
    "entry",
    [
        "import bassnb",
        "import bassnb.cli",
        "import bassnb.commands.train",
        "import benchmarks",
        "import bassnb.files",
    ],
)
@pytest.mark.parametrize(
    ("own", "seen"),
    [
        ({}, ["1000", None]),
        ({"GOMP_SPINCOUNT": "7"}, ["7", None]),
        ({"GOMP_SPINCOUNT": "INFINITY"}, ["INFINITY", None]),
        ({"GOMP_SPINCOUNT": ""}, ["", None]),
        ({"OMP_WAIT_POLICY": "ACTIVE"}, [None, "ACTIVE"]),
        ({"OMP_WAIT_POLICY": "passive"}, [None, "passive"]),
    ],
)
def test_every_entry_sets_it_and_a_users_own_setting_wins(entry, own, seen):
    assert run("-c", f"{entry}; {SHOW}", **own).stdout.strip() == str(seen)


def test_it_is_set_before_torch_is_there():
    code = "import sys, bassnb.cli; assert 'torch' not in sys.modules; import os; assert os.environ['GOMP_SPINCOUNT']"
    run("-c", code)


@pytest.mark.evidence("threads-wait-politely")
@pytest.mark.parametrize(
    "command",
    [
        ("-m", "bassnb", "info"),
        ("-m", "benchmarks", "--help"),
        ("-c", "import bassnb, torch"),
        (
            "-c",
            "import os, subprocess, sys, bassnb; "
            "subprocess.run([sys.executable, '-c', 'import torch'], check=True)",
        ),
    ],
)
@pytest.mark.parametrize(
    ("own", "spins"),
    [({}, "1000"), ({"GOMP_SPINCOUNT": "77"}, "77"), ({"OMP_WAIT_POLICY": "PASSIVE"}, "0")],
)
def test_the_runtime_has_what_was_set(command, own, spins):
    found = re.findall(
        r"GOMP_SPINCOUNT = '(\d+)'", run(*command, OMP_DISPLAY_ENV="VERBOSE", **own).stderr
    )
    if not found:
        pytest.skip("torch runs its threads with another library than libgomp")
    assert set(found) == {spins}


@pytest.fixture(scope="module")
def take():
    return run("-c", TAKE).stdout


@pytest.mark.parametrize(
    "own",
    [
        {"GOMP_SPINCOUNT": "0"},
        {"GOMP_SPINCOUNT": "10000"},
        {"OMP_WAIT_POLICY": "PASSIVE"},
        {"OMP_WAIT_POLICY": "ACTIVE"},
    ],
    ids=str,
)
def test_the_bass_is_the_same_to_the_bit_however_threads_wait(take, own):
    assert len(take) == 65 and run("-c", TAKE, **own).stdout == take


def test_two_commands_at_once_have_a_row_in_the_table_of_speed():
    report = {
        "machine": {"threads": 2},
        "together": {"ratio": {"median": 2.1, "low": 2.0, "high": 2.6}},
    }
    (row,) = table.together_rows(report)
    assert "at once" in row["name"] and row["target"] == "<= 2.5" and row["verdict"] == "met"
    assert table.together_rows({}) == []
