"""Files that a page hands over, as sound."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from bassnb.audio import read_audio
from bassnb.errors import BassnbError

MOST_BYTES = 50 * 2**20  # of an uploaded file
LONGEST = 600.0  # seconds of an uploaded file
NAME_LENGTH = 60  # characters of an uploaded file's name that are shown


@dataclass(frozen=True, eq=False)  # compared by identity: menus compare their values
class Upload:
    """An uploaded file: its sound, and its name, which is only displayed."""

    name: str
    wave: Tensor  # (2, N), 44.1 kHz


def take_file(button) -> dict | None:
    """The file of a FileUpload, with "name" and "content", or None; the button is left empty.

    Its value is a tuple of such files in ipywidgets 8, and in ipywidgets 7, which Google Colab
    has, a dictionary by name that follows from three other fields.
    """
    if not button.value:
        return None
    if isinstance(button.value, dict):
        name, file = next(iter(button.value.items()))
        button.metadata, button.data = [], []
        button.set_trait("value", {})
        return {"name": name, "content": file["content"]}
    file, button.value = button.value[0], ()
    return file


def read_upload(file: dict) -> Upload:
    """A file of `take_file` as sound.

    Raises
    ------
    BassnbError
        If it is too large.
    AudioError
        If it is not audio, or too long.
    """
    name = (
        "".join(letter for letter in str(file["name"]) if letter.isprintable())[:NAME_LENGTH]
        or "unnamed"
    )
    content = memoryview(file["content"])
    if content.nbytes > MOST_BYTES:
        raise BassnbError(
            f"{name} is larger than {MOST_BYTES // 2**20} MB; give a shorter or a compressed file"
        )
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "upload"
        path.write_bytes(content)
        return Upload(name, read_audio(path, name=name, longest=LONGEST))
