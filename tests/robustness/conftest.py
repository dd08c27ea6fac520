"""What the tests of this folder share: how hypothesis draws, and a model that plays at once."""

import hypothesis
import pytest
import torch

from bassnb.accompanist import Accompanist
from bassnb.checkpoints import System
from bassnb.presets import get_preset

# The same cases in every run, on every machine; a slow machine is no error.
hypothesis.settings.register_profile(
    "bassnb",
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(hypothesis.HealthCheck),
)
hypothesis.settings.load_profile("bassnb")


@pytest.fixture(scope="session")
def accompanist():
    """Of the smallest preset, untrained."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Accompanist(System(get_preset("smoke")).requires_grad_(False), name="tiny")
