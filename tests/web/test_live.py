"""Live panels in Chromium: what a first click fetches, that dials change the sound, and parity with Python."""

import io

import numpy as np
import pytest
import soundfile

from bassnb.accompanist import Accompanist
from bassnb.audio import SAMPLE_RATE, read_audio
from bassnb.sampling import initial_noise
from bassnb.widgets import live, sweep
from bassnb.widgets.listen import STATIC
from benchmarks.page import served
from tests.book.conftest import policy, serve
from tests.book.test_widgets_browser import CONTRAST, HEAD, tone
from tests.web.conftest import ROOT, runtime_or_skip

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PATIENCE = 300_000  # ms: a busy machine is slow, not wrong
MOST = 1e-3  # of full scale
SECONDS = 2.0
BARS = {"tempo": 126.45, "first_beat": 0.02}
PANELS = {  # name -> arguments of `live`
    "sound": {"controls": ("song", "style", "strength", "seed"), "steps": 2},
    "latents": {"controls": ("steps", "seed"), "view": "latents", "sampler": "ddim", "steps": 3},
    "line": {"controls": ("guidance", "phi"), "view": "line", "sampler": "ddim", "steps": 3},
    "chords": {"song": "drums", "controls": ("chords", "seed"), "steps": 2, **BARS},
    "region": {"controls": ("seed",), "view": "region", "steps": 8},
    "rules": {"controls": ("guidance_rule", "guidance_interval"), "steps": 3},
}
MOVE = """(dial, value) => { dial.value = value;
  dial.dispatchEvent(new Event("input", {bubbles: true})); }"""
LET_GO = "dial => dial.dispatchEvent(new Event('change', {bubbles: true}))"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A site of one page with every kind of panel, and a player of recorded takes."""
    import page_engine

    root = tmp_path_factory.mktemp("live")
    (root / "book").mkdir()
    assert page_engine.assemble(root / "_static", "classroom", runtime_or_skip())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(STATIC, str(root / "_static" / "audio"))
        blocks = [sweep({1: tone(110), 2: tone(220)}, parameters="takes")]
        blocks += [live(seconds=SECONDS, title=name, **given) for name, given in PANELS.items()]
    text = HEAD + "\n".join(block.html for block in blocks)
    (root / "book" / "page.html").write_text(text, encoding="utf-8")
    return root


@pytest.fixture(scope="module")
def open_page(chromium):
    context = chromium.new_context(viewport={"width": 1000, "height": 900}, accept_downloads=True)
    context.set_default_timeout(PATIENCE)

    def open_page(address):
        page = context.new_page()
        page.asked, page.complaints = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on(
            "console",
            lambda message: (
                page.complaints.append(message.text) if message.type in ("error", "warning") else 0
            ),
        )
        page.goto(f"{address}/book/page.html", wait_until="load")
        return page

    yield open_page
    context.close()


@pytest.fixture(scope="module")
def page(open_page, site):
    """The page under the policy of the book; its panels keep what the tests before have done."""
    with serve(site, policy()) as address:
        page = open_page(address)
        page.locator(".bl-live").nth(4).wait_for()
        yield page
        assert page.complaints == []


@pytest.fixture(scope="module")
def player():
    return Accompanist.from_pretrained("classroom")


def panel(page, name):
    return page.get_by_role("group", name=name, exact=True).first


def wait_for(block, text):
    """The sentence of a panel, once it begins so."""
    status = block.locator(".bl-status")
    status.page.wait_for_function(
        "([element, text]) => element.textContent.startsWith(text) && !element.closest('[data-busy]')",
        arg=[status.element_handle(), text],
    )
    return status.inner_text()


def play(block):
    block.locator(".bl-make").click()
    wait_for(block, "Played")
    return saved(block)


def wait_for_another_sound(block, before):
    block.page.wait_for_function(
        "([link, before]) => link.getAttribute('href') !== before",
        arg=[block.locator(".bl-save").element_handle(), before],
    )


def saved(block):
    """The bass that is heard, (2, N)."""
    with block.page.expect_download() as download:
        block.locator(".bl-save").click()
    bass, rate = soundfile.read(download.value.path(), dtype="float32")
    assert rate == SAMPLE_RATE
    return bass.T


def move(block, name, value):
    """A dial is moved and let go; the bass that is heard then."""
    before = block.locator(".bl-save").get_attribute("href")
    dial = block.locator(f"[data-setting={name}]")
    dial.evaluate(MOVE, str(value))
    dial.evaluate(LET_GO)
    wait_for_another_sound(block, before)
    wait_for(block, "Played")
    return saved(block)


def expected(player, part="mix.flac", **settings):
    mix = read_audio(ROOT / "data_samples" / "pop" / part)[:, : round(SECONDS * SAMPLE_RATE)]
    return player(mix, **{"tuning": 0, "sampler": "ddim", **settings}).audio.numpy()


def test_nothing_large_is_fetched_before_the_first_click(page):
    assert not [url for url in page.asked if url.split("?")[0].endswith((".onnx", ".gz", ".flac"))]
    button = panel(page, "sound").locator(".bl-make").inner_text()
    assert button.startswith("Play live (fetches 1") and " MB once; a take then takes " in button


def test_the_first_click_plays_what_the_package_plays(page, player):
    block = panel(page, "sound")
    bass = play(block)
    assert np.abs(bass - expected(player, sampler="dpm++", steps=2, seed=0)).max() < MOST
    assert np.abs(bass).max() > 20 * MOST
    # it has begun by itself
    page.wait_for_function(
        "a => a.played.length > 0", arg=block.locator("audio").first.element_handle()
    )


def test_a_dial_that_is_moved_plays_another_take_and_keeps_the_one_before(page, player):
    block = panel(page, "sound")
    free = saved(block)
    bass = move(block, "style", "slap-1")
    style = read_audio(ROOT / "data_samples" / "styles" / "slap-1.flac")
    own = expected(player, sampler="dpm++", steps=2, style=style, strength=1.5)
    assert np.abs(bass - own).max() < MOST < 0.01 < np.abs(bass - free).max()
    block.get_by_role("button", name="the one before").click()
    assert np.abs(saved(block) - free).max() == 0
    assert np.abs(move(block, "seed", 1) - bass).max() > 0.01
    assert block.get_by_role("button", name="this take").get_attribute("aria-pressed") == "true"


def test_one_sound_plays_at_a_time(page):
    block = panel(page, "sound")
    sweep = page.locator(".bassnb-sweep")
    sweep.get_by_role("button", name="Play").click()
    page.wait_for_function(
        "a => a.currentTime > 0.1", arg=sweep.locator("audio").first.element_handle()
    )
    assert block.locator(".bl-play").inner_text() == "Play"


def test_a_song_of_the_reader_of_another_length(page):
    block = panel(page, "sound")
    file = io.BytesIO()
    soundfile.write(file, tone(220)[:, : 3 * SAMPLE_RATE].T.numpy(), SAMPLE_RATE, format="WAV")
    before = block.locator(".bl-save").get_attribute("href")
    page.set_input_files(
        "[data-file=song]", {"name": "mine.wav", "mimeType": "audio/wav", "buffer": file.getvalue()}
    )
    wait_for_another_sound(block, before)
    assert saved(block).shape == (2, 3 * SAMPLE_RATE)
    assert block.locator("[data-setting=song]").input_value() == "own"
    assert block.get_by_role("button", name="the one before").is_hidden()


def test_a_file_that_is_no_sound_is_one_sentence(page):
    block = panel(page, "sound")
    page.set_input_files(
        "[data-file=song]", {"name": "words.wav", "mimeType": "audio/wav", "buffer": b"no sound"}
    )
    assert wait_for(block, "words.wav is no sound").endswith("give WAV, FLAC, MP3 or Ogg.")


def test_rule_and_interval_of_guidance_are_those_of_the_package(page, player):
    block = panel(page, "rules")
    plain = play(block)
    how = {"sampler": "dpm++", "steps": 3, "guidance_rule": "apg"}
    projected = move(block, "guidance_rule", "apg")
    assert np.abs(projected - expected(player, **how)).max() < MOST
    assert np.abs(projected - plain).max() > 0.01
    early = move(block, "guidance_interval", "0.5-1")
    assert np.abs(early - expected(player, **how, guidance_interval="0.5-1")).max() < MOST


def test_each_step_of_the_sampler_can_be_heard(page, player):
    block = panel(page, "latents")
    last = play(block)
    assert np.abs(last - expected(player, steps=3)).max() < MOST
    assert block.locator("figcaption").inner_text().startswith("step 3: standard deviation of z ")
    dial = block.locator(".bl-step")
    before = block.locator(".bl-save").get_attribute("href")
    dial.evaluate(MOVE, "1")
    noise = initial_noise(0, (32, -(-round(SECONDS * SAMPLE_RATE) // 4096))).std(correction=0)
    assert f"of z {noise:.2f}" in block.locator("figcaption").inner_text()
    dial.evaluate(LET_GO)
    wait_for_another_sound(block, before)
    # the first estimate of any number of steps is a take of one step
    assert np.abs(saved(block) - expected(player, steps=1)).max() < MOST


def test_the_sampler_is_stopped_and_its_estimate_sounds(page):
    block = panel(page, "latents")
    block.locator("[data-setting=steps]").evaluate(MOVE, "60")
    before = block.locator(".bl-save").get_attribute("href")
    block.locator(".bl-make").click()
    page.wait_for_function(
        "element => /^Step ([3-9]|[1-5][0-9]) of 60/.test(element.textContent)",
        arg=block.locator(".bl-status").element_handle(),
    )
    block.get_by_role("button", name="Stop").click()
    assert wait_for(block, "Stopped.") == "Stopped."
    assert 1 <= int(block.locator(".bl-step").get_attribute("max")) < 60
    assert block.locator(".bl-save").get_attribute("href") != before
    assert np.abs(saved(block)).max() > 20 * MOST


def test_guidance_moves_the_line_at_once_and_then_the_sound(page, player):
    block = panel(page, "line")
    first = play(block)
    picture, dial = block.locator(".bl-line"), block.locator("[data-setting=guidance]")
    drawn = picture.inner_html()
    dial.evaluate(MOVE, "12")
    assert picture.inner_html() != drawn and "w = 12" in picture.inner_html()
    assert np.abs(saved(block) - first).max() == 0  # still being dragged
    assert np.abs(move(block, "guidance", 12) - expected(player, steps=3, guidance=12)).max() < MOST
    wide = picture.get_attribute("aria-label")
    rescaled = move(block, "phi", 0.7)
    assert np.abs(rescaled - expected(player, steps=3, guidance=12, phi=0.7)).max() < MOST
    guided, final = (
        float(picture.get_attribute("aria-label").split()[i].strip(",")) for i in (-5, -1)
    )
    assert final < 0.8 * guided and float(wide.split()[-1]) > final


def test_chords_of_the_reader_are_those_of_the_package(page, player):
    block = panel(page, "chords")
    free = play(block)
    bass = move(block, "chords", "Em A7")
    own = {"sampler": "dpm++", "steps": 2, "seed": 0}
    wanted = expected(player, "drums.ogg", chords="Em A7", **BARS, **own)
    assert np.abs(free - expected(player, "drums.ogg", **own)).max() < MOST
    assert np.abs(bass - wanted).max() < MOST < 0.01 < np.abs(bass - free).max()


def test_a_part_is_played_again_and_the_rest_stays(page):
    block = panel(page, "region")
    first = play(block)
    block.locator(".bl-from").fill("1.2")
    block.locator(".bl-to").fill("1.6")
    before = block.locator(".bl-save").get_attribute("href")
    block.get_by_role("button", name="Play this part again").click()
    wait_for_another_sound(block, before)
    change = np.abs(saved(block) - first).max(0)
    assert change[: SAMPLE_RATE // 3].max() < MOST < 0.01 < change[round(1.2 * SAMPLE_RATE) :].max()
    assert block.locator("[data-setting=seed]").input_value() == "1"


def test_a_part_is_marked_with_the_mouse(page):
    block = panel(page, "region")
    block.locator(".bl-pictures").scroll_into_view_if_needed()
    box = block.locator(".bl-pictures").bounding_box()
    height = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.25, height)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.75, height, steps=4)
    page.mouse.up()
    seconds = [float(block.locator(name).input_value()) for name in (".bl-from", ".bl-to")]
    assert seconds == pytest.approx([SECONDS / 4, SECONDS * 3 / 4], abs=0.06)
    assert block.locator(".bl-marked").bounding_box()["width"] == pytest.approx(
        box["width"] / 2, abs=box["width"] * 0.04
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1000, 360])
def test_panels_fit_any_screen_and_have_names(page, width, scheme):
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    unnamed = page.evaluate(
        "() => [...document.querySelectorAll('.bassnb-live :is(input, select, canvas, svg)')]"
        ".filter(x => x.checkVisibility() && !x.labels?.length && !x.ariaLabel).map(x => x.className)"
    )
    assert unnamed == []
    for text in page.locator(".bassnb-live :is(button:enabled, label, figcaption)").all():
        if text.is_visible() and text.inner_text():
            assert text.evaluate(CONTRAST) >= 4.5


def test_one_model_serves_all_panels_of_a_page(page):
    fetched = [url for url in page.asked if "unet.onnx" in url]
    assert len(fetched) == 1


def test_another_page_takes_the_model_from_the_cache(open_page, site):
    with served(site) as (address, sent):
        fetched = []
        for _ in range(2):
            sent.clear()
            page = open_page(address)
            page.locator(".bl-live").first.wait_for()
            play(panel(page, "sound"))
            fetched.append(
                sum(size for name, size in sent.items() if ".onnx" in name or ".gz" in name)
            )
            page.close()
    assert 10e6 < fetched[0] < 30e6 and fetched[1] == 0


def test_a_page_from_a_file_says_what_to_do_and_its_recorded_takes_play(open_page, site):
    page = open_page(site.as_uri())
    sentence = panel(page, "sound").locator(".bl-plain")
    assert "make serve" in sentence.inner_text() and sentence.is_visible()
    assert page.locator(".bl-live:visible").count() == 0
    sweep = page.locator(".bassnb-sweep")
    sweep.get_by_role("button", name="Play").click()
    page.wait_for_function(
        "a => a.currentTime > 0.1", arg=sweep.locator("audio").first.element_handle()
    )
    assert page.complaints == []


def test_a_site_without_runtime_says_so(open_page, site):
    with serve(site) as address:
        page = open_page(address)
        page.route("**/live.json", lambda route: route.fulfill(json={"bytes": None}))
        page.reload()
        sentence = panel(page, "sound").locator(".bl-plain")
        page.wait_for_function(
            "element => element.textContent.includes('built without')",
            arg=sentence.element_handle(),
        )
        assert page.locator(".bl-live:visible").count() == 0
