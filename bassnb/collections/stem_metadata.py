"""Metadata of stems from the YAML files of a collection, which may be malformed.

Taught in chapter 10.
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
    """Entries of the mapping "stems" of a YAML file.

    Stray characters at the beginning of the file, as in Slakh, are skipped.

    Returns
    -------
    entries : list of dict
        Each has its own name under "key"; entries that are not mappings are skipped.

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
        except (yaml.YAMLError, ValueError):  # ValueError: dates that do not exist
            continue
        if isinstance(content, dict) and isinstance(content.get("stems"), dict):
            entries = {
                str(key): facts
                for key, facts in content["stems"].items()
                if isinstance(facts, dict)
            }
            return [{**facts, "key": key} for key, facts in sorted(entries.items())]
    raise DataError(f"{path} describes no stems; copy it again")


def flat_yaml(text: str) -> object:
    """The content of a YAML document; deep nesting, which crashes the loader in C, is refused."""
    depth = 0
    for event in yaml.parse(text, Loader=SAFE):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(
            event, yaml.CollectionEndEvent
        )
        if depth > DEEPEST:
            raise yaml.YAMLError(f"more than {DEEPEST} levels")
    return yaml.load(text, Loader=SAFE)


def first_text(value: object, otherwise: str) -> str:
    """A string, or the first of a list of strings, in lower case; `otherwise` for anything else."""
    value = value[0] if isinstance(value, list) and value else value
    return value.lower() if isinstance(value, str) and value else otherwise
