"""Keys and scales are the pitch classes that musicians mean."""

import pytest

from bassnb.control.chords import NAMES
from bassnb.control.key import SCALES, parse_key
from bassnb.errors import DataError
from tests.refusals import assert_sentence


@pytest.mark.parametrize(
    "text, tones",
    [
        ("A minor", "A B C D E F G"),
        ("Am", "A B C D E F G"),
        ("C", "C D E F G A B"),
        ("D dorian", "D E F G A B C"),
        ("Bb major", "Bb C D Eb F G A"),
        ("F♯  minor pentatonic", "F# A B C# E"),
        ("A harmonic minor", "A B C D E F Ab"),
    ],
)
def test_tones_of_a_key(text, tones):
    key = parse_key(text)
    assert key.pitch_classes == {NAMES.index(name) for name in tones.split()}
    assert NAMES[key.tonic] == tones.split()[0]


def test_every_scale_begins_with_its_tonic():
    assert all(steps[0] == 0 and list(steps) == sorted(set(steps)) for steps in SCALES.values())


@pytest.mark.parametrize("text", ["", "H minor", "minor", "A mineur", "Am minor", "a minor", "A 1"])
def test_what_is_no_key(text):
    with pytest.raises(DataError) as refusal:
        parse_key(text)
    assert_sentence(refusal.value, "key", "dorian")
