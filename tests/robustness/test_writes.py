"""Whatever happens while a file is written, its name holds the old file or the new one, and nothing
else remains.
"""

import json
import os
import resource
import shutil
import signal
import stat
import tempfile
import time
from pathlib import Path

import pytest
import soundfile
import torch

from bassnb.audio import read_audio, write_audio, write_blocks
from bassnb.composer.render import write_song
from bassnb.composer.songs import compose
from bassnb.errors import BassnbError
from bassnb.files import ABANDONED, whole_file, write_atomically
from bassnb.stored import read_tensors, write_json, write_tensors
from bassnb.training.states import save_state

pytestmark = pytest.mark.evidence("whole-or-not-at-all")

NOBODY = 65534


def noise(value):
    return 0.1 * torch.randn(2, 30_000, generator=torch.Generator().manual_seed(value))


def state(path, value):
    model = torch.nn.Linear(50, 50)
    torch.nn.init.constant_(model.weight, value)
    return save_state(
        path, {"model": model}, {"adam": torch.optim.Adam(model.parameters())}, {"step": value}
    )


WRITERS = {
    "a.wav": lambda path, value: write_audio(path, noise(value)),
    "a.flac": lambda path, value: write_audio(path, noise(value)),
    "a.ogg": lambda path, value: write_audio(path, noise(value)),
    "a.mp3": lambda path, value: write_audio(path, noise(value)),
    "a.json": lambda path, value: write_json(path, {"values": [value] * 3000}),
    "a.safetensors": lambda path, value: write_tensors(
        path, {"x": torch.full((9000,), float(value))}
    ),
    "state.safetensors": state,
}
READERS = {
    ".json": lambda path: json.loads(path.read_text())["values"][0],
    ".safetensors": lambda path: int(read_tensors(path)[0]["x"].unique()),
    ".wav": lambda path: soundfile.info(path).frames and int(read_audio(path)[0, 0] * 100 + 0.5),
}


def limited(size):
    """No file may grow beyond `size` bytes, as on a disk that is full."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))


def begun(act):
    """The number of a forked process that does `act`; its status is 0 if that raised nothing."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            act()
            code = 0
        finally:
            os._exit(code)
    return child


def in_a_child(act):
    return os.waitpid(begun(act), 0)[1]


@pytest.mark.evidence("full-disk")
@pytest.mark.parametrize("name", WRITERS)
def test_a_disk_that_fills_up_at_any_byte(name, tmp_path, tally):
    """At the beginning, in the middle and in each of the last forty bytes."""
    path, write = tmp_path / name, WRITERS[name]
    write(path, 2)
    size = path.stat().st_size
    write(path, 1)
    before = path.read_bytes()
    for limit in [*range(0, size, size // 40), *range(size - 40, size)]:
        limited(limit)
        try:
            with pytest.raises((BassnbError, OSError)) as error:
                write(path, 2)
        finally:
            limited(resource.RLIM_INFINITY)
        assert path.read_bytes() == before and [one.name for one in tmp_path.iterdir()] == [name], (
            limit
        )
        assert "\n" not in str(error.value)
        tally()
    write(path, 2)
    assert path.stat().st_size == size and path.read_bytes() != before


@pytest.mark.parametrize("name", WRITERS)
def test_a_folder_in_which_nobody_may_write(name):
    folder = Path(tempfile.mkdtemp())
    try:
        WRITERS[name](folder / name, 1)
        before = (folder / name).read_bytes()
        folder.chmod(0o555)

        def act():
            if os.geteuid() == 0:  # who may do everything is not refused anything
                os.seteuid(NOBODY)
            with pytest.raises((BassnbError, OSError), match="cannot be written|Permission denied"):
                WRITERS[name](folder / name, 2)

        assert in_a_child(act) == 0
        assert (folder / name).read_bytes() == before and len(list(folder.iterdir())) == 1
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)


def killed_while_writing(path):
    def blocks():
        yield noise(2)
        os.kill(os.getpid(), signal.SIGKILL)

    assert os.WTERMSIG(in_a_child(lambda: write_blocks(path, blocks()))) == signal.SIGKILL


def test_killed_while_writing(tmp_path):
    """The old file stays; what the killed process left is removed by the next writer, once it is
    surely dead.
    """
    path = write_audio(tmp_path / "a.flac", noise(1))
    before = path.read_bytes()
    killed_while_writing(path)
    left = [one for one in tmp_path.iterdir() if one != path]
    assert path.read_bytes() == before and len(left) == 1
    write_audio(path, noise(3))
    assert left[0].exists()  # its writer might be alive
    os.utime(left[0], (time.time() - ABANDONED - 1,) * 2)
    (tmp_path / ".a.flac-mine").write_text("not ours")
    write_audio(path, noise(3))
    assert sorted(one.name for one in tmp_path.iterdir()) == [".a.flac-mine", "a.flac"]


@pytest.mark.evidence("two-writers-one-file")
@pytest.mark.parametrize("suffix", READERS)
def test_two_processes_write_the_same_file(suffix, tmp_path, tally):
    path = tmp_path / f"a{suffix}"
    write = {
        ".wav": lambda p, v: write_audio(p, torch.full((2, 30_000), v / 100)),
        ".json": WRITERS["a.json"],
        ".safetensors": WRITERS["a.safetensors"],
    }[suffix]
    write(path, 0)
    children = [
        begun(lambda value=value: [write(path, value) for _ in range(60)]) for value in (1, 2)
    ]
    seen = set()
    while children:
        ended = [os.waitpid(child, os.WNOHANG) for child in children]
        children = [child for child, (number, _) in zip(children, ended) if not number]
        assert not any(status for _, status in ended)
        seen.add(READERS[suffix](path))
    for _ in range(2 * 60):  # the writes: how often they are watched depends on the machine
        tally()
    assert seen <= {0, 1, 2} and READERS[suffix](path) in (1, 2)
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


def test_a_song_is_there_when_its_description_is(tmp_path):
    """`song.json` comes last: a folder in which it lies is complete, wherever the disk was full."""
    song = compose(0, seconds=3.0)
    for limit in (0, 10_000, 100_000):
        limited(limit)
        try:
            with pytest.raises((BassnbError, OSError)):
                write_song(song, tmp_path / "song")
        finally:
            limited(resource.RLIM_INFINITY)
        assert not (tmp_path / "song" / "song.json").exists()
    write_song(song, tmp_path / "song")
    assert not list((tmp_path / "song").glob(".*"))


def test_an_error_of_the_block_leaves_nothing(tmp_path):
    with pytest.raises(KeyError), whole_file(tmp_path / "a.txt") as unfinished:
        unfinished.write_text("half")
        raise KeyError
    assert not list(tmp_path.iterdir())


@pytest.mark.evidence("longest-file-names")
def test_names_as_long_as_the_system_allows(tmp_path):
    path = tmp_path / ("ä" * 121 + ".wav")
    write_audio(path, noise(1))
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


@pytest.mark.evidence("permissions-stay")
def test_permissions_stay(tmp_path):
    """A private file stays private, and a new one is what the system makes of new files."""
    for name, mode in [("private", 0o600), ("shared", 0o664)]:
        (tmp_path / name).touch()
        (tmp_path / name).chmod(mode)
        write_atomically(tmp_path / name, b"new")
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == mode
    (tmp_path / "usual").touch()
    write_atomically(tmp_path / "new", b"new")
    assert (tmp_path / "new").stat().st_mode == (tmp_path / "usual").stat().st_mode


@pytest.mark.evidence("only-plain-files-replaced")
def test_only_plain_files_are_replaced(tmp_path):
    """A device stays a device, whoever asks; a link stays a link, and its file is written."""
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name in ("folder", "pipe"):
        with pytest.raises(OSError, match="no plain file"):
            write_json(tmp_path / name, {})
    (tmp_path / "link.json").symlink_to(tmp_path / "folder" / "a.json")
    write_json(tmp_path / "link.json", {"a": 1})
    assert (tmp_path / "link.json").is_symlink() and (tmp_path / "folder" / "a.json").is_file()
    assert [one.name for one in (tmp_path / "folder").iterdir()] == ["a.json"]
