"""Does the model carry over to songs that its generator did not write?

Every measure stands between the true bass through the autoencoder and the basses of other songs, as
in `bassnb.studies.match`, for each family of `bassnb.studies.transfer_songs.cases`. What a mix
leaves open is not measured: drums alone do not determine harmony, and neither a lone lead nor a pad
determines a bass's rhythm. The rule baseline shows how far one gets without learning.

Taught in chapter 9.
"""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from bassnb.accompanist import Accompanist
from bassnb.composer.examples import Example
from bassnb.composer.score import Song
from bassnb.errors import DataError
from bassnb.files import name_bytes
from bassnb.metrics.match import MEASURES, Transcription, compare, transcribe
from bassnb.metrics.rule import rule_bass
from bassnb.studies.marks import Marks
from bassnb.studies.onset_marks import onset_table, onsets_of
from bassnb.studies.takes import single_take, through_autoencoder
from bassnb.studies.transfer_marks import group, group_headline, grouped, song_marks, table
from bassnb.studies.transfer_songs.cases import Case, transfer_cases

GROUPS = {"sources": "source", "families": "family", "sounds": "sound"}
ROWS = ("true", "autoencoder", "generated", "rule", "shuffled")
OTHERS = 24  # most basses of other songs against which the floor of a song is taken
QUICK = {"songs": 1, "seconds": 6.0, "steps": 4, "family": ("odd metre", "drums only", "reggae")}


def run(
    accompanist: Accompanist,
    *,
    songs: int | None = 6,
    seconds: float = 24.0,
    steps: int = 64,
    fetched: str | Path = Path("cache/foreign"),
    folder: Sequence[str | Path] = (),
    soundfont: str | None = None,
    family: Sequence[str] | None = None,
    split: str | None = None,
    progress: bool = True,
) -> dict:
    """Accompany foreign songs and mark the takes.

    Parameters
    ----------
    songs : most songs of a family; None takes all
    fetched : folder that `book/foreign_basses.sh` has filled
    folder : folders with MIDI files, or collections of stems (`bassnb.collections.layouts`); none
        takes the music of `USUAL`, as far as it was fetched or is installed
    family : names of families to include, for example "reggae" or a folder's; None takes all
    split : of collections of stems, "test" for example; None takes all songs
    soundfont : path of a second SoundFont: it plays the written pieces once more, and all scores;
        None takes the one that was fetched, if there is one

    Returns
    -------
    dict, JSON-ready
        For all songs the number of ``songs``, the ``normalised_score`` of the generated takes and
        of the rule from the shuffled pairing to the true bass through the autoencoder, for every
        measure that applies and for their ``mean``; ``sources``, ``families`` and ``sounds``: the
        same for each group; ``rows`` over all songs; ``onsets``: notes, precision, recall and what
        exceeds chance, of the songs whose mix determines a rhythm, see
        `bassnb.studies.onset_marks`; ``marks`` of every song; ``skipped``: what
        could not be used, and why. The take of a song is seeded by its name. A score needs a floor,
        and so at least two songs; an interval needs two as well. Of one song there are only marks.

    Raises
    ------
    DataError
        If there is no song that can be used.
    """
    skipped: dict[str, str] = {}
    found = transfer_cases(
        seconds=seconds,
        songs=songs,
        fetched=Path(fetched),
        folder=folder,
        soundfont=soundfont,
        families=family,
        split=split,
        skipped=skipped,
    )
    shown = tqdm(found, desc="foreign songs", disable=not progress)
    cases, transcribed, rows = played(accompanist, shown, steps)
    if not cases:
        raise no_song(skipped)
    return {
        "preset": accompanist.system.preset.name,
        "seconds": seconds,
        "steps": steps,
        "most": songs,
        **{key: accompanist.system.defaults[key] for key in ("guidance", "phi")},
        "skipped": skipped,
        **group(cases, rows, range(len(cases))),
        "rows": table(cases, rows),
        "onsets": onset_table(onsets_of_cases(transcribed, cases)),
        **{plural: grouped(cases, rows, key) for plural, key in GROUPS.items()},
        "marks": [song_marks(case, rows, index) for index, case in enumerate(cases)],
    }


def played(
    accompanist: Accompanist, found: Iterable[Case], steps: int
) -> tuple[list[Case], list[dict[str, Transcription]], dict[str, list[Marks]]]:
    """All cases, played and marked: the cases without their waves, what was transcribed, and rows."""
    cases: list[Case] = []
    transcribed: list[dict[str, Transcription]] = []
    rows: dict[str, list[Marks]] = {name: [] for name in ROWS}
    for case in found:
        takes = play_all(accompanist, case, steps)
        for name, take in takes.items():
            rows[name].append(compare(take, case.example.song))
        transcribed.append(takes)
        nothing = torch.empty(2, 0)  # the waves are large and no longer needed
        cases.append(
            dataclasses.replace(case, example=Example(case.example.song, nothing, nothing))
        )
    ceilings = [takes["autoencoder"] for takes in transcribed]
    rows["shuffled"] = [floor_of(index, ceilings, cases) for index in range(len(cases))]
    return cases, transcribed, rows


def no_song(skipped: dict[str, str]) -> DataError:
    """The error for a set without usable songs, with the first reason among those `skipped`."""
    reason = next(
        (f"{name}: {why}" for name, why in skipped.items()), "no family of that name is there"
    )
    return DataError(
        f"there is no song to accompany ({reason}); give a folder of songs, or another family or split"
    )


def play_all(accompanist: Accompanist, case: Case, steps: int) -> dict[str, Transcription]:
    """Every player's bass to one song, transcribed, by the name of its row."""
    example = case.example
    waves = {
        "true": example.bass,
        "autoencoder": through_autoencoder(accompanist, example.bass),
        "generated": single_take(
            accompanist, example.mix, steps=steps, seed=zlib.crc32(name_bytes(case.name))
        ),
        "rule": rule_bass(example.mix),
    }
    return {name: transcribe(wave) for name, wave in waves.items()}


def floor_of(index: int, takes: list[Transcription], cases: Sequence[Case]) -> Marks:
    """Mean marks of the basses of up to `OTHERS` other songs against song `index`.

    The same song with other sounds is not another song.

    A longer bass is cut to the length of the song. nan where there is no other song of that length.
    """
    song, name = cases[index].example.song, cases[index].name
    long_enough = [
        other
        for other, case in enumerate(cases)
        if case.name != name and case.example.song.duration > song.duration - 0.5
    ]
    chosen = long_enough[:: -(-len(long_enough) // OTHERS) or 1]
    marks = [compare(takes[other].between(0.0, song.duration), song) for other in chosen]
    return {
        key: float(np.mean([other[key] for other in marks])) if marks else float("nan")
        for key in MEASURES
    }


def onsets_of_cases(
    transcribed: list[dict[str, Transcription]], cases: Sequence[Case]
) -> dict[str, list[dict[str, float]]]:
    """Onsets of every player, by the name of the row, in the songs whose mix determines a rhythm.

    Other songs are those of other names that are at most as long.
    """
    rhythmic = [
        (takes, case)
        for takes, case in zip(transcribed, cases, strict=True)
        if "onset_f1" in case.measures
    ]

    def others(case: Case) -> list[Song]:
        songs = [other.example.song for _, other in rhythmic if other.name != case.name]
        return [song for song in songs if song.duration < case.example.song.duration + 0.5]

    return onsets_of((takes, case.example.song, others(case)) for takes, case in rhythmic)


def headline(report: dict) -> str:
    """The line worth reading."""
    return ", ".join(
        group_headline(name, part) for name, part in {"all": report, **report["families"]}.items()
    )
