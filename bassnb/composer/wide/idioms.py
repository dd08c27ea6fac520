"""Idioms of the wide world. Taught in chapter 10."""

from __future__ import annotations

from bassnb.composer.idioms import read_idiom

# One block of five lines for each idiom, as in `bassnb.composer.idioms`. `bass` weighs the players
# of `bassnb.composer.wide.players`, `rhythms` names comping of `bassnb.composer.wide.comping`.
_IDIOMS = """
name: pop; weight: 2.2; tempo: 80 140; swing: 0.05; sevenths: 0.15; drums: 0.93
metres: 4/4 9, 6/8 1; modes: major 0.55, minor 0.45; grooves: straight rock half-time hip-hop motown
bass: lock 4, eighths 3, octaves 1, melodic 2, riff 2, fifths 1, double 2, arpeggio 1
comp: pianos keys guitars; pad: strings synths voices; melody: leads winds pianos mallets
kits: 0 8 16 24; rhythms: held halves quarters eighths push broken dotted stabs

name: rock; weight: 2.2; tempo: 95 165; swing: 0.05; sevenths: 0.05; drums: 0.95
metres: 4/4 9, 3/4 0.5, 6/8 1; modes: major 0.5, minor 0.5; grooves: rock straight half-time double-time
bass: eighths 6, lock 3, double 3, riff 2, melodic 1, fifths 1
comp: 27 29 30 25 17 18; pad: organs strings synths; melody: leads 29 30 56 18
kits: 0 8 16; rhythms: held halves eighths kicks push riff

name: punk; weight: 1; tempo: 150 205; swing: 0; sevenths: 0; drums: 1
metres: 4/4 1; modes: major 0.7, minor 0.3; grooves: double-time rock
bass: eighths 8, double 2, riff 1
comp: 29 30 27; pad: organs 29; melody: 29 30 56 81
kits: 0 8 16; rhythms: eighths eighths sixteenths kicks

name: indie; weight: 1; tempo: 110 160; swing: 0; sevenths: 0.15; drums: 0.95
metres: 4/4 1; modes: major 0.6, minor 0.4; grooves: straight rock house motown
bass: melodic 5, eighths 3, octaves 1, riff 2, arpeggio 1
comp: 26 27 28 25 4; pad: strings synths; melody: leads 27 29 11 73
kits: 0 8; rhythms: eighths broken dotted held chank

name: funk; weight: 2; tempo: 88 122; swing: 0.25; sevenths: 0.6; drums: 0.98
metres: 4/4 1; modes: major 0.25, minor 0.6, blues 0.15; grooves: funk
bass: funk 6, slap 3, riff 2, answer 1, octaves 1, sixteenths 1
comp: keys 27 28 16 17; pad: strings synths brass; melody: brass winds leads
kits: 0 8 16 24; rhythms: funk chank clavinet offbeats kicks push

name: soul; weight: 1.2; tempo: 65 120; swing: 0.25; sevenths: 0.6; drums: 0.95
metres: 4/4 3, 6/8 1; modes: major 0.6, minor 0.4; grooves: straight funk boom-bap half-shuffle
bass: melodic 5, funk 2, lock 2, walking 1, answer 2
comp: 0 4 5 16 27 26; pad: 48 52 61; melody: brass winds 53 16
kits: 0 8 32; rhythms: quarters push offbeats held broken chank

name: motown; weight: 1; tempo: 95 140; swing: 0.15; sevenths: 0.35; drums: 1
metres: 4/4 1; modes: major 0.7, minor 0.3; grooves: motown
bass: melodic 8, lock 1, riff 2, walking 1
comp: 0 27 26 16 4; pad: 48 61 52; melody: brass winds 53 11
kits: 0 8; rhythms: quarters stabs offbeats push

name: gospel; weight: 0.7; tempo: 60 125; swing: 0.3; sevenths: 0.6; drums: 0.95
metres: 6/8 2, 4/4 1; modes: major 0.8, minor 0.2; grooves: gospel compound half-shuffle straight
bass: melodic 3, walking 3, lock 2, fifths 1
comp: 0 16 17 18 4; pad: organs 52 53; melody: 53 66 16 56
kits: 0 8; rhythms: quarters held broken push eighths

name: ballad; weight: 1.2; tempo: 62 95; swing: 0.05; sevenths: 0.3; drums: 0.85
metres: 4/4 6, 3/4 2, 6/8 2; modes: major 0.6, minor 0.4; grooves: sparse half-time straight
bass: lock 4, fifths 2, melodic 3, arpeggio 1.5, held 2
comp: pianos keys guitars; pad: strings synths voices; melody: winds fiddles pianos 11
kits: 0 8 32; rhythms: held halves quarters broken eighths

name: disco; weight: 1.3; tempo: 108 132; swing: 0; sevenths: 0.4; drums: 1
metres: 4/4 1; modes: minor 0.6, major 0.4; grooves: disco
bass: octaves 6, funk 3, riff 2, melodic 1, sixteenths 1
comp: 0 4 27 28 5; pad: 48 50 51 90; melody: 56 61 48 80 65
kits: 8 24 0; rhythms: offbeats chank funk held eighths

name: house; weight: 1.5; tempo: 116 130; swing: 0.2; sevenths: 0.4; drums: 1
metres: 4/4 1; modes: minor 0.7, major 0.3; grooves: house
bass: riff 4, offbeat 4, octaves 2, double 3, answer 1
comp: 0 4 90 81 62 16; pad: synths strings; melody: leads 4 11 53
kits: 24 25; rhythms: house offbeats held stabs tresillo

name: techno; weight: 1.2; tempo: 124 148; swing: 0; sevenths: 0.1; drums: 1
metres: 4/4 1; modes: minor 1; grooves: techno
bass: rolling 4, offbeat 3, sixteenths 5, riff 2
comp: 81 90 62 38 80; pad: synths; melody: leads 98 102
kits: 24 25; rhythms: stabs sixteenths offbeats held dotted

name: trance; weight: 1.2; tempo: 130 148; swing: 0; sevenths: 0.1; drums: 1
metres: 4/4 1; modes: minor 0.8, major 0.2; grooves: trance
bass: rolling 5, offbeat 3, sixteenths 5, octaves 1
comp: 81 90 80 88; pad: synths voices; melody: leads
kits: 24 25; rhythms: runs held offbeats sixteenths dotted

name: synthwave; weight: 1.1; tempo: 84 128; swing: 0; sevenths: 0.1; drums: 1
metres: 4/4 1; modes: minor 0.8, major 0.2; grooves: synthwave
bass: eighths 4, sixteenths 4, octaves 2, gallop 1
comp: 90 81 62 88; pad: synths voices; melody: leads
kits: 24 25 16; rhythms: runs held eighths sixteenths

name: electro; weight: 0.9; tempo: 105 132; swing: 0; sevenths: 0.2; drums: 1
metres: 4/4 1; modes: minor 0.9, major 0.1; grooves: electro
bass: riff 4, double 3, sixteenths 2, answer 2
comp: 81 90 62 7; pad: synths; melody: leads
kits: 24 25; rhythms: riff stabs clavinet held answer

name: hip-hop; weight: 1.5; tempo: 78 102; swing: 0.5; sevenths: 0.5; drums: 1
metres: 4/4 1; modes: minor 0.75, major 0.25; grooves: boom-bap hip-hop
bass: lock 5, riff 2, answer 3, funk 1, melodic 1
comp: 4 0 11 26 5; pad: strings voices; melody: winds keys 56 11
kits: 0 8 25; rhythms: held charleston halves stabs broken answer

name: trap; weight: 1; tempo: 66 84; swing: 0; sevenths: 0.2; drums: 1
metres: 4/4 1; modes: minor 0.9, major 0.1; grooves: trap
bass: sub 6, lock 3, held 1
comp: 4 8 10 46 88 0; pad: 52 89 91 94; melody: 11 80 79 75 108
kits: 25 24; rhythms: held broken halves kicks runs

name: breakbeat; weight: 1; tempo: 118 142; swing: 0.2; sevenths: 0.3; drums: 1
metres: 4/4 1; modes: minor 0.8, major 0.2; grooves: breakbeat
bass: riff 4, lock 2, answer 2, funk 2, sub 1
comp: 4 5 90 88 81; pad: synths strings; melody: leads 4 53 11
kits: 24 25 8 0; rhythms: held stabs riff funk push answer

name: drum-n-bass; weight: 1.3; tempo: 160 178; swing: 0; sevenths: 0.3; drums: 1
metres: 4/4 1; modes: minor 0.85, major 0.15; grooves: drum-n-bass jungle
bass: riff 4, sub 2, eighths 2, answer 2, sixteenths 3
comp: 4 5 90 88 81; pad: synths strings; melody: leads 4 53 11
kits: 24 25 8; rhythms: held halves push broken stabs eighths

name: garage; weight: 0.9; tempo: 126 136; swing: 0.8; sevenths: 0.5; drums: 1
metres: 4/4 1; modes: minor 0.8, major 0.2; grooves: garage
bass: riff 4, sub 2, answer 3, double 2
comp: 4 16 90 0 11; pad: synths strings; melody: 53 leads 11
kits: 24 25; rhythms: stabs house offbeats charleston

name: reggaeton; weight: 1; tempo: 84 104; swing: 0; sevenths: 0.15; drums: 1
metres: 4/4 1; modes: minor 0.8, major 0.2; grooves: dembow
bass: tresillo 5, lock 3, sub 1, riff 1
comp: 24 0 4 90 12; pad: synths strings; melody: leads 73 12 75
kits: 24 25 0; rhythms: tresillo held offbeats stabs broken

name: bossa; weight: 1; tempo: 105 150; swing: 0; sevenths: 0.4; drums: 0.85
metres: 4/4 1; modes: jazz 0.7, minor 0.2, major 0.1; grooves: bossa
bass: bossa 7, fifths 2, melodic 1
comp: 24 24 0 4 11; pad: strings voices; melody: winds 24 11 53
kits: 32 0; rhythms: bossa bossa charleston push

name: samba; weight: 0.8; tempo: 90 132; swing: 0; sevenths: 0.4; drums: 1
metres: 4/4 1; modes: major 0.5, minor 0.3, jazz 0.2; grooves: samba
bass: surdo 5, bossa 3, funk 1, melodic 1
comp: 24 0 25 4; pad: strings voices; melody: winds brass mallets
kits: 0 8; rhythms: samba bossa offbeats

name: salsa; weight: 1.1; tempo: 85 115; swing: 0; sevenths: 0.4; drums: 1
metres: 4/4 1; modes: minor 0.5, major 0.3, jazz 0.2; grooves: son rumba
bass: tumbao 8, clave 2, melodic 1
comp: 0 0 4 11 24; pad: strings 61; melody: brass winds mallets
kits: 0 8; rhythms: montuno montuno clave push

name: cumbia; weight: 0.7; tempo: 84 110; swing: 0; sevenths: 0.1; drums: 1
metres: 4/4 1; modes: minor 0.6, major 0.4; grooves: cumbia
bass: cumbia 6, tumbao 1, fifths 2
comp: 21 24 0 27; pad: 21 strings; melody: 21 75 71 56 65
kits: 0 8; rhythms: skank offbeats eighths

name: afrobeat; weight: 1.1; tempo: 95 128; swing: 0; sevenths: 0.4; drums: 1
metres: 4/4 4, 6/8 1; modes: minor 0.6, major 0.4; grooves: afrobeat afro-six
bass: riff 6, tresillo 2, double 2, answer 1
comp: 27 26 12 16 28; pad: 48 54 17; melody: 56 65 27 12 75
kits: 0 8 24; rhythms: riff chank clave funk

name: reggae; weight: 1.1; tempo: 66 92; swing: 0.4; sevenths: 0.15; drums: 1
metres: 4/4 1; modes: major 0.5, minor 0.5; grooves: one-drop rockers steppers
bass: dub 6, riff 3, melodic 1, arpeggio 1
comp: organs 0 27 28; pad: organs strings synths; melody: winds brass leads 22
kits: 0 8; rhythms: skank skank offbeats

name: second-line; weight: 0.7; tempo: 90 118; swing: 0.7; sevenths: 0.5; drums: 1
metres: 4/4 1; modes: blues 0.6, major 0.4; grooves: second-line bo-diddley
bass: tresillo 4, melodic 2, tumbao 1, riff 2, funk 1
comp: 0 0 16 27; pad: 61 17; melody: brass 56 57 66
kits: 0 8; rhythms: clave boogie push funk

name: blues; weight: 1; tempo: 76 150; swing: 0.8; sevenths: 0; drums: 0.95
metres: 4/4 8, 6/8 2; modes: blues 1; grooves: shuffle boogie compound
bass: boogie 4, walking 3, lock 2, riff 1
comp: pianos organs 25 26 27 29; pad: organs strings; melody: winds 22 26 29 56 0
kits: 0 8 32; rhythms: boogie charleston eighths quarters halves

name: rock-n-roll; weight: 0.8; tempo: 140 185; swing: 0.4; sevenths: 0.1; drums: 1
metres: 4/4 1; modes: blues 0.6, major 0.4; grooves: boogie double-time bo-diddley
bass: boogie 5, walking 3, eighths 1
comp: 0 3 26 27 25; pad: organs 48; melody: 66 26 27 22 0
kits: 0 8; rhythms: boogie eighths stabs

name: jazz; weight: 1.7; tempo: 90 190; swing: 0.95; sevenths: 0; drums: 0.95
metres: 4/4 8, 3/4 2; modes: jazz 1; grooves: swing jazz-waltz
bass: walking 9, fifths 1, melodic 1
comp: pianos 4 11 26 16; pad: strings voices; melody: winds brass 11 26 0
kits: 32 32 0; rhythms: charleston held halves quarters

name: fusion; weight: 0.8; tempo: 95 150; swing: 0.1; sevenths: 0.6; drums: 1
metres: 4/4 3, 7/4 0.6, 5/4 0.4; modes: jazz 0.5, minor 0.5; grooves: funk additive five seven samba
bass: funk 5, sixteenths 2, melodic 2, riff 2, slap 1
comp: 4 5 7 16 26 27; pad: synths strings; melody: leads 26 27 65 61
kits: 0 8 16; rhythms: funk clavinet stabs push runs

name: folk; weight: 0.8; tempo: 80 140; swing: 0.1; sevenths: 0.05; drums: 0.6
metres: 4/4 4, 3/4 4, 6/8 3; modes: major 0.55, minor 0.45; grooves: straight sparse train waltz compound
bass: fifths 5, lock 2, walking 1, melodic 2
comp: 24 25 0 46 105 15; pad: strings 20 53 91; melody: fiddles winds 22 79 74
kits: 0 32 8; rhythms: boom-chuck quarters broken eighths halves

name: country; weight: 0.9; tempo: 90 200; swing: 0.2; sevenths: 0.1; drums: 0.95
metres: 4/4 4, 3/4 1; modes: major 1; grooves: train straight shuffle waltz
bass: fifths 8, walking 2, lock 1
comp: 25 105 0 27; pad: 48 20 21; melody: 22 110 25 26 27 40
kits: 0 8 40; rhythms: boom-chuck boom-chuck eighths quarters

name: metal; weight: 1.5; tempo: 110 190; swing: 0; sevenths: 0; drums: 1
metres: 4/4 9, 7/4 0.6, 5/4 0.4; modes: minor 1; grooves: metal gallop rock half-time
bass: double 5, gallop 4, sixteenths 3, eighths 2, lock 2
comp: 29 30; pad: 48 52 18; melody: 29 30 81 84
kits: 16 8; rhythms: kicks kicks gallop sixteenths eighths riff

name: extreme; weight: 1.6; tempo: 150 210; swing: 0; sevenths: 0; drums: 1
metres: 4/4 1; modes: minor 1; grooves: blast metal
bass: sixteenths 5, eighths 2, double 2
comp: 29 30; pad: 48 52 19; melody: 29 30
kits: 16 8; rhythms: sixteenths sixteenths eighths kicks gallop

name: thrash; weight: 1.5; tempo: 138 192; swing: 0; sevenths: 0; drums: 1
metres: 4/4 1; modes: minor 1; grooves: gallop metal double-time
bass: gallop 4, sixteenths 5, double 3, eighths 1
comp: 29 30; pad: 48 52; melody: 29 30
kits: 16 8; rhythms: gallop sixteenths sixteenths kicks

name: psytrance; weight: 1.2; tempo: 136 150; swing: 0; sevenths: 0; drums: 1
metres: 4/4 1; modes: minor 1; grooves: trance techno
bass: rolling 4, sixteenths 5, gallop 1
comp: 81 90 80 87; pad: synths voices; melody: leads 98 102
kits: 24 25; rhythms: runs stabs held sixteenths

name: prog; weight: 0.9; tempo: 110 190; swing: 0; sevenths: 0.25; drums: 0.95
metres: 5/4 1, 7/4 1.2, 4/4 1; modes: minor 0.7, major 0.3; grooves: additive five seven gallop
bass: double 4, riff 3, eighths 2, melodic 2, sixteenths 1
comp: 16 18 27 29 4 7; pad: 48 52 90; melody: leads 29 0 73
kits: 0 8 16; rhythms: kicks eighths riff dotted broken runs

name: ambient; weight: 0.6; tempo: 58 100; swing: 0; sevenths: 0.5; drums: 0.25
metres: 4/4 4, 6/8 1, 5/4 0.6; modes: major 0.55, minor 0.45; grooves: sparse half-time
bass: held 5, lock 2, arpeggio 2
comp: 88 89 92 95 11 46 4; pad: synths strings; melody: 75 79 73 53 108 98
kits: 0 48; rhythms: held broken runs halves

name: chamber; weight: 0.7; tempo: 66 130; swing: 0; sevenths: 0.2; drums: 0.08
metres: 4/4 3, 3/4 2, 6/8 1; modes: major 0.55, minor 0.45; grooves: sparse
bass: fifths 2, walking 4, eighths 2, arpeggio 2, held 1, double 2
comp: 0 6 48 49 46 19 24; pad: 48 42 19 52; melody: 40 41 68 71 73 60
kits: 48; rhythms: held halves quarters broken eighths runs
"""
IDIOMS = tuple(map(read_idiom, _IDIOMS.strip().split("\n\n")))
