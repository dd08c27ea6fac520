"""A program run by torchrun in two processes."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run_twice(*program):
    """The ended run of a script, or of `-m -- MODULE`, with its output as text."""
    launcher = ["torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    return subprocess.run(
        list(map(str, [sys.executable, "-m", *launcher, *program])),
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=1200,
    )
