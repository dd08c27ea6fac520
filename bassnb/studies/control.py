"""What a player decides: does the model do it? Chords, regions, a line, loops, notes and choice.

The parts are in `bassnb.studies.control_chords`, `control_regions` and `control_notes`; here they
are run on generated songs and on the written pieces of the transfer set, and what was asked of them
beforehand is decided by the intervals.

Taught in chapter 11.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

from bassnb.accompanist import Accompanist
from bassnb.metrics.statistics import decided, exact, figure
from bassnb.studies import control_chords, control_notes, control_regions
from bassnb.studies.transfer_songs.cases import OPEN, written_cases

CHOICES = 12  # songs for which one of several takes is chosen, and notes are compared
SHORT = 0.5  # share of the seconds, for regions, lines and loops
FREEDOMS = (0.0, 0.25, 0.5, 0.75, 1.0)
SEAM = 1.1  # of the mean jump between neighbouring latents
QUICK = {"songs": 2, "foreign": 2, "seconds": 8.0, "steps": 2, "choices": 1}


def run(
    accompanist: Accompanist,
    *,
    songs: int = 24,
    foreign: int = 12,
    seconds: float = 24.0,
    steps: int = 12,
    choices: int = CHOICES,
    soundfont: str | None = None,
    progress: bool = False,
) -> dict:
    """All parts on generated songs, and chords and regions on foreign ones.

    Parameters
    ----------
    songs, foreign : number of generated songs, and of written pieces
    steps : of the sampler dpm++
    choices : songs of the part about notes, density and choice
    soundfont : path of a second SoundFont, which plays the written pieces and the basses

    Returns
    -------
    dict, JSON-ready
        ``generated``, with ``chords``, ``regions`` and ``notes``, and ``foreign``, with ``chords``
        and ``regions``: the reports of the parts. ``goals``: name -> ``goal``, ``mean``, ``low``,
        ``high`` and ``verdict``, see `bassnb.metrics.statistics.decided`.
    """
    cases = (
        case.example
        for case in written_cases(seconds, None, soundfont)
        if case.family not in OPEN and case.example.song.part("drums") is not None
    )
    pieces = list(islice(cases, foreign))
    shared: dict = {"steps": steps, "progress": progress}
    brief: dict = {"seconds": SHORT * seconds, "freedoms": FREEDOMS, **shared}
    generated = {
        "chords": control_chords.run(accompanist, songs=songs, seconds=seconds, **shared),
        "regions": control_regions.run(accompanist, songs=songs, **brief),
        "notes": control_notes.run(
            accompanist, songs=choices, seconds=seconds, soundfont=soundfont, progress=progress
        ),
    }
    others = {
        "chords": control_chords.run(accompanist, seconds=seconds, material=pieces, **shared),
        "regions": control_regions.run(accompanist, material=pieces, **brief),
    }
    found = {"generated": generated, "foreign": others}
    return {
        "songs": songs,
        "foreign_songs": len(pieces),
        "seconds": seconds,
        "steps": steps,
        **found,
        "goals": {
            f"{name}, {material}": goal(parts)
            for material, parts in found.items()
            for name, goal in GOALS.items()
            if name not in NOTES or "notes" in parts
        },
    }


def on_chords(mix: str, measure: str, goal: float) -> Callable[[dict], dict]:
    """Share of the time on the chords that are wanted, or on their roots."""
    return lambda parts: decided(parts["chords"]["rows"][f"{mix}, with"][measure], goal)


GOALS: dict[str, Callable[[dict], dict]] = {
    "wanted chords, drums alone": on_chords("drums", "chord_tone", 0.90),
    "wanted roots, drums alone": on_chords("drums", "root", 0.80),
    "wanted chords, mix of others": on_chords("mix", "chord_tone", 0.85),
    "wanted roots, mix of others": on_chords("mix", "root", 0.70),
    "latents kept": lambda parts: decided(exact(parts["regions"]["regions"]["latents_kept"]), 1.0),
    "seam": lambda parts: decided(parts["regions"]["regions"]["seam"], SEAM, at_most=True),
    "changed inside": lambda parts: decided(parts["regions"]["regions"]["changed"], 0.5),
    "freedom monotone": lambda parts: decided(
        exact(float(parts["regions"]["freedom"]["monotone"])), 1.0
    ),
    "joint of a loop": lambda parts: decided(parts["regions"]["loop"]["jump"], SEAM, at_most=True),
    "notes of takes": lambda parts: decided(
        parts["notes"]["notes"]["resynthesised"]["note_f1"], 0.9
    ),
    "notes through the autoencoder": lambda parts: decided(
        parts["notes"]["notes"]["autoencoder"]["note_f1"], 0.9
    ),
}
NOTES = ("notes of takes", "notes through the autoencoder")


def headline(report: dict) -> str:
    """The line worth reading."""
    held = sum(goal["verdict"] == "holds" for goal in report["goals"].values())
    chords = report["goals"]["wanted chords, drums alone, generated"]
    return (
        f"{held} of {len(report['goals'])} goals hold; wanted chords with drums alone "
        f"{figure(chords['mean'], '.0%')}"
    )
