"""The plan of a song of the wide world: form, energy, and the material of each section.

Taught in chapter 10.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bassnb.composer.accompaniment import VOICINGS
from bassnb.composer.grooves import STEPS_PER_BAR
from bassnb.composer.harmony import choose_progression, colour, pick
from bassnb.composer.idioms import Idiom
from bassnb.composer.plan import Figure, Grid, Plan, Section, choose, lay_grid, rescale
from bassnb.composer.wide.comping import choose_comping
from bassnb.composer.wide.families import FAMILIES
from bassnb.composer.wide.grooves import choose_backing, choose_kick
from bassnb.composer.wide.idioms import IDIOMS
from bassnb.composer.wide.melodies import LEADS, draw_lead

# Capital letters are figures. i: introduction without bass, b: a build-up without bass, d: a
# breakdown without drums and bass.
_FORMS = (
    *("AABA", "AABB", "ABAB", "ABAC", "AAAB", "ABBA", "ABCB", "AABC", "ABAB", "AABB"),
    *("iAAB", "iABA", "AdBB", "AbBA", "ABdB"),
)
_DEFAULTS = {"3/4": "waltz", "6/8": "compound", "5/4": "five", "7/4": "seven", "4/4": "straight"}


@dataclass(frozen=True)
class WideFigure(Figure):
    """A figure with its `energy`, 0 to 2, and how its melody is made."""

    energy: int
    lead: str


@dataclass(frozen=True)
class WideSection(Section):
    """A section; `bass` plays or rests, and a `build` lets the snare lead to the next section."""

    figure: WideFigure
    bass: bool
    build: bool


@dataclass(frozen=True)
class _Material:
    """What all figures of a song have in common."""

    idiom: Idiom
    metre: str
    mode: str
    tempo: float
    family: str
    split: str
    sevenths: float


def make_plan(
    split: str, seconds: float, rng: np.random.Generator
) -> tuple[Plan, tuple[WideSection, ...]]:
    """Draw the plan of a song of at least `seconds` seconds, and its sections once more, typed."""
    idiom = IDIOMS[pick(rng, [idiom.weight for idiom in IDIOMS])]
    metre, mode = choose(idiom.metres, rng), choose(idiom.modes, rng)
    low, high = idiom.tempo if metre != "6/8" else (56, 110)
    tempo = round(float(rng.uniform(low, high) * np.exp(rng.normal(0, 0.05))), 2)
    family = _choose_family(idiom, metre, rng)
    grid = _swung_grid(idiom, metre, family, tempo, seconds, rng)
    drums = bool(rng.random() < idiom.drums)
    sevenths = idiom.sevenths * float(rng.uniform(0, 1.6))
    material = _Material(idiom, metre, mode, tempo, family, split, sevenths)
    figures: dict[str, WideFigure] = {}
    for letter in "ABC":
        figures[letter] = _make_figure(material, figures.get("A"), letter, drums, rng)
    sections = lay_out(figures, grid.bars, drums, rng)
    key = int(rng.integers(12))
    return Plan(idiom, metre, mode, tempo, key, drums, grid, sections), sections


def _choose_family(idiom: Idiom, metre: str, rng: np.random.Generator) -> str:
    """A family of grooves of the idiom that has the metre."""
    fitting = [name for name in idiom.grooves if FAMILIES[name].metre == metre]
    fitting = fitting or [_DEFAULTS[metre]]
    return fitting[int(rng.integers(len(fitting)))]


def _swung_grid(
    idiom: Idiom, metre: str, family: str, tempo: float, seconds: float, rng: np.random.Generator
) -> Grid:
    """The grid, swung as the family feels: up to a triplet for eighths, less for sixteenths."""
    feel = FAMILIES[family].feel
    unit = 2 if feel == "sixteenths" else 4
    late = 0.0
    if metre != "6/8" and rng.random() < idiom.swing:
        late = float(rng.uniform(0.1, 0.34) if feel == "eighths" else rng.uniform(0.06, 0.28))
    return lay_grid(metre, tempo, seconds, unit, late * unit / 2, rng)


def _make_figure(
    material: _Material,
    first: WideFigure | None,
    letter: str,
    drums: bool,
    rng: np.random.Generator,
) -> WideFigure:
    """One figure; `first` is figure A, None while that is drawn. B has more energy than A."""
    idiom, steps = material.idiom, STEPS_PER_BAR[material.metre]
    progression = choose_progression(material.mode, material.split, rng)
    progression = rescale(progression, material.mode, material.tempo, rng)
    energy = int(rng.random() < 0.7) if first is None else first.energy + int(rng.random() < 0.7)
    energy = int(rng.integers(3)) if letter == "C" else min(energy, 2)
    kick = choose_kick(material.family, material.split, rng)
    other = choose_kick(material.family, material.split, rng) if rng.random() < 0.3 else kick
    backing = choose_backing(material.family, energy, rng)
    if first and rng.random() < 0.6:
        kick, other = first.kicks
        backing = first.backing if energy == first.energy else {**backing, **first.backing}
    rhythm, pattern = choose_comping(idiom.rhythms, steps, rng)
    if first and rng.random() < 0.5:
        rhythm, pattern = first.rhythm, first.pattern
    comp = bool(rng.random() < 0.94) or not drums
    return WideFigure(
        bars=colour(progression, material.sevenths, rng),
        kicks=(kick, other),
        backing=backing,
        rhythm=rhythm,
        pattern=pattern or kick,
        voicing=choose(VOICINGS, rng),
        bass_style="",
        extra=(),
        breathes=False,
        comp=comp,
        pad=bool(rng.random() < 0.3 + 0.15 * energy) or not comp,
        melody=bool(rng.random() < 0.7),
        energy=energy,
        lead=draw_lead(LEADS, rng),
    )


def lay_out(
    figures: dict[str, WideFigure], bars: int, drums: bool, rng: np.random.Generator
) -> tuple[WideSection, ...]:
    """Sections in the order of a form until `bars` bars are full.

    Sections without bass last two or four bars and occur only if a figure follows.
    """
    form = _FORMS[int(rng.integers(len(_FORMS)))]
    long = 8 if rng.random() < 0.25 else 4
    sections: list[WideSection] = []
    first, shift, place = 0, 0, 0
    while first < bars:
        letter = form[place % len(form)]
        place += 1
        following = form[place % len(form)]
        rests = letter.islower()
        if rests and (bars - first < 6 or place > len(form)):
            continue
        figure = figures[following if rests else letter]
        if place > 2 and shift == 0 and rng.random() < 0.12:
            shift = (1, 2, 2, -3, 5, 3)[int(rng.integers(6))]
        count = len(figure.bars) if len(figure.bars) > 4 else long
        count = min((2, 2, 4)[int(rng.integers(3))] if rests else count, bars - first)
        breakdown = letter == "d" or (letter == "i" and (not drums or rng.random() < 0.4))
        stop = bool(rng.random() < 0.08) and not rests
        build = letter == "b"
        sections.append(WideSection(first, count, figure, shift, breakdown, stop, not rests, build))
        first += count
    return tuple(sections)
