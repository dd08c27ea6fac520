"""Chords in time: text on bars, labels at their times, and a sentence for everything else."""

import pytest

from bassnb.control.beats import Beats, given_beats
from bassnb.control.chords import NO_CHORD, parse_chord
from bassnb.control.progression import (
    LARGEST,
    Span,
    chord_file,
    merged,
    on_beats,
    placed_of_text,
    read_labels,
    read_text,
)
from bassnb.errors import DataError
from tests.refusals import assert_sentence


def short(placed):
    return [(one.chord.text, one.length) for one in placed]


def test_every_chord_lasts_a_bar_or_as_long_as_is_said():
    assert short(placed_of_text("Am F")) == [("Am", 1), ("F", 1)]
    assert short(placed_of_text("Am F", 0.5)) == [("Am", 0.5), ("F", 0.5)]


def test_bar_lines_divide_a_bar_equally():
    assert short(placed_of_text("| Am F | C |")) == [("Am", 0.5), ("F", 0.5), ("C", 1)]


def test_a_percent_sign_repeats_a_chord_or_a_bar():
    assert short(placed_of_text("Am %")) == [("Am", 1), ("Am", 1)]
    repeated = short(placed_of_text("| Am F | % | C % |"))
    assert repeated == [("Am", 0.5), ("F", 0.5)] * 2 + [("C", 0.5), ("C", 0.5)]


def test_a_bar_is_repeated_more_than_once():
    assert short(placed_of_text("| Am F | % | % |")) == [("Am", 0.5), ("F", 0.5)] * 3


def test_comments_and_headings_of_a_lead_sheet():
    sheet = "# a song\n[Verse]\n| Am | F |\n\n[Chorus]\n| C | N.C. |\n"
    assert [name for name, _ in short(placed_of_text(sheet))] == ["Am", "F", "C", "N.C."]


@pytest.mark.parametrize("text", ["", "|", "| |", "# nothing", "%", "| % |", "Am Hm7", "Am F,C"])
def test_what_is_no_progression(text):
    with pytest.raises(DataError) as refusal:
        placed_of_text(text, source="song.txt")
    assert_sentence(refusal.value, "song.txt")


def test_the_place_of_a_wrong_chord():
    with pytest.raises(DataError, match="chord 4 of the progression, 'Hm7'"):
        placed_of_text("| Am F | % | Hm7 |")


def test_bar_lines_and_a_length():
    with pytest.raises(DataError) as refusal:
        placed_of_text("| Am |", 2)
    assert_sentence(refusal.value, "bars_per_chord")


def test_chords_lie_on_bars_and_come_again_to_the_end():
    beats = given_beats(120, 11, first_beat=1, meter=4)
    spans = on_beats(placed_of_text("Am F"), beats, 11, unit=4)
    assert [(s.start, round(s.end, 6), s.chord.text) for s in spans] == [
        (0, 3, "Am"),
        (3, 5, "F"),
        (5, 7, "Am"),
        (7, 9, "F"),
        (9, 11, "Am"),
    ]


def test_chords_follow_a_tempo_that_changes():
    beats = Beats(pytest.importorskip("numpy").array([0.0, 1.0, 2.0, 2.5, 3.0]), 2, 0)
    ends = [span.end for span in on_beats(placed_of_text("C D"), beats, 4.0, unit=2)]
    assert ends == [2.0, 3.0, 4.0]


def test_labels(tmp_path):
    file = tmp_path / "song.lab"
    file.write_text("# made by hand\n0.0\t2.5\tN\n2.5 4 A:min/b3\n\n5.0 6 C:maj\n")
    assert [(s.start, s.end, s.chord.text) for s in read_labels(file)] == [
        (0.0, 2.5, "N"),
        (2.5, 4.0, "A:min/b3"),
        (5.0, 6.0, "C:maj"),
    ]


@pytest.mark.parametrize(
    "text, named",
    [
        ("0 1 C\n1 2 H\n", "line 2"),
        ("0 1 C\n0.5 2 D\n", "line 2"),
        ("1 1 C\n", "line 1"),
        ("0 C\n", "line 1"),
        ("nan 1 C\n", "line 1"),
        ("", "no label"),
    ],
)
def test_what_is_no_label(tmp_path, text, named):
    file = tmp_path / "song.lab"
    file.write_text(text)
    with pytest.raises(DataError) as refusal:
        read_labels(file)
    assert_sentence(refusal.value, named, "song.lab")


def test_files_that_are_no_text(tmp_path):
    file = tmp_path / "song.txt"
    file.write_bytes(b"\xff\xfe\x00")
    for path in (file, tmp_path / "missing.txt", tmp_path):
        with pytest.raises(DataError) as refusal:
            read_text(path)
        assert_sentence(refusal.value, path)
    file.write_text("C " * LARGEST)
    with pytest.raises(DataError) as refusal:
        placed_of_text(read_text(file))
    assert_sentence(refusal.value)


def test_names_of_files():
    assert chord_file("song.LAB") == "song.LAB" and chord_file("a b/song.mid") == "a b/song.mid"
    assert (
        chord_file("Am F C G") is None and chord_file("C N.C.") is None and chord_file(None) is None
    )


def test_neighbours_of_one_chord_are_one():
    c, d = parse_chord("C"), parse_chord("D")
    spans = [Span(0, 1, c), Span(1, 2, c), Span(2, 3, NO_CHORD), Span(3, 4, c), Span(4, 5, d)]
    assert list(merged(spans)) == [Span(0, 2, c), Span(3, 4, c), Span(4, 5, d)]
