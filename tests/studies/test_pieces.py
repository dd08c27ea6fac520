"""A network that hears nothing beyond one step loses nothing at cuts."""

import numpy as np
import pytest
import torch
from torch import nn

from bassnb.checkpoints import System
from bassnb.composer.examples import example
from bassnb.errors import DataError
from bassnb.presets import SMOKE
from bassnb.studies.pieces import loss_table, measured_steps, piece_losses, window_losses

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
    losses = piece_losses(system, song, (16, 32, 64), margin=6)
    assert (
        losses.shape == (3, 4) and np.allclose(losses, losses[0], rtol=1e-4) and (losses > 0).all()
    )


def test_measured_steps_are_far_from_the_cuts_of_all_sizes():
    measured = measured_steps(48, 12, 5)
    assert measured.nonzero().flatten().tolist() == [5, 6, 17, 18, 29, 30, 41, 42]
    for piece in (12, 24, 48):
        assert set(measured.nonzero().flatten().tolist()) <= set(
            measured_steps(48, piece, 5).nonzero().flatten().tolist()
        )


def test_pieces_without_a_step_to_measure_are_refused():
    with pytest.raises(DataError, match="longer than 12 steps"):
        measured_steps(48, 12, 6)


def test_cuts_do_not_count_beyond_the_margin_of_a_convolution():
    """A network that reads three steps to each side: its loss changes within three of a cut only."""
    generator = torch.Generator().manual_seed(0)
    c_y, c_x = (torch.randn(1, channels, 48, generator=generator) for channels in (32, 64))

    def convolution(z, t, mix):
        return nn.functional.avg_pool1d(z, 7, 1, 3)

    for margin, same in ((3, True), (2, False)):
        losses = [
            window_losses(convolution, c_y, c_x, piece, windows=12, margin=margin)
            for piece in (12, 24, 48)
        ]
        assert losses[0].shape == (4,)
        assert all(torch.allclose(row, losses[0], atol=1e-6) for row in losses) == same


def test_the_table_compares_every_size_with_the_first():
    rows = loss_table((8, 16), np.array([[1.0, 2.0, 3.0], [2.0, 3.0, 4.0]]))
    assert [row["steps"] for row in rows] == [8, 16]
    assert rows[0]["change"]["mean"] == 0 and rows[1]["change"]["mean"] == 1
    assert rows[1]["loss"]["mean"] == 3
