"""What Python makes of notes, chords and kept takes, for the tests of the engine in node."""

from bassnb.audio import SAMPLE_RATE, read_audio
from bassnb.control.beats import given_beats
from bassnb.control.midi import PROGRAM, midi_bytes
from bassnb.control.notes import notes_of
from tests.control.test_notes import glide, plucked
from tests.web.conftest import ROOT

BASSES = ("latin", "rock")  # sample songs whose written basses are transcribed
LINE = [(0.1, 0.45, 28, 0.1), (0.6, 0.9, 40, 0.1), (1.0, 1.4, 33, 0.1), (1.5, 1.6, 45, 0.1)]


def basses():
    """Sounds with their notes: two samples, a written line, a legato in another tuning, silence."""
    for name in BASSES:
        yield read_audio(ROOT / "data_samples" / name / "bass.flac")[:, : 10 * SAMPLE_RATE], 0.0
    yield plucked(LINE), 0.0
    yield glide(lambda t: 36.3 + 2 * (t > 0.8)), 30.0
    yield 0 * plucked(LINE), 0.0


def transcribed():
    """Each bass in steps of 2^-15, and its notes."""
    for wave, cents in basses():
        whole = (wave * 32768).round().clamp(-32768, 32767)
        notes = notes_of(lambda: [whole / 32768], cents)
        yield {"wave": whole.int().tolist(), "cents": cents, "notes": [vars(n) for n in notes]}


def midi_files():
    """The files of some notes, with and without a tempo."""
    notes = notes_of(lambda: [plucked(LINE)])
    for tempo in (None, 120.0, 87.5, 40.0):
        beats = None if tempo is None else given_beats(tempo, 40.0)
        data = midi_bytes(notes, beats, PROGRAM)
        yield {"notes": [vars(n) for n in notes], "tempo": tempo, "bytes": list(data)}
