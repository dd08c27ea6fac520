"""What Python makes of notes, chords and kept takes, for the tests of the engine in node."""

import torch

from bassnb.audio import SAMPLE_RATE, read_audio
from bassnb.control.beats import given_beats
from bassnb.control.chords import parse_chord
from bassnb.control.midi import PROGRAM, midi_bytes
from bassnb.control.notes import notes_of
from bassnb.control.pad import play_tones, tones_of
from bassnb.control.progression import merged, on_beats, placed_of_text
from bassnb.control.regions import Region, crossfaded, steps_again
from bassnb.errors import BassnbError
from tests.control.test_notes import glide, plucked
from tests.web.conftest import ROOT

BASSES = ("latin", "rock")  # sample songs whose written basses are transcribed
LINE = [(0.1, 0.45, 28, 0.1), (0.6, 0.9, 40, 0.1), (1.0, 1.4, 33, 0.1), (1.5, 1.6, 45, 0.1)]

SUFFIXES = (
    [
        "",
        "m",
        "-",
        "min",
        "mi",
        "maj7",
        "M7",
        "Δ",
        "^7",
        "j7",
        "7",
        "9",
        "11",
        "13",
        "m7",
        "-7",
        "m9",
        "m11",
    ]
    + [
        "6",
        "m6",
        "6/9",
        "69",
        "dim",
        "°7",
        "o7",
        "ø",
        "m7b5",
        "aug",
        "+",
        "+7",
        "7#5",
        "7b9",
        "7#9",
        "7alt",
    ]
    + [
        "sus",
        "sus2",
        "sus4",
        "7sus4",
        "9sus4",
        "add9",
        "madd9",
        "add11",
        "5",
        "no3",
        "7no5",
        "m(maj7)",
        "mM7",
    ]
    + [
        "maj9",
        "maj13",
        "7(b9,#11)",
        "maj7#11",
        "7b5",
        "2",
        "4",
        "min7",
        "major7",
        "dim7",
        "hdim7",
        "7+5",
        "7-9",
    ]
)
ROOTS = ("C", "F#", "Bb", "E♭", "Abb", "C##")
WRONG = ["H", "Cx", "c", "", "Cmm", "C7/", "C/H", "Cadd15", "Am7b5b5", "C%", "C9sus9"]
TEXTS = [  # text, bars for each chord, tempo, first beat, meter
    ("Am F C G", None, 120.0, 0.0, 4),
    ("Am F N.C. G", 2.0, 97.3, 0.31, 4),
    ("| Am F | C G7/B % | % | N.C. |", None, 180.0, 1.0, 3),
    ("C C/E Cmaj7", 0.5, 71.0, 0.0, 5),
]


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


def symbols():
    """Chord symbols, each with what it means: null for no chord, false where it is refused."""
    texts = [f"{root}{suffix}" for suffix in SUFFIXES for root in ROOTS[:2]]
    texts += [*ROOTS, "C/E", "F#m7b5/E", "Bb/D", "N", "N.C.", "X", *WRONG]
    for text in texts:
        try:
            chord = parse_chord(text)
        except BassnbError:
            yield {"text": text, "chord": False}
            continue
        parts = {"root": chord.root, "steps": list(chord.steps), "bass": chord.bass}
        yield {"text": text, "chord": None if chord.root is None else parts}


def progressions():
    """Tones of chords on a song, and some of their sound."""
    seconds = 9.7
    for text, bars, tempo, first, meter in TEXTS:
        beats = given_beats(tempo, seconds, first, meter)
        spans = on_beats(placed_of_text(text, bars), beats, seconds, unit=meter)
        tones = tones_of(list(merged(spans)))
        wish = {"chords": text, "tempo": tempo, "first_beat": first, "meter": meter}
        yield {
            "wish": {**wish, **({"bars_per_chord": bars} if bars else {})},
            "seconds": seconds,
            "tones": [vars(tone) for tone in tones],
            "pad": play_tones(tones, 0, round(seconds * SAMPLE_RATE))[0, ::100].tolist(),
        }


def regions():
    """Steps that are played again, and the crossfade of two sounds around them."""
    steps, rate = 24, 44_100
    seconds = 23.4 * 4096 / rate
    for spans in (
        [(0.5, 0.75)],
        [(0.0, 0.01), (2.0, 2.3)],
        [(1.0, seconds)],
        [(0.3, 1.0), (0.9, 1.5)],
    ):
        again = steps_again([Region(*span) for span in spans], steps, rate, seconds)
        fresh, kept = torch.ones(2, 95_846), torch.full((2, 95_846), -1.0)
        wave = torch.cat(list(crossfaded([fresh], [kept], again, 5, rate)), -1)
        yield {
            "regions": spans,
            "steps": steps,
            "seconds": seconds,
            "again": again.tolist(),
            "wave": wave[0, ::50].tolist(),
        }
