"""Bass lines: ten styles of playing, each a small function from a stretch of one chord to notes.

Every style depends on the chord and the kick drum. Notes fall on the kick or on the pulse, chord
changes get the root, and notes outside the chord (an approach to the next root) are short and come
last. Taught in chapter 10.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bassnb.composer.grooves import Event

LOWEST, HIGHEST = 28, 55  # E1 to G3


@dataclass(frozen=True)
class Stretch:
    """One chord within one bar: the input of a bass style.

    Attributes
    ----------
    start, end : steps
    tones : intervals of the chord above its root
    root : MIDI pitch of the root in the register of the bass
    following : the same for the next chord
    kicks : steps of the kick inside the stretch
    beat, pulse : steps in a beat and in an eighth note
    changes, leaves : whether the chord is new here, and whether another follows
    extra : off-beat steps of the song's own rhythmic figure
    gate : share of the time to the next note for which a note sounds
    last : the pitch played before
    """

    start: int
    end: int
    tones: tuple[int, ...]
    root: int
    following: int
    kicks: tuple[int, ...]
    beat: int
    pulse: int
    changes: bool
    leaves: bool
    extra: tuple[int, ...]
    gate: float
    last: int


def fold(pitch: int) -> int:
    """Bring a pitch into the bass register by octaves."""
    while pitch > HIGHEST:
        pitch -= 12
    while pitch < LOWEST:
        pitch += 12
    return pitch


def lay(
    onsets: list[int], pitches: list[int], end: int, gate: float, accent: set[int]
) -> list[Event]:
    """Notes that last until the next one, times `gate`; those on `accent` steps are louder."""
    borders = [*onsets[1:], end]
    return [
        (step, max((border - step) * gate, 0.5), fold(pitch), 98 if step in accent else 86)
        for step, border, pitch in zip(onsets, borders, pitches, strict=True)
    ]


def _on_kicks(s: Stretch) -> list[int]:
    return sorted({s.start, *s.kicks})


def roots(s: Stretch, rng: np.random.Generator) -> list[Event]:
    """Roots, on the chord change and with every kick; sometimes the octave closes the chord."""
    onsets = _on_kicks(s)
    pitches = [s.root] * len(onsets)
    if s.leaves and len(onsets) > 2 and rng.random() < 0.15:
        pitches[-1] += 12
    return lay(onsets, pitches, s.end, s.gate, set(s.kicks))


def pump(s: Stretch, rng: np.random.Generator) -> list[Event]:
    """Roots in steady eighth notes."""
    onsets = list(range(s.start, s.end, s.pulse))
    pitches = [s.root] * len(onsets)
    if s.leaves and rng.random() < 0.2:
        pitches[-1] = s.root + s.tones[2]
    return lay(onsets, pitches, s.end, min(s.gate, 0.85), set(s.kicks))


def fifths(s: Stretch, rng: np.random.Generator) -> list[Event]:
    """Root first, the fifth in the second half, with the kick."""
    middle = s.start + (s.end - s.start) // 2
    middle -= (middle - s.start) % s.pulse
    middle = middle if middle > s.start else s.end  # too short for two halves
    onsets = sorted({*_on_kicks(s), middle} - {s.end})
    fifth = s.root + s.tones[2]
    fifth -= 12 if fifth - 12 >= LOWEST and rng.random() < 0.5 else 0
    return lay(
        onsets, [s.root if step < middle else fifth for step in onsets], s.end, s.gate, set(s.kicks)
    )


def octaves(s: Stretch, rng: np.random.Generator) -> list[Event]:
    """Root on the beat, its octave off the beat."""
    off = s.beat // 2 if s.beat == 4 else 4
    onsets = [step for step in range(s.start, s.end) if (step - s.start) % s.beat in (0, off)]
    low = s.root - 12 if s.root - 12 >= LOWEST and s.root > 40 else s.root
    pitches = [low + 12 * ((step - s.start) % s.beat == off) for step in onsets]
    return lay(onsets, pitches, s.end, min(s.gate, 0.8), set(s.kicks))


def walking(s: Stretch, rng: np.random.Generator) -> list[Event]:
    """A note a beat: root, then chord tones in one direction, then a step towards the next root."""
    onsets = list(range(s.start, s.end, s.beat if s.beat == 4 else 2))
    up = 1 if s.root < 38 or (s.root < 44 and rng.random() < 0.6) else -1
    ladder = [s.root + 12 * octave + tone for octave in (-1, 0, 1) for tone in s.tones]
    ladder = [pitch for pitch in ladder if LOWEST <= pitch <= HIGHEST]
    place = ladder.index(s.root) if s.changes or s.last not in ladder else ladder.index(s.last)
    pitches = []
    for _ in onsets:
        pitches.append(ladder[place])
        up = -up if not 0 <= place + up < len(ladder) else up
        place += up
    if s.leaves and len(onsets) > 1:
        pitches[-1] = s.following + (1, -1, 2, -2, 7, -5)[int(rng.integers(6))]
    return lay(onsets, pitches, s.end, max(s.gate, 0.85), set(s.kicks))


def syncopated(s: Stretch, rng: np.random.Generator) -> list[Event]:
    """On the kick, with the song's own off-beat figure between; short notes, leaps, an approach."""
    onsets = sorted({*_on_kicks(s), *s.extra})
    leap = (0, 0, 0, 12, s.tones[2], s.tones[-1])
    pitches = [
        s.root if step == s.start or step in s.kicks else s.root + leap[int(rng.integers(6))]
        for step in onsets
    ]
    if s.leaves and len(onsets) > 2 and s.end - onsets[-1] <= 2 and rng.random() < 0.4:
        pitches[-1] = s.following + (-1 if rng.random() < 0.5 else 2)
    events = lay(onsets, pitches, s.end, s.gate * 0.75, set(s.kicks))
    return [(step, min(length, 3.5), pitch, loud) for step, length, pitch, loud in events]


def arpeggio(s: Stretch, rng: np.random.Generator) -> list[Event]:
    """Chord tones in steady eighth notes (quarters in a fast song), root first."""
    figures = ((0, 1, 2, 3, 2, 1), (0, 2, 3, 2), (0, 2, 1, 2), (0, 0, 2, 3))
    figure = figures[(s.root + len(s.tones)) % 4]
    heights = (*s.tones[:3], 12)
    onsets = list(range(s.start, s.end, s.pulse))
    pitches = [s.root + heights[figure[index % len(figure)]] for index in range(len(onsets))]
    return lay(onsets, pitches, s.end, s.gate, set(s.kicks))


def pedal(s: Stretch, rng: np.random.Generator) -> list[Event]:
    """Stay on the last pitch while the chord contains it, struck with the kick."""
    stays = (s.last - s.root) % 12 in s.tones
    onsets = _on_kicks(s)
    return lay(onsets, [s.last if stays else s.root] * len(onsets), s.end, s.gate, set(s.kicks))


def held(s: Stretch, rng: np.random.Generator) -> list[Event]:
    """The root, once, for as long as the chord or the bar lasts."""
    return lay([s.start], [s.root], s.end, max(s.gate, 0.9), {s.start})


def tresillo(s: Stretch, rng: np.random.Generator) -> list[Event]:
    """Three strokes in eight steps, 3 + 3 + 2: root, root, fifth."""
    onsets = [step for step in range(s.start, s.end) if (step - s.start) % 8 in (0, 3, 6)]
    pitches = [s.root + (s.tones[2] if (step - s.start) % 8 == 6 else 0) for step in onsets]
    return lay(onsets, pitches, s.end, s.gate, set(s.kicks))


STYLES: dict[str, Callable[[Stretch, np.random.Generator], list[Event]]] = {
    "roots": roots,
    "pump": pump,
    "fifths": fifths,
    "octaves": octaves,
    "walking": walking,
    "syncopated": syncopated,
    "arpeggio": arpeggio,
    "pedal": pedal,
    "held": held,
    "tresillo": tresillo,
}
# Weight of each bass style for each rhythm of the chords. With styles drawn from the idiom alone,
# two takes of the same song had only 73 % of the onsets above chance in common: the mix did not
# determine the rest, for a player or a model.
FITS: dict[str, dict[str, float]] = {
    "held": {"roots": 8, "held": 1, "pedal": 3},
    "halves": {"fifths": 6, "roots": 1},
    "quarters": {"walking": 6, "fifths": 3, "roots": 1},
    "eighths": {"pump": 8, "roots": 1},
    "push": {"tresillo": 5, "syncopated": 4},
    "offbeats": {"octaves": 6, "roots": 2},
    "funk": {"syncopated": 8, "octaves": 1},
    "charleston": {"walking": 8, "fifths": 1},
    "kicks": {"roots": 8},
    "broken": {"arpeggio": 8, "held": 1},
}
_UNFIT = (
    0.05  # weight of a style of the idiom that `FITS` does not list for the rhythm of the chords
)


def choose_style(taste: dict[str, float], rhythm: str, rng: np.random.Generator) -> str:
    """Draw a style by its weight in the idiom times its weight in `FITS` for the chord rhythm."""
    fits = FITS[rhythm]
    weights = np.array(
        [
            taste.get(style, 0.2) * fits.get(style, _UNFIT if style in taste else 0.0)
            for style in STYLES
        ]
    )
    return list(STYLES)[int(rng.choice(len(weights), p=weights / weights.sum()))]
