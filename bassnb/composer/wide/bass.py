"""The bass part: where a player strikes, from the salience of each step, and for how long.

The salience of a step of a bar is the sum of the features there, weighted as the player does:

    salience[s] = grid[s] + sum of weights[f] * feature_f[s] over features f + noise[s]

`noise` is small and the same in all bars of a figure, so a figure repeats where the music does. The
player strikes on the most salient steps, as many as the activity of the music asks for; one with a
grid of its own at least wherever the salience is 0.5. Taught in chapter 10.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bassnb.composer.accompaniment import Span
from bassnb.composer.basslines import HIGHEST, LOWEST
from bassnb.composer.grooves import Event, fill_bar
from bassnb.composer.plan import Grid, Plan
from bassnb.composer.wide.features import Features
from bassnb.composer.wide.lines import LINES, Line
from bassnb.composer.wide.plan import WideSection
from bassnb.composer.wide.players import PLAYERS, Player, choose_player

_NOISE = 0.03  # standard deviation of the private part of the salience
_FASTEST = 12.2  # notes a second; a faster grid is played at half its density


@dataclass(frozen=True)
class Habit:
    """What one figure keeps: the player, `noise` and `contour` (2, steps) of even and odd bars."""

    player: Player
    noise: np.ndarray
    contour: np.ndarray


@dataclass(frozen=True)
class Register:
    """MIDI pitches: the root lies in the octave from `root` on."""

    root: int
    lowest: int
    highest: int

    def place(self, pitch: int) -> int:
        """The root in the octave of this register."""
        return self.root + (pitch - self.root) % 12

    def fold(self, pitch: int) -> int:
        """Bring a pitch into the register by octaves."""
        while pitch > self.highest:
            pitch -= 12
        while pitch < self.lowest:
            pitch += 12
        return pitch


def draw_register(rng: np.random.Generator) -> Register:
    """E1 to G3; in a tenth of songs from C1 on, in a few up to C4."""
    chance, within = rng.random(), int(rng.integers(0, 7))
    if chance < 0.1:
        return Register(24 + within % 4, 24, HIGHEST)
    if chance < 0.15:
        return Register(36 + within, LOWEST, 60)
    return Register(LOWEST + within, LOWEST, HIGHEST)


def bass_events(
    plan: Plan,
    sections: Sequence[WideSection],
    spans: Sequence[Span],
    features: Features,
    player: str | None,
    rng: np.random.Generator,
) -> tuple[list[Event], list[str]]:
    """The bass of a song, and the names of its players in the order of the sections."""
    register = draw_register(rng)
    habits: dict[int, Habit] = {}
    events: list[Event] = []
    for section in sections:
        figure = section.figure
        if id(figure) not in habits:
            habits[id(figure)] = _draw_habit(plan, section, features, player, rng)
        if not section.bass:
            continue
        habit, density = habits[id(figure)], features.activity(section.first, section.bars)
        for index in range(section.bars):
            last = events[-1][2] if events else register.root
            events += bass_bar(
                plan.grid, section, index, spans, features, habit, density, register, last
            )
    return events, [habit.player.name for habit in habits.values()]


def _draw_habit(
    plan: Plan,
    section: WideSection,
    features: Features,
    name: str | None,
    rng: np.random.Generator,
) -> Habit:
    """The player of a figure, or the one called `name`, with noise and contour of its own."""
    pulse = features.pulse(section.first, section.bars)
    names = (section.figure.rhythm, section.figure.lead if section.figure.melody else "")
    drawn = choose_player(plan.idiom.bass, names, pulse, rng)
    player = PLAYERS[name or drawn]
    steps = plan.grid.steps
    noise = rng.normal(0, _NOISE, (2, steps))
    contour = rng.integers(0, 12, (2, steps))
    if rng.random() < 0.6:  # even and odd bars alike
        contour[1] = contour[0]
    noise[1] = noise[0]
    return Habit(player, noise, contour)


def bass_bar(
    grid: Grid,
    section: WideSection,
    index: int,
    spans: Sequence[Span],
    features: Features,
    habit: Habit,
    density: float,
    register: Register,
    last: int,
) -> list[Event]:
    """The notes of bar `index` of a section."""
    bar, steps = section.first + index, grid.steps
    rows = features.bar(bar)
    onsets = strikes(habit, rows, index % 2, density, grid)
    stop = section.stop and index == section.bars - 1
    onsets = [step for step in onsets if step < 2] or [0] if stop else onsets
    events: list[Event] = []
    start, end = bar * steps, (bar + 1) * steps
    for number, span in enumerate(spans):
        here, there = max(span.start, start) - start, min(span.end, end) - start
        inside = tuple(step for step in onsets if here <= step < there)
        if not inside:
            continue
        line = Line(
            inside,
            tuple(int(item) for item in habit.contour[index % 2]),
            span.tones,
            register.place(span.root),
            register.place(spans[min(number + 1, len(spans) - 1)].root),
            tuple(bool(rows["kick"][step] or rows["beat"][step]) for step in inside),
            start + here == span.start,
            start + there == span.end,
            there - inside[-1] <= 4,
            last,
            register.lowest,
            register.highest,
        )
        pitches = [register.fold(pitch) for pitch in LINES[habit.player.pitches](line)]
        events += _notes(start, line, pitches, there, habit.player, rows)
        last = pitches[-1]
    if stop:
        events = [(step, min(length, 4.0), pitch, loud) for step, length, pitch, loud in events]
    return events


def strikes(
    habit: Habit, features: dict[str, np.ndarray], odd: int, density: float, grid: Grid
) -> list[int]:
    """Steps of a bar on which the player strikes."""
    player, steps = habit.player, grid.steps
    salience = habit.noise[odd].copy()
    for name, weight in player.weights.items():
        salience += weight * features[name]
    wanted = density * player.density * steps * grid.step_seconds
    wanted += 1.5 * features["fill"].any() * bool(player.density)
    count = int(np.clip(round(wanted), 1, steps))
    if player.grid:
        text = fill_bar(player.triple if steps == 12 else player.grid, steps)
        salience += np.array([0.75 if mark == "x" else 0.0 for mark in text])
        count = max(count, int((salience >= 0.5).sum()))
        if count / steps / grid.step_seconds > _FASTEST:
            salience[1::2] = 0.0
    best = np.argsort(-salience, kind="stable")[:count]
    return sorted(int(step) for step in best if salience[step] > 0.05) or [0]


def _notes(
    start: int,
    line: Line,
    pitches: Sequence[int],
    end: int,
    player: Player,
    features: dict[str, np.ndarray],
) -> list[Event]:
    """Lengths and loudness: accents on the kick and on stressed chords, dead notes between."""
    events: list[Event] = []
    borders = [*line.onsets[1:], end]
    for step, border, pitch in zip(line.onsets, borders, pitches, strict=True):
        accent = max(features["kick"][step], 0.7 * features["comp"][step], features["down"][step])
        length = min(max((border - step) * player.gate, 0.5), player.longest)
        if player.ghosts and step % 2 and not features["kick"][step] + features["comp"][step]:
            events.append((start + step, 0.5, pitch, 44))
        else:
            events.append((start + step, length, pitch, 84 + round(16 * accent)))
    return events
