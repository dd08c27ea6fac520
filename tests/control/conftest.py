"""A tiny system in which every layer speaks, and songs of noise."""

import pytest
import torch

from bassnb.accompanist import Accompanist
from bassnb.checkpoints import System
from bassnb.presets import SMOKE


@pytest.fixture(scope="module")
def accompanist():
    """A tiny system with random weights, none of them zero."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        system = System(SMOKE)
        with torch.no_grad():
            for parameter in system.parameters():
                parameter.add_(0.02 * torch.randn(parameter.shape))
        return Accompanist(system.requires_grad_(False), name="random")


@pytest.fixture(scope="session")
def noise():
    """A function (samples, seed) -> stereo noise."""
    return lambda samples, seed=0: (
        0.1 * torch.randn(2, samples, generator=torch.Generator().manual_seed(seed))
    )
