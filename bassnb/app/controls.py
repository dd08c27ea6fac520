"""The controls of the page, one for each field of the classes of settings."""

from __future__ import annotations

import os
import typing
from dataclasses import dataclass

from bassnb.accompanist import Accompanist
from bassnb.checked import alternatives, fields_of
from bassnb.control.progression import chord_file
from bassnb.errors import BassnbError
from bassnb.settings import ControlSettings, TakeSettings

FAST = "dpm++"  # the sampler that the page begins with
STEPS = 100  # of a slider
HELP = {"chords": "Chords to play to, such as Am F C G; bar lines and several lines are welcome."}
MOST_RANGE = 1000  # a wider range is typed


@dataclass(frozen=True)
class Control:
    """A control, whatever draws it.

    Attributes
    ----------
    name : of the setting
    kind : "slider", "toggle", "choice", "text", or "file"
    value : what it shows at first
    info : one sentence
    accepted : type of the setting
    low, high, step : of a slider
    choices : of a choice
    """

    name: str
    kind: str
    value: typing.Any
    info: str
    accepted: typing.Any
    low: float = 0.0
    high: float = 1.0
    step: float = 0.01
    choices: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The name as words."""
        return self.name.replace("_", " ").capitalize()

    def setting(self, value):
        """What the setting becomes: nothing that is typed is None, and lines are a tuple.

        Raises
        ------
        BassnbError
            If a text names a file: on a page, files are uploaded.
        """
        if self.kind != "text":
            return value or None if self.kind == "file" else value
        text, kinds = str("" if value is None else value).strip(), alternatives(self.accepted)
        if not text and type(None) in kinds:
            return None
        text = text or self.value
        if self.name == "chords" and chord_file(text):
            raise BassnbError("chords names a file; write the chords themselves, such as Am F C G")
        if any(typing.get_origin(kind) is tuple for kind in kinds):
            lines = tuple(line.strip() for line in text.splitlines() if line.strip())
            return lines[0] if len(lines) == 1 else lines
        return text if str in kinds else number(text, int if float not in kinds else float)


def number(text: str, kind: type):
    """A typed number; a text that is none stays as it is, and the settings will refuse it."""
    try:
        return kind(text)
    except (ValueError, OverflowError):
        return text


def controls_of(accompanist: Accompanist) -> dict[str, list[Control]]:
    """All controls, in two groups, with the values that this model plays best with."""
    known = {**accompanist.settings(sampler=FAST), "sampler": FAST}
    known.pop("steps")  # they belong to the sampler: nothing typed is its own number
    return {
        "You decide": [control(*entry, None) for entry in fields_of(ControlSettings)],
        "Sampling": [
            control(*entry, known.get(entry[0].name)) for entry in fields_of(TakeSettings)
        ],
    }


def control(entry, accepted, known) -> Control:
    """The control of a field of a class of settings.

    Parameters
    ----------
    entry, accepted : from `fields_of`
    known : the value that the model has for it; None if there is none
    """
    facts, kinds = entry.metadata, set(alternatives(accepted)) - {type(None)}
    value = entry.default if known is None else known
    low, high = facts["low"], facts["usual"]
    numeric = kinds <= {int, float} and value is not None
    if accepted is bool:
        kind = "toggle"
    elif os.PathLike in kinds:
        kind = "file"
    elif facts["choices"]:
        kind = "choice"
    elif numeric and high - low <= MOST_RANGE:
        kind = "slider"
    else:
        kind, value = "text", "" if value is None else str(value)
    step = 1 if int in kinds else (high - low) / STEPS
    help = HELP.get(entry.name) or facts["help"].replace(" --", " ")  # of options
    return Control(entry.name, kind, value, help, accepted, low, high, step, facts["choices"])
