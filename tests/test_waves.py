"""Arrays of any type become (2, N) in float32, or are refused."""

import numpy as np
import pytest
import torch

from bassnb.errors import AudioError
from bassnb.level import peak
from bassnb.waves import as_stereo
from tests.refusals import assert_sentence


@pytest.mark.evidence("integer-samples-scaled")
def test_integers_are_scaled_to_one():
    assert peak(as_stereo(np.full(10, 32767, np.int16))) == pytest.approx(1.0)
    # unsigned ones rest in the middle
    assert as_stereo(np.array([0, 255], np.uint8))[0].tolist() == pytest.approx([-1, 1])


@pytest.mark.evidence("half-precision-samples")
@pytest.mark.parametrize("half", [torch.float16, torch.bfloat16])
def test_half_precision_is_read(half):
    assert as_stereo(torch.tensor([0.5, -1.0], dtype=half))[1].tolist() == [0.5, -1.0]


@pytest.mark.parametrize(
    "bad",
    [
        np.zeros(0),
        np.array([0.0, np.nan]),
        np.array([0.0, np.inf]),
        np.zeros((2, 3, 4)),
        np.array(["a"]),
        np.array([0.0, np.inf], np.float16),
        torch.tensor([0.0, torch.nan]).bfloat16(),
    ],
)
def test_unusable_arrays_are_refused_in_one_sentence(bad):
    with pytest.raises(AudioError) as error:
        as_stereo(bad, name="the mix")
    assert_sentence(error.value, "the mix")
