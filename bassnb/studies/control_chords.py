"""Does the bass play the chords that are asked for?

Every song is accompanied twice with drums alone, where nothing says what the harmony is, and twice
with its full mix, which plays other chords: without and with the wanted chords in the input of the
network. A take is marked on the wanted chords. What a bass can reach there is shown by the true
bass of the song on its own chords: it plays passing notes, and the marks are taken by a
transcription that errs. A key is measured likewise, by the share of the notes that lie in it; and
the estimated beats, on which chords are laid when no tempo is given, are compared with those of the
scores.
"""

from __future__ import annotations

import contextlib
import dataclasses
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import mir_eval
import numpy as np
from torch import Tensor
from tqdm import tqdm

from bassnb.accompanist import Accompanist
from bassnb.composer.examples import Example, examples
from bassnb.composer.harmony import SPLITS
from bassnb.composer.render import render
from bassnb.composer.score import Chord, Song
from bassnb.control.beats import estimated_beats
from bassnb.control.chords import NAMES
from bassnb.control.key import Key, parse_key
from bassnb.metrics.match import compare, share, transcribe
from bassnb.metrics.statistics import figure, summary
from bassnb.studies.marks import Marks
from bassnb.studies.transfer_songs.cases import band
from bassnb.take import Accompaniment

PROGRESSIONS = (  # steps above the tonic and qualities
    ((0, "min"), (8, "maj"), (3, "maj"), (10, "maj")),
    ((2, "min7"), (7, "dom7"), (0, "maj7"), (9, "min7")),
    ((0, "maj"), (5, "maj"), (7, "dom7"), (0, "maj")),
    ((0, "maj"), (7, "maj"), (9, "min"), (5, "maj")),
    ((0, "min"), (5, "min"), (2, "halfdim"), (7, "dom7")),
    ((0, "maj"), (10, "maj"), (5, "maj"), (0, "sus4")),
)
HARTE = {"dom7": "7", "halfdim": "hdim7"}  # of `QUALITIES` -> shorthand of Harte's
KEYS = ("major", "minor", "dorian", "mixolydian")
SETTINGS = {"sampler": "dpm++", "steps": 12, "guidance": 6.0}
MIXES = ("drums", "mix")
MARKS = ("chord_tone", "root", "voiced", "onset_f1")
QUICK = {"songs": 2, "seconds": 6.0, "steps": 2}


def run(
    accompanist: Accompanist,
    *,
    songs: int = 32,
    seconds: float = 24.0,
    material: Iterable[Example] | None = None,
    progress: bool = False,
    **settings,
) -> dict:
    """Wanted chords and keys, with drums alone and against a full mix.

    Parameters
    ----------
    songs : number of generated songs of the test split; those without drums are left out of the
        rows with drums alone
    material : other songs than generated ones, with score, bass and mix
    settings : of the takes, such as ``chord_level``; by default those of `SETTINGS`

    Returns
    -------
    dict, JSON-ready
        ``rows``: summaries of `MARKS` on the wanted chords for ``drums`` and ``mix``, each
        ``without`` and ``with`` the chords, and of the ``true`` bass on its own chords; ``keys``:
        summaries of the share of notes in the wanted key, by the same names; ``beats``: see
        `beat_marks`; ``songs``: the marks of every song.
    """
    settings = {**SETTINGS, **settings}
    found = examples("test", songs, seconds=seconds) if material is None else material
    marks = [
        marks_of(accompanist, example, index, settings)
        for index, example in enumerate(tqdm(found, desc="wanted chords", disable=not progress))
    ]
    beats = [mark.pop("beats") for mark in marks]
    return {
        "songs": len(marks),
        "seconds": seconds,
        "settings": settings,
        "rows": table([mark["chords"] for mark in marks]),
        "keys": table([mark["keys"] for mark in marks]),
        "beats": {key: summary([mark[key] for mark in beats]) for key in beats[0]},
        "marks": marks,
    }


def marks_of(accompanist: Accompanist, example: Example, index: int, settings: dict) -> dict:
    """All marks of one song; `index` draws what is wanted of it."""
    rng = np.random.default_rng(index)
    song = example.song
    wanted, key = wanted_chords(song, rng), wanted_key(rng)
    marks: dict[str, dict] = {"chords": {}, "keys": {}}
    marks["chords"]["true"] = chosen_marks(compare(transcribe(example.bass), song))
    for mix, wave in waves_of(example):
        plain = accompanist(wave, seed=index, **settings)
        with label_file(wanted) as path:
            led = accompanist(wave, seed=index, chords=path, **settings)
        keyed = accompanist(wave, seed=index, key=key.text, **settings)
        for name, take in (("without", plain), ("with", led)):
            marks["chords"][f"{mix}, {name}"] = marks_on(take, song, wanted)
        for name, take in (("without", plain), ("with", keyed)):
            marks["keys"][f"{mix}, {name}"] = {"in_key": in_key(take, key)}
    return {**marks, "beats": beat_marks(example.mix, song)}


def waves_of(example: Example) -> Iterator[tuple[str, Tensor]]:
    """The drums alone, if the song has any, and the full mix, by their names in `MIXES`."""
    song = example.song
    if song.part("drums") is not None:
        if song.split in SPLITS:
            yield MIXES[0], render(song)["drums"]
        else:
            kept = tuple(part for part in song.parts if part.name in ("bass", "drums"))
            yield MIXES[0], band(dataclasses.replace(song, parts=kept)).mix
    yield MIXES[1], example.mix


def wanted_chords(song: Song, rng: np.random.Generator) -> tuple[Chord, ...]:
    """A progression in any key, a chord for every bar of a song, to its end."""
    progression = PROGRESSIONS[rng.integers(len(PROGRESSIONS))]
    tonic = int(rng.integers(12))
    bars = [0.0, *song.downbeats[1:], song.duration]
    return tuple(
        Chord(start, end, (tonic + step) % 12, quality)
        for number, (start, end) in enumerate(zip(bars, bars[1:]))
        for step, quality in [progression[number % len(progression)]]
    )


def wanted_key(rng: np.random.Generator) -> Key:
    """Any key."""
    return parse_key(f"{NAMES[rng.integers(12)]} {KEYS[rng.integers(len(KEYS))]}")


@contextlib.contextmanager
def label_file(chords: Iterable[Chord]) -> Iterator[str]:
    """The path of a .lab file of chords that is there within a `with`."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "wanted.lab"
        path.write_text("".join(map(label_of, chords)))
        yield str(path)


def label_of(chord: Chord) -> str:
    """A line of a .lab file."""
    quality = HARTE.get(chord.quality, chord.quality)
    return f"{chord.start:.5f} {chord.end:.5f} {NAMES[chord.root]}:{quality}\n"


def marks_on(take: Accompaniment, song: Song, wanted: tuple[Chord, ...]) -> Marks:
    """Marks of a take on the wanted chords, in the tuning in which it was played."""
    tuning = take.settings["tuning"] / 100
    target = dataclasses.replace(song, chords=wanted, tuning=tuning)
    return chosen_marks(compare(transcribe(take.audio), target))


def chosen_marks(marks: Marks) -> Marks:
    """Those of `MARKS`."""
    return {name: round(marks[name], 4) for name in MARKS}


def in_key(take: Accompaniment, key: Key) -> float:
    """Share of the voiced frames whose pitch class lies in a key."""
    midi = transcribe(take.audio).midi
    midi = midi[~np.isnan(midi)] - take.settings["tuning"] / 100
    return round(share(np.isin(np.round(midi).astype(int) % 12, list(key.pitch_classes))), 4)


def beat_marks(mix: Tensor, song: Song) -> Marks:
    """Estimated beats of a mix against those of its score.

    Returns
    -------
    dict
        ``beats``: F-measure at 70 ms; ``beats_any_octave``: the best of it and of those at half and
        double tempo; ``octave_error``: whether the second is right and the first is not;
        ``confidence``.
    """
    found, written = estimated_beats(mix), np.array(song.beats)
    pairs = [(written, found.times), (written[::2], found.times), (written[1::2], found.times)]
    pairs += [(written, found.times[::2]), (written, found.times[1::2])]
    scores = [float(mir_eval.beat.f_measure(true, times)) for true, times in pairs]
    wrong_octave = max(scores) > 0.8 and scores[0] < 0.8
    return {
        "beats": round(scores[0], 4),
        "beats_any_octave": round(max(scores), 4),
        "octave_error": float(wrong_octave),
        "confidence": found.confidence or 0.0,
    }


def table(marks: list[dict[str, Marks]]) -> dict[str, dict]:
    """Summaries over the songs that have a row, of every mark of it."""
    names = dict.fromkeys(name for mark in marks for name in mark)
    rows = {name: [mark[name] for mark in marks if name in mark] for name in names}
    return {
        name: {"songs": len(row), **{key: summary([mark[key] for mark in row]) for key in row[0]}}
        for name, row in rows.items()
    }


def headline(report: dict) -> str:
    """The line worth reading."""
    rows = report["rows"]
    return ", ".join(
        f"{name}: chord tones {figure(row['chord_tone']['mean'], '.0%')}, "
        f"roots {figure(row['root']['mean'], '.0%')}"
        for name, row in rows.items()
    )
