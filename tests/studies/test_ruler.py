"""The ruler of timbres is fitted to basses that take turns; tests/metrics/test_timbre.py tries it."""

import pytest
import torch

from bassnb.metrics.timbre import PROGRAMS, TIMBRES
from bassnb.studies.ruler import labelled_basses, ruler_of

pytestmark = pytest.mark.songs


@pytest.fixture(scope="module")
def basses():
    return list(labelled_basses(range(24), split="train", seconds=3.0))


def test_the_eight_basses_take_turns(basses):
    assert [label for _, label in basses] == [*range(len(TIMBRES))] * 3 and len(PROGRAMS) == 8
    assert all(wave.shape == (2, 3 * 44_100) for wave, _ in basses)


def test_a_bass_that_rests_all_the_time_teaches_nothing(basses):
    resting = [(torch.zeros(2, 44_100), 3)]
    mine, theirs = ruler_of(basses), ruler_of([*basses, *resting])
    heard = [[ruler.recognise(wave) for wave, _ in basses[:8]] for ruler in (mine, theirs)]
    assert heard[0] == heard[1] and len(set(heard[0])) > 4
