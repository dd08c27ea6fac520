"""The families of the wide world's drum grooves: their kicks and what is played around them.

Patterns are strings of sixteenth notes as in `bassnb.composer.grooves`. Taught in chapter 10.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Family:
    """One kind of groove.

    Attributes
    ----------
    metre : of its bars
    feel : "straight", "eighths" (off-beat eighths may swing) or "sixteenths"
    snares, cymbals, layers : names in the tables of `bassnb.composer.wide.kit`
    common : patterns of the kick that every split may play, because all music of the kind has them
    kicks : patterns of the kick, shared among the splits by `bassnb.composer.harmony.of_split`
    """

    name: str
    metre: str
    feel: str
    snares: tuple[str, ...]
    cymbals: tuple[str, ...]
    layers: tuple[str, ...]
    common: tuple[str, ...]
    kicks: tuple[str, ...]


# Head: name, metre, feel; then snares | cymbals | layers | common kicks. The rows that follow are
# kicks, five columns: `of_split` gives three to training, one to validation and one to test.
_FAMILIES = """
straight 4/4 straight; backbeat ghosted pushed | eighths accents ride | tambourine shaker |
x.......x....... x.......x.x..... x.....x.x....... x.......x.....x. x...x...x...x.x.
x.x.....x....... x.....x...x..... x.........x..... x......xx....... x.x.....x.x.....
x.....x.x.x..... x.......xx...... x..x..x......... x..x....x....... x.....x.x.....x.

rock 4/4 straight; backbeat backbeat pushed | eighths accents ride quarters offs | tambourine cowbell |
x.....x...x.x... x.......x.xx.... x.x...x.x....... x.....xxx....... x.......xxx.....
x.x....x.x...... x...x.x.x....... x.xx....x.x..... x.x...x...x..... x......xx.x.....

half-time 4/4 straight; half half-ghost | eighths quarters sixteenths ride | shaker tambourine |
x............... x.....x......... x.........x...x. x..x............ x.............x.
x.x...........x. x......x..x..... x..........x..x. x.x.......x..... x.....x....x....

double-time 4/4 straight; double | eighths quarters ride-quarters | tambourine |
x...x...x...x.xx x.x.x...x.x.x... x...xx..x...x... x..xx...x..xx... x...x..xx...x...
x...x...x..xx... x...x.x.x...x.x. x.xxx...x.x.x... x.x.x..xx.x.x... x..xx..xx...x.x.

shuffle 4/4 eighths; backbeat ghosted | shuffle swung | tambourine |
x.....x.x.....x. x.......x......x x...x.x.x...x... x.......x...x.x. x.....x.....x.x.
x...x...x.x.x... x.....x.x...x... x.x.....x.....x. x.x...x.x...x... x...x...x...x.x.

half-shuffle 4/4 sixteenths; half half-ghost | shuffle gallop | shaker |
x..x..x...x..... x......x..x..... x.....xx........ x..x......xx.... x......x......xx
x..x...x..x..... x.x....x........ x......x...x..x. x..x..x....x..x. x.xx...x..x...x.

boom-bap 4/4 sixteenths; backbeat ghosted rim | eighths accents quarters | shaker tambourine |
x..x......x..... x......x..x..... x.x.......xx.... x..x...x..x..... x.....xx..x.....
x......xx.x....x x.........x..x.. x.x....x..xx.... x..x....x.x..x.. x......x.xx.....

hip-hop 4/4 straight; electric clap | eighths sixteenths rolls | shaker cowbell |
x.....x...xx.... x..x...x......x. x...x..x..x..... x......x...x..x. x..x..x..x...x..
x.x..x....x..... x......xx....x.. x..xx...x.x..... x.x...xx..x..x.. x...x..xx....x..

trap 4/4 straight; half half-clap | rolls sixteenths machine eighths | blocks cowbell |
x......x..x...x. x.........xx.... x..x......x..x.. x.....x..x...... x......x.....x..
x..x..x.....x... x.x......x....x. x...........x.x. x......x....x..x x..x.x....x.....

dembow 4/4 straight; dembow | eighths closed-offs sixteenths none | shaker cowbell | x...x...x...x...
x...x...x..xx... x.......x...x... x...x.xxx...x... x..xx...x..xx..x x...x...x.x.x.x.

house 4/4 straight; clap clap-late backbeat | offs accents sixteenths | shaker tambourine-8 conga bongo | x...x...x...x...
x...x...x..xx... x...x..xx...x... x..xx...x...x..x x...x...x...xx.. x...x.x.x..xx...

techno 4/4 straight; none clap none | offs closed-offs machine ride | shaker blocks | x...x...x...x...
x...x...x...x..x x..xx...x..xx... x...x..xx...x.x. x...xx..x...xx.. x..xx..xx..xx..x

trance 4/4 straight; clap none backbeat | offs sixteenths gallop | shaker | x...x...x...x...
x...x...x...x.x. x...x...x.x.x... x...x...x..xx.x. x...x...xx..x... x...x.x.x.x.x...

disco 4/4 straight; backbeat clap ghosted | offs sixteenths accents gallop | tambourine-8 cowbell conga claps | x...x...x...x...
x...x...x...xx.. x..xx...x...x... x...xx..x...x... x...x...xx..x..x x.x.x...x...x..x

synthwave 4/4 straight; electric backbeat half | eighths accents sixteenths | tambourine claps | x...x...x...x...
x.......x.....xx x...x...x...x..x x.......x.x...x. x.....x.x...x..x x.x.x.x.x.x.x.x.

electro 4/4 straight; electric clap | sixteenths eighths closed-offs | cowbell blocks |
x.....x...x..x.. x..x..x..x..x... x..x....x..x..x. x.....x.x..x..x. x..x..xx.....x..
x...x..x..x...x. x.....xx....x... x..x.....xx..x.. x...x....xx...x. x.x...x..x..x...

breakbeat 4/4 sixteenths; amen ghosted jungle | eighths accents ride | shaker tambourine conga |
x.x.......x..... x.........xx.... x.x.......xx.... x..x......x...x. x......x..x...x.
x.x....x..x...x. x.x..x....x...x. x.........x..x.x x.x.......x..xx. x..x......xx..x.

jungle 4/4 straight; jungle amen amen-late | ride eighths sixteenths | shaker conga |
x.x.......xx..x. x.x.......x.x... x..x.x....xx.... x.x....x..xx..x. x.x..x....xx....
x..x......x.xx.. x.x......xx..... x....x....xx.... x.x......x.x..x. x.....x....x.x..

drum-n-bass 4/4 straight; two-step ghosted | eighths accents ride machine | shaker |
x.........x....x x.x.......x....x x..x......x....x x.........x.x..x x.......x.x....x
x.....x...x....x x..........x..x. x.x........x.... x....x....x..x.. x..x.......x..x.

garage 4/4 sixteenths; rim clap electric | skip closed-offs accents | shaker blocks |
x......x..x....x x.........x..x.. x.....x...x...x. x..x.......x.... x......x..xx..x.
x..x......x..x.x x......x...x.... x.........x.x... x.....xx...x.... x..x..x...x....x

bossa 4/4 straight; bossa rim | accents eighths sixteenths | shaker cabasa |
x.....xxx.....xx x...x..xx...x..x x.....x.x.....xx x..x...xx..x...x x......xx......x
x.......x......x x...x...x..xx..x x.....xxx....... x....x.xx....x.x x..x..x.x..x..xx

samba 4/4 straight; samba bossa | sixteenths eighths none | shaker agogo cowbell |
x..xx..xx..xx..x x...x..xx..xx..x ...xx..x...xx..x x..xx...x..xx... ....x.......x..x
x..x....x..xx..x ....x..x....x... x...x.x.x...x.x. ..x.x..x..x.x..x x...xx..x...xx.x

son 4/4 straight; son rim | closed-offs none eighths | clave clave-23 cascara conga tumba bongo |
...x..x....x..x. x.....x.....x... ...x..x....x.... x..x..x....x..x. ......x...x...x.
x..x..x.....x... x.....x....x..x. ......x.....x... ...x..x.x..x..x. x..x...x..x...x.

rumba 4/4 straight; rumba none | none closed-offs | rumba-clave cascara tumba conga bell |
x..x...x....x... ...x...x....x..x x......x....x... x...x..x....x.x. ...x..xx...x..x.

cumbia 4/4 straight; cumbia rim | closed-offs accents | guiro cabasa cowbell conga |
x.......x.x..... x.....x.x.....x. x...x.x.x...x.x. x..x....x..x.... x.....x.x.x...x.

afrobeat 4/4 straight; afrobeat linear | eighths accents closed-offs sixteenths | bell shaker conga tumba |
x..x..x.x....... x.....x.x..x.... x..x....x.x...x. x.x...x...xx.... x..x..x...x..x..
x......x..x.x... x..x.....x.x.... x.....x..x..x... x..x.x..x..x..x. x.x..x..x......x

one-drop 4/4 eighths; one-drop | accents closed-offs shuffle | cabasa blocks |
........x....... ........x.....x. ........x.x..... ......x.x....... ........x...x...
..x.....x....... ........xx...... ......x.x.....x. ..x.....x.....x. ........x..x....

rockers 4/4 eighths; one-drop rim | accents eighths shuffle | cabasa tambourine-8 |
x.......x.....x. x.....x.x....... x.......x.x...x. x.x.....x.....x. x......xx.....x.

steppers 4/4 straight; one-drop rim none | accents eighths offs | cabasa blocks | x...x...x...x...
x...x...x.x.x... x...x.x.x...x... x..xx...x...x.x. x.x.x...x.x.x..x x...x..xx..xx.x.

second-line 4/4 sixteenths; second-line | none closed-offs | cowbell tambourine-8 |
x..x..x...x..... x..x..x.....x... x.....x...x...x. x..x....x.x.x... x..x..x...x.x..x
x...x..x..x..x.. x..x...x..x..... x......x..xx.... x..x..x..x..x... x...x.x...x..x..

motown 4/4 straight; four ghosted | eighths accents quarters | tambourine-8 tambourine-16 claps |
x.....x.x..x.... x.......x..x..x. x..x....x..x.... x.....xxx....x.. x..x..x.x.......
x.x...x.x.....x. x..x..x.x..x..x. x.......x.xx.... x.x....xx....... x......xx..x....

funk 4/4 sixteenths; funk linear ghosted | sixteenths eighths accents gallop | tambourine conga cowbell |
x..x..x...x..x.. x..x....x.x..... x.x....x..x..x.. x.....xx..x...x. x..x......x..xx.
x..x..x.x..x.x.. x......x..x..xx. x.x...x...xx..x. x.x..x..x.x..x.. x..x...x.x..x...
x......x.xx..x.. x..xx....x..x... x.xx..x...x..... x......xx..x.x.. x..x.x....x.x..x

boogie 4/4 eighths; backbeat four | shuffle swung eighths | tambourine |
x...x...x.....x. x.x.x.x.x.x.x... x...x.x.x.x.x... x.x.x...x...x... x...x...x.x.x.x.

train 4/4 straight; train brushes | none closed-offs | tambourine-8 |
x...x...x...x... x.......x......x x...x...x...x.o. x.....x.x...x..x x...x..xx...x.o.

bo-diddley 4/4 sixteenths; none backbeat | eighths accents | tambourine-16 shaker |
x..x..x...x.x... x..x..x...x.x.x. x..x..x.x.x.x... x..x..xx..x.x... x..x.x....x.x...

metal 4/4 straight; backbeat half | eighths ride quarters | |
xx.xx.xxxx.xx.xx xxx.xxx.xxx.xxx. xxxxx.x.xxxxx.x. xx.xx.x.xx.xx.x. x.xxx.xxx.xxx.xx
x.xxx.x.x.xxx.x. xxxx..xxxxxx..xx x.xxx.x.xxx.x.xx xxxx.xxxxxxx.xxx xx..xx..xx.xx.xx

blast 4/4 straight; blast double | eighths ride quarters | |
x.x.x.x.x.x.x.x. x.x.x.x.x.x.xxxx xxxxxxxxxxxxxxxx xxx.xxx.x.x.x.x. x.x.x.x.xxxxxxxx

gallop 4/4 straight; backbeat double half | eighths gallop quarters | tambourine |
x.xxx.xxx.xxx.x. x.xxx.x.x.xxx.xx x...x.xxx...x.xx x.xxx...x.xxx... x.xxx.xxx...x.xx

swing 4/4 eighths; jazz none brushes | swung | |
x...x...x...x... x............... ......x......... x.....x......... x.........x.....
..............x. ......x.......x. x.......x....... ..x...........x. ......x...x.....

sparse 4/4 straight; none half rim | sparse quarters none accents | shaker |
x.......x..x.... x..........x.... x......x........ x.....x.......x. x.......x.xx...x
x...........x... x.......x.....xx x...x........... x......x........ x........x......

additive 4/4 straight; additive offset half | eighths quarters sixteenths | blocks shaker |
x..x..x..x..x.x. x..x..x..x..x... x.....x.....x... x.x..x.x..x.x.x. x..x..x.....x.x.
x....x....x..x.. x..x.x..x..x.x.. x.....x..x..x... x....x....x....x x..x....x..x.x..

waltz 3/4 straight; waltz waltz-one brush-waltz | waltz-hat quarters eighths | tambourine-8 |
x........... x.......x... x.....x..... x.........x. x.x.........
x...x....... x.....x.x... x..........x x.....xx.... x...x...x...

jazz-waltz 3/4 eighths; brush-waltz none waltz-one | waltz-ride ride-quarters | |
x.......x.x. x.....x...x. x...x.....x. ......x..... x.....x.x.x.

compound 6/8 straight; compound compound-ghost | six six-ride eighths | six-shaker |
x.....x..... x........x.. x.....x...x. x...x....... x.x...x.....
x.......x... x...x.x..... x.........x. x...x...x... x.....x.x...

gospel 6/8 straight; compound-ghost compound | six eighths sixteenths | six-shaker tambourine |
x...x...x.x. x..xx...x... x.x.x...x... x...x.....xx x..x....x.x.
x.x.....x.x. x..x..x...x. x...xx..x... x.x.x.x...x. x..xx.....x.

afro-six 6/8 straight; six-rim compound none | six six-ride | six-bell six-shaker |
x.....x.x... x...x..x.... x..x..x..x.. x.x..x.x.... x..x....x...

five 5/4 straight; five five-back | eighths quarters accents ride | shaker |
x.....x.........x... x.........x.....x... x..x..x...........x. x.......x.......x... x.....x...x.....x.x.
x..x..x.........x.x. x.x...x.........x... x..x.....x......x... x.........x...x..... x..x..x.....x...x...

seven 7/4 straight; seven seven-late | eighths quarters accents ride | shaker |
x.......x.......x...x....... x.....x...x.....x...x...x... x.x.....x.......x.x.....x... x..x..x.....x...x..x........ x.......x.x.....x.....x.x...
x..x....x..x....x..x....x... x.....x.x.......x.......x.x. x...x...x...x...x.....x..... x.x.....x.x.....x...x...x... x..x..x.x.......x..x..x.....
"""


def _read_family(block: str) -> Family:
    """One family from its block: a head, and rows of kicks."""
    head, *rows = block.strip().splitlines()
    title, tables = head.split(";")
    name, metre, feel = title.split()
    snares, cymbals, layers, common = (tuple(part.split()) for part in tables.split("|"))
    kicks = tuple(word for row in rows for word in row.split())
    return Family(name, metre, feel, snares, cymbals, layers, common, kicks)


FAMILIES = {family.name: family for family in map(_read_family, _FAMILIES.strip().split("\n\n"))}
