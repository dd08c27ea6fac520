"""Bass players: what each attends to, how much it plays, and to which music it fits.

Taught in chapter 10.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from bassnb.composer.harmony import read_weights


@dataclass(frozen=True)
class Player:
    """One manner of playing the bass.

    Attributes
    ----------
    grid : steps of 16 that the player's own figure contains, "" for none
    triple : the same for bars of 12 steps
    density : notes relative to `bassnb.composer.wide.features.Features.activity`; at least the grid
    weights : of the ``FEATURES`` of `bassnb.composer.wide.features` in the salience of a step
    pitches : name of the rule of ``LINES`` of `bassnb.composer.wide.lines`
    gate : share of the time to the next note for which a note sounds
    longest : steps that a note sounds at most
    ghosts : whether unaccented notes on odd steps are dead notes
    pulse : strokes of the cymbals in a beat to which the player fits, 0 for any
    fits : comping and melodies to which the player fits
    """

    name: str
    grid: str
    triple: str
    density: float
    weights: dict[str, float]
    pitches: str
    gate: float
    longest: float
    ghosts: bool
    pulse: int
    fits: tuple[str, ...]


# Name, density, pitches, gate, longest, ghosts, pulse; weights; what it fits; grid | grid of 12 steps.
_PLAYERS = """
lock 0.8 root 0.9 16 no 0; kick 1, comp 0.3, down 0.7, change 0.9, beat 0.15, eighth 0.1, snare -0.2; held kicks halves charleston; |
double 1.1 root 0.8 8 no 0; comp 1, kick 0.35, down 0.3, change 0.6, snare -0.1; kicks riff gallop push dotted tresillo house; |
eighths 0.9 root 0.85 2 no 2; beat 0.1, eighth 0.1, kick 0.25, comp 0.2, fill 0.2; eighths held quarters; x.x.x.x.x.x.x.x. | x.x.x.x.x.x.
sixteenths 0.9 pump 0.8 1 no 4; kick 0.1; sixteenths runs clavinet; xxxxxxxxxxxxxxxx | xxxxxxxxxxxx
gallop 0.9 pump 0.8 2 no 0; kick 0.15, comp 0.15; gallop kicks; x.xxx.xxx.xxx.xx | x.xxx.xxx.xx
rolling 0.9 pump 0.75 1 no 4; kick -0.7; runs sixteenths stabs; .xxx.xxx.xxx.xxx | .xxx.xxx.xxx
offbeat 0.75 pump 0.7 2 no 2; kick -0.2, comp 0.2; held stabs halves; ..x...x...x...x. | ..x...x...x.
octaves 0.95 octave 0.75 2 no 0; kick 0.2, comp 0.2; offbeats chank held stabs; x.x.x.x.x.x.x.x. | x.x.x.x.x.x.
walking 0.6 walk 0.95 4 no 0; kick 0.2, comp 0.2, fill 0.3, eighth 0.15; charleston quarters halves; x...x...x...x... | x...x...x...
boogie 0.85 boogie 0.85 2 no 0; beat 0.1, eighth 0.1, kick 0.1; boogie eighths stabs; x.x.x.x.x.x.x.x. | x...x.x...x.
arpeggio 0.8 arpeggio 0.95 3 no 0; beat 0.1, eighth 0.1, kick 0.1; broken runs eighths; x.x.x.x.x.x.x.x. | x.x.x.x.x.x.
fifths 0.48 fifth 0.9 8 no 0; beat 0.1, eighth 0.1, kick 0.3, comp 0.1, fill 0.3; boom-chuck halves quarters; x.......x....... | x.....x.....
tresillo 0.75 fifth 0.8 6 no 0; beat 0.1, eighth 0.1, kick 0.3, comp 0.3; tresillo push clave dotted; x..x..x.x..x..x. | x..x..x..x..
tumbao 0.42 tumbao 0.9 8 no 0; beat 0.1, eighth 0.1, kick 0.2, comp 0.2; montuno offbeats; ......x.....x... | ......x...x.
clave 0.5 fifth 0.8 6 no 0; beat 0.1, eighth 0.1, kick 0.2, comp 0.2; clave bossa; x..x..x...x.x... | x.x.xx.x.x.x
bossa 0.5 fifth 0.9 8 no 0; beat 0.1, eighth 0.1, kick 0.35, comp 0.15; bossa charleston push samba; x.....x.x.....x. | x...x.x...x.
surdo 0.6 fifth 0.8 6 no 0; beat 0.1, eighth 0.1, kick 0.45, comp 0.15; samba offbeats; x..x....x..x.... | x..x..x..x..
cumbia 0.6 arpeggio 0.8 6 no 0; beat 0.1, eighth 0.1, kick 0.3, comp 0.15; skank offbeats eighths; x.....x.x.....x. | x...x.x...x.
held 0.25 root 1 28 no 1; change 0.5, kick 0.25, comp 0.2, beat 0.1; held; x............... | x...........
sub 0.55 root 0.98 14 no 0; kick 1, down 0.5, change 0.8, comp 0.2, snare -0.5; held stabs broken; |
riff 1.05 riff 0.75 4 no 0; kick 0.7, comp 0.5, change 0.5, down 0.3, eighth 0.15, offbeat 0.2, snare -0.3; riff stabs house held chank answer; |
dub 0.9 riff 0.85 5 no 0; kick 0.35, beat 0.3, eighth 0.3, gap 0.3, comp -0.5, snare -0.1, change 0.5; skank offbeats; |
answer 0.85 riff 0.75 4 no 0; gap 0.9, kick 0.5, down 0.5, eighth 0.2, melody -0.6, snare -0.2, change 0.5; call answer charleston; |
melodic 1.2 melodic 0.9 6 no 0; beat 0.5, kick 0.6, eighth 0.35, comp 0.3, gap 0.2, change 0.5, down 0.4; quarters broken dotted stabs held; |
funk 1.3 funk 0.55 3 yes 4; down 1, kick 0.8, comp 0.5, change 0.6, snare -0.6, gap 0.15, offbeat 0.15; funk chank push offbeats; |
slap 1.35 octave 0.45 2 yes 4; kick 0.9, down 0.8, comp 0.4, snare 0.3, offbeat 0.2, change 0.5; clavinet kicks stabs; |
"""


def _read_player(line: str) -> Player:
    """One player from its line of the table."""
    head, weights, fits, grids = line.split(";")
    name, density, pitches, gate, longest, ghosts, pulse = head.split()
    grid, triple = (part.strip() for part in grids.split("|"))
    return Player(
        name,
        grid,
        triple,
        float(density),
        read_weights(weights),
        pitches,
        float(gate),
        float(longest),
        ghosts == "yes",
        int(pulse),
        tuple(fits.split()),
    )


PLAYERS = {player.name: player for player in map(_read_player, _PLAYERS.strip().splitlines())}
_FIT, _UNFIT = 8.0, 1.0  # weights of a player whom the comping or the cymbals fit or do not fit
_PRIVATE = 0.2  # scale of the Gumbel noise: what the mix does not explain


def choose_player(
    taste: dict[str, float], parts: Collection[str], pulse: float, rng: np.random.Generator
) -> str:
    """The player of a section: mostly the one that fits best to the other parts.

    The score of a player is the logarithm of its weight in the idiom, times how well it fits to the
    names `parts`, of the comping and of the melody, and to the `pulse` of the cymbals in strokes a
    beat; Gumbel noise is added.
    """
    strokes = 4 if pulse > 2.8 else 2 if pulse > 1.4 else 1

    def score(name: str) -> float:
        player = PLAYERS[name]
        fits = (_UNFIT if set(parts).isdisjoint(player.fits) else _FIT) * (
            4.0 if player.pulse == strokes else 2.0 if player.pulse == 0 else 1.0
        )
        return float(np.log(taste[name] * fits) + _PRIVATE * rng.gumbel())

    return max(taste, key=score)
