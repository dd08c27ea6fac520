"""Files are read to their true end, whatever their headers say, and written beyond the limits of
the libraries.
"""

import io
import struct
import threading
import wave as standard

import numpy as np
import pytest
import soundfile
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bassnb import audio
from bassnb.audio import read_audio, read_blocks, read_stretch, write_audio, write_blocks
from bassnb.containers import ogg, segments_of, writing
from bassnb.containers.reading import facts_of
from bassnb.errors import AudioError

pytestmark = pytest.mark.kind("limits of the libraries")
RATE = 44_100
KILOBITS = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)


def sound(frames, seed=0):
    """(N, 2): a tone, silent in places so that the bit rate varies, with a little noise that tells
    places apart.
    """
    t = np.arange(frames) / RATE
    noise = 0.05 * np.random.default_rng(seed).standard_normal((frames, 2))
    return ((0.3 * np.sin(2 * np.pi * 300 * t) * (np.sin(3 * t) > 0))[:, None] + noise).astype(
        np.float32
    )


def encoded(form, frames=3 * RATE, seed=0, rate=RATE, subtype=None):
    memory = io.BytesIO()
    soundfile.write(memory, sound(frames, seed), rate, format=form, subtype=subtype)
    return memory.getvalue()


def decoded(data):
    """What libsndfile reads in one go (2, N)."""
    return torch.from_numpy(soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)[0].T)


def written(path, data):
    path.write_bytes(data)
    return path


def check(path, expected):
    """All readers agree, to the sample: the whole, in blocks, and stretches at the beginning, in
    the middle, over the end.
    """
    length = expected.shape[-1]
    assert read_audio(path).shape == expected.shape and torch.equal(read_audio(path), expected)
    assert torch.allclose(
        torch.cat(list(read_blocks(path, frames=10_007)), -1), expected, atol=1e-6
    )
    assert sum(facts_of(path, segment)[1] for segment in segments_of(path)) == length
    for first in (0, length // 3, length // 2, length - 5000):
        wanted = torch.nn.functional.pad(expected, (0, 9000))[:, first : first + 9000]
        assert torch.allclose(read_stretch(path, first / RATE, 9000), wanted, atol=1e-6)


def headless(data):
    """An MP3 without its first frame, which says how many follow."""
    return data[144_000 * KILOBITS[data[2] >> 4] // RATE + (data[2] >> 1 & 1) :]


def counting(data, number):
    """An MP3 whose first frame says that so many follow."""
    place = data.index(b"Xing") + 8
    return data[:place] + struct.pack(">I", number) + data[place + 4 :]


# -- written ---------------------------------------------------------------------------------------


@pytest.mark.evidence("more-two-million-frames-written")
@pytest.mark.parametrize("suffix", [".ogg", ".mp3", ".flac", ".wav"])
def test_more_than_two_million_frames_are_written(tmp_path, suffix):
    wave = 0.1 * torch.ones(2, 2**21 + 10_000)
    wave[:, -5000:] = -0.2
    path = write_audio(tmp_path / f"a{suffix}", wave)
    back = read_audio(path)
    assert back.shape == wave.shape and [one.name for one in tmp_path.iterdir()] == [path.name]
    assert (back[:, -2500].mean() + 0.2).abs() < 0.02 and (back[:, 2**20].mean() - 0.1).abs() < 0.02


def test_a_thread_with_a_small_stack_writes_ogg(tmp_path):
    before, lengths = threading.stack_size(512 * 1024), []
    try:
        thread = threading.Thread(
            target=lambda: lengths.append(
                write_audio(tmp_path / "a.ogg", torch.zeros(2, 2**18)).stat().st_size
            )
        )
        thread.start()
        thread.join()
    finally:
        threading.stack_size(before)
    assert lengths


@pytest.mark.evidence("written-read-alike-blocks-stretches")
@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg", ".mp3"])
def test_what_is_written_is_read_alike_in_blocks_and_stretches(tmp_path, suffix):
    """libsndfile writes MP3 of variable bit rate, in which it does not find its place again between
    two reads.
    """
    path = write_audio(tmp_path / f"a{suffix}", torch.from_numpy(sound(30 * RATE).T))
    check(path, decoded(path.read_bytes()))


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT", "ULAW"])
def test_wav_beyond_its_largest_size_becomes_rf64(tmp_path, monkeypatch, subtype):
    wave = torch.from_numpy(sound(50_000).T)
    plain = write_audio(tmp_path / "plain.wav", wave, subtype=subtype)
    monkeypatch.setattr(audio, "make_readable", lambda path: writing.make_readable(path, 50_000))
    monkeypatch.setattr(writing, "MOVED", 4096)
    path = write_audio(tmp_path / "a.wav", wave, subtype=subtype)
    assert (
        path.read_bytes()[:4] == b"RF64"
        and soundfile.info(path).frames == 50_000
        and segments_of(path)[0].pieces == ()
    )
    assert torch.equal(decoded(path.read_bytes()), decoded(plain.read_bytes()))
    check(path, decoded(plain.read_bytes()))


def test_wav_below_it_is_what_everybody_knows(tmp_path):
    with standard.open(str(write_audio(tmp_path / "a.wav", torch.zeros(2, 100)))) as file:
        assert file.getnframes() == 100


# -- MP3 -------------------------------------------------------------------------------------------


def test_an_ordinary_mp3_is_left_to_libsndfile(tmp_path):
    path = written(tmp_path / "a.mp3", encoded("MP3"))
    assert segments_of(path)[0].pieces == ()
    check(path, decoded(path.read_bytes()))


@pytest.mark.evidence("mp3-wrong-number-frames")
@pytest.mark.parametrize("number", [0, 1, 20, 5000, 2**31])
def test_mp3_with_a_wrong_number_of_frames(tmp_path, number):
    data = encoded("MP3")
    check(written(tmp_path / "a.mp3", counting(data, number)), decoded(data))


@pytest.mark.parametrize(
    "rate, channels",
    [(44_100, 2), (44_100, 1), (32_000, 2), (48_000, 1), (24_000, 2), (22_050, 1), (8000, 2)],
)
def test_mp3_without_a_header_is_not_cut_at_its_beginning_or_end(tmp_path, rate, channels):
    memory = io.BytesIO()
    soundfile.write(memory, sound(2 * rate)[:, :channels], rate, format="MP3")
    data = memory.getvalue()
    whole, count = decoded(data), struct.unpack_from(">I", data, data.index(b"Xing") + 8)[0]
    spf = 1152 if rate >= 32_000 else 576
    version = {44_100: 1, 48_000: 1, 32_000: 1}.get(rate, 2)
    kilobits = (
        KILOBITS if version == 1 else (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
    )
    bare = data[
        (144_000 if version == 1 else 72_000) * kilobits[data[2] >> 4] // rate
        + (data[2] >> 1 & 1) :
    ]
    path = written(tmp_path / "a.mp3", bare)
    segment = segments_of(path)[0]
    assert facts_of(path, segment) == (rate, count * spf, channels)
    raw = torch.cat([block for _, block in audio._rated_blocks(path, [segment], 5000, "a")], -1)
    delay = next(
        d
        for d in range(2500)
        if torch.allclose(raw[:channels, d + 4000 : d + 6000], whole[:, 4000:6000], atol=1e-6)
    )
    assert torch.allclose(
        raw[:channels, delay + 1200 :][:, : whole.shape[1] - 1200], whole[:, 1200:], atol=1e-6
    )


def test_half_a_minute_of_mp3_without_a_header(tmp_path):
    data = encoded("MP3", 30 * RATE)
    path = written(tmp_path / "a.mp3", headless(data))
    assert read_audio(path).shape[1] >= 30 * RATE
    assert torch.allclose(
        read_stretch(path, 29, 4000), read_audio(path)[:, 29 * RATE :][:, :4000], atol=1e-6
    )


@pytest.mark.parametrize(
    "between",
    [b"", b"ID3\x04\0\0\0\0\x10\0" + bytes(2048), b"TAG" + bytes(125), bytes(range(256)) * 20],
    ids=["nothing", "ID3v2", "ID3v1", "damage"],
)
def test_joined_mp3s_are_both_read(tmp_path, between):
    one, other = encoded("MP3", 2 * RATE), encoded("MP3", 3 * RATE, seed=1)
    path = written(tmp_path / "a.mp3", one + between + other)
    check(path, torch.cat([decoded(one), decoded(other)], -1))


def test_joined_mp3s_of_two_rates(tmp_path):
    one, other = encoded("MP3", 2 * RATE), encoded("MP3", 2 * 22_050, rate=22_050)
    path = written(tmp_path / "a.mp3", one + other)
    assert abs(read_audio(path).shape[1] - 4 * RATE) < 3 and torch.equal(
        read_audio(path)[:, : 2 * RATE], decoded(one)
    )
    assert read_stretch(path, 1.9, RATE).square().mean(0)[-RATE // 2 :].mean() > 1e-4


@pytest.mark.parametrize(
    "junk",
    [b"ID3\x04\0\0\0\0\x10\0" + bytes(2048), bytes(5000), b"\xff" * 5000],
    ids=["ID3v2", "zeros", "ones"],
)
def test_mp3_with_something_in_the_middle(tmp_path, junk):
    data = encoded("MP3", 6 * RATE)
    place = 0
    while place < len(data) // 2:
        place += 144_000 * KILOBITS[data[place + 2] >> 4] // RATE + (data[place + 2] >> 1 & 1)
    assert read_audio(written(tmp_path / "a.mp3", data[:place] + junk + data[place:])).shape == (
        2,
        6 * RATE,
    )


# -- Ogg and FLAC ----------------------------------------------------------------------------------


@pytest.mark.evidence("chains-read-end")
@pytest.mark.parametrize(
    "form, subtype", [("OGG", "VORBIS"), ("OGG", "OPUS"), ("FLAC", "PCM_16"), ("FLAC", "PCM_24")]
)
@pytest.mark.parametrize(
    "lengths", [(2 * RATE, 3 * RATE), (RATE, RATE), (RATE, 2 * RATE, RATE)], ids=str
)
def test_chains_are_read_to_their_end(tmp_path, form, subtype, lengths):
    rate = 48_000 if subtype == "OPUS" else RATE
    parts = [
        encoded(form, length, seed=i, rate=rate, subtype=subtype)
        for i, length in enumerate(lengths)
    ]
    path = written(tmp_path / "a.ogg", b"".join(parts))
    assert len(segments_of(path)) == len(parts)
    if rate == RATE:
        check(path, torch.cat([decoded(part) for part in parts], -1))
    else:
        assert abs(read_audio(path).shape[1] - sum(lengths) * RATE / rate) <= 2


def test_the_same_flac_twice(tmp_path):
    data = encoded("FLAC", 5 * RATE)
    check(written(tmp_path / "a.flac", data + data), decoded(data).repeat(1, 2))


@pytest.mark.evidence("flac-wrong-number-samples")
@pytest.mark.parametrize("total", [0, 1000, 3 * RATE + 1, 10 * RATE, 2**36 - 1])
def test_flac_with_a_wrong_number_of_samples(tmp_path, total):
    data = encoded("FLAC")
    wrong = (
        data[:21]
        + bytes([data[21] & 0xF0 | total >> 32])
        + struct.pack(">I", total & 0xFFFFFFFF)
        + data[26:]
    )
    check(written(tmp_path / "a.flac", wrong), decoded(data))


@pytest.mark.evidence("ogg-wrong-last-position")
@pytest.mark.parametrize("position", [0, 1000, -1, 10**7, 2**40])
def test_ogg_with_a_wrong_last_position(tmp_path, position):
    data = encoded("OGG", 10 * RATE)
    last = data.rindex(b"OggS")
    page = bytearray(data[last:])
    page[6:14] = struct.pack("<q", position)
    page[22:26] = bytes(4)
    page[22:26] = struct.pack("<I", ogg._checksum(page))
    path, true = written(tmp_path / "a.ogg", data[:last] + bytes(page)), decoded(data)
    wave = read_audio(path)
    assert torch.equal(wave[:, : 10 * RATE], true) and wave.shape[1] < 10 * RATE + 8192
    assert torch.allclose(
        read_stretch(path, 9.9, 4000), true[:, round(9.9 * RATE) :][:, :4000], atol=1e-6
    )
    with pytest.raises(AudioError, match="longer than 5 s"):
        read_audio(path, longest=5)
    assert read_audio(path, longest=11).shape == wave.shape


# -- WAV and other files of chunks -----------------------------------------------------------------


@pytest.mark.evidence("wav-wrong-size")
@pytest.mark.parametrize("tail", [b"", b"LIST\x04\0\0\0INFO"], ids=["nothing", "a chunk"])
@pytest.mark.parametrize("size", [0, 1000, 10**7, 2**31 - 1, 2**32 - 1, None])
def test_wav_with_a_wrong_size(tmp_path, size, tail):
    data = encoded("WAV", subtype="PCM_16")
    if size is None or not tail:  # a chunk behind sound without a size cannot be told from sound
        wrong = data if size is None else data[:40] + struct.pack("<I", size) + data[44:]
        check(written(tmp_path / "a.wav", wrong + tail), decoded(data))


@pytest.mark.parametrize("form, name, width", [("AIFF", b"SSND", ">I"), ("CAF", b"data", ">q")])
@pytest.mark.parametrize("size", [0, 1000, 10**8, -1])
def test_other_files_of_chunks_with_a_wrong_size(tmp_path, form, name, width, size):
    data = encoded(form, subtype="PCM_16")
    place, length = data.index(name) + 4, struct.calcsize(width)
    wrong = (
        data[:place]
        + struct.pack(width, size % 2**32 if width == ">I" else size)
        + data[place + length :]
    )
    check(written(tmp_path / "a.aiff", wrong), decoded(data))


@pytest.mark.parametrize("size", [0, 1000, 10**8, 2**64 - 1])
def test_rf64_with_a_wrong_size(tmp_path, size):
    data = encoded("RF64", subtype="PCM_16")
    wrong = data[:28] + struct.pack("<Q", size) + data[36:]
    check(written(tmp_path / "a.wav", wrong), decoded(data))


def sparse(path, header, size):
    """A file of silence in 16 bits, two channels, of which only the last second takes room on the
    disk.
    """
    with open(path, "wb") as file:
        file.write(header)
        file.seek(len(header) + size - 4 * RATE)
        file.write(struct.pack("<hh", 8192, -8192) * RATE)
    return path


FORMAT = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 2, RATE, 4 * RATE, 4, 16)


@pytest.mark.evidence("end-files-beyond-4-gib")
@pytest.mark.parametrize("gigabytes", [4, 9])
@pytest.mark.parametrize(
    "header", ["wrapped", "zero", "largest", "RF64", "RF64 without a size", "W64"]
)
def test_the_end_of_files_beyond_4_gib(tmp_path, header, gigabytes):
    size = gigabytes * 2**30 + 40 * RATE
    said = {"wrapped": size % 2**32, "zero": 0, "largest": 2**32 - 1}.get(header, 2**32 - 1)
    start = (
        b"RIFF"
        + struct.pack("<I", (said + 36) % 2**32)
        + b"WAVE"
        + FORMAT
        + b"data"
        + struct.pack("<I", said)
    )
    if header.startswith("RF64"):
        true = size if header == "RF64" else 0
        ds64 = struct.pack("<4sIQQQI", b"ds64", 28, true + 72, true, true // 4, 0)
        start = b"RF64" + b"\xff" * 4 + b"WAVE" + ds64 + FORMAT + b"data" + b"\xff" * 4
    if header == "W64":
        start = bytearray(encoded("W64", 0, subtype="PCM_16"))
        start[16:24], start[-8:] = (
            struct.pack("<q", len(start) + size),
            struct.pack("<q", 24 + size),
        )
    path = sparse(tmp_path / "a.wav", bytes(start), size)
    assert facts_of(path, segments_of(path)[0]) == (RATE, size // 4, 2)
    wave = read_stretch(path, size / 4 / RATE - 0.5, RATE)
    assert (
        wave[:, : RATE // 2 - 2].mean(1).tolist() == [0.25, -0.25]
        and wave[:, RATE // 2 + 2 :].abs().max() == 0
    )
    with pytest.raises(AudioError, match="longer than 3600 s"):
        read_audio(path, longest=3600)
    # the loop ends where nothing comes, as for any file
    assert next(read_blocks(path)).abs().max() == 0
    path.unlink()


def test_litter_behind_the_samples_is_not_sound(tmp_path):
    data = encoded("WAV", subtype="PCM_16")
    for litter in (b"TAG" + bytes(125), bytes(1000), bytes(range(128, 256)) * 100):
        check(written(tmp_path / "a.wav", data + litter), decoded(data))


# -- anything --------------------------------------------------------------------------------------


@settings(
    max_examples=40,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(
    form=st.sampled_from(["WAV", "FLAC", "OGG", "MP3"]),
    lengths=st.lists(st.integers(3000, 60_000), min_size=1, max_size=3),
    place=st.floats(0, 1, allow_subnormal=False),
    samples=st.integers(1, 5000),
)
def test_any_stretch_of_any_chain_is_part_of_the_whole(
    tmp_path_factory, tally, form, lengths, place, samples
):
    parts = [
        encoded(form, length, seed=i)
        for i, length in enumerate(lengths[: 1 if form == "WAV" else 3])
    ]
    path = written(tmp_path_factory.mktemp("chain") / "a.wav", b"".join(parts))
    whole = read_audio(path)
    assert whole.shape[1] == sum(lengths[: len(parts)])
    first = round(place * (whole.shape[1] - 1))
    wanted = torch.nn.functional.pad(whole, (0, samples))[:, first : first + samples]
    assert torch.allclose(read_stretch(path, first / RATE, samples), wanted, atol=1e-6)
    tally()


def test_a_file_that_changes_is_looked_at_again(tmp_path):
    path = tmp_path / "a.mp3"
    for seed in (0, 1):
        write_blocks(path, [torch.from_numpy(sound(RATE, seed).T)])
        check(path, decoded(path.read_bytes()))


def test_a_stretch_that_begins_before_the_file_is_refused(tmp_path):
    with pytest.raises(AudioError, match="-1 s"):
        read_stretch(written(tmp_path / "a.mp3", encoded("MP3")), -1, 100)
