"""What tests of examinations share."""

import pytest
import torch

from bassnb.accompanist import Accompanist
from bassnb.checkpoints import System
from bassnb.presets import get_preset


@pytest.fixture(scope="module")
def accompanist():
    """A tiny system with random weights."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Accompanist(System(get_preset("smoke")).requires_grad_(False), name="tiny")
