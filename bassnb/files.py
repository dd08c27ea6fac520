"""Files that appear whole: under a name lies the old file or the new one, never half of it."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

ABANDONED = 3600.0  # seconds without modification


@contextlib.contextmanager
def whole_file(path: str | os.PathLike) -> Iterator[Path]:
    """A path to write to, in the folder of `path`, which becomes `path` at the end of the block,
    and vanishes if it fails.

    Readers of `path` meanwhile find the old file; of several processes that write it, the last
    one wins. Files left by a killed process are removed by the next one, an hour
    after they were last modified. Through a link, the file that it leads to is written. A new
    file has the permissions that the system gives to new files, another one keeps its own.

    Raises
    ------
    OSError
        If the folder is missing or read-only, the disk is full, or `path` is a folder or a device;
        it is then what it was.
    """
    path = Path(os.path.realpath(path))
    if path.exists() and not path.is_file():  # as root one would replace /dev/null
        raise OSError(errno.EINVAL, "it is no plain file", str(path))
    start = f".{path.name[:50]}-"  # a name may be nearly as long as the system allows
    for old in path.parent.glob(".*"):
        if re.fullmatch(re.escape(start) + r"\w{8}", old.name) and _abandoned(old):
            old.unlink(missing_ok=True)
    unfinished = path.with_name(start + secrets.token_hex(4))
    os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    try:
        yield unfinished
        with open(unfinished, "rb+") as file:
            os.fsync(file.fileno())
        if path.exists():
            os.chmod(unfinished, stat.S_IMODE(path.stat().st_mode))
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def _abandoned(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime > ABANDONED
    except OSError:
        return False  # removed meanwhile, or not accessible


def write_atomically(path: str | os.PathLike, data: bytes) -> Path:
    """Write `data` to `path`, whose folder is made if it is missing; see `whole_file`."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as unfinished:
        unfinished.write_bytes(data)
    return path


def read_bytes(path: str | os.PathLike, most: int) -> bytes:
    """What is in a plain file of at most `most` bytes.

    Raises
    ------
    OSError
        If there is no such file, it cannot be read or is larger, or `path` is a folder, a pipe or a
        device.
    """
    if os.path.exists(path) and not os.path.isfile(path):  # a pipe would be waited for
        raise OSError(errno.EINVAL, "it is no plain file", str(path))
    with open(path, "rb") as file:
        return read_all(file, most)


def read_all(file: BinaryIO, most: int) -> bytes:
    """The rest of an open file, unless it is more than `most` bytes: that is an OSError."""
    data = file.read(most + 1)
    if len(data) > most:
        raise OSError(errno.EFBIG, f"it holds more than {most // 1_000_000} MB")
    return data


def remove_unfinished(folder: Path) -> None:
    """Remove files left by killed processes; no process may be writing to the folder."""
    for path in Path(folder).glob(".*"):
        if re.fullmatch(r"\..+\.(safetensors|json|jsonl)-\w{8}", path.name):
            path.unlink(missing_ok=True)


def name_bytes(name: str) -> bytes:
    """The name of a file or a song, to be hashed: names in old archives need not be valid
    UTF-8.
    """
    return name.encode(errors="backslashreplace")
