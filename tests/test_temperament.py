"""Keys and frequencies of equal temperament, beside what is printed in tables of notes."""

import librosa
import numpy as np
import pytest

from bassnb.temperament import hertz_of_key, key_of_hertz


@pytest.mark.parametrize(("key", "hertz"), [(69, 440.0), (60, 261.626), (28, 41.203), (0, 8.176)])
def test_known_notes(key, hertz):
    assert hertz_of_key(key) == pytest.approx(hertz, abs=5e-4)
    assert key_of_hertz(hertz) == pytest.approx(key, abs=2e-3)


def test_both_directions_beside_a_library():
    keys = np.linspace(0, 127, 300)
    assert np.allclose(hertz_of_key(keys), librosa.midi_to_hz(keys), rtol=1e-12)
    assert np.allclose(key_of_hertz(hertz_of_key(keys)), keys, atol=1e-9)
