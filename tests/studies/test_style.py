"""The style study: its arithmetic, and one tiny run."""

import json

import numpy as np
import pytest
import torch

from bassnb.audio import write_audio
from bassnb.composer.examples import example
from bassnb.metrics.contrastive import encode_waves
from bassnb.studies import style as grounded
from bassnb.studies.foreign_styles import nearer_shares
from bassnb.studies.ruler import labelled_basses, ruler_of
from bassnb.studies.style import (
    STRENGTHS,
    Listener,
    asked,
    confusion,
    run,
    style_references,
)
from bassnb.studies.suite import examine


@pytest.fixture(scope="module")
def ruler():
    """Fitted to true basses as they are: the basses of random weights have no pitch."""
    return ruler_of(labelled_basses(range(24), split="train", seconds=3.0))


def test_takes_are_those_of_the_accompanist(accompanist):
    song, reference = example("test", 0, 2.0), style_references(0, 2.0, 1)[3][0]
    system = accompanist.system
    c_x = encode_waves(system.mix_autoencoder, [song.mix])
    references = [reference, reference.flip(-1) * 0.5]
    means = torch.cat([accompanist.encode_style(one) for one in references])
    for strength in (0.0, 0.5, 1.5):
        take = accompanist(
            song.mix, style=reference, strength=strength, steps=2, seed=7, tuning=440
        )
        found = accompanist.sample(c_x, [7, 7], mean=means, steps=2, strength=strength)
        assert torch.allclose(found[0], take.latents, atol=1e-4)


def test_references_are_new_for_every_song():
    waves = [
        wave
        for song in (0, 1)
        for reference in style_references(song, 1.5, 2)
        for wave in reference
    ]
    assert len(waves) == 32
    assert all(not torch.equal(one, other) for i, one in enumerate(waves) for other in waves[:i])


def test_a_true_reference_is_nearest_to_itself(ruler):
    references = style_references(2, 6.0, 1)
    listener = Listener(ruler, example("test", 2, 6.0), references, bandwidth=5512.5)
    marks = listener(references[5][0])
    assert int(np.argmin(marks["euclidean"])) == int(np.argmin(marks["cosine"])) == 5
    assert asked(marks, 5)["euclidean"] < 1e-4 < asked(marks, 4)["euclidean"]
    hit = {number: asked(marks, number)["recognised"] for number in range(8)}
    assert sum(hit.values()) == 1 and hit[marks["heard"]] == 1
    assert asked(marks, -1)["euclidean"] == marks["euclidean"][7]


def test_confusion_counts_what_was_heard():
    table = np.array(confusion([[0, 1, 2, 3, 4, 5, 6, 7], [0, 0, 2, 3, 4, 5, 6, -1]]))
    assert table[0, 0] == 1 and table[1, 0] == table[1, 1] == 0.5 and table[7].sum() == 0.5


def test_style_report(accompanist, ruler, monkeypatch, tmp_path):
    monkeypatch.setattr(grounded, "calibrate", lambda *_, **__: ruler)
    short = {"songs": 2, "seconds": 1.5, "steps": 1, "pieces": 1, "fetched": tmp_path}
    headline = examine("style", accompanist, tmp_path / "s.json", **short)
    report = json.loads((tmp_path / "s.json").read_text())
    assert (
        "timbre recognised in" in headline and report["references"] == 8 and report["strength"] == 1
    )
    assert (
        set(report["rows"]) == {"grounded", "free", "another"}
        and 0 <= report["nearer"]["cosine"] <= 1
    )
    assert list(report["strength_table"]) == ["0", *(f"{s:g}" for s in STRENGTHS)]
    assert report["strength_table"]["1"]["euclidean"] == report["rows"]["grounded"]["euclidean"]
    assert (
        report["strength_table"]["0"]["recognised"]["mean"]
        == report["recognised"]["free"]["mean"]
        <= 1 / 8
    )
    assert set(report["cost"]) == {"chord_tone", "root", "pitch_class", "onset_f1"}
    assert report["paper_cost"] == report["cost"] and report["foreign"] is None


def test_a_take_may_be_nearest_to_its_own_reference_or_nearer_than_to_some():
    references = np.eye(3)
    assert nearer_shares(references + 0.1, references) == (1.0, 1.0)
    pairs, nearest = nearer_shares(references[[0, 2, 1]], references)
    assert pairs == pytest.approx(1 / 3)  # the first is right; the others are as far from two
    assert nearest == pytest.approx(1 / 3)


def test_a_model_may_have_a_strength_of_its_own(accompanist, ruler, monkeypatch, tmp_path):
    played = style_references(0, 2.0, 1)[:2]
    monkeypatch.setattr(grounded, "calibrate", lambda *_, **__: ruler)
    monkeypatch.setitem(accompanist.system.defaults, "strength", 2.0)
    (tmp_path / "electronic loops").mkdir()
    for number in range(2):
        write_audio(tmp_path / "electronic loops" / f"{number}.wav", played[number][0])
    report = run(accompanist, songs=2, seconds=1.0, steps=1, pieces=2, fetched=tmp_path)
    foreign = report["foreign"]
    assert foreign["references"] == ["electronic loops: 0", "electronic loops: 1"]
    assert list(foreign["strengths"]) == ["0", "1", "2"] and foreign["songs"] == 2
    assert report["strength"] == 2.0
    assert report["strength_table"]["2"]["cosine"] == report["rows"]["grounded"]["cosine"]
