"""Audio in the folder of a collection that is part of no song, and why. Taught in chapter 10."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from bassnb.collections.layouts import Layout
from bassnb.collections.names import SUFFIXES, UNREAD, plain_name, split_name, stem_name, take_of
from bassnb.collections.song_files import SongFiles, ignored

SHOWN = 10  # paths of each reason


def unused(root: Path, layout: Layout, songs: Iterable[SongFiles]) -> dict[str, list[str]]:
    """Unused audio below `root` by reason: files, or whole folders with the number of their files.

    Files without the suffix of audio, hidden files, resource forks of macOS and folders `__MACOSX`
    are skipped.
    """
    reasons: dict[str, list[str]] = {}
    used = {
        path
        for song in songs
        for paths in (*song.stems.values(), (song.mix,))
        for path in paths
        if path
    }
    names: dict[Path, set[str]] = {}  # of used files, by their folders
    for path in used:
        names.setdefault(path.parent, set()).add(plain_name(path.stem))
    by_split = any(split_name(path.relative_to(root).parts[0]) for path in used)
    for path in left_over(root, used, {folder for file in used for folder in file.parents}):
        files = list(audio_below(path))
        beside = by_split and path.parent == root and path.is_dir()
        reason = (
            "beside the folders of the splits: train, validation (or valid, val, dev), test"
            if beside
            else why(files, names)
        )
        reason = reason or f"not part of a song in the layout {layout.name}"
        shown = (
            f"{path.relative_to(root)}/ ({len(files)} files)"
            if path.is_dir()
            else str(path.relative_to(root))
        )
        reasons.setdefault(reason, []).append(shown)
    return reasons


def left_over(place: Path, used: set[Path], above: set[Path]) -> Iterator[Path]:
    """Audio files below a folder that are not in `used`.

    A folder that is not in `above`, the parents of the used files, is returned as a whole.
    """
    for path in sorted(place.iterdir()):
        if (
            ignored(path)
            or path.is_symlink()
            and path.is_dir()
            and path.resolve() in place.resolve().parents
        ):
            continue
        if not path.is_dir():
            if path.suffix.lower() in (*SUFFIXES, *UNREAD) and path not in used:
                yield path
        elif path not in above:
            if any(audio_below(path)):
                yield path
        else:
            yield from left_over(path, used, above)


def audio_below(path: Path) -> Iterator[Path]:
    """Files with a suffix of audio, supported or not: `path` itself, or those below it.

    Links to folders are not followed.
    """
    files = path.rglob("*") if path.is_dir() else [path]
    yield from (
        file
        for file in files
        if file.suffix.lower() in (*SUFFIXES, *UNREAD)
        and not file.is_dir()
        and not any(map(ignored, (file, *(file.parents if path.is_dir() else ()))))
    )


def why(files: list[Path], names: dict[Path, set[str]]) -> str:
    """The reason that holds for most of `files`, "" if none is known."""
    single = "a song needs two stems or more" if len(files) == 1 else ""
    return Counter(
        why_file(file, names.get(file.parent, set())) or single for file in files
    ).most_common(1)[0][0]


def why_file(file: Path, beside: set[str]) -> str:
    """The reason for one file, "" if none is known; `beside` are used names in its folder."""
    if file.suffix.lower() in UNREAD:
        return f"{file.suffix.lower()} is not read; convert it to WAV or FLAC"
    if plain_name(file.stem) in beside:
        return "another file has the same name"
    if take := take_of(file.stem) or take_of(file.parent.name):
        return f"another take of {stem_name(take[0])}"
    return "not used beside the stems" if beside else ""


def lines(reasons: dict[str, list[str]]) -> Iterator[str]:
    """The result of `unused` as text, one line for each reason."""
    for reason, paths in reasons.items():
        more = f" and {len(paths) - SHOWN} more" if len(paths) > SHOWN else ""
        yield f"left out: {', '.join(paths[:SHOWN])}{more}: {reason}"
