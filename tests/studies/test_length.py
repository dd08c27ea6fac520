"""Songs of several lengths: cut where they should be, marked against their own moment, paired where
they claim to be.
"""

import json

import numpy as np
import pytest
import torch

from bassnb.accompanist import Accompanist
from bassnb.checkpoints import System
from bassnb.composer.examples import example
from bassnb.composer.songs import compose
from bassnb.metrics.match import MEASURES, compare, transcribe
from bassnb.presets import SAMPLE_RATE, SMOKE
from bassnb.studies.length import (
    compare_lengths,
    digest,
    floor_mark,
    in_windows,
    lines,
    mark,
    run,
    stretches,
)

SMALL = {"songs": 2, "lengths": (3.0, 6.0), "pieces": (8, 16, 32), "steps": 2, "progress": False}


@pytest.fixture(scope="module")
def player():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Accompanist(System(SMOKE).requires_grad_(False))


@pytest.fixture(scope="module")
def song():
    one = example("test", 3, 9.0)
    return one, transcribe(one.bass)


def test_stretches_cover_the_song_and_a_remainder_is_left_out(song):
    one, take = song
    parts = stretches(take, one.song, 4.0)
    assert [(begin, end) for _, _, begin, end in parts] == [(0.0, 4.0), (4.0, 8.0)]
    assert sum(len(part.times) for part, *_ in parts) == (take.times < 8).sum()
    whole = stretches(take, one.song, 9.0)
    assert len(whole) == 1 and mark(*whole[0]) == pytest.approx(compare(take, one.song))


def test_a_stretch_is_marked_against_its_own_moment(song):
    one, take = song
    (first, _, *times), (second, *_) = stretches(take, one.song, 4.5)
    assert (
        mark(first, one.song, *times)["onset_f1"] > 0.6 > mark(second, one.song, *times)["onset_f1"]
    )


def test_the_floor_is_chance(song):
    one, take = song
    other = example("test", 4, 9.0)
    heard = [stretches(take, one.song, 4.5), stretches(transcribe(other.bass), other.song, 4.5)]
    floor = floor_mark(heard, 0, 1)
    assert (
        floor["onset_f1"] < mark(*heard[0][1])["onset_f1"]
        and floor["pitch_class"] < mark(*heard[0][1])["pitch_class"]
    )


def test_windows_know_nothing_of_each_other(player):
    mix = example("test", 3, 7.0).mix
    glued = in_windows(player, mix, 3.0, 1, 5)
    alone = player(mix[:, 3 * SAMPLE_RATE : 6 * SAMPLE_RATE], steps=1, seed=6).audio
    assert glued.shape == (2, 6 * SAMPLE_RATE) and torch.equal(glued[:, 3 * SAMPLE_RATE :], alone)


def test_the_report(player):
    report = json.loads(json.dumps(run(player, **SMALL)))
    assert report["counts"] == [2, 2] and report["preset"] == "smoke"
    rows = report["models"]["model"]["lengths"]
    assert [(row["songs"], row["stretches"], len(row["course"])) for row in rows] == [
        (2, 2, 1),
        (2, 4, 2),
    ]
    assert set(rows[0]["normalised_score"]) == set(MEASURES)
    found = np.mean([rows[0]["marks"][key]["mean"] for key in MEASURES])
    assert rows[0]["course"] == pytest.approx([found], abs=1e-3)
    assert rows[0]["windows"] == rows[0]["overall"] and set(rows[0]["gain"].values()) == {0.0}
    assert rows[1]["windows"] != rows[1]["overall"]
    pieces = report["models"]["model"]["pieces"]
    assert [row["steps"] for row in pieces] == [8, 16, 32] and pieces[0]["change"]["mean"] == 0
    assert next(lines(report)).startswith("model: 3 s ")


def test_models_play_the_same_songs(player):
    report = compare_lengths({"one": player, "other": player}, **SMALL)
    assert json.dumps(report["models"]["one"]) == json.dumps(report["models"]["other"])


def test_the_digest_names_the_songs():
    assert digest("test", [(1, 3.0)]) == digest("test", [(1, 3.0)]) != digest("test", [(2, 3.0)])
    assert compose(1, split="test", seconds=3.0) == compose(1, split="test", seconds=3.0)
