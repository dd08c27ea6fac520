"""The transfer study: its set, its floor, its groups, and one tiny run of everything."""

import dataclasses
import json

import numpy as np
import pytest
import torch

from bassnb.composer.synth import soundfont_path
from bassnb.errors import DataError
from bassnb.metrics.match import MEASURES, transcribe
from bassnb.studies.suite import examine
from bassnb.studies.transfer import floor_of
from bassnb.studies.transfer_marks import columns_of, group
from bassnb.studies.transfer_songs.cases import (
    OPEN,
    band,
    folder_cases,
    installed,
    spread,
    transfer_cases,
    written_cases,
)
from tests.collections.test_midi import END, midi, track


@pytest.fixture(scope="module")
def cases():
    """The pieces that are not for everything, 3 s of each, and one that is."""
    return list(written_cases(3.0, 1, None, [*OPEN, "reggae"]))


@pytest.fixture
def folder(tmp_path):
    """One MIDI file with bass and flute, one without a bass, one that is none."""

    def notes(channel, pitch):
        return [
            bytes([0, 0x90 + channel, pitch, 90]) + bytes([96, 0x80 + channel, pitch, 0])
            for _ in range(8)
        ]

    (tmp_path / "a.mid").write_bytes(
        midi(
            track(b"\x00\xc0\x21", *notes(0, 40), END),
            track(b"\x00\xc1\x49", *notes(1, 76), END),
            division=96,
        )
    )
    (tmp_path / "b.mid").write_bytes(midi(track(b"\x00\xc1\x49", *notes(1, 76), END), division=96))
    (tmp_path / "c.mid").write_bytes(b"nothing")
    return tmp_path


def test_measures_are_those_that_the_mix_determines(cases):
    assert {case.family: case.measures for case in cases} == {**OPEN, "reggae": MEASURES}
    assert all(case.example.mix.shape == case.example.bass.shape == (2, 132_300) for case in cases)
    assert (
        max(float((case.example.mix + case.example.bass).abs().max()) for case in cases)
        <= 0.9 + 1e-6
    )


def test_another_soundfont_is_asked_for_by_path(cases):
    song = cases[0].example.song
    # the same instruments, but as a foreign song's: their tuning is not corrected
    same = band(song, str(soundfont_path()))
    assert not torch.equal(same.bass, cases[0].example.bass)
    assert float((same.mix - cases[0].example.mix).abs().max()) < 0.9
    with pytest.raises(DataError, match="SoundFont"):
        band(song, "nowhere.sf2")


def test_a_folder_gives_what_can_be_used_and_says_why_not(folder):
    skipped = {}
    (case,) = folder_cases(folder, "mine", 3.0, 2, None, skipped)
    assert (case.source, case.family, case.name, case.measures) == ("scores", "mine", "a", MEASURES)
    assert (
        set(skipped) == {"mine: b.mid", "mine: c.mid"} and "no bass part" in skipped["mine: b.mid"]
    )
    with pytest.raises(DataError, match="holds neither"):
        list(folder_cases(folder / "none", "mine", 3.0, None, None, {}))


def test_some_of_many_are_spread_and_the_others_follow():
    assert spread(list("abcdef"), 3) == list("acebdf") and spread(list("ab"), 5) == ["a", "b"]


def test_what_is_not_installed_is_not_found(tmp_path):
    assert installed("", str(tmp_path)) == tmp_path and installed("", "/no/such/folder") is None
    assert installed("no_such_package", "corpus") is None
    assert installed("bassnb", "studies").name == "studies"


def test_the_floor_leaves_the_song_itself_out_whatever_plays_it(cases):
    heard = [transcribe(case.example.bass) for case in cases]
    copy = dataclasses.replace(cases[0], sound="another")
    alone = floor_of(0, heard[:1] * 2, [cases[0], copy])
    assert all(np.isnan(value) for value in alone.values())
    assert floor_of(0, [*heard, heard[0]], [*cases, copy]) == floor_of(0, heard, cases)
    assert heard[0].between(0.0, 1.0).times.max() < 1.0


def test_groups_count_only_what_applies(cases):
    rows = {
        name: [dict.fromkeys(MEASURES, value) for _ in cases]
        for name, value in (
            ("generated", 0.5),
            ("rule", 0.3),
            ("shuffled", 0.1),
            ("autoencoder", 0.9),
        )
    }
    assert [len(columns_of(cases, rows, range(4), key)["rule"]) for key in (*MEASURES, "mean")] == [
        3,
        3,
        3,
        2,
        4,
    ]
    report = group(cases, rows, range(4))
    assert report["normalised_score"]["generated"]["mean"]["mean"] == pytest.approx(0.5)
    assert report["normalised_score"]["rule"]["root"]["mean"] == pytest.approx(0.25)
    drums = [index for index, case in enumerate(cases) if case.family == "drums only"]
    assert set(group(cases, rows, drums)["normalised_score"]["generated"]) == {"onset_f1", "mean"}


def test_a_run_of_everything(accompanist, folder, tmp_path):
    out = tmp_path / "report" / "transfer.json"
    options = {
        "songs": 1,
        "seconds": 2.0,
        "steps": 1,
        "family": ("drums only", "waltz", folder.name),
        "folder": [str(folder)],
    }
    headline = examine(
        "transfer", accompanist, out, soundfont=str(soundfont_path()), progress=False, **options
    )
    report = json.loads(out.read_text())
    assert report["songs"] == 5 and headline.startswith("all ") and folder.name in headline
    assert {name: part["songs"] for name, part in report["families"].items()} == {
        "drums only": 2,
        "waltz": 2,
        folder.name: 1,
    }
    assert set(report["sources"]) == {"written", "scores"} and len(report["marks"]) == 5
    assert report["families"]["waltz"]["means"]["true"]["onset_f1"] > 0.5
    assert list(report["normalised_score"]) == ["generated", "rule"] and set(
        report["normalised_score"]["generated"]
    ) == {*MEASURES, "mean"}
    assert set(report["rows"]) == {"true", "autoencoder", "generated", "rule", "shuffled"}
    assert report["rows"]["true"]["pitch_class"]["mean"] > 0.9
    assert set(report["onsets"]) == {"true", "autoencoder", "generated", "rule"}
    assert report["onsets"]["true"]["f1"]["mean"] > 0.5
    assert report["onsets"]["true"]["above_chance"]["mean"] is not None
    assert f"--folder {folder}" in report["command"] and report["skipped"] == {}


def test_without_folders_the_report_says_what_could_be_installed(monkeypatch, tmp_path):
    monkeypatch.setattr(
        "bassnb.studies.transfer_songs.cases.USUAL",
        {"Organ": ("", "/no/such/folder", "apt install organ")},
    )
    skipped = {}
    options = {
        "seconds": 2.0,
        "songs": 1,
        "folder": (),
        "soundfont": None,
        "fetched": tmp_path,
        "families": ("reggae", "waltz"),
    }
    assert len(list(transfer_cases(**options, skipped=skipped))) == 2
    assert "apt install organ" in skipped["Organ"]
    (tmp_path / "Organ").mkdir()  # fetched, and not of a family that was asked for
    skipped = {}
    assert len(list(transfer_cases(**options, skipped=skipped))) == 2 and skipped == {}
