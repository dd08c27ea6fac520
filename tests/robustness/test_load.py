"""Work without end: many accompaniments in a row, and minutes and hours of sound, in memory that
stays flat.
"""

import os
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from bassnb.accompanist import Accompanist
from bassnb.audio import read_blocks
from bassnb.tracks import Track
from tests.amounts import cases

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/statm").is_file(), reason="memory in use is read from /proc"
)
MEGABYTE = 2**20
TAKES, MINUTES, HOURS = cases(60, 100), cases(3, 10), cases(1, 3)


def in_use():
    """Resident memory of this process now, in megabytes."""
    return (
        int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / MEGABYTE
    )


def test_many_accompaniments_hold_memory_flat(tally):
    """Of the shipped model, of songs of different lengths, with and without a style; the takes are
    let go.
    """
    player = Accompanist.from_pretrained("classroom", device="cpu")
    draw, after = torch.Generator().manual_seed(0), []
    style = 0.1 * torch.randn(2, 60_000, generator=draw)
    for number in range(TAKES):
        mix = 0.1 * torch.randn(2, 20_000 + 7000 * (number % 8), generator=draw)
        take = player(mix, steps=1, seed=number, style=style if number % 2 else None)
        assert take.audio.shape == mix.shape
        after.append(in_use())
        tally()
    # a leak of one take each would be 30 MB after a hundred
    assert max(after[-20:]) - max(after[10:30]) < cases(12, 20), after


@pytest.mark.parametrize("rate, channels, subtype", [(8000, 1, "PCM_16"), (48_000, 2, "VORBIS")])
def test_minutes_of_silence(rate, channels, subtype, accompanist, tmp_path):
    """Of silence with a click at its end, in a bass that is exactly as long."""
    source = tmp_path / ("mix.ogg" if subtype == "VORBIS" else "mix.wav")
    with soundfile.SoundFile(source, "w", rate, channels, subtype=subtype) as file:
        for second in range(60 * MINUTES):
            file.write(np.full((rate, channels), 0.5 * (second == 60 * MINUTES - 1)))
    accompanist.accompany_file(source, tmp_path / "bass.flac", steps=1)
    info = soundfile.info(tmp_path / "bass.flac")
    assert info.frames == 60 * MINUTES * 44_100 and info.channels == 2


def test_hours_are_read_in_the_memory_of_one_block(tmp_path):
    """A podcast: what does not depend on the network, in blocks; longer songs than 12 minutes go
    through it in windows.
    """
    with soundfile.SoundFile(tmp_path / "talk.flac", "w", 8000, 1) as file:
        minute = 0.1 * np.sin(np.arange(60 * 8000) * 0.05)
        for _ in range(60 * HOURS):
            file.write(minute)
    before, highest = in_use(), 0.0

    def blocks():
        nonlocal highest
        for block in read_blocks(tmp_path / "talk.flac"):
            highest = max(highest, in_use())
            yield block

    track = Track.of(blocks)
    assert track.length == HOURS * 3600 * 44_100 and 0.09 < track.peak < 0.12
    assert highest - before < 400  # an hour of it would be 1.3 GB
    assert sys.getsizeof(track) < 10_000
