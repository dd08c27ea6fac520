"""Songs for studies: reproducible, of the split, the mix without the bass."""

import torch

from bassnb.composer.examples import example, examples
from bassnb.composer.render import render


def test_mix_and_bass_are_the_stems():
    found = example("test", 4, 3.0)
    stems = render(found.song)
    assert found.song.split == "test" and found.song.seed == 4
    assert torch.equal(found.bass, stems["bass"])
    assert torch.allclose(found.mix + found.bass, sum(stems.values()), atol=1e-6)
    assert found.mix.shape == found.bass.shape == (2, 132_300)


def test_examples_follow_their_seeds():
    seeds = [found.song.seed for found in examples("validation", 3, seconds=1.0, seed0=7)]
    assert seeds == [7, 8, 9]
