"""The ear of the choice: chords, roots and kicks of a mix that is known."""

import numpy as np
import pytest
import torch

from bassnb.composer.score import Note as Written
from bassnb.composer.synth import play
from bassnb.control.choice import PIECE, Ear, together
from bassnb.control.notes import Note
from bassnb.presets import SAMPLE_RATE

pytestmark = pytest.mark.songs

CHORDS = [(57, 60, 64), (53, 57, 60), (60, 64, 67), (55, 59, 62)]  # Am F C G, two seconds each
ROOTS = [9, 5, 0, 7]


@pytest.fixture(scope="module")
def mix():
    chords = [
        Written(2.0 * i, 2.0 * i + 1.9, pitch, 90)
        for i, chord in enumerate(CHORDS)
        for pitch in chord
    ]
    kicks = [Written(0.5 * i, 0.5 * i + 0.1, 36, 110) for i in range(16)]
    samples = 8 * SAMPLE_RATE
    wave = play(chords, 16, samples) * 0.3 + play(kicks, 0, samples, is_drum=True)
    return torch.from_numpy(wave)


def line(pitches, shift=0.0):
    """A note of half a second on each of the kicks, in MIDI numbers."""
    return [Note(0.5 * i + shift, 0.5 * i + 0.45 + shift, p, 90) for i, p in enumerate(pitches)]


def test_it_hears_roots_and_kicks(mix):
    ear = Ear.of(lambda: [mix])
    assert len(ear.kicks) >= 14 and np.abs(ear.kicks - np.round(ear.kicks * 2) / 2).max() < 0.05
    assert np.mean(ear.roots[:16] == np.repeat(ROOTS, 4)) > 0.8


def test_what_fits_better_scores_higher(mix):
    ear = Ear.of(lambda: [mix])
    roots = [36 + root for root in np.repeat(ROOTS, 4)]
    fifths = [pitch + 7 for pitch in roots]
    wrong = [pitch + 1 for pitch in roots]
    scores = [ear.marks(line(pitches))["score"] for pitches in (roots, fifths, wrong)]
    assert scores[0] > scores[1] > scores[2]
    assert ear.marks(line(roots))["kick"] > ear.marks(line(roots, 0.2))["kick"]


def test_nothing_is_worth_nothing(mix):
    assert set(Ear.of(lambda: [mix]).marks([]).values()) == {0.0}
    assert Ear.of(lambda: []).marks(line([36]))["score"] == 0.0


def test_a_tuning_is_taken_off(mix):
    assert np.array_equal(Ear.of(lambda: [mix]).kicks, Ear.of(lambda: [mix], 30.0).kicks)
    assert not np.array_equal(Ear.of(lambda: [mix]).chroma, Ear.of(lambda: [mix], 50.0).chroma)


def test_a_long_mix_is_heard_in_pieces(mix):
    long = mix.repeat(1, 7)  # 56 s: three pieces
    ear = Ear.of(lambda: long.split(123_457, -1))
    assert long.shape[-1] > 2 * PIECE and len(ear.roots) == 112
    assert (np.diff(ear.kicks) > 0).all() and ear.kicks[-1] > 50


def test_onsets_are_matched_one_to_one():
    assert together([0.0, 1.0], np.array([0.04, 1.06])) == 0.5
    assert together([0.0, 0.01], np.array([0.0])) == pytest.approx(2 / 3)
    assert together([], np.array([1.0])) == together([1.0], np.array([])) == 0.0


# -- in the accompanist ----------------------------------------------------------------------------


def test_the_best_of_several_is_the_take_of_its_seed(accompanist, mix):
    chosen = accompanist(mix, steps=2, seed=5, best_of=3)
    scores = chosen.settings["scores"]
    assert list(scores) == ["5", "6", "7"] and chosen.settings["best_of"] == 3
    best = max(scores, key=lambda seed: scores[seed]["score"])
    assert chosen.settings["seed"] == int(best)
    assert torch.equal(chosen.audio, accompanist(mix, steps=2, seed=int(best)).audio)


def test_several_takes_are_each_the_best_of_their_own(accompanist, mix):
    takes = accompanist.takes(mix, 2, steps=2, best_of=2)
    assert [list(take.settings["scores"]) for take in takes] == [["0", "1"], ["2", "3"]]
