"""Pitches of the bass: rules from the onsets of one chord in one bar to pitches.

Every rule gives the root to the first note of a new chord, prefers chord tones, and places notes
outside the chord on weak steps or at the end, where they lead to the next root. Taught in chapter
10.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """The input of a rule.

    Attributes
    ----------
    onsets : steps from the start of the bar, ascending
    contour : for each step of a bar the number (0 to 11) of what the figure plays there
    tones : intervals of the chord above its root
    root, following : MIDI pitches of the roots of this and the next chord
    strong : whether each onset is on the kick or on a beat
    changes, leaves : whether the chord is new here, and whether another follows
    near_end : whether the last onset is at most a beat before the end
    last : the pitch played before
    lowest, highest : register
    """

    onsets: tuple[int, ...]
    contour: tuple[int, ...]
    tones: tuple[int, ...]
    root: int
    following: int
    strong: tuple[bool, ...]
    changes: bool
    leaves: bool
    near_end: bool
    last: int
    lowest: int
    highest: int


def approach(line: Line, number: int) -> int:
    """A pitch that leads to the next root: a half or whole step from it, or its fifth."""
    return line.following + (-1, 2, -2, 1, -1, 7)[number % 6]


def _led(line: Line, pitches: list[int], often: int) -> list[int]:
    """Let the last note lead to the next chord, if the contour says so in `often` of 12 cases."""
    number = line.contour[line.onsets[-1]]
    if line.leaves and line.near_end and len(pitches) > 1 and number < often:
        pitches[-1] = approach(line, number)
    return pitches


def root(line: Line) -> list[int]:
    """Roots; the last one of a chord is sometimes its octave or leads on."""
    pitches = [line.root] * len(line.onsets)
    if len(pitches) > 2 and line.contour[line.onsets[-1]] == 11:
        pitches[-1] += 12
    return _led(line, pitches, 2)


def pump(line: Line) -> list[int]:
    """Roots; a few unaccented ones at the octave or the fifth."""
    leaps = {10: 12, 11: line.tones[2]}
    return [
        line.root + (0 if strong else leaps.get(line.contour[step], 0) * (line.contour[0] > 7))
        for step, strong in zip(line.onsets, line.strong, strict=True)
    ]


def octave(line: Line) -> list[int]:
    """The root on beats, its octave off the beat."""
    low = line.root - 12 if line.root - 12 >= line.lowest and line.root > 40 else line.root
    return _led(line, [low + 12 * (step % 4 >= 2) for step in line.onsets], 1)


def fifth(line: Line) -> list[int]:
    """Root and fifth in turn, the fifth in the second half or on every second note."""
    first = line.onsets[0] if line.changes else 0
    below = line.tones[2] - 12
    other = below if line.root + below >= line.lowest and line.contour[0] % 2 else line.tones[2]
    middle = (first + line.onsets[-1] + 1) / 2
    pitches = [line.root + (other if step >= middle else 0) for step in line.onsets]
    if line.changes:
        pitches[0] = line.root
    return _led(line, pitches, 3)


def tumbao(line: Line) -> list[int]:
    """The fifth on the off-beat, then the root of the coming chord, ahead of it."""
    pitches = [line.root + (line.tones[2] if step % 8 == 6 else 0) for step in line.onsets]
    if line.leaves and line.onsets[-1] >= 10:
        pitches[-1] = line.following
    return pitches


def walk(line: Line) -> list[int]:
    """Chord tones in one direction, then a step towards the next root."""
    ladder = sorted(
        pitch
        for octave_ in (-12, 0, 12, 24)
        for pitch in (line.root + octave_ + tone for tone in line.tones)
        if line.lowest <= pitch <= line.highest
    )
    start = line.root if line.changes or line.last not in ladder else line.last
    place, up = ladder.index(start), 1 if start - line.lowest < 8 + line.contour[0] % 6 else -1
    pitches = []
    for _ in line.onsets:
        pitches.append(ladder[place])
        up = up if 0 <= place + up < len(ladder) else -up
        place = min(max(place + up, 0), len(ladder) - 1)
    return _led(line, pitches, 12)


def boogie(line: Line) -> list[int]:
    """Root, third, fifth, sixth and back, one a beat, struck twice where the player pumps."""
    figure = (0, line.tones[1], line.tones[2], 9)
    pitches = [line.root + figure[step // 4 % 4] for step in line.onsets]
    return _led(line, pitches, 2)


def arpeggio(line: Line) -> list[int]:
    """Chord tones in a figure that the contour chooses, root first."""
    figures = ((0, 1, 2, 3, 2, 1), (0, 2, 3, 2), (0, 2, 1, 2), (0, 0, 2, 3))
    heights = (*line.tones[:3], 12)
    figure = figures[line.contour[0] % 4]
    return [line.root + heights[figure[index % len(figure)]] for index in range(len(line.onsets))]


def riff(line: Line) -> list[int]:
    """A figure of the song's own: root when strong, else what the contour says for the step."""
    seventh = line.tones[3] if len(line.tones) > 3 else 10 if line.tones[1] == 3 else 12
    choice = (0, 0, 0, 0, 12, 12, line.tones[2], line.tones[2], seventh, line.tones[1], 0, 0)
    pitches = [
        line.root + (0 if strong and line.contour[step] < 8 else choice[line.contour[step]])
        for step, strong in zip(line.onsets, line.strong, strict=True)
    ]
    if line.changes:
        pitches[0] = line.root
    return _led(line, pitches, 4)


def funk(line: Line) -> list[int]:
    """A riff with octaves and sevenths whose last note leads on more often."""
    return _led(line, riff(line), 7)


def melodic(line: Line) -> list[int]:
    """Chord tones on strong steps, passing notes between them, a step to the next root."""
    degrees = (0, 0, 0, 2, 2, 1, 3, 3, 2, 1, 0, 2)
    heights = (*line.tones[:3], 12)
    pitches: list[int] = []
    for index, (step, strong) in enumerate(zip(line.onsets, line.strong, strict=True)):
        if index == 0 and line.changes:
            pitches.append(line.root)
        elif strong or not pitches or line.contour[step] < 5:
            pitches.append(line.root + heights[degrees[line.contour[step]]])
        else:
            pitches.append(pitches[-1] + (2, -2, 1, -1)[line.contour[step] % 4])
    return _led(line, pitches, 9)


LINES: dict[str, Callable[[Line], list[int]]] = {
    "root": root,
    "pump": pump,
    "octave": octave,
    "fifth": fifth,
    "tumbao": tumbao,
    "walk": walk,
    "boogie": boogie,
    "arpeggio": arpeggio,
    "riff": riff,
    "funk": funk,
    "melodic": melodic,
}
