"""Notes out of a take, busier and sparser takes, and the choice of one of several: how well.

Notes are compared with the written ones (mir_eval): an onset within 70 ms, a pitch within half a
semitone. A generated take has no written notes; its own are played by another instrument, whose
sound is then compared with the take by `bassnb.metrics.match`.

Taught in chapter 11.
"""

from __future__ import annotations

from collections.abc import Sequence

import mir_eval
import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from bassnb.accompanist import Accompanist
from bassnb.composer.examples import Example, examples
from bassnb.composer.score import Note as Written
from bassnb.composer.score import Song
from bassnb.composer.synth import play
from bassnb.control.beats import Beats
from bassnb.control.choice import Ear
from bassnb.control.density import PER_BEAT, SLOW, moved, slowed, with_pulse
from bassnb.control.notes import Note, notes_of
from bassnb.metrics.match import compare, onset_scores, transcribe
from bassnb.metrics.statistics import figure, summary, with_interval
from bassnb.studies.takes import decode_takes, through_autoencoder
from bassnb.temperament import hertz_of_key
from bassnb.tracks import Track

TOLERANCE, SEMITONE = 0.07, 50.0  # seconds, cents
FINGER_BASS = 33
DENSITIES = (-1.0, -0.5, 0.5, 1.0)
STEPS = 12
MARKS = ("chord_tone", "root", "pitch_class", "onset_f1")


def run(
    accompanist: Accompanist,
    *,
    songs: int = 32,
    takes: int = 8,
    split: str = "test",
    seconds: float = 24.0,
    seed0: int = 0,
    soundfont: str | None = None,
    progress: bool = False,
) -> dict:
    """Measure notes, density and choice on composed songs.

    Parameters
    ----------
    takes : of which one is chosen
    soundfont : path of a SoundFont on which the basses are played once more

    Returns
    -------
    dict, JSON-ready
        ``note_f1`` of the rows ``true``, ``autoencoder``, ``foreign`` (with a SoundFont) and
        ``resynthesised`` (a generated take), and ``note_f1_with_offset`` (a fifth of the note, at
        least 50 ms); ``same_pitch`` of the resynthesised: share of frames voiced in both, within
        half a semitone; ``choice``: marks of the chosen take less the mean of all, and those of the
        best possible choice; ``density``: ``notes`` and marks at each setting. All with intervals.
    """
    rows: dict[str, list[dict[str, float]]] = {}
    gained: list[dict[str, float]] = []
    played: dict[str, list[dict[str, float]]] = {}
    for one in tqdm(
        examples(split, songs, seconds=seconds, seed0=seed0), total=songs, disable=not progress
    ):
        track = Track.of(lambda: [one.mix])
        c_x = accompanist.mix_coder.encode(track)
        waves = waves_of(accompanist, c_x.expand(takes, -1, -1), one, range(takes))
        add(rows, note_marks(accompanist, one, waves[0], soundfont))
        gained.append(choice_marks(one, waves))
        beats = Beats(np.array(one.song.beats))
        fast, slow = (
            accompanist.mix_coder.encode(with_pulse(track, beats, per_beat=per_beat))
            for per_beat in (PER_BEAT, SLOW)
        )
        ends = {True: fast, False: slowed(c_x, slow)}
        inputs = torch.cat([moved(c_x, ends[density > 0], density) for density in DENSITIES])
        others = waves_of(accompanist, inputs, one, [0] * len(DENSITIES))
        shown = {"+0": waves[0], **{f"{d:+g}": wave for d, wave in zip(DENSITIES, others)}}
        add(played, {name: density_marks(wave, one.song) for name, wave in shown.items()})
    return {
        "preset": accompanist.system.preset.name,
        "songs": songs,
        "seconds": seconds,
        "steps": STEPS,
        "notes": tabulate(rows),
        "choice": {"takes": takes, **{key: summary([g[key] for g in gained]) for key in gained[0]}},
        "density": tabulate(played),
    }


def waves_of(
    accompanist: Accompanist, c_x: Tensor, one: Example, seeds: Sequence[int]
) -> list[Tensor]:
    """Takes (2, N) of mix latents (n, C, L) and n seeds."""
    latents = accompanist.sample(c_x, list(seeds), sampler="dpm++", steps=STEPS)
    return decode_takes(accompanist, latents, one.mix.shape[-1])


def add(rows: dict[str, list], marks: dict[str, dict]) -> None:
    """Append the marks of one song to the rows of their names."""
    for name, found in marks.items():
        rows.setdefault(name, []).append(found)


def tabulate(rows: dict[str, list[dict[str, float]]]) -> dict[str, dict]:
    """Means of every mark of every row, with 95 % intervals over songs."""
    return {
        name: {key: summary([song[key] for song in songs]) for key in songs[0]}
        for name, songs in rows.items()
    }


def note_marks(
    accompanist: Accompanist, one: Example, take: Tensor, soundfont: str | None
) -> dict[str, dict[str, float]]:
    """F-measures of the notes of one song: of the true bass, through the autoencoder, played by
    another SoundFont, and of the notes of a take, which are played and transcribed again.
    """
    written, cents, length = written_notes(one.song), 100 * one.song.tuning, take.shape[-1]
    waves = {"true": one.bass, "autoencoder": through_autoencoder(accompanist, one.bass)}
    if soundfont and (part := one.song.part("bass")):
        waves["foreign"] = torch.from_numpy(
            play(part.notes, part.program, length, tuning=one.song.tuning, soundfont=soundfont)
        )
    marks = {
        name: note_scores(notes_of(lambda: [wave], cents), written) for name, wave in waves.items()
    }
    notes = notes_of(lambda: [take])
    again = resynthesised(notes, length)
    scores = note_scores(notes_of(lambda: [again]), notes)
    marks["resynthesised"] = {**scores, **alike(take, again)}
    return marks


def written_notes(song: Song) -> list[Note]:
    """The notes of the bass of a song, cut at its end."""
    part = song.part("bass")
    notes = sorted(part.notes, key=lambda note: note.start) if part else []
    return [
        Note(note.start, min(note.end, song.duration), note.pitch, note.velocity)
        for note in notes
        if note.start < song.duration
    ]


def note_scores(found: Sequence[Note], written: Sequence[Note]) -> dict[str, float]:
    """F-measure of notes, without and with their offsets; 1 if both lists are empty."""
    if not (found and written):
        return dict.fromkeys(("note_f1", "note_f1_with_offset"), float(len(found) == len(written)))
    arrays = [entry for notes in (written, found) for entry in intervals_and_hertz(notes)]
    limits = {"onset_tolerance": TOLERANCE, "pitch_tolerance": SEMITONE}
    f1 = mir_eval.transcription.precision_recall_f1_overlap(*arrays, offset_ratio=None, **limits)
    timed = mir_eval.transcription.precision_recall_f1_overlap(*arrays, **limits)
    return {"note_f1": float(f1[2]), "note_f1_with_offset": float(timed[2])}


def intervals_and_hertz(notes: Sequence[Note]) -> tuple[np.ndarray, np.ndarray]:
    """Arrays (n, 2) in seconds and (n,) in Hz, as mir_eval takes notes."""
    times = [(note.onset, max(note.offset, note.onset + 0.01)) for note in notes]
    return np.array(times), hertz_of_key(np.array([note.pitch for note in notes]))


def resynthesised(notes: Sequence[Note], length: int) -> Tensor:
    """Notes as a finger bass (2, length)."""
    written = [Written(note.onset, note.offset, note.pitch, note.velocity) for note in notes]
    return torch.from_numpy(play(written, FINGER_BASS, length))


def alike(take: Tensor, again: Tensor) -> dict[str, float]:
    """Frames with the same pitch, among those voiced in both, and F-measure of the onsets."""
    one, other = transcribe(take), transcribe(again)
    both = ~np.isnan(one.midi) & ~np.isnan(other.midi)
    same = np.abs(one.midi - other.midi)[both] < 0.5
    pitch = float(same.mean()) if both.any() else float("nan")
    return {"same_pitch": pitch, "onset_f1": onset_scores(other.onsets, one.onsets)[0]}


def choice_marks(one: Example, waves: Sequence[Tensor]) -> dict[str, float]:
    """Marks of the chosen take less the mean of all takes, and of the best for each mark."""
    ear = Ear.of(lambda: [one.mix], 100 * one.song.tuning)
    scores = [ear.marks(notes_of(lambda: [wave]))["score"] for wave in waves]
    marks = [compare(transcribe(wave), one.song) for wave in waves]
    columns = {key: np.array([mark[key] for mark in marks]) for key in MARKS}
    at = int(np.argmax(scores))
    return {
        **{key: float(column[at] - column.mean()) for key, column in columns.items()},
        **{f"best_{key}": float(column.max() - column.mean()) for key, column in columns.items()},
    }


def density_marks(wave: Tensor, song: Song) -> dict[str, float]:
    """Number of notes of a take, and its marks."""
    transcription = transcribe(wave)
    found = compare(transcription, song)
    return {"notes": float(len(transcription.onsets)), **{key: found[key] for key in MARKS}}


def headline(report: dict) -> str:
    """The line worth reading."""
    notes = [
        f"notes of {name} {with_interval(row['note_f1'], '.2f')}"
        for name, row in report["notes"].items()
    ]
    density = [
        f"density {name} {figure(row['notes']['mean'], '.0f')} notes"
        for name, row in report["density"].items()
    ]
    chosen = report["choice"]
    gain = with_interval(chosen["chord_tone"], "+.3f")
    return "; ".join([*notes, *density, f"best of {chosen['takes']}: chord tones {gain}"])
