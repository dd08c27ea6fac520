"""The sounds of the wide world: who plays a part, how loud, and through which channel strip.

About half of the parts are played by a patch of the package's own synthesizer, the others by a
General MIDI program of the built-in SoundFont or of one that the caller gives. Taught in chapter 10.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bassnb.composer.idioms import ANY, Idiom
from bassnb.composer.parts import BASS_PROGRAMS
from bassnb.composer.patches import draw_patch
from bassnb.composer.score import Note, Part
from bassnb.composer.strip import draw_strip

_PATCHES = 0.5  # share of the parts that the synthesizer plays
_UNUSUAL = 0.35  # share of the other parts whose program is drawn without regard to the idiom
_USUAL_BASS = 0.6  # share of the ten usual programs among the basses
# Guitars, cellos and double basses, brass, leads, pads, clavinet and organs, in a bass register.
_OTHER_BASSES = (*range(24, 32), 42, 43, 57, 58, 60, 67, *range(80, 96), 7, *range(16, 21))
_PAN = {"bass": 0.0, "drums": 0.0, "chords": 0.6, "pad": 0.4, "melody": 0.5}


def draw_part(
    name: str,
    notes: tuple[Note, ...],
    idiom: Idiom,
    step_seconds: float,
    soundfonts: Sequence[str],
    rng: np.random.Generator,
    program: int | None = None,
) -> Part:
    """The part `name` with these notes and a sound of its own.

    `program` forces that General MIDI program of the built-in SoundFont; level, place and channel
    strip are drawn as without it.
    """
    gain = round(float(np.clip(rng.normal(0, 3.5), -8, 8)), 2)
    pan = round(float(rng.uniform(-1, 1)) * _PAN[name], 3)
    effects = draw_strip(name, rng, step_seconds)
    drawn = _draw_program(name, idiom, rng)
    font = [None, *soundfonts][int(rng.random() * (1 + len(soundfonts)))]
    synthesized = rng.random() < _PATCHES
    if program is not None:
        return Part(name, program, False, notes, gain, pan, effects)
    if synthesized:
        patch = draw_patch(name, rng)
        return Part(name, drawn, name == "drums", notes, gain, pan, effects, patch=patch)
    return Part(name, drawn, name == "drums", notes, gain, pan, effects, soundfont=font)


def _draw_program(name: str, idiom: Idiom, rng: np.random.Generator) -> int:
    """A General MIDI program: usual for the part, or one of many others."""
    usual = rng.random()
    if name == "bass":
        programs: Sequence[int] = BASS_PROGRAMS if usual < _USUAL_BASS else _OTHER_BASSES
    elif name == "drums":
        programs = idiom.kits
    else:
        own = {"chords": idiom.comp, "pad": idiom.pad, "melody": idiom.melody}[name]
        programs = own if usual >= _UNUSUAL else ANY[name]
    return programs[int(rng.integers(len(programs)))]


def bass_timbre(part: Part) -> int:
    """The place of the sound in `BASS_PROGRAMS`; -1 for a patch, another program or SoundFont."""
    built_in = part.patch is None and part.soundfont is None
    return BASS_PROGRAMS.index(part.program) if built_in and part.program in BASS_PROGRAMS else -1
