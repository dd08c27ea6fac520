"""The task is solvable by whoever knows the distance, and by nobody else."""

import pytest
import torch
from torch import nn

from bassnb.studies import repeats
from bassnb.studies.positions import unet_with
from bassnb.studies.reach import influence

LENGTH = 16 * repeats.BAR


def songs(count=40, seed=0):
    return repeats.repeating_songs(count, LENGTH, torch.Generator().manual_seed(seed))


def test_the_bass_repeats_what_the_mix_played_two_bars_ago():
    c_y, c_x, rests = songs()
    far = repeats.AGO * repeats.BAR
    before = torch.cat([torch.zeros_like(c_x[..., :far]), c_x[..., :-far]], -1)
    assert torch.equal(torch.where(rests[:, None], before, c_x), c_y)
    assert not c_x.transpose(1, 2)[rests].any() and not rests[:, :far].any()
    assert 0.25 < rests.float().mean() < 0.4
    # rests are whole bars, and what is played is of unit variance
    assert (rests.unflatten(1, (-1, repeats.BAR)).float().mean(-1) % 1 == 0).all()
    assert c_y.square().mean() == pytest.approx(1, abs=0.1)


def test_songs_come_from_their_seed():
    assert all(torch.equal(a, b) for a, b in zip(songs(seed=1), songs(seed=1)))
    assert not torch.equal(songs(seed=1)[0], songs(seed=2)[0])


def test_convolutions_do_not_reach_the_bar_that_is_repeated():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        unet = unet_with("no attention", repeats.UNET, repeats.TRAINED)
        for parameter in unet.parameters():
            nn.init.normal_(parameter, std=0.2)
    far = repeats.AGO * repeats.BAR
    noise = torch.randn(1, repeats.CHANNELS, 4 * far, generator=torch.Generator().manual_seed(0))
    touched = influence(unet, noise).nonzero().flatten() - 2 * far
    assert 2 * repeats.BEAT < -touched[0] < far - repeats.BEAT
    assert touched[-1] < far - repeats.BEAT


class Copies(nn.Module):
    """Answers what the mix played a number of bars ago."""

    def __init__(self, bars):
        super().__init__()
        self.far = bars * repeats.BAR

    def forward(self, z, t, mix):
        return -torch.cat([mix[..., : self.far], mix[..., : -self.far]], -1)


def test_errors_are_those_of_the_repeated_notes():
    right = repeats.errors(Copies(repeats.AGO), LENGTH, songs=16)
    wrong = repeats.errors(Copies(1), LENGTH, songs=16)
    silent = repeats.errors(lambda z, t, mix: 0 * z, LENGTH, songs=16)
    assert right == [0.0] * (16 - repeats.AGO)
    assert min(wrong) > 0.5
    assert silent == [1.0] * (16 - repeats.AGO)


def test_training_follows_its_seed_and_learns_to_copy():
    first, again = (repeats.train("none", steps=3, seed=5) for _ in range(2))
    other = repeats.train("none", steps=3, seed=6)
    weights, same, different = (
        nn.utils.parameters_to_vector(network.parameters()) for network in (first, again, other)
    )
    assert torch.equal(weights, same) and not torch.equal(weights, different)
    c_y, c_x, rests = songs(8)
    z = torch.randn(c_y.shape, generator=torch.Generator().manual_seed(3))

    def copied(network):
        wrong = (repeats.answer(network, c_x, z) - c_y).square().mean(1)
        return float(wrong[~rests].mean().detach())

    assert copied(repeats.train("none", steps=80)) < 0.6 * copied(first)


def test_the_table_has_all_rows_seeds_and_lengths():
    table = repeats.compare_positions(["none", "log"], seeds=2, steps=1, times=(1, 2), songs=16)
    assert list(table) == ["none", "log"] and [len(seeds) for seeds in table.values()] == [2, 2]
    bars = repeats.TRAINED // repeats.BAR
    assert [len(errors) for errors in table["log"][0]] == [bars - 2, 2 * bars - 2]
    assert table["log"][0] != table["log"][1]
