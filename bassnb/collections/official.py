"""Official splits of collections, and the songs that two of them share. Taught in chapter 10."""

from __future__ import annotations

import re

# Number of the last track of each split.
SLAKH_LAST = {"train": 1500, "validation": 1875, "test": 2100}
# Fourteen of the hundred training songs, by the convention of the musdb package.
MUSDB_VALIDATION = frozenset(
    {
        "Actions - One Minute Smile",
        "Alexander Ross - Goodbye Bolero",
        "ANiMAL - Rockshow",
        "Clara Berry And Wooldog - Waltz For My Victims",
        "Fergessen - Nos Palpitants",
        "James May - On The Line",
        "Johnny Lokke - Promises & Lies",
        "Leaf - Summerghost",
        "Meaxic - Take A Step",
        "Patrick Talbot - A Reason To Leave",
        "Skelpolu - Human Mistakes",
        "Traffic Experiment - Sirens",
        "Triviul - Angelsaint",
        "Young Griffo - Pennies",
    }
)
# MedleyDB songs that MUSDB18 holds as well, in the form of `plain`: artist and title.
MEDLEYDB_IN_MUSDB = frozenset(
    """
    aclassiceducationnightowl aimeenorwichchild alexanderrossgoodbyebolero
    alexanderrossvelvetcurtain auctioneerourfuturefaces avalunawaterduct bigtroublesphantom
    celestialshoredieforus claraberryandwooldogairtraffic claraberryandwooldogstella
    claraberryandwooldogwaltzformyvictims creepoidoldtree dreamersoftheghettoheavylove
    facesonfilmwaitingforga grantspunchdrunk heladonegromitaddelmundo hezekiahjonesborrowedheart
    hopalongsistercities invisiblefamiliarsdisturbingwildlife lushlifetoynbeesuite
    matthewentwistledontyouever meaxictakeastep meaxicyoulisten musicdelta80srock
    musicdeltabeatles musicdeltabritpop musicdeltacountry1 musicdeltacountry2 musicdeltadisco
    musicdeltagospel musicdeltagrunge musicdeltahendrix musicdeltapunk musicdeltareggae
    musicdeltarock musicdeltarockabilly nightpantherfire portstwillowstayeven
    secretmountainshighhorse snowminecurfews stevenclarkbounty strandofoaksspacestation
    sweetlightsyouletmedown thedistrictsvermont thescarletbrandlesfleursdumal
    thesosoglosemergency
    """.split()
)


def plain(name: str) -> str:
    """Letters and digits of a name, because collections differ in spaces, hyphens and capitals."""
    return re.sub(r"[^a-z0-9]", "", name.lower())
