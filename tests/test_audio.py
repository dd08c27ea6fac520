"""Files of any kind become (2, N) at 44.1 kHz, and only whole files appear under their final name."""

import tracemalloc

import numpy as np
import pytest
import soundfile
import torch

from bassnb.audio import read_audio, write_audio
from bassnb.errors import AudioError


def tone(seconds=0.5, rate=44_100, channels=2, frequency=440.0):
    t = np.arange(round(seconds * rate)) / rate
    return np.repeat(0.5 * np.sin(2 * np.pi * frequency * t)[:, None], channels, axis=1).astype(
        np.float32
    )


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3"])
@pytest.mark.parametrize("rate", [22_050, 44_100, 48_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_every_container_and_rate_gives_stereo_at_44100(tmp_path, suffix, rate, channels):
    path = tmp_path / f"tone.{suffix}"
    soundfile.write(path, tone(rate=rate, channels=channels), rate)
    wave = read_audio(path)
    assert wave.shape[0] == 2 and wave.dtype == torch.float32
    assert abs(wave.shape[1] - 22_050) <= (0 if suffix != "mp3" and rate == 44_100 else 2400)
    spectrum = torch.fft.rfft(wave[0, 4000:20_000] * torch.hann_window(16_000)).abs()
    assert abs(spectrum.argmax() * 44_100 / 16_000 - 440) < 4
    assert torch.equal(wave[0], wave[1]) or suffix in ("ogg", "mp3")


def test_more_channels_are_mixed_down(tmp_path):
    samples = np.stack([np.full(100, value, np.float32) for value in (0.1, 0.2, 0.3, 0.6)], 1)
    soundfile.write(tmp_path / "four.wav", samples, 44_100, subtype="FLOAT")
    left, right = 0.1 + 0.3 / 2**0.5, 0.2 + 0.6 / 2**0.5  # quad: the surround channels at -3 dB
    assert torch.allclose(
        read_audio(tmp_path / "four.wav"), torch.tensor([[left], [right]]).expand(2, 100)
    )


@pytest.mark.evidence("hundreds-channels-need-more-memory")
def test_hundreds_of_channels_need_no_more_memory_than_two(tmp_path):
    path = tmp_path / "many.ogg"
    soundfile.write(path, np.zeros((100_000, 250), np.float32), 44_100)
    assert path.stat().st_size < 1_000_000
    tracemalloc.start()
    assert read_audio(path).shape == (2, 100_000)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 30_000_000  # all at once they are 100 MB


def test_unreadable_files_are_refused(tmp_path):
    text = tmp_path / "text.wav"
    text.write_text("no audio at all")
    empty = tmp_path / "empty.wav"
    soundfile.write(empty, np.zeros((0, 2)), 44_100)
    for path in (text, empty, tmp_path, tmp_path / "missing.flac"):
        with pytest.raises(AudioError, match=str(path)):
            read_audio(path)


def test_files_may_be_limited_in_length_and_called_by_another_name(tmp_path):
    path = tmp_path / "long.flac"
    soundfile.write(path, np.full((8000 * 3, 1), 0.1, np.float32), 8000)
    assert read_audio(path, longest=3).shape == (2, 3 * 44_100)
    with pytest.raises(AudioError, match="^your file is longer than 2.9 s"):
        read_audio(path, name="your file", longest=2.9)
    # one second of eight channels at a high rate, as large as sixteen of stereo
    wide = tmp_path / "wide.flac"
    soundfile.write(wide, np.zeros((384_000, 8), np.float32), 384_000)
    with pytest.raises(AudioError, match="longer than 2 s"):
        read_audio(wide, longest=2)


def test_written_file_reads_back_and_leaves_no_other(tmp_path):
    wave = torch.from_numpy(tone().T)
    write_audio(tmp_path / "a.flac", wave)
    assert [p.name for p in tmp_path.iterdir()] == ["a.flac"]
    assert torch.allclose(read_audio(tmp_path / "a.flac"), wave, atol=2e-7)


def test_failed_write_keeps_the_old_file(tmp_path, monkeypatch):
    path = write_audio(tmp_path / "a.wav", torch.zeros(2, 50))
    before = path.read_bytes()
    monkeypatch.setattr(
        soundfile.SoundFile, "write", lambda *a, **k: (_ for _ in ()).throw(OSError("disk full"))
    )
    with pytest.raises(AudioError, match="disk full"):
        write_audio(path, torch.ones(2, 50))
    assert path.read_bytes() == before and len(list(tmp_path.iterdir())) == 1


def test_unknown_suffix_and_missing_folder(tmp_path):
    for path in (tmp_path / "a.xyz", tmp_path / "no" / "a.wav"):
        with pytest.raises(AudioError):
            write_audio(path, torch.zeros(2, 10))
