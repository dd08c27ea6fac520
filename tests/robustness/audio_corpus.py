"""Audio files as students have them: every container, rate and number of channels, odd contents,
and all kinds of damage.

Each case writes one file and says what has to come of it: the number of seconds that it holds, or
nothing, where only a refusal in one sentence is right. A damaged file may be refused or be read as
far as it goes.
"""

from __future__ import annotations

import os
import struct
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

SECONDS = 0.6
REFUSED, EITHER, DECLARED = "refused", "either", "as the header says"


@dataclass(frozen=True)
class Case:
    """A file to be made by `make(folder) -> path`; `wanted` is its length in seconds, `DECLARED`
    (formats that round up to whole blocks), `REFUSED`, or `EITHER`.
    """

    kind: str
    name: str
    make: Callable[[Path], Path]
    wanted: float | str


def sound(frames: int, rate: int, channels: int = 2) -> np.ndarray:
    """Three partials and some noise (frames, channels), different in every channel."""
    t = np.arange(frames)[:, None] / rate
    wave = sum(
        np.sin(2 * np.pi * f * t + np.arange(channels)) / 6
        for f in (110.0, 220.5, 441.3)
        if f < rate / 2
    )
    return (wave + 0.01 * np.random.default_rng(0).standard_normal((frames, channels))).astype(
        np.float64
    )


def written(name: str, samples: np.ndarray, rate: int, **options) -> Callable[[Path], Path]:
    """A maker of a file that libsndfile writes."""

    def make(folder: Path) -> Path:
        soundfile.write(folder / name, samples, rate, **options)
        return folder / name

    return make


def containers() -> Iterator[Case]:
    """Every container with every sample format that can be written here."""
    for container in ("WAV", "WAVEX", "W64", "RF64", "FLAC", "OGG", "MP3", "AIFF", "AU", "CAF"):
        for subtype in soundfile.available_subtypes(container):
            rate = (
                48_000
                if subtype == "OPUS"
                else 8000
                if subtype in ("GSM610", "G721_32", "G723_24", "G723_40")
                else 44_100
            )
            channels = 1 if rate == 8000 else 2
            if not soundfile.check_format(container, subtype):
                continue
            name = f"a.{container.lower()}"
            try:  # some pairs exist on paper only
                soundfile.write(
                    os.devnull, sound(64, rate, channels), rate, format=container, subtype=subtype
                )
            except soundfile.LibsndfileError:
                continue
            samples = sound(round(SECONDS * rate), rate, channels)
            make = written(name, samples, rate, format=container, subtype=subtype)
            yield Case(
                "container",
                f"{container} {subtype}",
                make,
                DECLARED if "ADPCM" in subtype or "GSM" in subtype else SECONDS,
            )


def shapes() -> Iterator[Case]:
    """Rates, channels and lengths."""
    for rate in (
        8000,
        11_025,
        12_000,
        16_000,
        22_050,
        24_000,
        32_000,
        37_800,
        44_056,
        48_000,
        88_200,
        96_000,
        176_400,
        192_000,
    ):
        for channels in (1, 2):
            yield Case(
                "rate",
                f"{rate} Hz, {channels}",
                written("r.wav", sound(round(SECONDS * rate), rate, channels), rate),
                SECONDS,
            )
    for channels in range(1, 9):
        for suffix in ("wav", "flac", "ogg"):
            yield Case(
                "channels",
                f"{channels} in {suffix}",
                written(f"c.{suffix}", sound(round(SECONDS * 44_100), 44_100, channels), 44_100),
                SECONDS,
            )
    for suffix in ("wav", "flac", "ogg", "mp3"):
        yield Case(
            "length",
            f"0 samples, {suffix}",
            written(f"n.{suffix}", np.zeros((0, 2)), 44_100),
            REFUSED,
        )
    for frames in (1, 2, 100, 4095, 4096, 4097, 44_100):
        for suffix in ("wav", "flac"):
            yield Case(
                "length",
                f"{frames} samples, {suffix}",
                written(f"n.{suffix}", sound(frames, 44_100), 44_100),
                frames / 44_100,
            )
    for frames, rate in ((1, 8000), (3, 192_000), (101, 48_000)):
        yield Case(
            "length",
            f"{frames} samples at {rate} Hz",
            written("n.wav", sound(frames, rate), rate),
            frames / rate,
        )


def contents() -> Iterator[Case]:
    """What may be in a file without being music."""
    frames = round(SECONDS * 44_100)
    square = np.where(np.arange(frames) % 100 < 50, 1.0, -1.0)
    impulse = np.zeros(frames)
    impulse[frames // 2] = 1
    waves = {
        "silence": np.zeros(frames),
        "constant": np.full(frames, 0.5),
        "full constant": np.ones(frames),
        "square": square,
        "impulse": impulse,
        "1e9": 1e9 * square,
        "1e29": 1e29 * square,
        "3e38": 3e38 * square,
        "1e-30": 1e-30 * square,
        "denormal": 1e-40 * square,
        "quiet": 1e-6 * square,
        "one side": np.stack([square, 0 * square], 1),
        "opposite sides": np.stack([square, -square], 1),
        "noise": np.random.default_rng(0).uniform(-1, 1, frames),
        "silence, then sound": np.r_[np.zeros(frames // 2), square[: frames // 2]],
        "Nyquist": np.where(np.arange(frames) % 2, 0.5, -0.5),
    }
    for name, wave in waves.items():
        wave = wave if wave.ndim == 2 else np.stack([wave, wave], 1)
        subtype = "DOUBLE" if name in ("1e9", "1e29", "3e38", "1e-30", "denormal") else "FLOAT"
        # nothing to accompany; what is constant cannot be heard
        silent = ("3e38", "silence", "constant", "full constant", "1e-30", "denormal", "quiet")
        wanted = REFUSED if name in silent else len(wave) / 44_100
        yield Case("content", name, written("x.wav", wave, 44_100, subtype=subtype), wanted)
    for name, value in {"nan": np.nan, "inf": np.inf, "-inf": -np.inf, "1e300": 1e300}.items():
        for where in (0, frames // 2, frames - 1):
            wave = np.stack([square, square], 1)
            wave[where, 0] = value
            yield Case(
                "content",
                f"one {name} at {where}",
                written("x.wav", wave, 44_100, subtype="DOUBLE"),
                REFUSED,
            )


def bytes_of(suffix: str, folder: Path) -> bytes:
    """A whole small file."""
    return written(f"whole.{suffix}", sound(8000, 44_100), 44_100)(folder).read_bytes()


def damaged(
    suffix: str, name: str, damage: Callable[[bytes], bytes], wanted: float | str = EITHER
) -> Case:
    """A file with some of its bytes wrong."""

    def make(folder: Path) -> Path:
        data = damage(bytes_of(suffix, folder))
        (folder / f"d.{suffix}").write_bytes(data)
        return folder / f"d.{suffix}"

    return Case("damage", f"{suffix}: {name}", make, wanted)


def damages() -> Iterator[Case]:
    """Truncated at every byte of the header and here and there behind it; flipped and foreign
    bytes.
    """
    for suffix, header in (("wav", 60), ("flac", 90), ("ogg", 60), ("mp3", 20)):
        for cut in (*range(0, header, 2 if header > 60 else 1), 1000, 3000):
            yield damaged(
                suffix,
                f"cut at {cut}",
                lambda data, cut=cut: data[:cut],
                REFUSED if cut == 0 else EITHER,
            )
        for place in range(0, header, 5):
            yield damaged(
                suffix,
                f"flipped at {place}",
                lambda data, place=place: (
                    data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :]
                ),
            )
        yield damaged(suffix, "garbage behind", lambda data: data + b"\0" * 3 + os.urandom(50))
        yield damaged(suffix, "garbage before", lambda data: b"garbage" + data)
        whole = EITHER if suffix == "wav" else 16_000 / 44_100  # a WAV file says where it ends
        yield damaged(suffix, "twice", lambda data: data + data, whole)
        yield damaged(
            suffix, "zeros in the middle", lambda data: data[:200] + bytes(400) + data[600:]
        )


def wrong_lengths() -> Iterator[Case]:
    """Headers that say too little, too much, or nothing about how long a whole file is."""
    for size in (0, 1, 1000, 2**31, 2**32 - 1):
        yield damaged(
            "wav",
            f"{size} bytes declared",
            lambda data, size=size: data[:40] + struct.pack("<I", size) + data[44:],
            8000 / 44_100,
        )
    for total in (0, 1, 7999, 8001, 10**6, 2**36 - 1):
        yield damaged(
            "flac",
            f"{total} samples declared",
            lambda data, total=total: (
                data[:21] + (data[21] >> 4 << 36 | total).to_bytes(5, "big") + data[26:]
            ),
            8000 / 44_100,
        )
    for count in (0, 1, 5, 1000, 2**31):
        yield damaged(
            "mp3",
            f"{count} frames declared",
            lambda data, count=count: data[:44] + struct.pack(">I", count) + data[48:],
            8000 / 44_100,
        )


def pretenders() -> Iterator[Case]:
    """Files that are not what their names say, and things that are no files."""

    def file(name: str, data: bytes) -> Callable[[Path], Path]:
        def make(folder: Path) -> Path:
            (folder / name).write_bytes(data)
            return folder / name

        return make

    def zipped(folder: Path) -> Path:
        with zipfile.ZipFile(folder / "z.wav", "w") as archive:
            archive.writestr("song.wav", bytes_of("wav", folder))
        return folder / "z.wav"

    def directory(folder: Path) -> Path:
        (folder / "d.wav").mkdir()
        return folder / "d.wav"

    def fifo(folder: Path) -> Path:
        os.mkfifo(folder / "f.wav")
        return folder / "f.wav"

    def loop(folder: Path) -> Path:
        (folder / "l.wav").symlink_to(folder / "l.wav")
        return folder / "l.wav"

    def nowhere(folder: Path) -> Path:
        (folder / "n.wav").symlink_to(folder / "gone.wav")
        return folder / "n.wav"

    def linked(folder: Path) -> Path:
        bytes_of("wav", folder)
        (folder / "s.wav").symlink_to(folder / "whole.wav")
        return folder / "s.wav"

    def renamed(suffix: str, other: str) -> Callable[[Path], Path]:
        def make(folder: Path) -> Path:
            (folder / f"r.{other}").write_bytes(bytes_of(suffix, folder))
            return folder / f"r.{other}"

        return make

    for name, data in {
        "text": b"no audio at all\n" * 50,
        "html": b"<html><body>404</body></html>",
        "empty": b"",
        "random": os.urandom(5000),
        "zeros": bytes(5000),
        "png": b"\x89PNG\r\n\x1a\n" + os.urandom(500),
        "pickle": b"\x80\x04\x95" + bytes(60),
    }.items():
        for suffix in ("wav", "mp3", "flac"):
            yield Case("pretender", f"{name}.{suffix}", file(f"p.{suffix}", data), REFUSED)
    for name, make in {
        "zip": zipped,
        "directory": directory,
        "FIFO": fifo,
        "link to itself": loop,
        "link to nothing": nowhere,
    }.items():
        yield Case("pretender", name, make, REFUSED)
    yield Case("pretender", "missing", lambda folder: folder / "missing.wav", REFUSED)
    yield Case(
        "pretender", "a name too long", lambda folder: folder / ("n" * 300 + ".wav"), REFUSED
    )
    yield Case("pretender", "a name with a zero byte", lambda folder: folder / "a\0b.wav", REFUSED)
    yield Case("pretender", "link", linked, 8000 / 44_100)
    for suffix, other in (
        ("wav", "mp3"),
        ("flac", "wav"),
        ("ogg", "flac"),
        ("wav", "txt"),
        ("flac", "WAV"),
    ):
        yield Case("pretender", f"{suffix} called {other}", renamed(suffix, other), 8000 / 44_100)
    yield Case(
        "pretender",
        "a strange name",
        lambda folder: written("<b>“ö” & \n'$(x)'.wav", sound(8000, 44_100), 44_100)(folder),
        8000 / 44_100,
    )


CASES = [*containers(), *shapes(), *contents(), *damages(), *wrong_lengths(), *pretenders()]
