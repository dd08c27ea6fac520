"""Tables of the wide world: complete, well formed, and shared among the splits without overlap."""

import numpy as np
import pytest

from bassnb.composer.grooves import STEPS_PER_BAR
from bassnb.composer.songs import SPLITS
from bassnb.composer.wide.comping import COMPS, choose_comping
from bassnb.composer.wide.families import FAMILIES
from bassnb.composer.wide.features import FEATURES
from bassnb.composer.wide.grooves import choose_backing, choose_kick, kicks_of, table_of
from bassnb.composer.wide.idioms import IDIOMS
from bassnb.composer.wide.kit import CYMBALS, LAYERS, SNARES
from bassnb.composer.wide.lines import LINES
from bassnb.composer.wide.melodies import LEADS
from bassnb.composer.wide.players import PLAYERS, choose_player


@pytest.mark.parametrize("name", FAMILIES)
def test_kicks_of_the_splits_are_disjoint(name):
    rng, common = np.random.default_rng(0), set(FAMILIES[name].common)
    played = {split: {choose_kick(name, split, rng) for _ in range(200)} for split in SPLITS}
    assert played["validation"] - common == set(table_of(name, "validation"))
    assert played["test"] - common == set(table_of(name, "test"))
    assert not played["train"] & (kicks_of("validation") | kicks_of("test"))
    assert not played["validation"] & played["test"] - common
    assert len(played["train"]) > 3 * len(played["test"] - common)


@pytest.mark.parametrize("name", FAMILIES)
def test_families_name_what_exists_and_fill_their_bars(name):
    family, rng = FAMILIES[name], np.random.default_rng(0)
    steps = STEPS_PER_BAR[family.metre]
    assert {len(kick) for kick in (*family.kicks, *family.common)} == {steps}
    assert all(table_of(name, split) for split in SPLITS)
    assert set(family.snares) <= set(SNARES) and set(family.cymbals) <= set(CYMBALS)
    assert set(family.layers) <= set(LAYERS)
    backings = [choose_backing(name, energy, rng) for energy in (0, 1, 2) for _ in range(20)]
    assert all(len(text) == steps for backing in backings for text in backing.values())


def test_more_energy_has_more_layers():
    rng = np.random.default_rng(0)
    layers = [np.mean([len(choose_backing("disco", e, rng)) for _ in range(200)]) for e in range(3)]
    assert layers[0] + 0.4 < layers[1] < layers[2] - 0.4


def test_idioms_name_what_exists():
    assert set(FAMILIES) == {name for idiom in IDIOMS for name in idiom.grooves}
    assert set(PLAYERS) == {name for idiom in IDIOMS for name in idiom.bass}
    assert set(COMPS) == {name for idiom in IDIOMS for name in idiom.rhythms}
    names = {*COMPS, *LEADS}
    assert {name for player in PLAYERS.values() for name in player.fits} <= names
    assert all(set(player.weights) <= set(FEATURES) for player in PLAYERS.values())
    assert {player.pitches for player in PLAYERS.values()} == set(LINES)


@pytest.mark.parametrize("steps", [12, 16, 20, 28])
def test_comping_fills_the_bar(steps):
    rng = np.random.default_rng(0)
    for name in COMPS:
        _, pattern = choose_comping([name], steps, rng)
        assert len(pattern) == (0 if name == "kicks" else steps)


def test_comping_and_cymbals_decide_between_the_players_of_an_idiom():
    rng, taste = np.random.default_rng(0), {"octaves": 1.0, "sixteenths": 1.0, "walking": 1.0}
    for rhythm, pulse, expected in (
        ("chank", 2.0, "octaves"),
        ("runs", 4.0, "sixteenths"),
        ("quarters", 2.0, "walking"),
    ):
        drawn = [choose_player(taste, [rhythm], pulse, rng) for _ in range(100)]
        assert drawn.count(expected) > 95
