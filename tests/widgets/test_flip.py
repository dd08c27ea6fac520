"""Sliders over figures: one is seen, each has its text, and refusals."""

import json

import matplotlib.pyplot as plt
import pytest

from bassnb.errors import BassnbError
from bassnb.widgets import flip
from tests.widgets.test_listen import Tags


def figures(*values):
    drawn = {}
    for value in values:
        figure, ax = plt.subplots(figsize=(2, 1))
        ax.plot([0, value])
        plt.close(figure)
        drawn[value] = figure
    return drawn


ALTS = {value: f"a line from 0 to {value}" for value in (1, 2, 4)}


def test_the_start_is_seen_and_the_slider_has_all_values_in_order():
    shown = flip(figures(1, 2, 4), parameter="steps K", alts=ALTS, start=2, title="Lines")
    page = Tags(shown.html)
    (slider,) = page.all("input")
    assert json.loads(slider["data-values"]) == ["1", "2", "4"] and shown.names == ("1", "2", "4")
    assert (slider["value"], slider["max"], slider["aria-valuetext"]) == ("1", "2", "2")
    images = page.all("img")
    assert ["hidden" in image for image in images] == [True, False, True]
    assert [image["alt"] for image in images] == list(ALTS.values())
    assert len({image["src"] for image in images}) == 3
    assert all(image["src"].startswith("data:image/webp;base64,") for image in images)


@pytest.mark.parametrize(
    "settings",
    [{"figures": {}}, {"alts": {1: "a line from 0 to 1"}}, {"start": 3}],
    ids=["no figure", "no text", "no such start"],
)
def test_what_cannot_be_shown_is_refused(settings):
    given = {"figures": figures(1, 2), "parameter": "K", "alts": ALTS} | settings
    with pytest.raises(BassnbError, match="figure"):
        flip(given.pop("figures"), **given)
