"""Names of stems, of whole songs, of splits and of audio files: what they may mean. Taught in
chapter 10.

Names are compared in one form (`stem_name`): composed letters (Unicode NFC), no capitals, no spaces
around. The singular and the plural of common stems are one name: "drum" is "drums". What a file
holds is never decided by its name alone: see `bassnb.collections.contents`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

# What libsndfile reads; of two files that differ only in the suffix, the one whose suffix comes
# first is taken.
SUFFIXES = (
    ".wav",
    ".flac",
    ".aif",
    ".aiff",
    ".aifc",
    ".caf",
    ".w64",
    ".rf64",
    ".au",
    ".ogg",
    ".oga",
    ".opus",
    ".mp3",
)
# Audio that it does not read.
UNREAD = (
    ".m4a",
    ".mp4",
    ".aac",
    ".wma",
    ".ape",
    ".wv",
    ".tta",
    ".mpc",
    ".mka",
    ".webm",
    ".ac3",
    ".dsf",
)
SPLIT_NAMES = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
}
PLURALS = {
    "drum": "drums",
    "vocal": "vocals",
    "guitars": "guitar",
    "basses": "bass",
    "keyboard": "keys",
    "keyboards": "keys",
}
WHOLE = ("mix", "mixture")  # files that hold everything
WHOLE_WORDS = frozenset(
    "mix mixture mixdown master mastered full whole accompaniment instrumental backing minus karaoke".split()
)
# words that may stand beside those
BESIDE_WHOLE = frozenset("linear final stereo original song track one 1 2".split())
STEM_NAMES = frozenset(
    {
        "bass",
        "drums",
        "vocals",
        "guitar",
        "piano",
        "keys",
        "other",
        "others",
        "synth",
        "strings",
        "organ",
        "percussion",
        "brass",
        "winds",
        "kick",
        "snare",
        "pad",
        "melody",
        "chords",
        "violin",
        "viola",
        "cello",
        "flute",
        "trumpet",
        "trombone",
        "saxophone",
        "sax",
        "clarinet",
        "acoustic guitar",
        "electric guitar",
        "lead vocals",
        "backing vocals",
        *WHOLE,
    }
)
# of one performance; the first that is there is the stem
TAKES = ("amp", "amped", "di", "d.i.", "direct")


def plain_name(name: str) -> str:
    """The form in which names are compared."""
    return unicodedata.normalize("NFC", name).casefold().strip()


def stem_name(name: str) -> str:
    """A name of a stem in that form, with the singular or plural that is common."""
    return PLURALS.get(plain_name(name), plain_name(name))


def words(name: str) -> list[str]:
    """The words of a name, however they are put together: "full_mix" and "Full-Mix"."""
    return re.split(r"[\s_-]+", plain_name(name))


def is_stem(name: str) -> bool:
    """Whether files are often called so because of what plays in them."""
    return stem_name(name) in STEM_NAMES or " ".join(words(name)) in STEM_NAMES or is_whole(name)


def is_whole(name: str) -> bool:
    """Whether a name is one of those that whole songs, or songs without one stem, have: "master",
    "full mix", "minus bass".
    """
    found = words(name)
    if (
        found[0] in ("minus", "no", "without")
        and len(found) == 2
        and stem_name(found[1]) in STEM_NAMES
    ):
        return True
    return bool(WHOLE_WORDS & set(found)) and set(found) <= WHOLE_WORDS | BESIDE_WHOLE


def split_name(folder: str) -> str | None:
    """The split that a folder holds, by its name; None for any other folder."""
    return SPLIT_NAMES.get(plain_name(folder))


def take_of(name: str) -> tuple[str, int] | None:
    """The stem of which a name is a take, and its place in `TAKES`: "bass_di" is one of "bass";
    None for other names.
    """
    found = re.fullmatch(rf"(.+?)[\s_-]+({'|'.join(map(re.escape, TAKES))})", plain_name(name))
    return (stem_name(found[1]), TAKES.index(found[2])) if found else None


def chosen_takes(names: Iterable[str]) -> dict[str, str]:
    """Which stem each name stands for, "" for another take of one that is there.

    A performance is often kept twice: "bass_di", straight from the instrument, and "bass_amp", from
    its loudspeaker. Beside "bass" neither is used. Without it the sound of the amplifier is the
    bass, for it is what a song lets hear; the direct one is, if it is alone.
    """
    names, best = list(names), {}
    for name in names:
        if take := take_of(name):
            best[take[0]] = min(best.get(take[0], (len(TAKES), "")), (take[1], name))
    known = set(names)
    return {
        name: name
        if not (take := take_of(name))
        else take[0]
        if take[0] not in known and best[take[0]][1] == name
        else ""
        for name in names
    }
