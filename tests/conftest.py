"""What all tests share."""

import pytest
import torch


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
