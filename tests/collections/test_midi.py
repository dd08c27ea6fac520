"""MIDI files, written byte by byte, with faults that are common in real files."""

import pytest

from bassnb.collections.midi import read_midi
from bassnb.errors import DataError

NAME, END = b"\x00\xff\x03\x04Bass", b"\x00\xff\x2f\x00"


def track(*events):
    """A chunk of events, each its own delta time and message."""
    body = b"".join(events)
    return b"MTrk" + len(body).to_bytes(4, "big") + body


def midi(*tracks, division=480):
    """A file of type 1."""
    return (
        b"MThd"
        + (6).to_bytes(4, "big")
        + (1).to_bytes(2, "big")
        + len(tracks).to_bytes(2, "big")
        + division.to_bytes(2, "big")
        + b"".join(tracks)
    )


def tempo(delta, microseconds):
    """A tempo event after `delta` (one byte) ticks."""
    return bytes([delta]) + b"\xff\x51\x03" + microseconds.to_bytes(3, "big")


@pytest.fixture
def write(tmp_path):
    """Put bytes into a file and read it."""

    def reader(content):
        path = tmp_path / "song.mid"
        path.write_bytes(content)
        return read_midi(path)

    return reader


def test_notes_programs_and_volume(write):
    score = write(
        midi(
            track(
                NAME,
                b"\x00\xc1\x21",
                b"\x00\xb1\x07\x32",
                b"\x00\xb1\x0a\x20",
                b"\x00\x91\x1c\x50",
                b"\x83\x60\x81\x1c\x00",
                END,
            )
        )
    )
    (part,) = score.parts
    assert (part.name, part.program, part.is_drum) == ("Bass", 33, False)
    # half the volume is 12 dB less
    assert part.gain_db == pytest.approx(-12.04, abs=0.01) and part.pan == -0.5
    (note,) = part.notes
    # 480 ticks at 120
    assert (note.pitch, note.velocity, note.start, note.end) == (28, 80, 0.0, 0.5)
    assert score.beats[:2] == (0.0, 0.5)


def test_running_status_and_a_beginning_of_velocity_zero(write):
    score = write(
        midi(
            track(b"\x00\x90\x3c\x40", b"\x60\x3e\x40", b"\x60\x3c\x00", b"\x00\x3e\x00", END),
            division=96,
        )
    )
    assert [(note.pitch, note.start, note.end) for note in score.parts[0].notes] == [
        (60, 0.0, 1.0),
        (62, 0.5, 1.0),
    ]


def test_tempo_changes_of_another_track_count(write):
    score = write(
        midi(
            track(tempo(0, 500_000), tempo(96, 1_000_000), END),
            track(b"\x60\x90\x3c\x40", b"\x60\x80\x3c\x00", END),
            division=96,
        )
    )
    assert (score.parts[0].notes[0].start, score.parts[0].notes[0].end) == (0.5, 1.5)


def test_the_tenth_channel_is_drums_and_a_new_program_a_new_part(write):
    score = write(
        midi(
            track(
                b"\x00\x99\x24\x70",
                b"\x30\x89\x24\x00",
                b"\x00\xc0\x05",
                b"\x00\x90\x40\x40",
                b"\x30\x80\x40\x00",
                b"\x00\xc0\x06",
                b"\x00\x90\x41\x40",
                b"\x30\x80\x41\x00",
                END,
            )
        )
    )
    assert [(part.program, part.is_drum) for part in score.parts] == [
        (5, False),
        (6, False),
        (0, True),
    ]


def test_a_note_struck_twice_and_a_note_without_an_end(write):
    score = write(
        midi(
            track(
                b"\x00\x90\x40\x40",
                b"\x60\x90\x40\x50",
                b"\x00\x90\x43\x50",
                b"\x60\xb0\x40\x00",
                END,
            ),
            division=96,
        )
    )
    assert [(note.pitch, note.start, note.end) for note in score.parts[0].notes] == [
        (64, 0.0, 0.5),
        (64, 0.5, 1.0),
        (67, 0.5, 1.0),
    ]


def test_broken_metadata_foreign_chunks_and_a_torn_track_are_passed_over(write):
    good = track(
        b"\x00\xff\x59\x02\x01\xff",
        b"\x00\xf0\x02\x01\xf7",
        b"\x00\x90\x40\x40",
        b"\x60\x80\x40\x00",
        END,
    )
    torn = b"MTrk\x00\x00\x00\x20\x00\x91\x30\x40\x60\x81\x30"
    score = write(midi(b"XFIH\x00\x00\x00\x01x", good, torn, division=96))
    assert score.parts[0].notes[0].pitch == 64


@pytest.mark.parametrize(
    "content", [b"", b"RIFFxxxxWAVE0000", midi(track(END)), midi(track(END), division=0xE728)]
)
def test_what_is_not_music_is_refused_in_one_sentence(write, content):
    with pytest.raises(DataError, match=r"song\.mid .* give"):
        write(content)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        read_midi(tmp_path / "none.mid")
