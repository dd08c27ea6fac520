"""What the YAML files of a collection say of its stems; anything may stand in them. Taught in
chapter 10.
"""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from bassnb.errors import DataError
from bassnb.files import read_bytes

LARGEST = 1_000_000  # bytes of one song's metadata
DEEPEST = 16  # levels of it
SAFE = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # plain data only, in C where that is built


def described_stems(path: Path) -> list[dict]:
    """What the mapping "stems" of a YAML file says of each stem; stray characters before it, as in
    Slakh, are passed over.

    Each entry is a mapping, with its own name under "key"; entries that are none are passed over.

    Raises
    ------
    DataError
        If the file cannot be read, or describes no stems.
    """
    try:
        text = read_bytes(path, LARGEST).decode(errors="replace")
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}); copy it again") from None
    start = re.search(r"^[^A-Za-z\n]{0,4}(?=\w+:)", text, re.MULTILINE)
    for candidate in (text, text[start.end() :] if start else "", text[1:]):
        try:
            content = flat_yaml(candidate)
        # PyYAML's own error, and Python's of dates that do not exist
        except (yaml.YAMLError, ValueError):
            continue
        if isinstance(content, dict) and isinstance(content.get("stems"), dict):
            entries = {
                str(key): facts
                for key, facts in content["stems"].items()
                if isinstance(facts, dict)
            }
            return [{**facts, "key": key} for key, facts in sorted(entries.items())]
    raise DataError(f"{path} describes no stems; copy it again")


def flat_yaml(text: str):
    """A YAML document without deep nesting, with which the loader in C would take the whole program
    down.
    """
    depth = 0
    for event in yaml.parse(text, Loader=SAFE):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(
            event, yaml.CollectionEndEvent
        )
        if depth > DEEPEST:
            raise yaml.YAMLError(f"more than {DEEPEST} levels")
    return yaml.load(text, Loader=SAFE)


def first_text(value, otherwise: str) -> str:
    """A text, or the first of a list of texts, in small letters."""
    value = value[0] if isinstance(value, list) and value else value
    return value.lower() if isinstance(value, str) and value else otherwise
