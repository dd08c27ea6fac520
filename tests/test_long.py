"""A file of 12.7 minutes: one command, exactly as long, in little memory."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile
import torch

from bassnb.audio import SAMPLE_RATE, read_audio, write_blocks
from bassnb.presets import TIME_RATIO
from bassnb.windows import WHOLE

pytestmark = pytest.mark.slow

SAMPLE = Path(__file__).parents[1] / "data_samples" / "rock" / "mix.flac"
MOST_MEMORY = 1.5 * 2**30  # bytes
# Not getrusage: its peak of a new process begins at that of the process which started it.
CHILD = """
import json, sys
from pathlib import Path
from bassnb.cli import app
try:
    app(sys.argv[1:])
except SystemExit as exit:
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    print(json.dumps([exit.code, int(status["VmHWM"].split()[0]) * 1024]))
"""


@pytest.mark.evidence("long-song-little-memory")
@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="the peak of a process's memory is read from /proc"
)
def test_a_long_song_in_little_memory(tmp_path):
    # the longest that the network sees in one pass
    song, length = read_audio(SAMPLE), WHOLE * TIME_RATIO - 12_345
    times = -(-length // song.shape[-1])
    blocks = (song[:, : length - i * song.shape[-1]] for i in range(times))
    mix = write_blocks(tmp_path / "mix.flac", blocks)
    command = [
        sys.executable,
        "-c",
        CHILD,
        "accompany",
        mix,
        "--out",
        tmp_path / "bass.flac",
        "--steps",
        "1",
    ]
    result = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    code, memory = json.loads(result.stdout.splitlines()[-1])
    assert code == 0, result.stderr
    assert memory < MOST_MEMORY
    assert soundfile.info(tmp_path / "bass.flac").frames == length
    with soundfile.SoundFile(tmp_path / "bass.flac") as bass:
        for part in (0, length // 2, length - 10 * SAMPLE_RATE):
            bass.seek(part)
            wave = torch.from_numpy(bass.read(10 * SAMPLE_RATE, dtype="float32"))
            assert (
                wave.isfinite().all()
                and wave.abs().max() <= 1
                and wave.square().mean().sqrt() > 1e-3
            )
