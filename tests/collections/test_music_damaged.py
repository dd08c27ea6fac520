"""Damaged or hostile scores are read or refused in little time and memory."""

import os
import zipfile

import numpy as np
import pytest

from bassnb.collections.midi import LARGEST, LONGEST, read_midi
from bassnb.collections.musicxml import read_musicxml
from bassnb.errors import DataError
from bassnb.studies.transfer_songs.excerpts import excerpt_of

ODD = (
    b"abc",
    b"-1",
    b"0",
    b"1e308",
    b"nan",
    b"-inf",
    b"",
    b"9" * 20,
    b"1.5",
    "é".encode(),
    b"-1e9",
    b"1e-300",
)
PATCHES = (
    b"\xff\xff\xff\xff",
    b"\x7f\xff\xff\xff",
    b"\x00\x00\x00\x00",
    b"\xff\xff\xff\x7f",
    b"\x00\x00\x00\x80",
)


def midi(*tracks, division=240):
    chunks = b"".join(b"MTrk" + len(track).to_bytes(4, "big") + track for track in tracks)
    return (
        b"MThd\x00\x00\x00\x06\x00\x01"
        + len(tracks).to_bytes(2, "big")
        + division.to_bytes(2, "big")
        + chunks
    )


def line(channel, program, low):
    """Sixteen quarter notes."""
    notes = b"".join(
        bytes([0, 0x90 | channel, low + k % 12, 90, 0x81, 0x70, 0x80 | channel, low + k % 12, 0])
        for k in range(16)
    )
    return (
        b"\x00\xff\x51\x03\x07\xa1\x20"
        + bytes([0, 0xC0 | channel, program])
        + notes
        + b"\x00\xff\x2f\x00"
    )


def musicxml():
    def bar(octave):
        notes = "".join(
            f"<note><pitch><step>{step}</step><alter>0</alter><octave>{octave}</octave></pitch><duration>2</duration>"
            '<tie type="start"/><staff>1</staff></note>'
            for step in "CEGA"
        )
        return (
            "<measure><attributes><divisions>2</divisions><transpose><chromatic>-2</chromatic><octave-change>0</octave-change>"
            f'</transpose></attributes><sound tempo="120"/>{notes}<backup><duration>4</duration></backup><forward>'
            "<duration>4</duration></forward></measure>"
        )

    parts = "".join(
        f'<part id="P{number}">{bar(octave) * 4}</part>' for number, octave in ((1, 2), (2, 4))
    )
    heads = "".join(
        f'<score-part id="P{number}"><part-name>{name}</part-name><midi-instrument><midi-program>{program}'
        "</midi-program></midi-instrument></score-part>"
        for number, name, program in ((1, "Bass", 34), (2, "Piano", 1))
    )
    return f'<?xml version="1.0" encoding="UTF-8"?><score-partwise><part-list>{heads}</part-list>{parts}</score-partwise>'.encode()


def compressed(path, content):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("score.xml", content)
    return path.read_bytes()


def damaged(rng, data):
    """Bytes changed, patched, cut out or repeated, at one place or at many."""
    data, kind = bytearray(data), rng.integers(4)
    for _ in range(rng.choice([1, 1, 2, 8, 64])):
        place = int(rng.integers(len(data)))
        if kind == 0:
            data[place] = rng.integers(256)
        elif kind == 1:
            data[place : place + 4] = PATCHES[rng.integers(len(PATCHES))]
        elif kind == 2 and len(data) > 100:
            del data[place : place + int(rng.integers(1, 64))]
        else:
            data[place:place] = data[: rng.integers(1, 100)]
    return bytes(data)


def odd_values(rng, data):
    """MusicXML with other numbers and words."""
    pieces = data.replace(b">", b">\0").replace(b"<", b"\0<").split(b"\0")
    values = [index for index, piece in enumerate(pieces) if piece and b"<" not in piece]
    for index in rng.choice(values, rng.choice([1, 1, 3])):
        pieces[index] = ODD[rng.integers(len(ODD))]
    return b"".join(pieces)


@pytest.mark.evidence("damaged-scores")
@pytest.mark.parametrize("kind", ["mid", "mxl", "musicxml", "values"])
def test_damaged_scores_are_read_or_refused(tmp_path, kind, tally):
    rng, path = np.random.default_rng(0), tmp_path / f"score.{kind.replace('values', 'musicxml')}"
    read = read_midi if kind == "mid" else read_musicxml
    whole = {"mid": midi(line(0, 33, 40), line(1, 0, 60)), "mxl": compressed(path, musicxml())}.get(
        kind, musicxml()
    )
    path.write_bytes(whole)
    assert excerpt_of(read(path), "whole", 4.0).part("bass").notes
    done = {"read": 0, "refused": 0}
    for _ in range(1000):
        path.write_bytes((odd_values if kind == "values" else damaged)(rng, whole))
        try:
            score = read(path)
            for part in score.parts:
                assert part.notes and all(
                    0 <= note.pitch < 128 and 0 <= note.start < note.end < 1e8
                    for note in part.notes
                )
            done["read"] += 1
            song = excerpt_of(score, "damaged", 4.0)
            assert 0 <= song.tempo <= 1300 and np.isfinite(song.beats).all()
        except DataError as error:
            done["refused"] += str(error).count("\n") == 0
        tally()
    assert done["read"] and done["refused"]  # damage of both kinds was tried


@pytest.mark.evidence("endless-scores")
@pytest.mark.parametrize(
    "content, words",
    [
        (
            midi(b"\x00\x90\x40\x40" + b"\xff\xff\xff\x7f\x80\x40\x00", division=1),
            "quarter notes; give a file of fewer",
        ),
        # a number of a million bytes
        (midi(b"\x00\x90\x40\x40" + b"\x80" * 1_000_000 + b"\x01\x80\x40\x00"), "holds no notes"),
        (midi(line(0, 33, 40)) + b"\x00" * LARGEST, "holds more than 10 MB"),
    ],
)
def test_music_without_end_is_refused(tmp_path, content, words):
    (tmp_path / "score.mid").write_bytes(content)
    with pytest.raises(DataError, match=words):
        read_midi(tmp_path / "score.mid")


def test_no_tempo_is_too_fast(tmp_path):
    both = midi(line(0, 33, 40), line(1, 0, 60))
    (tmp_path / "score.mid").write_bytes(
        both.replace(b"\x51\x03\x07\xa1\x20", b"\x51\x03\x00\x00\x00")
    )
    song = excerpt_of(read_midi(tmp_path / "score.mid"), "fast", 0.4)
    assert song.tempo == 1200 and len(song.beats) == 8


@pytest.mark.evidence("pipes-called-scores")
@pytest.mark.parametrize("suffix", ["mid", "musicxml", "mxl"])
def test_pipes_and_folders_are_refused(tmp_path, suffix):
    os.mkfifo(tmp_path / f"pipe.{suffix}")
    (tmp_path / f"folder.{suffix}").mkdir()
    for name in ("pipe", "folder"):
        with pytest.raises(DataError, match="it is no plain file"):
            (read_midi if suffix == "mid" else read_musicxml)(tmp_path / f"{name}.{suffix}")


def test_archives_in_unusual_compressions_are_not_unpacked(tmp_path):
    with zipfile.ZipFile(tmp_path / "score.mxl", "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("score.xml", musicxml())
    with pytest.raises(DataError, match="cannot be read as MusicXML"):
        read_musicxml(tmp_path / "score.mxl")


def test_the_limit_leaves_room_for_the_longest_works():
    assert LONGEST / 240 > 400  # minutes at 240 quarter notes a minute
