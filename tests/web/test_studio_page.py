"""The studio page in Chromium: a song and a click, a take to hear and to keep, and what goes wrong."""

import io

import numpy as np
import pretty_midi
import pytest
import soundfile
import torch

from bassnb.control.notes import notes_of
from tests.book.conftest import policy, serve
from tests.control.test_notes import LINE, plucked
from tests.web import studio_site
from tests.web.conftest import runtime_or_skip

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PATIENCE = 300_000  # ms: a busy machine is slow, not wrong
NO_OVERFLOW = "document.documentElement.scrollWidth <= innerWidth"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    runtime_or_skip()
    return studio_site.build(tmp_path_factory.mktemp("studio") / "project")


@pytest.fixture(scope="module")
def server(site):
    """The page under the policy of the book."""
    with serve(site, policy()) as address:
        yield address


@pytest.fixture(scope="module")
def open_page(chromium):
    context = chromium.new_context(viewport={"width": 1200, "height": 900}, accept_downloads=True)
    context.set_default_timeout(PATIENCE)

    def open_page(address):
        page = context.new_page()
        page.complaints = []
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on(
            "console",
            lambda message: message.type == "error" and page.complaints.append(message.text),
        )
        page.goto(f"{address}/book/studio.html", wait_until="load")
        return page

    yield open_page
    context.close()


@pytest.fixture(scope="module")
def page(open_page, server):
    """The page with its costs said, with settings of the least work."""
    page = open_page(server)
    page.wait_for_function("() => document.querySelector('#studio-cost').textContent")
    return page


def song_of(seconds, level=0.1, rate=44_100):
    """A chord, array (N,)."""
    time = np.arange(round(seconds * rate)) / rate
    return level / 3 * sum(np.sin(2 * np.pi * hertz * time) for hertz in (220, 277.2, 329.6))


def sound(seconds, level=0.1, rate=44_100):
    """A file with two channels of a chord, as bytes of WAV."""
    chord = song_of(seconds, level, rate)
    return encoded(np.stack([chord, chord], 1), rate)


def encoded(wave, rate=44_100):
    """A sound (N, 2) as bytes of WAV."""
    file = io.BytesIO()
    soundfile.write(file, wave, rate, format="WAV")
    return file.getvalue()


def give(page, name, data, field="#studio-file"):
    page.set_input_files(field, {"name": name, "mimeType": "audio/wav", "buffer": data})


def status(page, text):
    page.wait_for_function(
        "text => document.querySelector('#studio-status').textContent.includes(text)", arg=text
    )
    return page.locator("#studio-status").inner_text()


def test_what_it_costs_is_said_before_the_first_click(page):
    assert "fetches 1" in page.locator("#studio-cost").inner_text()
    assert page.locator("#studio-guidance").input_value() == "6"
    assert page.locator("#studio-missing").is_hidden()


def takes(page):
    """The lines of the list of takes, the newest first."""
    return page.locator("#studio-list label")


def generate(page, **settings):
    """A take with the settings of so many fields, its notes read; returns its title."""
    for name, value in settings.items():
        page.locator(f"#studio-{name}").fill(str(value))
    count = takes(page).count()
    page.locator("#studio-play").click()
    takes(page).nth(count).wait_for()
    page.locator("#studio-midi:enabled").wait_for()
    return takes(page).first.inner_text()


def kept(page, what):
    """A file that a button of the page gives."""
    with page.expect_download() as download:
        page.locator(f"#studio-{what}").click()
    return download.value.path()


def heard(page, what="bass"):
    return soundfile.read(kept(page, what))[0]


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
    assert change[: 44_100 // 3].max() < 1e-3 < change[44_100:66_150].max()


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("words.wav", b"no sound at all", "words.wav is no sound that this browser can read; give"),
        ("silent.wav", sound(1.0, 0.0), "The song is silent; give one with sound in it."),
        ("long.wav", sound(601, rate=1000 * 8), "long.wav is longer than ten minutes; give"),
    ],
    ids=["wrong", "silent", "long"],
)
def test_a_file_that_cannot_be_used_is_one_sentence(page, name, data, sentence):
    count = takes(page).count()
    give(page, name, data)
    page.locator("#studio-play").click()
    assert status(page, sentence[:20]).startswith(sentence)
    page.locator("#studio-play:enabled").wait_for()
    assert takes(page).count() == count


def test_a_take_is_stopped_between_its_steps(page):
    give(page, "again.wav", sound(2.0))
    page.locator("#studio-steps").fill("500")
    page.locator("#studio-play").click()
    status(page, "Step 2 of 500")
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


def test_a_page_from_a_file_says_what_to_do(open_page, site):
    page = open_page(site.as_uri())
    assert "make serve" in page.locator("#studio-missing").inner_text()
    assert page.locator("#studio").is_hidden()


def test_a_site_without_runtime_says_so(open_page, site):
    with serve(site) as address:
        page = open_page(address)
        page.route("**/runtime.json", lambda route: route.fulfill(status=404))
        page.reload()
        assert "built without" in status(page, "built without")
        assert page.locator("#studio-play").is_disabled()
