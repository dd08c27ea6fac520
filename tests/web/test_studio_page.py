"""The studio page in Chromium: a song and a click, a take to hear and to keep, and what goes wrong."""

import re

import numpy as np
import pretty_midi
import pytest
import soundfile
import torch

from bassnb.control.notes import notes_of
from tests.control.test_notes import LINE, plucked
from tests.web.studio_driver import (
    encoded,
    generate,
    give,
    heard,
    kept,
    open_studio,
    song_of,
    sound,
    status,
    takes,
)

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NO_OVERFLOW = "document.documentElement.scrollWidth <= innerWidth"


@pytest.fixture(scope="module")
def context(chromium):
    context = chromium.new_context(viewport={"width": 1200, "height": 900}, accept_downloads=True)
    yield context
    context.close()


@pytest.fixture(scope="module")
def page(context, server):
    """The page with its costs said."""
    page = open_studio(context, server)
    page.wait_for_function("() => document.querySelector('#studio-cost').textContent")
    return page


def test_what_it_costs_is_said_before_the_first_click(page):
    assert "fetches 1" in page.locator("#studio-cost").inner_text()
    assert page.locator("#studio-guidance").input_value() == "3"
    assert page.locator("#studio-missing").is_hidden()


def test_a_song_of_the_reader_gets_a_bass_by_keyboard_alone(page):
    give(page, "mine.wav", sound(2.5))
    assert page.locator("#studio-song").input_value() == ""
    page.locator("#studio-steps").fill("2")
    page.locator("#studio-play").focus()
    page.keyboard.press("Enter")
    takes(page).first.wait_for()
    assert "Take 1: mine.wav, free style, seed 0, dpm++ 2" in takes(page).first.inner_text()
    assert "Played 3 s" in status(page, "Played") or "Played 2 s" in status(page, "Played")
    bass, rate = soundfile.read(kept(page, "bass"))
    assert (rate, bass.shape) == (44_100, (round(2.5 * 44_100), 2)) and np.abs(bass).max() > 0.001
    assert page.complaints == []


def test_the_notes_are_those_of_the_package_and_a_midi_file(page):
    give(page, "written.wav", encoded(plucked(LINE, 3.0).numpy().T))
    generate(page)
    bass = heard(page)
    notes = notes_of(lambda: [torch.from_numpy(bass.T).float()])
    file = pretty_midi.PrettyMIDI(str(kept(page, "midi")))
    found = [(note.pitch, note.start) for note in file.instruments[0].notes]
    assert [pitch for pitch, _ in found] == [note.pitch for note in notes]
    assert [start for _, start in found] == pytest.approx([n.onset for n in notes], abs=0.01)
    assert (
        page.locator("#studio-notes")
        .inner_text()
        .startswith(f"{len(notes)} notes" if notes else "no")
    )


def test_takes_are_compared_at_the_same_place_while_they_sound(page):
    give(page, "long.wav", sound(20.0))
    one, two = generate(page, steps=1, seed=0), generate(page, seed=1)
    assert "seed 0" in one and "seed 1" in two
    place = "() => document.querySelector('#studio-seek').valueAsNumber"
    page.locator("#studio-seek").fill("4")
    page.locator("#studio-toggle").click()
    page.wait_for_function(f"() => ({place})() > 4.2")
    before = page.evaluate(place)
    page.locator("#studio-other").click()
    assert page.locator("#studio-toggle").inner_text() == "Pause"
    assert takes(page).nth(1).locator("input").is_checked()
    page.wait_for_function(f"before => ({place})() > before", arg=before)
    assert page.evaluate(place) < 19
    page.locator("#studio-toggle").click()
    assert page.locator("#studio-toggle").inner_text() == "Play"
    kept_at = page.evaluate(place)
    takes(page).first.locator("input").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    assert takes(page).first.locator("input").is_checked()
    assert page.evaluate(place) == kept_at


def test_the_balance_is_that_of_the_file(page):
    both = heard(page, "both")
    page.locator("#studio-balance").fill("6")
    louder, bass = heard(page, "both"), heard(page)
    assert page.locator("#studio-balance").get_attribute("aria-valuetext") == "6 dB louder"
    weight = lambda mix: np.linalg.lstsq(np.c_[song_of(20.0), bass[:, 0]], mix[:, 0], rcond=None)[0]
    (song_one, bass_one), (song_two, bass_two) = weight(both), weight(louder)
    assert bass_two / song_two / (bass_one / song_one) == pytest.approx(10 ** (6 / 20), rel=0.01)
    page.locator("#studio-balance").fill("0")


def test_the_pictures_show_something(page):
    lit = "c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.filter((v, i) => i % 4 < 3 && v > 40).length"
    for name in ("waves", "spectrum", "roll"):
        assert page.locator(f"#studio-{name}").evaluate(lit) > 300, name
    assert "notes" in page.locator("#studio-roll").get_attribute("aria-label")


def test_a_drag_marks_a_part_and_a_click_goes_there(page):
    pictures = page.locator("#studio-pictures")
    pictures.scroll_into_view_if_needed()
    box = pictures.bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 4, y, steps=4)
    page.mouse.up()
    ends = [float(page.locator(f"#studio-{name}").input_value()) for name in ("from", "to")]
    assert ends == pytest.approx([5, 10], abs=0.2)
    page.mouse.click(box["x"] + 0.75 * box["width"], y)
    assert float(page.locator("#studio-seek").input_value()) == pytest.approx(15, abs=0.2)
    page.locator("#studio-from").press("ArrowUp")
    assert float(page.locator("#studio-from").input_value()) == pytest.approx(ends[0] + 0.1)


def test_a_part_is_played_anew_and_the_rest_stays(page):
    give(page, "short.wav", sound(2.5))
    generate(page, steps=2, seed=0)
    first = heard(page)
    assert page.locator("#studio-again").is_disabled()  # another song has no part that is marked
    page.locator("#studio-from").fill("1")
    page.locator("#studio-to").fill("1.5")
    count = takes(page).count()
    page.locator("#studio-again").click()
    takes(page).nth(count).wait_for()
    title = takes(page).first.inner_text()
    assert "short.wav, free style, 1.0 to 1.5 s of take" in title and "anew, seed 1" in title
    change = np.abs(heard(page) - first).max(1)
    assert change[: 44_100 // 3].max() == 0 < 1e-3 < change[44_100:66_150].max()


def test_chords_need_a_tempo_and_are_named_in_the_take(page):
    page.locator("#studio-chords").fill("Am F C H")
    count = takes(page).count()
    page.locator("#studio-play").click()
    assert page.evaluate("document.activeElement.id") == "studio-tempo"  # the browser asks for it
    page.locator("#studio-tempo").fill("240")
    page.locator("#studio-play").click()
    assert "Chord 4 of the progression, H, is no chord symbol" in status(page, "Chord 4")
    assert takes(page).count() == count
    assert "free style, Am F C G at 240" in generate(page, chords="Am F C G")
    file = pretty_midi.PrettyMIDI(str(kept(page, "midi")))
    assert file.get_tempo_changes()[1] == pytest.approx([240])
    page.locator("#studio-chords").fill("")


def test_a_take_is_stopped_between_its_steps(page):
    give(page, "again.wav", sound(2.0))
    page.locator("#studio-steps").fill("500")
    page.locator("#studio-play").click()
    page.get_by_text(re.compile(r"Step \d+ of 500")).wait_for()
    page.locator("#studio-stop").click()
    status(page, "Stopped.")
    page.locator("#studio-play:enabled").wait_for()


def test_a_style_of_the_reader_is_named(page):
    give(page, "mine.wav", sound(2.0))
    give(page, "low.wav", sound(1.0), "#studio-style-file")
    assert "mine.wav, style low.wav" in generate(page, steps=1)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 360])
def test_nothing_sticks_out_on_any_screen(page, width, theme):
    page.set_viewport_size({"width": width, "height": 800})
    page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
    assert page.evaluate(NO_OVERFLOW)
    assert page.locator("#studio-play").is_visible()


def test_every_control_has_a_name(page):
    unnamed = page.evaluate(
        "[...document.querySelectorAll('#studio :is(input, select, button, canvas)')]"
        ".filter(x => !x.labels?.length && !x.ariaLabel && !x.textContent.trim()).map(x => x.id)"
    )
    assert unnamed == []
