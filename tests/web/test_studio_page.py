"""The studio page in Chromium: a song and a click, a take to hear and to keep, and what goes wrong."""

import io

import numpy as np
import pytest
import soundfile

from tests.book.conftest import policy, serve
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
    page.wait_for_function("document.querySelector('#studio-cost').textContent")
    return page


def sound(seconds, level=0.1, rate=44_100):
    """A file with two channels of a chord, as bytes of WAV."""
    time = np.arange(round(seconds * rate)) / rate
    chord = sum(np.sin(2 * np.pi * hertz * time) for hertz in (220, 277.2, 329.6))
    file = io.BytesIO()
    soundfile.write(file, level * np.stack([chord, chord], 1) / 3, rate, format="WAV")
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


def test_a_song_of_the_reader_gets_a_bass_by_keyboard_alone(page):
    give(page, "mine.wav", sound(2.5))
    assert page.locator("#studio-song").input_value() == ""
    page.locator("#studio-steps").fill("2")
    page.locator("#studio-play").focus()
    page.keyboard.press("Enter")
    take = page.locator("#studio-takes article")
    take.wait_for()
    assert "mine.wav, free style, seed 0, dpm++ 2" in take.locator("h3").inner_text()
    assert "Played 3 s" in status(page, "Played") or "Played 2 s" in status(page, "Played")
    with page.expect_download() as download:
        take.locator(".st-download").click()
    bass, rate = soundfile.read(download.value.path())
    assert (rate, bass.shape) == (44_100, (round(2.5 * 44_100), 2)) and np.abs(bass).max() > 0.001
    assert page.complaints == []


def test_the_take_plays_and_its_parts_keep_the_place(page):
    take = page.locator("#studio-takes article").first
    audio = take.locator("audio")
    page.wait_for_function("a => a.duration > 2.4", arg=audio.element_handle())
    audio.evaluate("a => { a.currentTime = 1.25; }")
    take.get_by_label("bass", exact=True).check()
    page.wait_for_function(
        "a => a.readyState > 0 && Math.abs(a.currentTime - 1.25) < 0.2", arg=audio.element_handle()
    )
    black = "c => c.getContext('2d').getImageData(0, 0, 600, 120).data.every((v, i) => i % 4 === 3 || !v)"
    assert not take.locator("canvas").evaluate(black)
    before = audio.get_attribute("src")
    take.locator(".st-balance").fill("6")
    page.wait_for_function(
        "([a, before]) => a.src !== before", arg=[audio.element_handle(), before]
    )


def test_a_part_is_played_anew_and_the_rest_stays(page):
    take = page.locator("#studio-takes article").first
    take.locator(".st-from").fill("1")
    take.locator(".st-to").fill("1.5")
    take.get_by_role("button", name="Play this part anew").click()
    again = page.get_by_role("heading", name="part 1 to 1.5 s of take 1 anew, seed 1")
    again.wait_for()
    both = []
    for number in (0, 1):
        with page.expect_download() as download:
            page.locator("#studio-takes article .st-download").nth(number).click()
        both.append(soundfile.read(download.value.path())[0])
    change = np.abs(both[0] - both[1]).max(1)
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
    count = page.locator("#studio-takes article").count()
    give(page, name, data)
    page.locator("#studio-play").click()
    assert status(page, sentence[:20]).startswith(sentence)
    page.locator("#studio-play:enabled").wait_for()
    assert page.locator("#studio-takes article").count() == count


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
    page.locator("#studio-steps").fill("1")
    page.locator("#studio-play").click()
    page.get_by_role("heading", name="mine.wav, style low.wav").wait_for()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 360])
def test_nothing_sticks_out_on_any_screen(page, width, theme):
    page.set_viewport_size({"width": width, "height": 800})
    page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
    assert page.evaluate(NO_OVERFLOW)
    assert page.locator("#studio-play").is_visible()


def test_every_control_has_a_name(page):
    unnamed = page.evaluate(
        "[...document.querySelectorAll('#studio :is(input, select, audio)')]"
        ".filter(x => x.type !== 'radio' && !x.labels?.length && !x.ariaLabel && x.tagName !== 'AUDIO')"
        ".map(x => x.id)"
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
