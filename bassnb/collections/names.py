"""Names of stems, whole songs, splits and audio files, and what they may mean.

Names are compared in one form (`stem_name`): composed letters (Unicode NFC), no capitals, no spaces
around. The singular and the plural of common stems are one name: "drum" is "drums". The
contents of a file are never decided by its name alone, see `bassnb.collections.contents`. Taught in
chapter 10.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

# Formats that libsndfile reads; of files that differ only in the suffix, the first here is used.
SUFFIXES = tuple(".wav .flac .aif .aiff .aifc .caf .w64 .rf64 .au .ogg .oga .opus .mp3".split())
# Audio formats that it does not read.
UNREAD = tuple(".m4a .mp4 .aac .wma .ape .wv .tta .mpc .mka .webm .ac3 .dsf".split())
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
WHOLE = ("mix", "mixture")  # names of files of the whole song
_WHOLE_WORDS = """
    mix mixture mixdown master mastered full whole accompaniment instrumental backing minus karaoke
"""
WHOLE_WORDS = frozenset(_WHOLE_WORDS.split())
# Words that may stand beside those.
BESIDE_WHOLE = frozenset("linear final stereo original song track one 1 2".split())
_STEM_NAMES = """
    bass, drums, vocals, guitar, piano, keys, other, others, synth, strings, organ, percussion,
    brass, winds, kick, snare, pad, melody, chords, violin, viola, cello, flute, trumpet, trombone,
    saxophone, sax, clarinet, acoustic guitar, electric guitar, lead vocals, backing vocals
"""
STEM_NAMES = frozenset({*(name.strip() for name in _STEM_NAMES.split(",")), *WHOLE})
# Takes of one performance; the first that exists is the stem.
TAKES = ("amp", "amped", "di", "d.i.", "direct")


def plain_name(name: str) -> str:
    """The form in which names are compared."""
    return unicodedata.normalize("NFC", name).casefold().strip()


def stem_name(name: str) -> str:
    """`plain_name` of a stem, with the usual singular or plural."""
    return PLURALS.get(plain_name(name), plain_name(name))


def words(name: str) -> list[str]:
    """The words of a name, however they are put together: "full_mix" and "Full-Mix"."""
    return re.split(r"[\s_-]+", plain_name(name))


def is_stem(name: str) -> bool:
    """Whether a name is a usual name of a stem or of a whole song."""
    return stem_name(name) in STEM_NAMES or " ".join(words(name)) in STEM_NAMES or is_whole(name)


def is_whole(name: str) -> bool:
    """Whether a name is one of a whole song, or of a song without one stem.

    Examples are "master", "full mix" and "minus bass".
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
    """The stem of which a name is a take, and its place in `TAKES`; None for other names.

    "bass_di", for example, is a take of "bass".
    """
    found = re.fullmatch(rf"(.+?)[\s_-]+({'|'.join(map(re.escape, TAKES))})", plain_name(name))
    return (stem_name(found[1]), TAKES.index(found[2])) if found else None


def chosen_takes(names: Iterable[str]) -> dict[str, str]:
    """The stem of each name, "" for a further take of a stem.

    A performance is often recorded twice: "bass_di", directly from the instrument, and "bass_amp",
    from the amplifier. If there is "bass", neither is used. Otherwise the amplifier, which is what
    the mix contains, is the bass; the direct signal is, if it is the only one.
    """
    names = list(names)
    best: dict[str, tuple[int, str]] = {}
    for name in names:
        if take := take_of(name):
            best[take[0]] = min(best.get(take[0], (len(TAKES), "")), (take[1], name))
    known = set(names)
    chosen = {name: name for name in names}
    for name in names:
        if take := take_of(name):
            stem = take[0]
            chosen[name] = stem if stem not in known and best[stem][1] == name else ""
    return chosen
