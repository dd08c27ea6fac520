"""The study of notes with figures that are known, and once with tiny numbers."""

import pytest
import torch

from bassnb.composer.songs import compose
from bassnb.control.notes import Note
from bassnb.studies.control_notes import (
    DENSITIES,
    alike,
    headline,
    note_scores,
    resynthesised,
    run,
    written_notes,
)

LINE = [Note(0.5 * i, 0.5 * i + 0.4, 33 + i, 90) for i in range(6)]


def test_scores_by_hand():
    assert note_scores(LINE, LINE) == {"note_f1": 1.0, "note_f1_with_offset": 1.0}
    late = [Note(n.onset + 0.1, n.offset + 0.1, n.pitch, n.velocity) for n in LINE]
    assert note_scores(late, LINE)["note_f1"] == 0
    short = [Note(n.onset, n.onset + 0.1, n.pitch, n.velocity) for n in LINE]
    assert note_scores(short, LINE) == {"note_f1": 1.0, "note_f1_with_offset": 0.0}
    octave = [Note(n.onset, n.offset, n.pitch + 12, n.velocity) for n in LINE[:3]]
    assert note_scores(octave + LINE[3:], LINE)["note_f1"] == 0.5
    assert note_scores([], [])["note_f1"] == 1 and note_scores([], LINE)["note_f1"] == 0


@pytest.mark.songs
def test_a_line_played_again_is_like_itself():
    wave = resynthesised(LINE, 3 * 44_100)
    assert alike(wave, wave) == {"same_pitch": 1.0, "onset_f1": 1.0}
    other = resynthesised([Note(n.onset, n.offset, n.pitch + 2, 90) for n in LINE], 3 * 44_100)
    assert alike(wave, other)["same_pitch"] < 0.3


def test_written_notes_end_with_the_song():
    song = compose(3, split="test", seconds=5.0)
    notes = written_notes(song)
    assert notes and max(note.offset for note in notes) <= 5.0


@pytest.mark.songs
@pytest.mark.slow
def test_the_study_runs(accompanist):
    with torch.inference_mode():
        report = run(accompanist, songs=2, takes=2, seconds=4.0)
    assert set(report["notes"]) == {"true", "autoencoder", "resynthesised"}
    assert report["notes"]["true"]["note_f1"]["mean"] > 0.8
    assert set(report["density"]) == {"+0", *(f"{d:+g}" for d in DENSITIES)}
    assert {"chord_tone", "best_onset_f1", "takes"} <= set(report["choice"])
    assert "best of 2" in headline(report)
