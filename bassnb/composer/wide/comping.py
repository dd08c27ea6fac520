"""Comping of the wide world: more rhythms, each with the share of time that a chord sounds.

Taught in chapter 10.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bassnb.composer.accompaniment import Span, broken_bar, span_at, voice
from bassnb.composer.grooves import Event, fill_bar, strokes


@dataclass(frozen=True)
class Comp:
    """One comping rhythm: patterns of 16 steps, of 12 steps, and the share of time that sounds.

    `anchored` rhythms also strike the first step of a bar and every new chord.
    """

    gate: float
    anchored: bool
    patterns: tuple[str, ...]
    triple: tuple[str, ...]


# Name, gate, whether anchored; patterns of 16 steps | patterns of 12 steps.
_COMPS = """
held 0.98 yes: x............... | x...........
halves 0.92 yes: x.......x....... x.....x.x....... x.......x.....x. | x.....x..... x.......x...
quarters 0.8 yes: x...x...x...x... x...x...x.x.x... | x...x...x... x.....x.....
stabs 0.3 yes: x...x...x...x... x.......x.x..... ....x.......x... | x...x...x... ....x...x...
eighths 0.75 yes: x.x.x.x.x.x.x.x. x.x.xxx.x.x.xxx. | x.x.x.x.x.x. x...x.x...x.
sixteenths 0.7 yes: xxxxxxxxxxxxxxxx x.xxx.xxx.xxx.xx xx.xxx.xxx.xxx.x | xxxxxxxxxxxx x.xxx.xxx.xx
gallop 0.7 yes: x.xxx.xxx.xxx.xx x.xxx.x.x.xxx.x. xxx.xxx.xxx.xxx. | x.xxx.xxx.xx
push 0.8 yes: x..x..x.x..x..x. x..x..x...x..... x.....x...x..... x..x....x..x.... | x..x..x..x.. x.....x...x.
tresillo 0.8 yes: x..x..x.x..x..x. x..x..x...x.x... | x..x..x..x..
dotted 0.85 yes: x..x..x..x..x... x..x..x..x..x.x. x.....x.....x... | x..x..x..x..
offbeats 0.55 no: ..x...x...x...x. ....x.......x... ..x...x...x..xx. | ....x...x... ..x...x...x.
skank 0.3 no: ..x...x...x...x. ..xx..xx..xx..xx ....x.......x... | ....x...x... ..x...x...x.
house 0.5 yes: x..x..x..x....x. x..x...x..x..x.. ..x..x..x..x..x. | x..x..x...x.
funk 0.5 yes: x..x.x..x..x.x.. x.xx..x.x.xx..x. ..xx..x...xx..x. x..xx..x..xx.x.. | x..x.xx..x.x
chank 0.35 no: ....x..x....x..x ..x.xx.x..x.xx.x .xx..xx..xx..xx. ....x.xx....x.xx | ....x.x.x.xx
clavinet 0.45 yes: x.xx.xx.x.xx.xx. x.x.xx.xx.x..x.x xx.x.xx.xx.x..x. | x.xx.xx.x.xx
charleston 0.6 no: x.....x......... ..x.......x..... x.....x.....x... ......x.......x. | x.....x..... ....x...x...
montuno 0.6 yes: x.x..x.x.x.x.x.x x..x.xx.x.x.xx.x x.xx.x.x.x.x.xx. | x.x.xx.x.xx.
bossa 0.6 yes: x..x..x...x..x.. x.x..x..x..x..x. x..xx..x..x.x... | x..x..x...x.
samba 0.5 yes: x.x..x.xx.x..x.x x..x.x.x..x.x.x. .x.x..x.x.x..x.x | x.x..x.xx.x.
boom-chuck 0.5 no: ....x.......x... ..x...x...x...x. ....x.x.....x.x. | ....x...x...
boogie 0.6 yes: x...x...x.x.x... x.x.x.x.x.x.x.x. | x...x.x...x.
clave 0.6 yes: x..x..x...x.x... ..x.x...x..x..x. x..x...x..x.x... | x.x.xx.x.x.x
kicks 0.7 yes: |
answer 0.5 no: ........x.xx..x. ......x.x.x..... .......x..x.x.x. | ......x.x.x.
riff 0.7 yes: x..xx.x...x.x... x.x..x.x....x.x. xx..x.x.x...x.x. x.xx....x.xx.x.. | x..x.x.x..x.
broken 1 yes: x.x.x.x.x.x.x.x. | x.x.x.x.x.x.
runs 1 yes: xxxxxxxxxxxxxxxx | xxxxxxxxxxxx
"""


def _read_comp(line: str) -> tuple[str, Comp]:
    head, tables = line.split(":")
    name, gate, anchored = head.split()
    patterns, triple = (tuple(part.split()) for part in tables.split("|"))
    return name, Comp(float(gate), anchored == "yes", patterns, triple)


COMPS = dict(map(_read_comp, _COMPS.strip().splitlines()))


def choose_comping(rhythms: Sequence[str], steps: int, rng: np.random.Generator) -> tuple[str, str]:
    """A comping rhythm and one of its patterns, `steps` long; empty if it follows the kick."""
    name = rhythms[int(rng.integers(len(rhythms)))]
    comp = COMPS[name]
    table = (comp.triple if steps == 12 else comp.patterns) or ("",)
    return name, fill_bar(table[int(rng.integers(len(table)))], steps)


def comping_bar(
    spans: Sequence[Span],
    start: int,
    steps: int,
    rhythm: str,
    pattern: str,
    centre: float,
    voicing: str,
) -> list[Event]:
    """One bar of chords in a rhythm of `COMPS`."""
    comp = COMPS[rhythm]
    if rhythm == "broken":
        return broken_bar(spans, start, steps, centre, voicing)
    if rhythm == "runs":
        return runs_bar(spans, start, steps, centre, voicing)
    onsets = {start + step for step, _ in strokes(pattern)}
    if comp.anchored or not onsets:
        onsets |= {span.start for span in spans if start <= span.start < start + steps} | {start}
    order = sorted(onsets)
    events: list[Event] = []
    for step, border in zip(order, [*order[1:], start + steps], strict=True):
        span = span_at(spans, step)
        length = (min(border, max(span.end, step + 1)) - step) * comp.gate
        loud = 88 if step % 4 == 0 else 78
        events += [(step, length, pitch, loud) for pitch in voice(span, centre, voicing)]
    return events


def runs_bar(
    spans: Sequence[Span], start: int, steps: int, centre: float, voicing: str
) -> list[Event]:
    """One bar of arpeggios in sixteenths, as a sequencer plays them."""
    events: list[Event] = []
    for index, step in enumerate(range(start, start + steps)):
        tones = voice(span_at(spans, step), centre, voicing)
        order = (*tones, tones[0] + 12)
        events.append((step, 0.8, order[index % len(order)], 86 if step % 4 == 0 else 74))
    return events
