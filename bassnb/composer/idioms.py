"""Idioms: which tempi, metres, instruments, grooves and bass styles go together.

`compose` draws every song from the preferences of one idiom. Weights need not add up to one. Taught
in chapter 10.
"""

from __future__ import annotations

from dataclasses import dataclass

from bassnb.composer.harmony import read_weights

# General MIDI programs by family.
FAMILIES = {
    "pianos": (0, 1, 2),
    "keys": (4, 5, 7, 11),
    "organs": (16, 17, 18),
    "guitars": (24, 25, 26, 27, 28),
    "strings": (48, 50, 51),
    "synths": (88, 89, 90, 91, 94, 95),
    "voices": (52, 53, 54),
    "winds": (64, 66, 68, 71, 73, 75),
    "brass": (56, 57, 59, 61),
    "leads": (80, 82, 84, 85, 87),
    "fiddles": (40, 41, 110),
    "mallets": (8, 11, 12, 108),
}


@dataclass(frozen=True)
class Idiom:
    """Preferences of one kind of music.

    Attributes
    ----------
    name : of the idiom
    weight : how often it is drawn
    tempo : lowest and highest beats a minute
    metres, modes, bass : weights by name
    grooves : names of groups of kick patterns in 4/4
    swing : probability of swung off-beats
    sevenths : scale of the probability that a triad gets a seventh
    comp, pad, melody : General MIDI programs
    kits : drum kits
    rhythms : names of comping patterns
    drums : probability that there are drums
    """

    name: str
    weight: float
    tempo: tuple[float, float]
    metres: dict[str, float]
    modes: dict[str, float]
    grooves: tuple[str, ...]
    swing: float
    sevenths: float
    bass: dict[str, float]
    comp: tuple[int, ...]
    pad: tuple[int, ...]
    melody: tuple[int, ...]
    kits: tuple[int, ...]
    rhythms: tuple[str, ...]
    drums: float


def read_idiom(text: str) -> Idiom:
    """One idiom from its block of ``field: value`` entries."""
    entries = (entry.split(":") for entry in text.replace("\n", ";").split(";"))
    fields = {name.strip(): value.strip() for name, value in entries}
    low, high = map(float, fields["tempo"].split())
    return Idiom(
        fields["name"],
        float(fields["weight"]),
        (low, high),
        read_weights(fields["metres"]),
        read_weights(fields["modes"]),
        tuple(fields["grooves"].split()),
        float(fields["swing"]),
        float(fields["sevenths"]),
        read_weights(fields["bass"]),
        _programs(fields["comp"]),
        _programs(fields["pad"]),
        _programs(fields["melody"]),
        _programs(fields["kits"]),
        tuple(fields["rhythms"].split()),
        float(fields["drums"]),
    )


def _programs(text: str) -> tuple[int, ...]:
    """Program numbers from numbers and names of `FAMILIES`."""
    return tuple(
        program
        for word in text.split()
        for program in (FAMILIES[word] if word in FAMILIES else (int(word),))
    )


# Programs of each part from which `compose` draws when it ignores the idiom.
ANY = {
    "chords": (*range(32), 46, *range(48, 55), 61, 62, 63, 81, *range(88, 96), *range(104, 108)),
    "pad": (*range(16, 24), 40, 41, 42, *range(48, 53), 54, *range(61, 64), *range(88, 96)),
    "melody": (*range(0, 32), *range(40, 47), 52, 53, *range(56, 88), 104, 105, 107, 108, 110),
}
# One block of five lines for each idiom. Programs are numbers or names of `FAMILIES`.
_IDIOMS = """
name: pop; weight: 3; tempo: 80 140; swing: 0.05; sevenths: 0.15; drums: 0.9
metres: 4/4 9, 6/8 1; modes: major 0.55, minor 0.45; grooves: straight busy
bass: roots 4, pump 2, octaves 1, syncopated 2, fifths 1, arpeggio 1, pedal 0.4
comp: pianos keys guitars; pad: strings synths voices; melody: leads winds pianos mallets
kits: 0 8 16 24; rhythms: held halves quarters eighths push broken

name: rock; weight: 2.5; tempo: 90 160; swing: 0.05; sevenths: 0.05; drums: 0.9
metres: 4/4 9, 3/4 0.5, 6/8 1; modes: major 0.55, minor 0.45; grooves: straight busy
bass: roots 3, pump 4, fifths 1, syncopated 1.5, pedal 0.6, octaves 0.5
comp: 27 29 30 25 17 18; pad: organs strings synths; melody: leads 29 30 56 18
kits: 0 8 16; rhythms: held halves eighths kicks push

name: funk; weight: 1.8; tempo: 85 120; swing: 0.15; sevenths: 0.6; drums: 0.9
metres: 4/4 1; modes: major 0.25, minor 0.6, blues 0.15; grooves: busy
bass: syncopated 6, octaves 2, roots 1
comp: keys 27 28 16 17; pad: strings synths brass; melody: brass winds leads
kits: 0 8 16 24; rhythms: funk offbeats kicks push

name: dance; weight: 1.8; tempo: 110 135; swing: 0.05; sevenths: 0.15; drums: 0.9
metres: 4/4 1; modes: major 0.35, minor 0.65; grooves: four
bass: octaves 3, pump 2, syncopated 2, roots 2, arpeggio 1, pedal 0.4
comp: pianos keys 90 81 62; pad: synths strings; melody: leads 4 11
kits: 24 24 16 0; rhythms: offbeats held push funk broken

name: ballad; weight: 1.6; tempo: 70 95; swing: 0.05; sevenths: 0.3; drums: 0.9
metres: 4/4 6, 3/4 2, 6/8 2; modes: major 0.6, minor 0.4; grooves: sparse
bass: roots 5, fifths 2, arpeggio 1.5, pedal 0.6
comp: pianos keys guitars; pad: strings synths voices; melody: winds fiddles pianos 11
kits: 0 8 32; rhythms: held halves quarters broken

name: jazz; weight: 1.6; tempo: 90 160; swing: 0.85; sevenths: 0; drums: 0.9
metres: 4/4 8, 3/4 2; modes: jazz 1; grooves: swing
bass: walking 7, fifths 2, roots 1.5
comp: pianos 4 11 26 16; pad: strings voices; melody: winds brass 11 26 0
kits: 32 32 0; rhythms: charleston held halves quarters

name: blues; weight: 0.9; tempo: 80 150; swing: 0.6; sevenths: 0; drums: 0.9
metres: 4/4 8, 6/8 2; modes: blues 1; grooves: straight swing
bass: walking 3, arpeggio 2, roots 2, pump 1.5, fifths 1
comp: pianos organs 25 26 27 29; pad: organs strings; melody: winds 22 26 29 56 0
kits: 0 8 32; rhythms: charleston eighths quarters halves

name: latin; weight: 1.2; tempo: 90 150; swing: 0; sevenths: 0.5; drums: 0.9
metres: 4/4 1; modes: jazz 0.5, minor 0.3, major 0.2; grooves: latin
bass: fifths 5, syncopated 2, arpeggio 1.5, roots 1.5
comp: 0 4 24 25 11 26; pad: strings voices; melody: winds brass mallets
kits: 0 8 32; rhythms: push funk charleston offbeats

name: reggae; weight: 0.8; tempo: 70 100; swing: 0.3; sevenths: 0.15; drums: 0.9
metres: 4/4 1; modes: major 0.55, minor 0.45; grooves: drop
bass: syncopated 3, roots 3, arpeggio 2
comp: organs 0 27 28; pad: organs strings synths; melody: winds brass leads
kits: 0 8; rhythms: offbeats offbeats push

name: folk; weight: 1; tempo: 80 140; swing: 0.1; sevenths: 0.05; drums: 0.9
metres: 4/4 4, 3/4 4, 6/8 3; modes: major 0.55, minor 0.45; grooves: straight sparse
bass: fifths 5, roots 3, walking 1, arpeggio 1
comp: 24 25 0 46 105 15; pad: strings 20 53 91; melody: fiddles winds 22 79 74
kits: 0 32 8; rhythms: halves quarters broken eighths

name: metal; weight: 1; tempo: 100 190; swing: 0; sevenths: 0; drums: 0.9
metres: 4/4 9, 7/4 0.6, 5/4 0.4; modes: minor 1; grooves: straight busy breaks
bass: pump 4, roots 5, tresillo 1
comp: 29 30; pad: 48 52 18; melody: 29 30 81 84
kits: 16 8; rhythms: kicks kicks eighths eighths push

name: country; weight: 0.9; tempo: 85 190; swing: 0.3; sevenths: 0.1; drums: 0.9
metres: 4/4 4, 3/4 2; modes: major 1; grooves: straight sparse
bass: fifths 7, walking 1, roots 2
comp: 25 105 0 27; pad: 48 20 21; melody: 22 110 25 26 27 40
kits: 0 8 40; rhythms: halves halves quarters offbeats eighths

name: disco; weight: 1; tempo: 108 130; swing: 0; sevenths: 0.4; drums: 0.9
metres: 4/4 1; modes: minor 0.6, major 0.4; grooves: four
bass: octaves 6, syncopated 3, pump 1
comp: 0 4 27 28 5; pad: 48 50 51 90; melody: 56 61 48 80 65
kits: 8 24 0; rhythms: offbeats offbeats funk held eighths

name: breakbeat; weight: 0.9; tempo: 155 182; swing: 0; sevenths: 0.3; drums: 0.9
metres: 4/4 1; modes: minor 0.8, major 0.2; grooves: breaks
bass: held 3, roots 3, syncopated 2, tresillo 1
comp: 4 5 90 88 81; pad: synths strings; melody: leads 4 53 11
kits: 24 25 8; rhythms: held held push funk broken

name: trap; weight: 0.9; tempo: 62 80; swing: 0; sevenths: 0.2; drums: 0.9
metres: 4/4 1; modes: minor 0.9, major 0.1; grooves: breaks sparse latin
bass: roots 6, held 2, tresillo 1
comp: 4 8 10 46 88 0; pad: 52 89 91 94; melody: 11 80 79 75 108
kits: 25 24; rhythms: held broken halves kicks

name: ambient; weight: 0.7; tempo: 55 100; swing: 0; sevenths: 0.5; drums: 0.25
metres: 4/4 4, 6/8 1, 5/4 0.6; modes: major 0.55, minor 0.45; grooves: sparse
bass: held 6, pedal 3, roots 1
comp: 88 89 92 95 11 46 4; pad: synths strings; melody: 75 79 73 53 108 98
kits: 0 48; rhythms: held held broken

name: chamber; weight: 0.9; tempo: 60 130; swing: 0; sevenths: 0.2; drums: 0.08
metres: 4/4 3, 3/4 2, 6/8 1; modes: major 0.55, minor 0.45; grooves: sparse
bass: fifths 2, walking 3, roots 2, arpeggio 1, held 2
comp: 0 6 48 49 46 19 24; pad: 48 42 19 52; melody: 40 41 68 71 73 60
kits: 48; rhythms: held halves quarters broken eighths

name: prog; weight: 0.7; tempo: 110 210; swing: 0; sevenths: 0.25; drums: 0.9
metres: 5/4 1, 7/4 1.2, 4/4 0.6; modes: minor 0.7, major 0.3; grooves: straight busy
bass: roots 4, pump 2, syncopated 3, arpeggio 1
comp: 16 18 27 29 4 7; pad: 48 52 90; melody: leads 29 0 73
kits: 0 8 16; rhythms: kicks eighths push broken held

name: soul; weight: 1; tempo: 60 115; swing: 0.25; sevenths: 0.6; drums: 0.9
metres: 4/4 3, 6/8 2; modes: major 0.6, minor 0.4; grooves: straight busy sparse
bass: syncopated 4, roots 3, walking 1.5, fifths 1
comp: 0 4 5 16 27 26; pad: 48 52 61; melody: brass winds 53 16
kits: 0 8 32; rhythms: quarters push offbeats held broken

name: afro; weight: 0.7; tempo: 95 130; swing: 0; sevenths: 0.3; drums: 0.9
metres: 4/4 3, 6/8 1; modes: major 0.55, minor 0.45; grooves: latin four breaks
bass: tresillo 5, syncopated 3, roots 1
comp: 27 26 12 0 28; pad: 48 54 17; melody: 56 65 27 12 75
kits: 0 8 24; rhythms: push push funk broken
"""
IDIOMS = tuple(map(read_idiom, _IDIOMS.strip().split("\n\n")))
