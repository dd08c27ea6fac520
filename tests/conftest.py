"""What all tests share."""

import pytest
import torch

from bassnb.accompanist import Accompanist
from bassnb.checkpoints import System
from bassnb.presets import get_preset


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    """One thread: sums are added in one order on every machine, and small tensors are faster."""
    torch.set_num_threads(1)


@pytest.fixture
def tally(request):
    """Counts the cases of a test that tries many, for the table of `python -m tests.robustness`."""
    counts = []

    def count():
        counts.append(1)
        request.node.user_properties[:] = [("cases", len(counts))]

    return count


@pytest.fixture(scope="module")
def accompanist():
    """A tiny system with random weights."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Accompanist(System(get_preset("smoke")).requires_grad_(False), name="tiny")
