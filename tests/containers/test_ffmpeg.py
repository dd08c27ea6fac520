"""Formats that libsndfile does not read: what ffmpeg is asked for, and what becomes of its answers."""

import json
import os
import shutil
import subprocess
import sys
import textwrap

import numpy as np
import pytest
import soundfile
import torch

from bassnb.audio import read_audio, read_blocks, read_stretch
from bassnb.containers import ffmpeg, segments_of
from bassnb.errors import AudioError
from bassnb.level import rms

REAL = shutil.which(ffmpeg.PROGRAM)
needs_ffmpeg = pytest.mark.skipif(not REAL, reason="ffmpeg is not installed")
MAGIC = {  # a few first bytes of each format
    "mov": b"\0\0\0\x1cftypM4A ",
    "aac": b"\xff\xf1\x50\x80\x24\x5f\xfc\xde",
    "matroska": b"\x1aE\xdf\xa3\x9fB\x86\x81",
    "asf": b"0&\xb2u\x8ef\xcf\x11",
}


def install(tmp_path, monkeypatch, body):
    """A program named ffmpeg, written in Python, as the only one on the PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    path = folder / "ffmpeg"
    path.write_text(
        f"#!{sys.executable}\nimport json, os, struct, sys, time\n{textwrap.dedent(body)}"
    )
    path.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    return folder


SOUND = """
    sys.stdout.buffer.write(struct.pack(">4s5I", b".snd", 32, 2**32 - 1, 6, 44100, 2) + bytes(8))
    sys.stdout.buffer.write(struct.pack(">6f", 0.1, -0.1, 0.2, -0.2, 0.3, -0.3))
"""


@pytest.fixture
def sound(tmp_path):
    """Three seconds of two sines, as WAV."""
    t = np.arange(3 * 44_100) / 44_100
    waves = np.stack([0.3 * np.sin(2 * np.pi * 220 * t), 0.2 * np.sin(2 * np.pi * 331 * t)], 1)
    soundfile.write(tmp_path / "sound.wav", waves, 44_100)
    return tmp_path / "sound.wav"


def encode(source, path, *words):
    command = [REAL, "-y", "-loglevel", "error", "-i", source, *words, f"file:{path}"]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return path


# -- without the program ---------------------------------------------------------------------------


@pytest.mark.parametrize("demuxer", MAGIC)
def test_first_bytes_choose_the_reader(demuxer, tmp_path):
    path = tmp_path / "song.wav"  # the suffix does not
    path.write_bytes(MAGIC[demuxer] + bytes(100))
    assert segments_of(path)[0].demuxer == demuxer


@pytest.mark.parametrize(
    "magic", [b"RIFF....", b"fLaC....", b"OggS....", b"\xff\xfb\x90\x64....", b""]
)
def test_what_libsndfile_reads_is_left_to_it(magic):
    assert ffmpeg.demuxer_of(magic) is None


def test_one_sentence_where_ffmpeg_is_missing(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    path = tmp_path / "song.m4a"
    path.write_bytes(MAGIC["mov"])
    with pytest.raises(AudioError) as refusal:
        read_audio(path)
    assert str(refusal.value) == (
        f"{path} is in a format that needs ffmpeg; install it or convert the file to WAV"
    )


# -- what it is asked for --------------------------------------------------------------------------

posix = pytest.mark.skipif(os.name != "posix", reason="the program is a script")
NAMES = [
    "-y.m4a",
    "http:x%20.m4a",
    "concat:a|b.m4a",
    "a;rm x.m4a",
    "$(ls).m4a",
    "\udcff.m4a",
    "a b\n.m4a",
]


@posix
@pytest.mark.evidence("nothing-evaluated-or-started")
@pytest.mark.parametrize("name", NAMES)
def test_names_are_neither_options_nor_addresses(name, tmp_path, monkeypatch):
    record = tmp_path / "words"
    install(
        tmp_path,
        monkeypatch,
        f"json.dump([os.fsencode(w).hex() for w in sys.argv[1:]], open({str(record)!r}, 'w'))\n"
        + textwrap.dedent(SOUND),
    )
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_bytes(MAGIC["mov"])
    wave = read_audio(name)
    assert torch.allclose(wave, torch.tensor([[0.1, 0.2, 0.3], [-0.1, -0.2, -0.3]]))
    words = [bytes.fromhex(word) for word in json.loads(record.read_text())]
    at = words.index(b"-i")
    assert words[at + 1] == b"file:" + os.fsencode(name)
    assert words[at - 4 : at] == [b"-protocol_whitelist", b"file,pipe", b"-f", b"mov"]
    assert b"-nostdin" in words[:at] and words[-1] == b"pipe:1" and words.count(b"-i") == 1


# -- what it answers -------------------------------------------------------------------------------


@posix
@pytest.mark.evidence("damaged-sound-files")
@pytest.mark.parametrize(
    "body, reason",
    [
        (
            "print('[mov @ 0x55] x\\nfile:a: moov atom not found', file=sys.stderr); sys.exit(1)",
            "moov atom not found",
        ),
        ("sys.exit(3)", "ffmpeg says: 3"),
        ("pass", "no sound"),
        ("sys.stdout.buffer.write(b'RIFF' + bytes(100))", "no sound"),
        ("sys.stdout.buffer.write(struct.pack('>4s5I', b'.snd', 32, 0, 6, 44100, 0))", "no sound"),
        ("sys.stdout.buffer.write(struct.pack('>4s5I', b'.snd', 24, 0, 6, 3, 2))", "rate of 3 Hz"),
        (
            "sys.stdout.buffer.write(struct.pack('>4s5I', b'.snd', 24, 0, 6, 44100, 2))",
            "no samples",
        ),
        (SOUND + "    sys.stdout.flush(); sys.exit(1)", "ffmpeg says: 1"),
        (SOUND + "    sys.stdout.buffer.write(struct.pack('>2f', float('nan'), 0))", "NaN"),
    ],
)
def test_whatever_ffmpeg_answers_is_a_sentence(body, reason, tmp_path, monkeypatch):
    install(tmp_path, monkeypatch, body)
    path = tmp_path / "song.m4a"
    path.write_bytes(MAGIC["mov"])
    with pytest.raises(AudioError, match=reason) as refusal:
        read_audio(path)
    assert len(str(refusal.value).splitlines()) == 1 and str(path) in str(refusal.value)


@posix
def test_ffmpeg_that_hangs_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(ffmpeg, "PATIENCE", 0.5)
    install(tmp_path, monkeypatch, "os.write(2, str(os.getpid()).encode()); time.sleep(600)")
    path = tmp_path / "song.m4a"
    path.write_bytes(MAGIC["mov"])
    with pytest.raises(AudioError, match="did nothing for"):
        read_audio(path)


@posix
def test_ffmpeg_ends_with_its_reader(tmp_path, monkeypatch):
    record = tmp_path / "pid"
    install(
        tmp_path,
        monkeypatch,
        f"open({str(record)!r}, 'w').write(str(os.getpid()))\n"
        + textwrap.dedent(SOUND)
        + "for _ in range(10**6): sys.stdout.buffer.write(bytes(2**16))",
    )
    path = tmp_path / "song.m4a"
    path.write_bytes(MAGIC["mov"])
    blocks = read_blocks(path, frames=1000)
    assert next(blocks).shape == (2, 1000)
    blocks.close()
    with pytest.raises(ProcessLookupError):
        os.kill(int(record.read_text()), 0)


# -- the real one ----------------------------------------------------------------------------------


@needs_ffmpeg
@pytest.mark.parametrize("suffix, most", [("m4a", 0.1), ("mka", 0.03), ("webm", 0.03)])
def test_the_same_sound_in_other_formats(suffix, most, sound, tmp_path):
    words = ["-c:a", "aac"] if suffix == "m4a" else ["-c:a", "libvorbis"]
    wave, other = read_audio(sound), read_audio(encode(sound, tmp_path / f"x.{suffix}", *words))
    length = wave.shape[-1]
    assert length <= other.shape[-1] < length + 2048  # whole frames
    assert rms(wave - other[:, :length]) < most * rms(wave)
    found = read_stretch(tmp_path / f"x.{suffix}", 1.25, 5000)
    assert torch.equal(found, other[:, 55_125:60_125])


@needs_ffmpeg
def test_opus_is_read_without_ffmpeg(sound, tmp_path, monkeypatch):
    path = encode(sound, tmp_path / "x.opus", "-c:a", "libopus")
    monkeypatch.setenv("PATH", "")
    assert read_audio(path).shape == (2, 3 * 44_100)


@needs_ffmpeg
def test_the_mix_is_the_first_stream_of_a_stem_file(sound, tmp_path):
    soundfile.write(tmp_path / "other.wav", np.zeros((44_100, 2)), 44_100)
    words = ["-i", tmp_path / "other.wav", "-map", "0", "-map", "1", "-c:a", "alac"]
    path = encode(sound, tmp_path / "song.stem.mp4", *words)
    assert torch.equal(read_audio(path), read_audio(sound))


@needs_ffmpeg
@pytest.mark.evidence("damaged-sound-files")
def test_damaged_files_are_refused_or_read(sound, tmp_path, tally):
    path = encode(sound, tmp_path / "x.m4a", "-c:a", "aac", "-movflags", "faststart")
    whole, random = path.read_bytes(), np.random.default_rng(0)
    for case in range(12):
        data = bytearray(whole[: random.integers(8, len(whole)) if case % 2 else len(whole)])
        for place in random.integers(8, len(data), 30 if case > 5 else 2):
            data[place] = random.integers(256)
        path.write_bytes(data)
        try:
            assert read_audio(path).isfinite().all()
        except AudioError as refusal:
            assert len(str(refusal).splitlines()) == 1
        tally()


@needs_ffmpeg
@pytest.mark.evidence("nothing-evaluated-or-started")
def test_a_playlist_is_not_followed(sound, tmp_path):
    path = tmp_path / "list.m4a"
    path.write_text(f"#EXTM3U\n#EXTINF:3,\n{sound}\n")
    with pytest.raises(AudioError):
        read_audio(path)


@needs_ffmpeg
def test_too_long_is_refused(sound, tmp_path):
    path = encode(sound, tmp_path / "x.m4a")
    assert read_audio(path, longest=4).shape[-1] >= 3 * 44_100
    with pytest.raises(AudioError, match="longer than 2 s"):
        read_audio(path, longest=2)
