"""MusicXML line by line: chords, voices, ties, transposition, tempo."""

import zipfile

import pytest

from bassnb.collections.musicxml import read_musicxml
from bassnb.errors import DataError


def note(step, octave, duration, *inside, alter=""):
    """One note element."""
    pitch = f"<pitch><step>{step}</step>{alter}<octave>{octave}</octave></pitch>"
    before = "".join(tag for tag in inside if tag == "<chord/>" or tag == "<grace/>")
    after = "".join(tag for tag in inside if tag not in before)
    return f"<note>{before}{pitch}<duration>{duration}</duration>{after}</note>"


def score(*measures, extra=""):
    """A score of one cello part with two divisions a quarter."""
    bars = "".join(f"<measure>{bar}</measure>" for bar in measures)
    return (
        '<?xml version="1.0"?><score-partwise><part-list><score-part id="P1"><part-name> Cello </part-name>'
        '<midi-instrument id="I1"><midi-program>43</midi-program></midi-instrument></score-part></part-list>'
        f'<part id="P1"><measure><attributes><divisions>2</divisions>{extra}</attributes><sound tempo="60"/></measure>{bars}</part>'
        "</score-partwise>"
    )


def read(tmp_path, text):
    path = tmp_path / "score.musicxml"
    path.write_text(text)
    return read_musicxml(path)


def notes_of(result):
    return [(n.pitch, n.start, n.end) for n in result.parts[0].notes]


def test_notes_rests_and_chords(tmp_path):
    rest = "<note><rest/><duration>2</duration></note>"
    result = read(
        tmp_path, score(note("C", 3, 2) + rest + note("E", 3, 4) + note("G", 3, 4, "<chord/>"))
    )
    assert notes_of(result) == [(48, 0.0, 1.0), (52, 2.0, 4.0), (55, 2.0, 4.0)]
    assert result.parts[0].name == "Cello" and result.parts[0].program == 42
    assert result.beats == (0.0, 1.0, 2.0, 3.0, 4.0)


def test_a_second_voice_goes_back_and_a_second_staff_is_a_part(tmp_path):
    back = "<backup><duration>4</duration></backup>"
    bar = note("C", 5, 4, "<staff>1</staff>") + back + note("C", 3, 4, "<staff>2</staff>")
    result = read(tmp_path, score(bar, note("D", 5, 2, "<staff>1</staff>")))
    assert [part.notes[0].pitch for part in result.parts] == [72, 48]
    assert notes_of(result) == [(72, 0.0, 2.0), (74, 2.0, 3.0)]


def test_ties_join_over_the_bar(tmp_path):
    start, stop = '<tie type="start"/>', '<tie type="stop"/>'
    result = read(
        tmp_path,
        score(
            note("A", 2, 4, start),
            note("A", 2, 4, stop, start),
            note("A", 2, 2, stop) + note("A", 2, 2),
        ),
    )
    assert notes_of(result) == [(45, 0.0, 5.0), (45, 5.0, 6.0)]


def test_transposition_alteration_grace_notes_and_tempo(tmp_path):
    extra = "<transpose><chromatic>-2</chromatic></transpose>"
    sharp = note("F", 4, 2, alter="<alter>1</alter>")
    grace = "<note><grace/><pitch><step>C</step><octave>4</octave></pitch></note>"
    result = read(tmp_path, score(grace + sharp, '<sound tempo="120"/>' + sharp, extra=extra))
    assert notes_of(result) == [(64, 0.0, 1.0), (64, 1.0, 1.5)]


def test_the_compressed_form_is_the_same(tmp_path):
    text = score(note("C", 3, 2))
    with zipfile.ZipFile(tmp_path / "score.mxl", "w") as archive:
        archive.writestr("META-INF/container.xml", "<container/>")
        archive.writestr("inside.xml", text)
    assert read_musicxml(tmp_path / "score.mxl") == read(tmp_path, text)


@pytest.mark.parametrize("text", ["no xml", "<score-timewise/>", score("")])
def test_what_is_no_score_is_refused_in_one_sentence(tmp_path, text):
    with pytest.raises(DataError, match=r"score\.musicxml .*(give|export)"):
        read(tmp_path, text)


@pytest.mark.evidence("score-archive-bomb")
def test_a_bomb_is_not_unpacked(tmp_path):
    with zipfile.ZipFile(tmp_path / "bomb.mxl", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inside.xml", b" " * 200_000_000)
    with pytest.raises(DataError, match="more than 50 MB"):
        read_musicxml(tmp_path / "bomb.mxl")


def test_a_score_without_end_is_refused(tmp_path):
    with pytest.raises(DataError, match="quarter notes"):
        read(tmp_path, score(note("C", 3, 10**12)))


def test_entities_that_multiply_are_refused(tmp_path):
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    with pytest.raises(DataError, match="cannot be read as MusicXML"):
        read(
            tmp_path,
            f'<!DOCTYPE x [<!ENTITY e0 "many">{entities}]><score-partwise>&e9;</score-partwise>',
        )
