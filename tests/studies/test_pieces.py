"""A network that hears nothing beyond one step loses nothing at cuts."""

import numpy as np
import pytest
from torch import nn

from bassnb.checkpoints import System
from bassnb.composer.examples import example
from bassnb.presets import SMOKE
from bassnb.studies.pieces import loss_table, piece_losses

pytestmark = pytest.mark.songs


@pytest.fixture(scope="module")
def song():
    return example("test", 3, 9.0)


def test_a_network_without_memory_does_not_care_for_the_pieces(song):
    system = System(SMOKE).requires_grad_(False)

    class Blind(nn.Module):
        def forward(self, z, t, mix):
            return 0.3 * z

    system.unet = Blind()
    losses = piece_losses(system, song, (16, 32, 64))
    assert (
        losses.shape == (3, 4) and np.allclose(losses, losses[0], rtol=1e-4) and (losses > 0).all()
    )


def test_the_table_compares_every_size_with_the_first():
    rows = loss_table((8, 16), np.array([[1.0, 2.0, 3.0], [2.0, 3.0, 4.0]]))
    assert [row["steps"] for row in rows] == [8, 16]
    assert rows[0]["change"]["mean"] == 0 and rows[1]["change"]["mean"] == 1
    assert rows[1]["loss"]["mean"] == 3
