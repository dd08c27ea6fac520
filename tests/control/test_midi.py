"""MIDI files as other programs read them: times, tempi, bars; and the files of a command."""

import io
import json

import numpy as np
import pretty_midi
import pytest
import torch
from typer.testing import CliRunner

from bassnb.audio import write_audio
from bassnb.cli import app
from bassnb.collections.midi import read_midi
from bassnb.control.beats import Beats, given_beats
from bassnb.control.midi import midi_bytes, tempo_map, ticks_of, variable_length, write_midi
from bassnb.control.notes import Note
from bassnb.errors import BassnbError
from bassnb.presets import SAMPLE_RATE
from bassnb.take import Accompaniment


def notes_within(seconds, count, seed=0):
    """Notes of a monophonic line."""
    rng = np.random.default_rng(seed)
    onsets = np.sort(rng.uniform(0, seconds, count))
    ends = [*onsets[1:], seconds]
    return [
        Note(float(a), float(a + 0.9 * (b - a)), int(rng.integers(28, 60)), int(v))
        for a, b, v in zip(onsets, ends, rng.integers(1, 128, count))
    ]


def read(data):
    return pretty_midi.PrettyMIDI(io.BytesIO(data))


@pytest.mark.parametrize("tempo", [None, 20.0, 117.0, 397.3])
def test_notes_sound_when_they_should_to_a_millisecond(tempo):
    notes = notes_within(30, 200)
    beats = None if tempo is None else given_beats(tempo, 30.0, 0.4)
    (bass,) = read(midi_bytes(notes, beats, 33)).instruments
    found = sorted(bass.notes, key=lambda note: note.start)
    assert bass.program == 33
    assert [(n.pitch, n.velocity) for n in found] == [(n.pitch, n.velocity) for n in notes]
    assert max(abs(a.start - b.onset) for a, b in zip(found, notes)) < 0.001
    assert max(abs(a.end - b.offset) for a, b in zip(found, notes)) < 0.0015


def test_no_drift_in_an_hour(monkeypatch):
    monkeypatch.setattr(pretty_midi.pretty_midi, "MAX_TICK", 1e9)
    notes = notes_within(3600, 2000)
    (bass,) = read(midi_bytes(notes, given_beats(117.0, 3600.0), 33)).instruments
    found = sorted(bass.notes, key=lambda note: note.start)
    assert max(abs(a.start - b.onset) for a, b in zip(found, notes)) < 0.001


def test_our_own_reader_agrees(tmp_path):
    notes = notes_within(20, 50)
    path = write_midi(tmp_path / "bass.mid", notes, given_beats(90.0, 20.0))
    (part,) = read_midi(path).parts
    assert [note.pitch for note in part.notes] == [note.pitch for note in notes]
    assert np.allclose([n.start for n in part.notes], [n.onset for n in notes], atol=0.001)


def test_a_given_tempo_is_one_event_and_its_bars_begin_at_the_first_beat():
    data = read(midi_bytes(notes_within(20, 5), given_beats(120.0, 20.0, 1.0, 3), 33))
    assert np.allclose(data.get_tempo_changes()[1], 120.0)
    assert [(s.numerator, round(s.time, 2)) for s in data.time_signature_changes] == [
        (2, 0.0),
        (3, 1.0),
    ]
    assert data.get_downbeats()[1:4] == pytest.approx([1.0, 2.5, 4.0])


def test_estimated_beats_lie_within_a_frame_and_change_the_tempo_seldom():
    rng = np.random.default_rng(0)
    times = 0.3 + np.cumsum(np.r_[0.0, np.full(99, 0.5) + rng.normal(0, 0.003, 99)])
    data = read(midi_bytes(notes_within(50, 5), Beats(times, 4, 1, 0.8), 33))
    paces = data.get_tempo_changes()
    assert len(paces[0]) < 30
    beats = data.get_beats(0.0)
    assert np.abs(beats[:, None] - times[1:40]).min(0).max() < 0.0101


def test_the_tempo_map_follows_a_jump():
    times = np.r_[np.arange(0, 10, 0.5), 10 + np.arange(0, 10, 0.75)]
    tempi = tempo_map(times, 0.001)
    assert [round(60e6 / pace) for _, pace in tempi] == [120, 80] and tempi[1][0] == 20
    assert ticks_of([0.25, 10.75], tempi, 480).tolist() == [240, 21 * 480]


def test_variable_length_by_hand():
    # examples of the standard
    for number, text in ((0, "00"), (0x7F, "7f"), (0x80, "8100"), (0x0FFFFFFF, "ffffff7f")):
        assert variable_length(number).hex() == text


def test_no_notes_are_a_valid_file():
    assert read(midi_bytes([], None, 33)).get_end_time() <= 0.01


# -- a take and its files --------------------------------------------------------------------------


def take_of(frequency=55.0):
    t = torch.arange(SAMPLE_RATE) / SAMPLE_RATE
    wave = (0.2 * torch.sin(2 * torch.pi * frequency * t) * (t > 0.2)).expand(2, -1)
    return Accompaniment(wave.contiguous(), wave, torch.zeros(32, 1), {"seed": 3, "mix": "array"})


def test_a_take_writes_its_notes_and_replaces_only_its_own_file(tmp_path):
    path = take_of().midi(tmp_path / "bass.mid", beats=given_beats(120.0, 1.0))
    assert [note.pitch for note in read(path.read_bytes()).instruments[0].notes] == [33]
    saved = json.loads((tmp_path / "bass.json").read_text())
    assert (
        saved["seed"] == 3
        and saved["beats"]["tempo"] == 120
        and "bass.mid" in saved["bassnb_files"]
    )
    take_of(110.0).midi(path)
    path.write_bytes(b"changed by hand")
    with pytest.raises(BassnbError, match="--force"):
        take_of().midi(path)
    take_of().midi(path, force=True)
    with pytest.raises(BassnbError, match=r"bass\.wav.* \.mid, \.midi"):
        take_of().midi(tmp_path / "bass.wav")


@pytest.fixture
def mix(tmp_path):
    wave = 0.1 * torch.rand(2, 6 * SAMPLE_RATE, generator=torch.Generator().manual_seed(0))
    return write_audio(tmp_path / "mix.wav", wave)


def test_accompany_file_writes_midi_beside_each_take(accompanist, mix, tmp_path):
    written = accompanist.accompany_file(
        mix, tmp_path / "a.wav", midi=tmp_path / "a.mid", variations=2, steps=2, tempo=100.0
    )
    assert [path.name for path in written] == ["a-1.wav", "a-1.mid", "a-2.wav", "a-2.mid"]
    saved = json.loads((tmp_path / "a-2.json").read_text())
    assert set(saved["bassnb_files"]) >= {"a-2.wav", "a-2.mid"}
    assert saved["beats"] == {"tempo": 100.0, "first_beat": 0.0, "meter": 4, "confidence": None}
    assert read(written[1].read_bytes()).get_tempo_changes()[1][0] == pytest.approx(100.0)


def test_an_estimate_says_how_sure_it_is(accompanist, mix, tmp_path):
    accompanist.accompany_file(mix, tmp_path / "a.wav", midi=tmp_path / "a.mid", steps=1)
    saved = json.loads((tmp_path / "a.json").read_text())
    assert 0 <= saved["beats"]["confidence"] <= 1 and saved["beats"]["tempo"] > 0


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["--midi", "bass.txt"], ["bass.txt", ".mid"]),
        (["--midi", "none/bass.mid"], ["none/bass.mid", "folder"]),
        (["--density", "2"], ["density", "busier"]),
        (["--density", "loud"], ["density", "sparser"]),
        (["--best-of", "1"], ["best_of", "2"]),
        (["--midi", "b.mid", "--tempo", "5"], ["tempo", "20"]),
    ],
)
def test_refusals_are_one_sentence_and_leave_no_file(mix, tmp_path, monkeypatch, words, parts):
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.iterdir())
    result = CliRunner().invoke(app, ["accompany", str(mix), "--out", "b.wav", *words])
    assert result.exit_code == 2 and len(result.stderr.strip().splitlines()) == 1
    assert all(part in result.stderr for part in parts)
    assert sorted(tmp_path.iterdir()) == before
