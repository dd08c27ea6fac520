"""Groups of foreign basses: what is there is read, what is not is left out with a reason."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bassnb.composer.synth import soundfont_path
from bassnb.errors import DataError
from bassnb.level import LEVEL
from bassnb.studies.foreign_basses import (
    FETCHED,
    FONT,
    OWN,
    REFERENCES,
    foreign_basses,
    own_basses,
    recorded_basses,
)
from bassnb.studies.transfer_songs.cases import SOUNDFONT

ROOT = Path(__file__).parents[2]


def sound(path, seconds=1.5, level=0.1):
    path.parent.mkdir(parents=True, exist_ok=True)
    wave = level * np.random.default_rng(0).standard_normal((round(seconds * 44_100), 2))
    soundfile.write(path, wave, 44_100)


def found(tmp_path, skipped, **change):
    options = {"seconds": 1.2, "songs": 2, "folders": (), "soundfont": None, "fetched": tmp_path}
    return list(foreign_basses(skipped=skipped, **{**options, **change}))


def test_what_is_not_fetched_is_left_out_with_the_command_that_fetches_it(tmp_path):
    skipped = {}
    assert {bass.group for bass in found(tmp_path, skipped)} == {REFERENCES}
    assert set(skipped) == {*FETCHED, FONT}
    assert all("sh book/foreign_basses.sh" in why for why in skipped.values())


def test_fetched_groups_own_folders_and_a_soundfont_are_read(tmp_path):
    sound(tmp_path / "real stem" / "a.wav")
    sound(tmp_path / "electronic loops" / "b.flac")
    sound(tmp_path / "mine" / "c.wav", level=0.001)
    (tmp_path / SOUNDFONT).parent.mkdir()
    shutil.copy(soundfont_path(), tmp_path / SOUNDFONT)
    skipped = {}
    basses = found(tmp_path, skipped, folders=[tmp_path / "mine"])
    groups = [bass.group for bass in basses]
    assert groups == ["real stem", "electronic loops", *2 * [REFERENCES], "mine", *2 * [FONT]]
    assert set(skipped) == {"electronic notes"}
    mine = basses[4]
    assert mine.name == "c" and mine.wave.shape == (2, round(1.2 * 44_100))
    # every bass at the level of the model, however quiet the file
    assert float(mine.wave.square().mean().sqrt()) == pytest.approx(LEVEL, rel=0.1)


def test_what_cannot_be_used_is_named_and_does_not_stop_the_others(tmp_path):
    sound(tmp_path / "a.wav", seconds=0.4)
    sound(tmp_path / "b.wav", level=0.0)
    (tmp_path / "c.wav").write_bytes(b"nothing")
    sound(tmp_path / "d.wav")
    sound(tmp_path / "e.wav")
    skipped = {}
    (bass,) = recorded_basses("mine", tmp_path, 2.0, 1, skipped)
    assert bass.name == "d" and set(skipped) == {"mine: a.wav", "mine: b.wav", "mine: c.wav"}
    assert "shorter than 1 s" in skipped["mine: a.wav"]
    with pytest.raises(DataError, match="no sound files"):
        list(recorded_basses("mine", tmp_path / "none", 2.0, 1, {}))
    found(tmp_path / "none", skipped, folders=[tmp_path / "none"])
    assert "no sound files" in skipped["none"]


def test_own_basses_take_their_sounds_in_turn():
    names = [bass.name for bass in own_basses(3, 1.0)]
    assert len({name.split(", ")[1] for name in names}) == 3
    assert {bass.group for bass in own_basses(1, 1.0)} == {OWN}


@pytest.mark.slow
def test_the_script_leaves_out_what_it_cannot_fetch_and_nothing_half(tmp_path):
    """A machine without network and without the programs of Debian, but with a wheel that holds no
    sound: no group is there, none is half there, and each has its sentence.
    """
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    with zipfile.ZipFile(wheels / "stempeg-0.1-py3-none-any.whl", "w") as wheel:
        info = "stempeg-0.1.dist-info"
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: stempeg\nVersion: 0.1\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
        wheel.writestr("stempeg/data/a.mp4", "no sound")
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sh", "mktemp", "mkdir", "rm", "cp", "mv", "ls", "chmod", "env"):
        (tools / name).symlink_to(shutil.which(name))
    environment = {
        **os.environ,
        "PATH": str(tools),
        "PYTHON": sys.executable,
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(wheels),
    }
    folder = tmp_path / "fetched"
    (folder / "electronic notes").mkdir(parents=True)
    done = subprocess.run(
        [shutil.which("sh"), ROOT / "book" / "foreign_basses.sh", folder],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0 and done.stdout == "electronic notes: is there\n", done.stderr
    for group in ("real stem", "electronic loops", "soundfont"):
        assert f"{group}: left out" in done.stderr
    assert [path.name for path in folder.iterdir()] == ["electronic notes"]
