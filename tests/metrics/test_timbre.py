"""The ruler of timbres: features that follow the pitch, a discriminant in closed form, and true
basses recognised.
"""

import numpy as np
import pytest
import torch

from bassnb.composer.score import Note
from bassnb.composer.synth import play
from bassnb.errors import BassnbError
from bassnb.metrics.timbre import (
    HARMONICS,
    TIMBRES,
    fit_ruler,
    timbre_features,
)
from bassnb.studies.ruler import calibrate, labelled_basses, ruler_of


def tone(midi, amplitudes, seconds=1.0):
    """A tone (2, N) with the given amplitudes of its harmonics."""
    t = np.arange(round(44_100 * seconds)) / 44_100
    f = 440 * 2 ** ((midi - 69) / 12)
    wave = sum(a * np.sin(2 * np.pi * f * k * t + k) for k, a in enumerate(amplitudes, 1)) * 0.1
    return torch.from_numpy(np.stack([wave, wave])).float()


def test_levels_of_harmonics_are_measured():
    level = timbre_features(tone(40, [1.0, 0.5, 0.0, 0.1]))[:HARMONICS]
    assert level[0] - level[1] == pytest.approx(6.0, abs=1.5)
    assert level[0] - level[3] == pytest.approx(20.0, abs=2.0)
    assert level[2] < -30 and level[-1] < -40


def test_the_pitch_does_not_matter_but_the_timbre_does():
    soft, hard = [1, 0.3, 0.1], [1, 0.9, 0.8, 0.7, 0.6]
    low, high, other = (timbre_features(tone(*x)) for x in ((36, soft), (43, soft), (36, hard)))
    strong = slice(0, 3)  # the others are only a floor
    assert np.abs(low - high)[strong].max() < 2 < np.abs(low - other)[strong].max()


def test_the_level_does_not_matter():
    wave = tone(40, [1, 0.5])
    assert np.allclose(timbre_features(wave), timbre_features(wave * 0.05), atol=0.05)


def test_silence_has_no_timbre():
    with pytest.raises(BassnbError, match="no pitch"):
        timbre_features(torch.zeros(2, 44_100))


@pytest.fixture(scope="module")
def ruler():
    """Fitted to 80 basses as they are, without an autoencoder."""
    return ruler_of(labelled_basses(range(80), split="train", seconds=6.0))


def test_unseen_basses_are_recognised(ruler):
    hits = [
        ruler.recognise(wave) == label
        for wave, label in labelled_basses(range(24), split="test", seconds=6.0)
    ]
    assert np.mean(hits) > 0.7  # chance is 0.125
    assert ruler.recognise(torch.zeros(2, 44_100)) == -1


def test_one_phrase_on_two_instruments(ruler):
    notes = [
        Note(i * 0.4, i * 0.4 + 0.35, pitch, 90)
        for i, pitch in enumerate((33, 36, 40, 38, 33, 43, 40, 36))
    ]
    heard = [
        ruler.recognise(torch.from_numpy(play(notes, program, 150_000))) for program in (33, 38)
    ]
    assert [TIMBRES[k] for k in heard] == ["finger", "synth-1"]


def test_the_discriminant_separates_gaussians():
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(8), 40)
    means = rng.normal(size=(8, 10)) * 2
    # the first axis is noise
    x = means[labels] + rng.normal(size=(320, 10)) @ np.diag([5, 1, 1, 1, 1, 1, 1, 1, 1, 1])
    ruler = fit_ruler(x, labels)
    fresh = means[labels] + rng.normal(size=(320, 10)) @ np.diag([5, 1, 1, 1, 1, 1, 1, 1, 1, 1])
    right = np.mean(ruler.scores(fresh).argmax(1) == labels)
    nearest = np.mean(((fresh[:, None] - means) ** 2).sum(-1).argmin(1) == labels)
    assert right > nearest and right > 0.95


def test_every_timbre_needs_an_example():
    with pytest.raises(BassnbError, match="synth-2"):
        fit_ruler(np.zeros((7, 3)), np.arange(7))


def test_calibration_goes_through_the_autoencoder_and_repeats(accompanist):
    try:
        first, again = (calibrate(accompanist, basses=16, seconds=2.0) for _ in range(2))
    except BassnbError as error:  # random weights may leave no pitch at all, which is then said
        assert "example" in str(error)
    else:
        assert np.array_equal(first.weights, again.weights) and first.weights.shape == (
            4 * HARMONICS,
            8,
        )
