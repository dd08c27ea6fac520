"""The embedding of mix and bass describes their relation, and neither key nor level."""

import numpy as np
import pytest
import torch

from bassnb.composer.score import Note
from bassnb.composer.synth import play
from bassnb.metrics.relation import (
    DIMENSIONS,
    LAGS,
    interval_profile,
    lagged_correlation,
    relation_embedding,
    rises,
)

TIMES = [0.0, 0.75, 1.5, 2.25, 3.0]


def piano(pitches, times=TIMES, program=0, length=0.4):
    notes = [Note(time, time + length, pitch, 90) for time in times for pitch in pitches]
    return torch.from_numpy(play(notes, program, 4 * 44_100))


@pytest.mark.parametrize("key", [0, 5])
def test_intervals_are_heard_in_any_key(key):
    """A high note so many semitones above the pitch class of the bass; the bass itself has a third
    and a fifth in it.
    """
    low = piano([40 + key], program=33, length=0.7)
    profiles = np.stack(
        [
            interval_profile((low + piano([64 + key + interval], length=0.7)).mean(0)).mean(1)
            for interval in (0, 6)
        ]
    )
    assert profiles[:, [0, 6]].argmax(0).tolist() == [0, 1]


def test_a_late_bass_moves_the_correlation():
    mix = piano([64, 68, 71])
    together = relation_embedding(mix, piano([40], program=33))[0, 12:]
    late = relation_embedding(mix, piano([40], [t + 0.3 for t in TIMES], program=33))[0, 12:]
    assert together[LAGS.index(0)] > late[LAGS.index(0)] + 0.2


def test_lags_by_hand():
    x = np.zeros(100)
    x[[20, 50, 61]] = 1
    found = lagged_correlation(x, np.roll(x, 4))
    assert LAGS[int(found.argmax())] == 4 and found.max() == pytest.approx(1, abs=0.02)


def test_levels_do_not_matter_and_frames_are_four_seconds():
    mix, bass = piano([64, 68]), piano([40], program=33)
    assert np.allclose(
        relation_embedding(mix, bass), relation_embedding(mix * 0.1, bass * 3), atol=1e-4
    )
    assert relation_embedding(mix, bass).shape == (1, DIMENSIONS)
    assert relation_embedding(mix.repeat(1, 3), bass.repeat(1, 3)).shape == (3, DIMENSIONS)
    assert relation_embedding(mix[:, :44_100], bass[:, :44_100]).shape == (1, DIMENSIONS)


def test_silence_has_no_relation():
    assert not relation_embedding(torch.zeros(2, 44_100), torch.zeros(2, 44_100)).any()
    assert len(rises(torch.zeros(4410))[0]) == 10
