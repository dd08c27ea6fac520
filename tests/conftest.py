"""What all tests share."""

import pytest
import torch


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    """One thread: sums are added in one order on every machine, and small tensors are faster."""
    torch.set_num_threads(1)
