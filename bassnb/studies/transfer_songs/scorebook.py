"""The written part of the transfer set: short pieces with idiomatic basslines.

They were written by hand for the evaluation, in the notation of
`bassnb.studies.transfer_songs.notation`; neither the tables nor the code of `bassnb.composer` had a
part in them, and no model is trained on them. ``time`` is tempo in quarter notes a minute, metre,
and swing (0.5 is straight). The first row of a piece's lines is its harmony, the second its bass.

Taught in chapter 9.
"""

PIECES = """
title: Five corners
family: odd metre
time: 132 5/4 0.5
chords: Em7 | Em7 | Am7 | Em7 | Cmaj7 | Am7 | F#m7b5:12 B7:8 | Em7
bass 33: 1:6 5:2 b7:4 8 5 | % | 1:6 5:2 b7:4 8 5 | 1:6 5:2 b7:4 5 a | 1:6 3:2 5:4 3 1 | 1:6 3:2 5:4 3 1 | 1:6 5:6 1:4 5 | 1:12 5:4 b7
comp 11 close 60: x-----x-----x---x---
lead 71: b4:6 d5:2 e5:4 d5 b4 | a4:6 g4:2 b4:12 | c5:6 e5:2 g5:4 e5 c5 | b4:12 r:8 | g5:6 e5:2 g5:4 a5 g5 | e5:12 c5:8 | a4:6 c5:6 d#5:8 | e5:12 r:8
drums: k x.....x.....x....... s ............x....... r x...x.x.x...x...x.x. | k x.....x.....x....... s ............x..o.... r x...x.x.x...x...x.x.

title: Seven to the mill
family: odd metre
time: 152 7/8 0.5
chords: Dm | Dm | Gm | Dm | Bb | C | A7 | Dm
bass 32: 1:4 5:2 8:4 5:2 3 | 1:4 5:4 8:4 a:2 | 1:4 5:2 8:4 5:2 3 | 1:4 5:4 8:6 | 1:4 3:4 5:6 | 1:4 3:4 5:4 5:2 | 1:4 3:4 5:4 a:2 | 1:4 5:4 1:6
comp 105 close 57: x-..x-..x-x-x-
lead 21: d5:2 e5 f5 e5 d5 c#5 d5 | f5:4 a5 d5:6 | g5:2 f5 d5 bb4 d5 f5 g5 | f5:8 e5:2 d5 a4 | f5:4 d5 bb4:6 | e5:4 g5 c5:6 | c#5:2 e5 g5 e5 c#5 a4 c#5 | d5:14
drums: k x.......x..... s ....x.......x. h x.x.x.x.x.x.x.

title: Three and a half
family: odd metre
time: 118 7/4 0.5
chords: G7sus4 | G7sus4 | F | C | G7sus4 | G7sus4 | Eb | F
bass 34: 1:4 1:2 <5:2 1:4 r:4 1:4 3:4 5:4 | % | 1:4 1:2 5:2 8:4 r:4 1:4 5 a | 1:4 1:2 5:2 8:4 r:4 3:4 5 b7 | 1:4 1:2 <5:2 1:4 r:4 1:4 3:4 5:4 | % | 1:4 1:2 5:2 8:4 r:4 1:4 5 A | 1:4 1:2 5:2 8:4 r:4 1:4 A 1
comp 29 power 43: x---x-..x---....x---x---....
comp2 89 close 60: x---------------------------
drums: k x...x...........x........... s ........x...............x... h x.x.x.x.x.x.x.x.x.x.x.x.x.x. | k x.....x.........x........... s ........x...............x.x. h x.x.x.x.x.x.x.x.x.x.x.x.x.x.

title: Candle and snow
family: slow
time: 54 4/4 0.5
chords: Dbmaj9 | Bbm7 | Gbmaj7 | Ab7sus4 Ab7 | Fm7 | Bbm9
bass 35: 1:10 5:2 8:4 | 1:10 <5:2 1:4 | 1:8 5:4 3:4 | 1:8 1:4 A | 1:8 5:4 a:4 | 1:12 5:4
comp 8 arp 65: x-x-x-x-x-x-x-x-
comp2 48 close 56: x---------------
lead 68: f5:8 ab5:4 gb5:2 f5 | db5:12 r:4 | bb4:6 db5:2 f5:8 | eb5:12 c5:4 | ab5:8 f5:4 eb5 | f5:12 r:4
drums: k x.........x..... i ........x....... h x.x.x.x.x.x.x.x.

title: Twelve lanterns
family: slow
time: 96 12/8 0.5
chords: A | F#m7 | D | E7 | A:12 C#7:12 | F#m7 | Bm7:12 E7:12 | A
bass 36: 1:10 1:2 <5:10 <5:2 | 1:10 1:2 5:8 3:4 | 1:10 1:2 5:8 3:4 | 1:10 1:2 3:4 5 b7 | 1:10 1:2 1:10 a:2 | 1:10 5:2 1:10 a:2 | 1:10 5:2 1:8 3:4 | 1:10 1:2 <5:12
comp 16 close 61: x---x---x---x---x---x---
lead 66: e5:12 c#5:8 b4:4 | a4:20 r:4 | f#5:12 d5:8 e5:4 | e5:8 d5 b4 | c#5:12 f5:12 | e5:16 c#5:8 | d5:8 f#5:4 e5:12 | a4:24
drums: k x...........x.....x..... s ......x...........x..... h x.x.x.x.x.x.x.x.x.x.x.x.

title: No brakes
family: fast
time: 188 4/4 0.5
chords: Em | Em | G | A | Em | D | A | B
bass 34: 1:2 1 1 1 1 1 1 1 | % | % | 1:2 1 1 1 1 1 a a | 1:2 1 1 1 1 1 1 1 | % | % | 1:2 1 1 1 5 5 3:2 a
comp 30 power 40: x-x-x-x-x-x-x-x-
lead 84: b4:8 d5:4 e5 | e5:16 | d5:8 b4:4 g4 | a4:16 | b4:4 b4 d5 e5 | f#5:8 d5 | e5:8 c#5 | d#5:16
drums: k x...x.x.x...x.x. s ....x.......x... o x...x...x...x...

title: Downhill bop
family: fast
time: 196 4/4 0.62
chords: Gm7 | C9 | Fmaj7 | Dm7 | Gm7 | C7b9 | Am7b5 | D7b9
bass 32: 1:4 2 b3 5 | 1:4 5 b7 a | 1:4 3 5 6 | 1:4 b3 5 a | 1:4 5 b7 A | 1:4 3 5 a | 1:4 b3 b5 A | 1:4 3 5 a
comp 0 rootless 58: ......x-........ | x-........x-.... | ....x-.......... | ......x-x-......
lead 65: d5:2 f5 a5 g5 f5 d5 bb4 d5 | e5:2 g5 bb5 a5 g5 e5 c5 d5 | c5:4 a4:2 c5 e5:8 | f5:2 e5 d5 c5 a4:8 | bb4:2 d5 f5 a5 g5:4 r | db5:2 c5 bb4 g4 e5:8 | eb5:4 c5 a4:8 | f#5:2 eb5 c5 a4 d5:8
drums: r x...x.x.x...x.x. h ....x.......x... k x.......x.......

title: Coal yard shuffle
family: swing
time: 116 4/4 0.68
chords: A7 | D9 | A7 | A7 | D9 | D9 | A7 | F#7 | Bm7 | E7 | A7 F#7 | Bm7 E7
bass 33: 1:4 3 5 6 | 1:4 3 5 6 | 1:4 3 5 6 | b7:4 6 5 3 | 1:4 3 5 6 | b7:4 6 5 a | 1:4 3 5 6 | 1:4 3 5 a | 1:4 b3 5 A | 1:4 3 5 a | 1:4 3 1 a | 1:4 A 1 a
comp 25 shell 55: ..x-..x-..x-..x-
lead 22: e5:2 g5 e5 d5 c5:4 a4 | r:8 c5:2 d5 c5 a4 | e5:6 d5:2 c5:8 | a4:16 | f#5:4 d5 c5 d5 | r:16 | e5:2 g5 e5 c5 a4:8 | a#4:8 c#5 | d5:6 f#5:2 b4:8 | g#4:4 b4 d5:8 | c5:6 a4:10 | r:16
drums: k x.......x....... s ....x.......x..o h x.x.x.x.x.x.x.x.

title: Late tram
family: swing
time: 144 4/4 0.66
chords: Cm9 | Cm9 | Fm9 | Cm9 | Abmaj7 | Dm7b5 | G7alt | Cm9
bass 32: 1:4 b3 5 b3 | 1:4 5 b7 a | 1:4 b3 5 a | 1:4 5 b7 5 | 1:4 3 5 a | 1:4 b3 b5 A | 1:4 b7 5 a | 1:4 b3 <5 b7
comp 26 rootless 57: x-....x-........ | ..x-......x-....
lead 60: g5:6 eb5:2 d5:8 | c5:4 eb5 bb4:8 | ab4:6 c5:2 eb5:8 | d5:16 | c5:4 eb5 g5 f5 | ab5:8 f5 | eb5:4 b4 db5 ab4 | g4:16
drums: r x...x.x.x...x.x. h ....x.......x... k x.......x....... i ............x...

title: Two rooms
family: key change
time: 104 4/4 0.5
chords: F | Dm7 | Bb | C | F | Dm7 | D | D7 | G | Em7 | C | D | G | Em7 | Am7 D7 | G
bass 36: 1:6 1:2 5:4 3 | 1:6 1:2 5:4 b3 | 1:6 1:2 3:4 5 | 1:6 1:2 5:4 3 | 1:6 1:2 5:4 3 | 1:6 1:2 5:4 b7 | 1:6 1:2 3:4 5 | 1:6 1:2 3:4 5 | 1:6 1:2 5:4 3 | 1:6 1:2 5:4 b3 | 1:6 1:2 3:4 5 | 1:6 1:2 5:4 3 | 1:6 1:2 5:4 3 | 1:6 1:2 5:4 b7 | 1:4 b3 1 3 | 1:12 5:4
comp 6 close 62: x---x-x---x-x---
comp2 52 close 60: x---------------
lead 73: c5:4 a4 f4 a4 | d5:8 f5 | f5:4 d5 bb4 d5 | c5:16 | a5:4 f5 c5 f5 | f5:8 d5 | f#5:8 a5 | c6:16 | d5:4 b4 g4 b4 | e5:8 g5 | g5:4 e5 c5 e5 | d5:16 | b5:4 g5 d5 g5 | g5:8 e5 | c5:8 f#5 | g5:16
drums: k x.....x.x....... s ....x.......x... b ..x...x...x...x.

title: Three keys a day
family: key change
time: 126 4/4 0.5
chords: B | D7 | G | Bb7 | Eb | Eb | F#7 | F#7 | G | Bb7 | Eb | F#7 | B | B
bass 33: 1:4 3 5 a | 1:4 3 5 a | 1:4 3 5 a | 1:4 3 5 a | 1:4 3 5 3 | 1:4 <5 1 A | 1:4 3 5 6 | 1:4 b7 5 A | 1:4 3 5 a | 1:4 3 5 a | 1:4 3 5 a | 1:4 3 5 a | 1:4 3 5 3 | 1:8 5
comp 4 close 58: x---..x-....x---
lead 61: d#5:8 f#5:4 a5 | f#5:8 d5 | b4:8 d5:4 f5 | d5:8 bb4 | g5:16 | bb5:8 g5 | c#5:8 a#4 | e5:16 | d5:8 b4 | ab4:8 f5 | g5:8 bb5 | a#5:8 e5 | d#5:16 | f#5:16
drums: k x...x...x...x... c ....x.......x... m x.x.x.x.x.x.x.x.

title: Orchard
family: no drums
time: 88 4/4 0.5
chords: D | A7 | Bm | G | D | G | Em7 A7 | D
bass 32: 1:8 5 | 1:8 3 | 1:8 5 | 1:8 3:4 a | 1:8 3 | 1:8 5:4 a | 1:8 1:4 3 | 1:12 5:4
comp 24 arp 62: x-x-x-x-x-x-x-x-
lead 40: f#5:6 e5:2 d5:8 | c#5:6 b4:2 a4:8 | d5:4 e5 f#5 d5 | b4:16 | f#5:6 g5:2 a5:8 | g5:4 f#5 e5 d5 | g5:8 e5:4 c#5 | d5:16

title: Harbour at four
family: no drums
time: 76 3/4 0.5
chords: Am | E7 | Am | Dm | G7 | C | Dm:8 E7:4 | Am
bass 43: 1:12 | 1:8 3:4 | 1:8 5:4 | 1:12 | 1:8 3:4 | 1:8 5:4 | 1:4 b3 1 | 1:12
comp 0 open 57: ....x---x---
lead 110: e5:8 c5:4 | b4:12 | a4:4 c5 e5 | f5:8 d5:4 | g5:4 f5 d5 | e5:12 | d5:4 f5 g#5 | a5:12

title: Alone with sticks
family: drums only
time: 100 4/4 0.5
chords: Em | Em | Em | Em
bass 34: 1:6 1:2 r:2 1:2 5:4 | % | 1:6 1:2 r:2 1:2 b7:4 | 1:6 1:2 r:4 b3:2 2
drums: k x.....x...x..... s ....x.......x... h x.x.x.x.x.x.x.x. | k x.....x...x..... s ....x.......x..x h x.x.x.x.x.x.x.o.

title: Broken plates
family: drums only
time: 112 4/4 0.5
chords: Am7 | Am7 | Am7 | Am7
bass 36: 1:3 1:3 r:4 1:3 b7:3 | 1:3 1:3 r:4 5:2 b7 a | % | 1:3 8:3 r:4 1:3 b3:3
drums: k x..x......x..x.. s ....x..o.o..x..o h xxxxxxxxxxxxxxxx | k x..x......x.x... s ....x..o.o..x.x. h xxxxxxxxxxxxx.x.

title: Reed in the dunes
family: lone lead
time: 92 4/4 0.5
chords: Dm7 | Dm7 | G | G | Dm7 | C | Am7 | Dm7
bass 32: 1:8 5 | 1:8 b7 | 1:8 5 | 1:8 3 | 1:8 5 | 1:8 3 | 1:8 b3 | 1:16
lead 75: d5:4 f5:2 a5 d6:8 | c6:4 a5 f5:8 | b5:4 d6:2 b5 g5:8 | b4:4 d5 g5:8 | a5:4 f5:2 d5 f5:4 a5 | g5:4 e5 c5:8 | e5:4 c5 a4 c5 | d5:16

title: Bugle on the roof
family: lone lead
time: 120 4/4 0.5
chords: Bb | Bb | F7 | F7 | Bb | Eb | F7 | Bb
bass 33: 1:4 r 5 r | % | 1:4 r 3 r | 1:4 r 5 a | 1:4 r 5 r | 1:4 r 3 a | 1:4 r 5 3 | 1:8 r:8
lead 56: bb4:3 d5:1 f5:4 d5 f5 | bb5:8 f5:4 d5 | c5:3 eb5:1 a5:4 f5 a5 | c6:8 a5:4 f5 | d5:3 f5:1 bb5:4 f5 d5 | g5:4 eb5 bb4 g4 | a4:4 c5 eb5 f5 | d5:8 bb4:8

title: Vespers
family: pad only
time: 66 4/4 0.5
chords: Gm | Eb | Bb | F | Cm7 | D | Gm | Gm
bass 39: 1:16 | 1:16 | 1:16 | 1:16 | 1:16 | 1:16 | 1:16 | 1:16
comp 52 open 60: x---------------

title: Glass ceiling
family: pad only
time: 84 4/4 0.5
chords: Emaj7 | Emaj7 | C#m9 | C#m9 | Amaj7 | Amaj7 | F#m9 | B7sus4
bass 38: 1:16 | 1:16 | 1:16 | 1:12 5:4 | 1:16 | 1:16 | 1:16 | 1:12 5:4
comp 94 close 58: x---------------

title: One chord city
family: modal vamp
time: 108 4/4 0.5
chords: Dm7 | Dm7 | Dm7 | Dm7
bass 37: 1:3 8:1 r:2 b7:2 8 r 5 b7 | 1:3 8:1 r:2 5:2 6 b7 r:4 | 1:3 8:1 r:2 b7:2 8 r 5 b7 | 1:3 1:1 r:2 4:2 5 b7 2 b3
comp 7 rootless 58: ..x..x....x..x.. | ..x..x......x.x.
lead 62: a5:2 r c6 a5 r:8 | r:16 | g5:2 a5 r c6 r d6:6 | r:16
drums: k x..x......x..... s ....x.......x... h x.xxx.xxx.xxx.xx

title: Blue glass
family: dense jazz
time: 92 4/4 0.6
chords: Fm11 | Bb13 | Ebmaj9 | Ab13 | Dm7b5 | G7alt | Cm9 | C7alt
bass 32: 1:4 b3 5 b7 | 1:4 3 5 a | 1:4 3 5 6 | 1:4 3 b7 5 | 1:4 b3 b5 A | 1:4 3 b7 a | 1:4 b3 5 b7 | 1:4 b7 5 a
comp 0 rootless 54: x-----x---....x- | ..x---....x-----
lead 11: c5:4 eb5 g5:8 | g5:6 f5:2 d5:8 | d5:4 f5 bb5:8 | c5:4 f5 gb5:8 | f5:4 ab5 c6:8 | b5:4 ab5 eb5:8 | d5:4 eb5 g5:8 | e5:4 db5 ab5:8
drums: r x...x.x.x...x.x. h ....x.......x...

title: Ivory stairs
family: dense jazz
time: 70 4/4 0.5
chords: Cmaj9 | Bm7b5 E7b9 | Am9 | Gm9 C13 | Fmaj13 | Fm6 | Em7 A7#9 | Dm9 G13
bass 35: 1:8 5 | 1:8 1:4 a | 1:8 5 | 1:8 1:4 3 | 1:8 5:4 3 | 1:8 5:4 A | 1:8 1:4 a | 1:8 1:4 a
comp 4 open 58: x-------x-----x-
comp2 48 close 62: x---------------
lead 64: b5:8 g5:4 e5 | d5:8 g#5 | c6:12 b5:4 | bb5:8 a5 | a5:8 g5:4 e5 | d5:16 | g5:8 c6 | e5:8 a5

title: Salt and smoke
family: reggae
time: 74 4/4 0.58
chords: Am7 | Dm7 | Am7 | Dm7 | F | G | Am7 | Em7
bass 36: r:2 1 1 5 r:4 b7:2 8 | 1:2 1 r:4 5:4 b3 | r:2 1 1 5 r:4 b7:2 8 | 1:2 1 r:4 5:4 4 | r:2 1 3 5 r:4 5:2 3 | 1:2 1 r:4 3:4 5 | r:2 1 1 5 r:4 b7:2 8 | 1:2 1 r:4 5:4 b7
comp 17 close 62: ..xx....x...x... | ....x.......x...
comp2 27 close 60: ....x.......x...
drums: k ........x....... i ........x....... h x.x.x.x.x.x.x.x.

title: Veranda
family: bossa nova
time: 132 4/4 0.5
chords: Dmaj9 | Dmaj9 | E9 | E9 | Em9 | A13 | Dmaj9 | A7b9
bass 32: 1:6 5:2 5:6 1:2 | % | % | 1:6 5:2 5:6 a:2 | 1:6 5:2 5:6 1:2 | 1:6 5:2 5:6 a:2 | 1:6 5:2 5:6 1:2 | 1:6 5:2 5:4 a
comp 24 rootless 55: x--x--x---x--x-- | ..x--x--x-x---..
lead 73: f#5:6 e5:10 | c#5:4 d5 e5 f#5 | g#5:6 f#5:10 | e5:16 | g5:6 f#5:2 d5:8 | b4:4 c#5 f#5:8 | e5:16 | bb4:8 c#5
drums: k x.....x.x.....x. i x..x..x...x..x.. h xxxxxxxxxxxxxxxx

title: Night bus
family: drum and bass
time: 174 4/4 0.5
chords: Fm9 | Fm9 | Dbmaj7 | Dbmaj7 | Bbm9 | Bbm9 | C7sus4 | C7#9
bass 38: 1:10 1:2 b7:4 | 8:12 5:4 | 1:10 1:2 5:4 | 3:12 5:4 | 1:10 1:2 b7:4 | 8:12 5:4 | 1:10 1:2 5:4 | 1:8 3:4 a
comp 88 close 56: x---------------
lead 98: c6:3 ab5:3 g5:2 r:8 | r:16 | c6:3 ab5:3 f5:2 r:8 | r:16
drums: k x.........x..... s ....x..o.o..x... h x.x.x.x.x.x.x.x. | k x.........x...x. s ....x..o.o.....x h x.x.x.x.x.x.x.x.

title: Paper boats
family: waltz
time: 156 3/4 0.5
chords: Eb | Bb7 | Eb | Cm | Fm | Bb7 | Eb | Bb7
bass 32: 1:8 5:4 | 1:8 <5:4 | 1:8 3:4 | 1:8 5:4 | 1:8 5:4 | 1:4 3 5 | 1:8 5:4 | 1:4 6 5
comp 21 close 58: ....x---x---
lead 72: g5:8 bb5:4 | ab5:8 f5:4 | g5:4 eb5 bb4 | c5:12 | ab5:8 f5:4 | d5:4 f5 ab5 | g5:12 | f5:12
drums: k x........... s ....o...o... h x...x...x...

title: Long table
family: waltz
time: 96 3/4 0.6
chords: G6 | Em9 | Am9 | D13 | Bm7 | E7b9 | Am9 | D7b9
bass 32: 1:8 5:4 | 1:4 5 b7 | 1:8 b3:4 | 1:4 3 a | 1:8 5:4 | 1:4 3 a | 1:4 b3 5 | 1:4 b7 a
comp 26 rootless 56: ..x-....x-.. | ......x-x---
lead 59: d5:6 b4:2 g4:4 | f#5:8 e5:4 | c5:4 e5 g5 | b5:12 | a5:6 f#5:2 d5:4 | f5:8 g#4:4 | b4:4 c5 e5 | eb5:12
drums: r x...x.x.x... h ....x....... k x.......x...
"""


def pieces() -> list[tuple[str, str, str]]:
    """(family, title, text) of every piece."""
    found = []
    for text in PIECES.strip().split("\n\n"):
        lines = text.splitlines()
        found.append((lines[1].removeprefix("family: "), lines[0].removeprefix("title: "), text))
    return found
