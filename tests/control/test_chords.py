"""Chord symbols of lead sheets and of Harte mean the pitch classes that musicians mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bassnb.control.chords import NAMES, parse_chord
from bassnb.errors import DataError
from tests.refusals import assert_sentence

TONES = {  # symbol -> names of its tones, the bass first
    "C": "C E G",
    "Am": "A C E",
    "F#m7b5": "F# A C E",
    "Bb7": "Bb D F Ab",
    "Gsus4": "G C D",
    "Gsus": "G C D",
    "Asus2": "A B E",
    "C/E": "E C G",
    "Bbm7/Ab": "Ab Bb C# F",
    "Ebmaj9": "Eb G Bb D F",
    "C-7": "C Eb G Bb",
    "Cmi7": "C Eb G Bb",
    "CM7": "C E G B",
    "CΔ7": "C E G B",
    "C♯m": "C# E Ab",
    "B♭7": "Bb D F Ab",
    "Cm(maj7)": "C Eb G B",
    "CmM7": "C Eb G B",
    "Cø": "C Eb F# Bb",
    "C°7": "C Eb F# A",
    "Cdim": "C Eb F#",
    "C+": "C E Ab",
    "C+7": "C E Ab Bb",
    "C7+9": "C E G Bb Eb",
    "C7-9": "C E G Bb C#",
    "C7#9": "C E G Bb Eb",
    "G7(b9)": "G B D F Ab",
    "C6/9": "C E G A D",
    "C6": "C E G A",
    "C13": "C E G Bb D A",
    "Cm11": "C Eb G Bb D F",
    "C7alt": "C E Bb C# Eb Ab",
    "C5": "C G",
    "Cadd9": "C D E G",
    "C9sus4": "C F G Bb D",
    "C7no3": "C G Bb",
    "Cmaj7#11": "C E G B F#",
    "C:maj7": "C E G B",
    "A:min/b3": "C A E",
    "C:hdim7": "C Eb F# Bb",
    "C:minmaj7": "C Eb G B",
    "C:maj(9)": "C E G D",
    "C:(3,5,b7)": "C E G Bb",
    "C:7(*5,13)": "C E Bb A",
    "C:sus4(b7)": "C F G Bb",
    "C:maj/9": "D C E G",
    "C:1": "C",
}


@pytest.mark.parametrize("symbol", TONES)
def test_tones_of_a_symbol(symbol):
    chord, tones = parse_chord(symbol), [NAMES.index(name) for name in TONES[symbol].split()]
    assert chord.pitch_classes == set(tones) and chord.bass == tones[0]
    assert chord.text == symbol and (chord.root in tones) and 0 in chord.steps


@pytest.mark.parametrize("symbol", ["N", "N.C.", "NC", "X"])
def test_no_chord(symbol):
    chord = parse_chord(symbol)
    assert chord.root is None and not chord.pitch_classes


@pytest.mark.parametrize(
    "symbol",
    ["", "H7", "c", "am", "Cfoo", "CC", "C/E/G", "C/H", "C:foo", "C:maj/b99", "Cadd99", "%", "C77"]
    + ["C:maj(", "C:(,)", "Hm7", "C7m9m", "🎸", "C" + "b" * 400 + "x"],
)
def test_what_is_no_chord(symbol):
    with pytest.raises(DataError) as refusal:
        parse_chord(symbol, "chord 3 of the progression")
    assert_sentence(refusal.value, "chord 3 of the progression", symbol[:30])


@given(st.text(max_size=12))
def test_any_text_is_a_chord_or_refused(text):
    try:
        chord = parse_chord(text)
    except DataError:
        return
    assert all(0 <= tone < 12 for tone in chord.pitch_classes)
