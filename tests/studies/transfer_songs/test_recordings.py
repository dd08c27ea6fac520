"""Stems on disk, as real songs come: a miniature whose truth is known is transcribed."""

import numpy as np
import pytest
import torch

from bassnb.audio import write_audio
from bassnb.composer.score import Note
from bassnb.composer.synth import play
from bassnb.errors import DataError
from bassnb.metrics.match import Transcription, match
from bassnb.studies.transfer_songs.recordings import (
    loudest,
    read_recording,
    recorded_songs,
    transcribed_notes,
    tuning_of,
)

LINE = [33, 40, 38, 31]
TUNING = 0.3


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """Two songs of 6 s, one of stems, one of a mix, and folders that are no songs."""
    folder = tmp_path_factory.mktemp("library")
    bass = [Note(1.0 + i, 1.9 + i, pitch, 100) for i, pitch in enumerate(LINE)]
    triads = [
        Note(1.0 + i, 2.0 + i, LINE[i] + 24 + tone, 80) for i in range(4) for tone in (0, 4, 7)
    ]
    samples = 6 * 44_100
    low, high = (
        torch.from_numpy(play(notes, program, samples, tuning=TUNING))
        for notes, program in ((bass, 33), (triads, 0))
    )
    for song, stems in {
        "a/one": {"bass": low, "keys": high, "mix": low + high},
        "b/two": {"bass": low, "mixture": high},
        "c/alone": {"bass": low},
        "d/silent": {"bass": 0 * low, "keys": high},
    }.items():
        (folder / song).mkdir(parents=True)
        for name, wave in stems.items():
            write_audio(folder / song / f"{name}.{'flac' if name == 'bass' else 'wav'}", wave)
    return folder, high


def one(library, place):
    return recorded_songs((library[0] / place).parent)[0]


def test_songs_are_folders_with_a_bass_and_something_else(library):
    assert [place.name for place in recorded_songs(library[0])] == ["one", "two", "silent"]


@pytest.mark.evidence("links-that-lead-back")
def test_links_that_lead_back_are_not_followed(library, tmp_path):
    for name, target in (
        ("x", tmp_path),
        ("y", tmp_path),
        ("inner/up", tmp_path),
        ("songs", library[0]),
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).symlink_to(target, target_is_directory=True)
    assert [place.name for place in recorded_songs(tmp_path)] == ["one", "two", "silent"]


@pytest.mark.parametrize("place", ["a/one", "b/two"])
def test_the_truth_is_heard(library, place):
    song, bass, mix = read_recording(one(library, place), 24.0)
    assert [note.pitch for note in song.part("bass").notes] == LINE
    assert np.allclose([note.start for note in song.part("bass").notes], [1, 2, 3, 4], atol=0.04)
    assert song.tuning == pytest.approx(TUNING, abs=0.05) and song.duration == pytest.approx(6.0)
    assert {chord.root for chord in song.chords} >= {pitch % 12 for pitch in LINE[:3]}
    assert torch.allclose(mix, library[1], atol=1e-3)  # a mix beside stems is not added to them
    marks = match(bass, song)
    assert marks["pitch_class"] > 0.95 and marks["onset_f1"] > 0.9


@pytest.mark.evidence("master-beside-stems-mix")
@pytest.mark.kind("meaning guessed")
@pytest.mark.parametrize("alone", [False, True])
def test_a_master_beside_the_stems_is_not_in_the_mix(library, tmp_path, alone):
    place = library[0] / "a" / "one"
    (tmp_path / "e" / "five").mkdir(parents=True)
    for name in ("bass.flac", *(() if alone else ("keys.wav",))):
        (tmp_path / "e" / "five" / name).write_bytes((place / name).read_bytes())
    (tmp_path / "e" / "five" / "master.wav").write_bytes((place / "mix.wav").read_bytes())
    _, _, mix = read_recording(recorded_songs(tmp_path)[0], 24.0)
    assert torch.allclose(mix, library[1], atol=2e-3)  # keys, or the master without the bass


def test_the_excerpt_is_where_the_bass_is_loudest(library):
    wave = torch.zeros(2, 5 * 44_100)
    wave[:, 2 * 44_100 : 4 * 44_100] = 0.1
    assert loudest(wave, 2 * 44_100) == 2 * 44_100
    song, bass, mix = read_recording(one(library, "a/one"), 3.0)
    assert bass.shape == mix.shape == (2, 3 * 44_100) and song.chords[-1].end == 3.0


def test_a_silent_bass_is_refused(library):
    with pytest.raises(DataError, match="has no pitch"):
        read_recording(one(library, "d/silent"), 24.0)


def test_tuning_is_a_mean_on_a_circle():
    assert abs(tuning_of(np.array([40.45, 41.55]))) == pytest.approx(0.5, abs=0.01)
    assert tuning_of(np.array([40.1, 45.1, np.nan])) == pytest.approx(0.1)


def test_an_onset_without_a_pitch_is_no_note():
    times = np.arange(0, 2, 0.1)
    midi = np.where(times < 0.95, 40.2, np.nan)
    (note,) = transcribed_notes(Transcription(times, midi, np.array([0.0, 1.0])), 0.2, 2.0)
    assert (note.pitch, note.start) == (40, 0.0) and note.end == pytest.approx(0.9)
