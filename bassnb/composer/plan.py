"""The plan of a song: idiom, tempo, key, form, and the material of each section, without notes.

Taught in chapter 10.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bassnb.composer.accompaniment import COMP_RHYTHMS, VOICINGS, Span
from bassnb.composer.basslines import choose_style
from bassnb.composer.grooves import (
    STEPS_PER_BAR,
    STEPS_PER_BEAT,
    choose_backing,
    choose_kick,
    fill_bar,
    groups_for,
)
from bassnb.composer.harmony import Bars, choose_progression, colour, pick
from bassnb.composer.idioms import IDIOMS, Idiom

_FORMS = ("AABA", "AABB", "ABAB", "ABAC", "AAAB", "ABBA")
_LEAD_IN = 0.02  # seconds before the first downbeat, room for early notes


@dataclass(frozen=True)
class Grid:
    """Time: `times` (bars * steps + 1,) of every step in seconds, with common swing and jitter."""

    bars: int
    steps: int
    beat: int
    step_seconds: float
    times: np.ndarray

    def nominal(self, step: float) -> float:
        """Seconds of a step without swing or jitter."""
        return _LEAD_IN + step * self.step_seconds


@dataclass(frozen=True)
class Figure:
    """What all sections of one letter share."""

    bars: Bars
    kicks: tuple[str, str]  # even and odd bars
    backing: dict[int, str]
    rhythm: str
    pattern: str
    voicing: str
    bass_style: str
    extra: tuple[int, ...]  # steps of the off-beat figure of a syncopated bass
    breathes: bool  # the bass rests in the last beat of every second bar
    comp: bool
    pad: bool
    melody: bool


@dataclass(frozen=True)
class Section:
    """`bars` bars from bar `first` on, played as `figure` and transposed by `shift` semitones."""

    first: int
    bars: int
    figure: Figure
    shift: int
    breakdown: bool  # neither drums nor bass
    stop: bool  # the last bar keeps only its first beat


@dataclass(frozen=True)
class Plan:
    """Everything decided before notes are written."""

    idiom: Idiom
    metre: str
    mode: str
    tempo: float
    key: int
    drums: bool
    grid: Grid
    sections: tuple[Section, ...]


def choose(weights: dict[str, float], rng: np.random.Generator) -> str:
    """A key of the dictionary, drawn with its weight."""
    return list(weights)[pick(rng, list(weights.values()))]


def make_plan(
    split: str,
    seconds: float,
    bass_style: str | None,
    rng: np.random.Generator,
    bass_rng: np.random.Generator,
) -> Plan:
    """Draw the plan of a song of at least `seconds` seconds.

    Choices that affect only the bass are drawn from `bass_rng`.
    """
    idiom = IDIOMS[pick(rng, [idiom.weight for idiom in IDIOMS])]
    metre, mode = choose(idiom.metres, rng), choose(idiom.modes, rng)
    low, high = idiom.tempo if metre != "6/8" else (60, 115)
    tempo = round(float(rng.uniform(low, high) * np.exp(rng.normal(0, 0.06))), 2)
    grid = make_grid(idiom, metre, tempo, seconds, rng)
    groups = groups_for(metre, idiom.grooves)
    group = groups[int(rng.integers(len(groups)))]
    drums = bool(rng.random() < idiom.drums)
    material = _Material(idiom, metre, mode, tempo, group, split, drums)
    figures = make_figures(material, bass_style, rng, bass_rng)
    sections = lay_out(figures, grid.bars, drums, rng)
    return Plan(idiom, metre, mode, tempo, int(rng.integers(12)), drums, grid, sections)


def make_grid(
    idiom: Idiom, metre: str, tempo: float, seconds: float, rng: np.random.Generator
) -> Grid:
    """The time of every step: a steady pulse, perhaps swung, with up to 6 ms of common jitter."""
    unit, late = 4, 0.0
    if metre != "6/8" and rng.random() < idiom.swing:
        unit = 2 if idiom.name in ("funk", "reggae") else 4  # sixteenths or eighths swing
        late = float(rng.uniform(0.08, 0.34 if unit == 4 else 0.25)) * unit / 4 * 2
    return lay_grid(metre, tempo, seconds, unit, late, rng)


def lay_grid(
    metre: str, tempo: float, seconds: float, unit: int, late: float, rng: np.random.Generator
) -> Grid:
    """The grid on which the middle of every `unit` steps comes `late` steps late."""
    steps, beat = STEPS_PER_BAR[metre], STEPS_PER_BEAT[metre]
    step_seconds = 60.0 / tempo / beat
    bars = int(np.ceil(max(seconds - _LEAD_IN, step_seconds) / (steps * step_seconds)))
    position = np.arange(bars * steps + 1, dtype=float)
    position += np.interp(position % unit, [0, unit / 2, unit], [0, late, 0])
    jitter = np.clip(rng.normal(0, 0.003, len(position)), -0.006, 0.006)
    return Grid(bars, steps, beat, step_seconds, _LEAD_IN + position * step_seconds + jitter)


@dataclass(frozen=True)
class _Material:
    """What all figures of a song have in common; `group` is a family of kick patterns."""

    idiom: Idiom
    metre: str
    mode: str
    tempo: float
    group: str
    split: str
    drums: bool


def make_figures(
    material: _Material,
    bass_style: str | None,
    rng: np.random.Generator,
    bass_rng: np.random.Generator,
) -> dict[str, Figure]:
    """The figures A, B and C; B and C often take A's groove and bass style."""
    figures: dict[str, Figure] = {}
    sevenths = material.idiom.sevenths * float(rng.uniform(0, 1.6))
    for letter in "ABC":
        first = figures.get("A")
        figures[letter] = _make_figure(material, sevenths, first, bass_style, rng, bass_rng)
    return figures


def _make_figure(
    material: _Material,
    sevenths: float,
    first: Figure | None,
    bass_style: str | None,
    rng: np.random.Generator,
    bass_rng: np.random.Generator,
) -> Figure:
    """One figure; `first` is figure A, None while that is drawn. The order of the draws matters."""
    idiom, group, split = material.idiom, material.group, material.split
    steps = STEPS_PER_BAR[material.metre]
    progression = choose_progression(material.mode, split, rng)
    bars = colour(rescale(progression, material.mode, material.tempo, rng), sevenths, rng)
    kick = choose_kick(group, steps, split, rng)
    other = choose_kick(group, steps, split, rng) if rng.random() < 0.3 else kick
    backing = choose_backing(material.metre, group, rng)
    if first and rng.random() < 0.6:
        kick, other, backing = *first.kicks, first.backing
    rhythm, pattern = _choose_comping(idiom, steps, rng)
    if first and rng.random() < 0.5:
        rhythm, pattern = first.rhythm, first.pattern
    if not material.drums:  # without drums the bass follows the chords
        kick = other = kick if rhythm == "kicks" else pattern or fill_bar("x.......", steps)
    style = choose_style(idiom.bass, rhythm, bass_rng)
    style = first.bass_style if first and first.rhythm == rhythm else style
    extra = _offbeat_figure(pattern, steps, bass_rng)
    comp = bool(rng.random() < 0.94) or not material.drums
    return Figure(
        bars,
        (kick, other),
        backing,
        rhythm,
        pattern,
        choose(VOICINGS, rng),
        bass_style or style,
        extra,
        bool(bass_rng.random() < 0.12),
        comp,
        bool(rng.random() < 0.55) or not comp,
        bool(rng.random() < 0.6),
    )


def _choose_comping(idiom: Idiom, steps: int, rng: np.random.Generator) -> tuple[str, str]:
    """The name of a comping rhythm of the idiom, and one of its patterns, `steps` long."""
    rhythm = idiom.rhythms[int(rng.integers(len(idiom.rhythms)))]
    table = COMP_RHYTHMS.get(rhythm, {16: ("",)})
    choices = table.get(steps, table[16])
    return rhythm, fill_bar(choices[int(rng.integers(len(choices)))], steps)


def _offbeat_figure(pattern: str, steps: int, rng: np.random.Generator) -> tuple[int, ...]:
    """Off-beat steps of a syncopated bass: mostly those on which the chords are struck."""
    answers = {step for step, mark in enumerate(pattern) if mark == "x" and step % 4}
    chance = np.where([step in answers for step in range(steps)], 0.9, 0.03)
    offbeat = rng.random(steps) < chance
    offbeat[::4] = False
    return tuple(int(step) for step in np.flatnonzero(offbeat))


def rescale(bars: Bars, mode: str, tempo: float, rng: np.random.Generator) -> Bars:
    """Now and then play a progression at half speed (fast songs) or double speed (slow songs)."""
    single = all(len(bar) == 1 for bar in bars)
    if not single or len(bars) > 4 or mode == "jazz" or rng.random() > 0.3:
        return bars
    if tempo > 120:
        return tuple(bar for bar in bars for _ in range(2))
    if tempo < 90 and len(bars) % 2 == 0:
        return tuple((*bars[index], *bars[index + 1]) for index in range(0, len(bars), 2))
    return bars


def lay_out(
    figures: dict[str, Figure], bars: int, drums: bool, rng: np.random.Generator
) -> tuple[Section, ...]:
    """Sections in the order of a form until `bars` bars are full.

    There is at most one breakdown; modulations are rare and come late.
    """
    form = _FORMS[int(rng.integers(len(_FORMS)))]
    long = 8 if rng.random() < 0.25 else 4
    sections: list[Section] = []
    first, shift, rested = 0, 0, False
    while first < bars:
        figure = figures[form[len(sections) % 4]]
        count = min(len(figure.bars) if len(figure.bars) > 4 else long, bars - first)
        if len(sections) >= 2 and shift == 0 and rng.random() < 0.15:
            shift = (1, 2, 2, -3, 5, 3)[int(rng.integers(6))]
        breakdown = (
            drums
            and not rested
            and len(sections) >= 1
            and bars - first > count
            and rng.random() < 0.1
        )
        rested = rested or breakdown
        sections.append(Section(first, count, figure, shift, breakdown, bool(rng.random() < 0.08)))
        first += count
    return tuple(sections)


def write_spans(plan: Plan) -> list[Span]:
    """The chords of the whole song in steps; neighbours that are the same chord are joined."""
    spans: list[Span] = []
    for section in plan.sections:
        for index in range(section.bars):
            bar = section.figure.bars[index % len(section.figure.bars)]
            start = (section.first + index) * plan.grid.steps
            borders = _borders(start, len(bar), plan.grid.steps, plan.grid.beat)
            for (root, quality), here, there in zip(bar, borders[:-1], borders[1:], strict=True):
                pitch_class = (root + plan.key + section.shift) % 12
                if spans and (spans[-1].root, spans[-1].quality) == (pitch_class, quality):
                    spans[-1] = Span(spans[-1].start, there, pitch_class, quality)
                else:
                    spans.append(Span(here, there, pitch_class, quality))
    return spans


def _borders(start: int, chords: int, steps: int, beat: int) -> list[int]:
    """Where the chords of a bar change: at the half, or after two beats of three."""
    if chords == 1:
        return [start, start + steps]
    half = steps // 2 if (steps // 2) % beat == 0 else 2 * beat
    return [start, start + half, start + steps]
