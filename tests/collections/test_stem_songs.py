"""One song of the index: what is left out of the mix, and where target and others sound."""

import numpy as np
import pytest

from bassnb.collections.stem_songs import Place, StemSong, kept_out, sounding_starts, unfit
from bassnb.presets import SAMPLE_RATE


def song(**loud):
    """Of twelve seconds; every stem sounds in the seconds of its range."""
    levels = {
        name: np.where([n in seconds for n in range(12)], -20.0, -90.0)
        for name, seconds in loud.items()
    }
    return StemSong("a", "train", {name: () for name in loud}, levels)


def test_crops_begin_where_target_and_another_stem_sound():
    one = song(bass=range(4, 12), drums=range(0, 6))
    assert sounding_starts(one, "bass", 4.0).tolist() == [1, 2, 3, 4, 5]
    assert sounding_starts(one, "mix", 4.0).tolist() == list(range(9))
    assert sounding_starts(song(bass=[0], drums=[11]), "bass", 1.0).tolist() == []


def test_where_they_hardly_sound_together_the_best_places_count():
    one = song(bass=range(0, 7), drums=range(6, 12))
    assert sounding_starts(one, "bass", 12.0).tolist() == [0]


@pytest.mark.parametrize(
    ("one", "target", "reason"),
    [
        (song(bass=range(12), drums=range(12)), "bass", None),
        (song(drums=range(12)), "bass", "no bass"),
        (song(bass=range(12)), "bass", "nothing but bass"),
        (song(bass=range(12)), "mix", None),
        (song(bass=[], drums=[]), "mix", "nothing sounds"),
        (song(bass=[0], drums=[11]), "bass", "never sound together"),
    ],
)
def test_a_song_fits_or_there_is_a_reason(one, target, reason):
    found = unfit(one, target, 1.0)
    assert found is None if reason is None else reason in found


def test_a_song_that_is_shorter_than_a_crop_does_not_fit():
    assert "shorter than 13 s" in unfit(song(bass=range(12), drums=range(12)), "bass", 13.0)


def test_what_holds_the_target_is_no_part_of_its_mix():
    stems = {
        "bass": {"holds": {}},
        "drums": {"holds": {}},
        "mix": {"holds": {"bass": 0.4, "drums": 0.5}},
        "guitar": {"holds": {"bass": 0.25}},  # bleed
        "backing": {"holds": {"drums": 1.0}},
    }
    found = kept_out(stems, "bass")
    assert "holds bass (40 %" in found["mix"] and "holds bass (25 %" in found["guitar"]
    assert "bass" not in found and "drums" not in found and kept_out(stems, "mix") == {}


def test_the_stems_of_a_crop_are_those_that_sound_in_it():
    one = song(bass=range(4, 12), drums=range(0, 6))
    assert Place(one, 0.0, 4 * SAMPLE_RATE).sounding() == ["drums"]
    assert Place(one, 4.0, 4 * SAMPLE_RATE).sounding() == ["bass", "drums"]
    assert Place(one, 8.0, 4 * SAMPLE_RATE).sounding() == ["bass"]
