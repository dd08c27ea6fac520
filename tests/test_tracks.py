"""Audio in blocks: nothing is lost at the seams, and what is measured is that of the whole."""

import pytest
import soundfile
import torch

from bassnb.audio import read_audio, read_blocks, write_audio, write_blocks
from bassnb.errors import AudioError
from bassnb.level import audible, peak
from bassnb.tracks import Spool, Track, summed, unclipped_gain, with_progress


def noise(samples, seed=0):
    return 0.1 * torch.randn(2, samples, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("rate", [44_100, 48_000, 22_050])
@pytest.mark.parametrize("frames", [1000, 10_007, 2**20])
def test_a_file_in_blocks_is_the_whole_file(tmp_path, rate, frames):
    path = tmp_path / "a.wav"
    soundfile.write(path, noise(30_000).T.numpy(), rate, subtype="FLOAT")
    blocks = list(read_blocks(path, frames=frames))
    whole = torch.cat(blocks, -1)
    assert (
        torch.allclose(whole, read_audio(path), atol=1e-6)
        and abs(whole.shape[-1] - 30_000 * 44_100 / rate) < 2
    )
    assert len(blocks) >= 30_000 // frames


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg", ".mp3"])
def test_blocks_are_written_as_the_whole_is(tmp_path, suffix):
    wave = noise(100_000)
    one = write_audio(tmp_path / f"one{suffix}", wave)
    other = write_blocks(tmp_path / f"other{suffix}", wave.split(7_001, -1))
    # the others choose their blocks by how the samples arrive
    lossless = suffix in (".wav", ".flac")
    assert torch.allclose(read_audio(one), read_audio(other), atol=1e-6 if lossless else 0.1)


def test_writing_that_stops_in_the_middle_leaves_the_old_file_and_nothing_else(tmp_path):
    path = write_audio(tmp_path / "a.flac", noise(500))
    before = path.read_bytes()

    def blocks():
        yield noise(1000)
        raise AudioError("the mix ended too early")

    with pytest.raises(AudioError, match="too early"):
        write_blocks(path, blocks())
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


def test_a_track_knows_length_level_and_peak_of_the_whole():
    wave = noise(5000)
    track = Track.of(lambda: wave.split(777, -1))
    assert track.length == 5000
    # noise has little below 20 Hz
    assert track.level == pytest.approx(float(wave.square().mean().sqrt()), rel=1e-2)
    assert track.peak == pytest.approx(float(wave.abs().max()), rel=0.05)
    assert torch.allclose(
        torch.cat(list(track.audible(3.0)), -1), 3 * torch.cat(list(audible([wave])), -1)
    )
    assert torch.equal(torch.cat(list(track.blocks()), -1), wave)
    assert track.sounding.tolist() == [True, True]


def test_only_what_would_clip_is_turned_down():
    wave = noise(5000)
    assert unclipped_gain(wave.split(900, -1)) == 1
    assert peak(100 * wave * unclipped_gain((100 * wave).split(900, -1))) == pytest.approx(
        1, abs=1e-6
    )


def test_what_is_costly_is_made_once_and_nothing_of_it_stays(tmp_path):
    wave, made = noise(5000), []

    def blocks():
        for block in wave.split(777, -1):
            made.append(block)
            yield block

    with Spool(blocks(), tmp_path) as spool:
        for _ in range(2):
            assert torch.equal(torch.cat(list(spool.blocks()), -1), wave)
    assert len(made) == 7 and not list(tmp_path.iterdir())
    with pytest.raises(OSError):
        Spool(blocks(), tmp_path / "missing")


@pytest.mark.parametrize(("one", "other"), [(100, 100), (7, 1000), (1000, 7), (33, 64)])
def test_streams_of_other_block_sizes_add_up(one, other):
    a, b = noise(1000), noise(1000, 1)
    assert torch.allclose(torch.cat(list(summed(a.split(one, -1), b.split(other, -1))), -1), a + b)


def test_a_bar_changes_nothing(capsys):
    wave = noise(1000)
    assert torch.equal(
        torch.cat(list(with_progress(wave.split(100, -1), 1000, "reading", True)), -1), wave
    )
    assert "reading" in capsys.readouterr().err
    assert torch.equal(
        torch.cat(list(with_progress(wave.split(100, -1), 1000, "reading", False)), -1), wave
    )
    assert capsys.readouterr().err == ""
