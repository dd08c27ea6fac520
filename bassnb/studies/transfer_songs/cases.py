"""The songs of the transfer study: where they come from and how they sound.

Three sources. **Written**: the pieces of `bassnb.studies.transfer_songs.scorebook`, in metres,
tempi and textures that the generator seldom or never uses. **Scores**: other composers' multitrack
MIDI and MusicXML. **Recordings**: real songs with a separate bass. A second SoundFont plays the
written pieces once more. Nothing of it is used in training.

Taught in chapter 9.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch

from bassnb.collections.midi import read_midi
from bassnb.collections.musicxml import read_musicxml
from bassnb.composer.effects import place
from bassnb.composer.examples import Example
from bassnb.composer.score import Part, Song
from bassnb.composer.synth import SAMPLE_RATE, play
from bassnb.errors import BassnbError, DataError
from bassnb.metrics.match import MEASURES
from bassnb.studies.transfer_songs.excerpts import excerpt_of
from bassnb.studies.transfer_songs.notation import read_score
from bassnb.studies.transfer_songs.recordings import read_recording, recorded_songs
from bassnb.studies.transfer_songs.scorebook import pieces

OPEN = {  # families whose mix leaves something undetermined: the measures that remain
    "drums only": ("onset_f1",),
    "lone lead": ("chord_tone", "root", "pitch_class"),
    "pad only": ("chord_tone", "root", "pitch_class"),
}
SOUNDFONT = "soundfont/foreign.sf2"  # in the folder that `book/foreign_basses.sh` fills
# Families of free music, folders in the same place. Where their packages are installed, they lie
# here: Python package or "", folder, how to get it.
USUAL = {
    "OpenMSX": ("", "/usr/share/games/openttd/baseset/openmsx", "apt install openttd-openmsx"),
    "Simutrans": ("", "/usr/share/games/simutrans/music", "apt install simutrans-data"),
    "Bach chorales": ("music21", "corpus/bach", "pip install --no-deps music21"),
    "Beethoven quartets": ("music21", "corpus/beethoven", "pip install --no-deps music21"),
    "Recording": ("", "cache/foreign/Recording", "sh book/foreign_basses.sh"),
}
READERS = {
    ".mid": read_midi,
    ".midi": read_midi,
    ".mxl": read_musicxml,
    ".musicxml": read_musicxml,
    ".xml": read_musicxml,
}


@dataclass(frozen=True)
class Case:
    """One song of the transfer set: where it comes from, which measures apply to it, and its sound."""

    source: str
    family: str
    name: str
    sound: str
    measures: tuple[str, ...]
    example: Example


def band(song: Song, soundfont: str | None = None) -> Example:
    """Render a song with any parts.

    Every instrument is as loud as its SoundFont and its part make it.
    """
    samples = round(song.duration * SAMPLE_RATE)

    def wave(part: Part) -> np.ndarray:
        sound = play(
            part.notes,
            part.program,
            samples,
            is_drum=part.is_drum,
            tuning=song.tuning,
            soundfont=soundfont,
        )
        place(sound, part.pan, 1.0)
        return sound * np.float32(10 ** (part.gain_db / 20))

    bass_part = song.part("bass")
    assert bass_part is not None  # every song of the set has a bass
    bass = wave(bass_part)
    mix = np.sum([wave(part) for part in song.parts if part.name != "bass"], axis=0)
    top = 0.9 / max(
        float(np.abs(bass + mix).max()), float(np.abs(mix).max()), float(np.abs(bass).max()), 1e-9
    )
    return Example(
        song, torch.from_numpy(bass * np.float32(top)), torch.from_numpy(mix * np.float32(top))
    )


def written_cases(
    seconds: float, songs: int | None, soundfont: str | None, families: Sequence[str] | None = None
) -> Iterator[Case]:
    """The pieces of the scorebook, at most `songs` of a family, of all families or of those named."""
    seen: dict[str, int] = {}
    for family, title, text in pieces():
        if families is not None and family not in families:
            continue
        seen[family] = seen.get(family, 0) + 1
        if songs is None or seen[family] <= songs:
            example = band(read_score(text, seconds), soundfont)
            yield Case(
                "written", family, title, font_name(soundfont), OPEN.get(family, MEASURES), example
            )


def font_name(soundfont: str | None) -> str:
    """The name of a SoundFont without its folder."""
    return Path(soundfont).stem if soundfont else "TimGM6mb"


def folder_cases(
    folder: Path,
    family: str,
    seconds: float,
    songs: int | None,
    soundfont: str | None,
    skipped: dict[str, str],
    split: str | None = None,
) -> Iterator[Case]:
    """Scores and recordings below a folder, at most `songs` of each kind, spread over the alphabet.

    Those that cannot be used are entered in `skipped` with the reason, and the next one takes their
    place.
    """
    scores = sorted(path for path in folder.rglob("*") if path.suffix.lower() in READERS)
    recordings = recorded_songs(folder, split)
    if not scores and not recordings:
        raise DataError(
            f"{folder} holds neither MIDI nor MusicXML files nor folders with a bass stem; give a folder of songs"
        )
    for source, found in (("scores", scores), ("recordings", recordings)):
        count = 0
        for piece in spread(found, songs):
            if count == songs:
                break
            name = piece.stem if source == "scores" else piece.name
            try:
                if source == "scores":
                    score = READERS[piece.suffix.lower()](piece)
                    example = band(excerpt_of(score, f"{family}: {name}", seconds), soundfont)
                else:
                    example = Example(*read_recording(piece, seconds))
            except BassnbError as error:
                skipped[f"{family}: {piece.name}"] = str(error)  # of a file or of a song
                continue
            count += 1
            sound = font_name(soundfont) if source == "scores" else "recorded"
            yield Case(source, family, name, sound, MEASURES, example)


def spread(paths: Sequence, songs: int | None) -> list:
    """All paths, but in an order that begins with `songs` of them, evenly spaced."""
    if not songs or songs >= len(paths):
        return list(paths)
    first = [paths[index * len(paths) // songs] for index in range(songs)]
    return first + [path for path in paths if path not in first]


def transfer_cases(
    *,
    seconds: float,
    songs: int | None,
    fetched: Path,
    folder: Sequence[str | Path],
    soundfont: str | None,
    families: Sequence[str] | None,
    skipped: dict[str, str],
    split: str | None = None,
) -> Iterator[Case]:
    """All songs of the study.

    Written pieces, once more with the other SoundFont, and given folders or the music of `USUAL`.
    """
    soundfont = second_soundfont(soundfont, fetched)
    yield from written_cases(seconds, songs, None, families)
    if soundfont:
        yield from written_cases(seconds, songs, soundfont, families)
    places = [(Path(path).absolute().name, Path(path)) for path in folder]
    if not places:
        places = usual_places(fetched, skipped)
    if families is not None:
        places = [(family, path) for family, path in places if family in families]
    for family, path in places:
        yield from folder_cases(path, family, seconds, songs, soundfont, skipped, split)


def second_soundfont(named: str | Path | None, fetched: Path) -> str | None:
    """The path of the SoundFont that is named, or else of the one that was fetched, if it is there."""
    own = fetched / SOUNDFONT
    return str(named) if named else str(own) if own.is_file() else None


def usual_places(fetched: Path, skipped: dict[str, str]) -> list[tuple[str, Path]]:
    """Each family of `USUAL` with its folder; those that are nowhere are entered in `skipped`."""
    places = []
    for family, (package, subfolder, how) in USUAL.items():
        found = fetched / family if (fetched / family).is_dir() else installed(package, subfolder)
        if found is not None:
            places.append((family, found))
        else:
            skipped[family] = f"not there; get it with `{how}`, or name a folder of music"
    return places


def installed(package: str, place: str) -> Path | None:
    """The folder `place`, None if it does not exist.

    If a Python package is named, the folder lies in it; the package is not imported.
    """
    found = Path(place)
    if package:
        spec = find_spec(package)
        if spec is None or spec.origin is None:
            return None
        found = Path(spec.origin).parent / place
    return found if found.is_dir() else None
