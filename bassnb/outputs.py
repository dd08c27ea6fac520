"""The files that a command will write, checked before its work begins.

Every path is planned first, derived names (`take-1.json`) too. A file that the command reads is
never replaced. Any other file that is already there is replaced if this program wrote it, and
otherwise only by force.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from bassnb.errors import BassnbError
from bassnb.files import read_bytes, write_atomically

# key in the settings of a take: SHA-256 of each file that was written with them
FILES = "bassnb_files"
MOST_BYTES = 100_000_000  # of a JSON file of ours


@dataclass(frozen=True)
class Output:
    """A file that will be written.

    Attributes
    ----------
    path : Path
    ours : called with the path of a file that is already there: did this program write it, for the
        same purpose?
    """

    path: Path
    ours: Callable[[Path], bool]


def check_outputs(
    outputs: Iterable[Output], inputs: Iterable = (), *, force: bool | None = None
) -> None:
    """Refuse to begin if writing `outputs` would destroy something.

    Files are compared by identity: through symbolic and hard links, linked folders, and spellings
    of a name that a file system does not tell apart.

    Parameters
    ----------
    inputs : what is read, in any form: paths that do not exist and values that are no paths are
        ignored. A folder stands for all that lies in it, except for earlier outputs of ours.
    force : replace files that are not ours; never an input. None: the caller offers no such choice.

    Raises
    ------
    BassnbError
        If an output is an input, is planned twice, or is a file that this program did not write.
    OSError
        If a path cannot be used: it is a folder or a device, say, or its name is too long.
    """
    read = {
        place(source)
        for source in inputs
        if isinstance(source, (str, os.PathLike)) and os.path.exists(source)
    }
    planned = set()
    for output in outputs:
        path, here = Path(output.path), place(output.path)
        if here in read:
            raise BassnbError(
                f"{path} is used twice by this command, as an input and as a file to write; choose another name"
            )
        if here in planned:
            raise BassnbError(
                f"{path} would be written twice by this command; choose another name for one of the files"
            )
        planned.add(here)
        if is_there(path) and not output.ours(path):
            refuse_foreign(path, read, force)


def refuse_foreign(path: Path, read: set[tuple], force: bool | None) -> None:
    """Refuse to replace a file that is not ours, unless by force; even then not in a folder that is
    `read`.
    """
    if not path.is_file():
        raise OSError(
            errno.EISDIR if path.is_dir() else errno.EINVAL, "it is no plain file", str(path)
        )
    if any(place(folder) in read for folder in Path(os.path.realpath(path)).parents):
        raise BassnbError(
            f"{path} belongs to a folder that this command reads; choose another place to write to"
        )
    if not force:
        remedy = (
            "choose another place"
            if force is None
            else "choose another name, or replace it with --force (in Python force=True)"
        )
        raise BassnbError(
            f"{path} is already there, and bassnb did not write it or it was changed since; {remedy}"
        )


def place(path: str | os.PathLike) -> tuple:
    """What two paths have in common exactly if they lead to the same file.

    For a file that does not exist yet, it is its folder and its name without case and in one
    Unicode form: on many file systems `Take.wav` and `take.wav` are one file.
    """
    try:
        found = os.stat(path)
        return found.st_dev, found.st_ino
    except OSError:
        folder, name = os.path.split(os.path.realpath(path))
        return *place(folder), unicodedata.normalize("NFC", name).casefold()


def is_there(path: Path) -> bool:
    """Whether something lies under a path; an OSError if that cannot be known, or no such file can
    exist.
    """
    try:
        os.stat(path)
        return True
    except FileNotFoundError:
        return False


# -- which files this program wrote ----------------------------------------------------------------


def json_object(path: Path) -> dict:
    """The object in a JSON file; an empty one if the file holds anything else or cannot be read."""
    try:
        content = json.loads(read_bytes(path, MOST_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def json_with(*keys: str) -> Callable[[Path], bool]:
    """Recognises JSON objects that have all these keys."""
    return lambda path: set(keys) <= json_object(path).keys()


def report_of(command: str) -> Callable[[Path], bool]:
    """Recognises the JSON reports of a command by its first words, which every report holds."""
    return lambda path: str(json_object(path).get("command", "")).startswith(command)


def beginning_with(text: str) -> Callable[[Path], bool]:
    """Recognises text files by their first line or more."""

    def ours(path: Path) -> bool:
        with open(path, "rb") as file:
            return file.read(len(text.encode())) == text.encode()

    return ours


def is_settings(path: Path) -> bool:
    """Whether a file holds the settings of a take, as `write_settings` leaves them."""
    return listed(path) is not None


def listed(settings: Path) -> dict | None:
    """Names and checksums of the files that the settings of a take list; None of another file."""
    files = json_object(settings).get(FILES)
    return files if isinstance(files, dict) else None


def listed_in(settings: Path) -> Callable[[Path], bool]:
    """Recognises the files of a take: its settings list them, and they have not been changed since."""

    def ours(path: Path) -> bool:
        known = (listed(settings) or {}).get(listed_name(path, settings))
        return known is not None and known == checksum(path)

    return ours


def write_settings(path: Path, settings: dict, files: Iterable[Path]) -> Path:
    """Write the settings of a take as JSON, with the checksums of its `files`; what was listed
    there before stays listed.
    """
    before = listed(path) or {}
    now = {listed_name(file, path): checksum(file) for file in files}
    return write_atomically(
        path, (json.dumps({**settings, FILES: {**before, **now}}, indent=1) + "\n").encode()
    )


def listed_name(file: Path, settings: Path) -> str:
    """The name of a file in the folder of its settings, or the whole path of one that lies
    elsewhere.
    """
    folder, home = (os.path.realpath(Path(path).parent) for path in (file, settings))
    return Path(file).name if folder == home else str(Path(folder) / Path(file).name)


def checksum(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(2**22):
            digest.update(block)
    return digest.hexdigest()
