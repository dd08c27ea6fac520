"""What goes wrong on the studio page: one sentence each, and the next take plays."""

import contextlib
import re
import shutil

import pytest

from tests.book.conftest import serve
from tests.web.studio_driver import generate, give, open_studio, sound, status, takes

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NO_WASM = {"Content-Security-Policy": "script-src 'self' 'unsafe-inline'"}
CATCH_WORKER = """window.Worker = class extends Worker {
  constructor(...given) { super(...given); window.engine = this; } };"""


@pytest.fixture(scope="module")
def context(chromium):
    context = chromium.new_context()
    yield context
    context.close()


@contextlib.contextmanager
def opened(context, address):
    """A page of its own, with a short song and the least work."""
    page = open_studio(context, address)
    give(page, "short.wav", sound(1.0))
    page.locator("#studio-steps").fill("1")
    yield page
    page.close()


@pytest.fixture(scope="module")
def page(context, server):
    with opened(context, server) as page:
        yield page


def says(page, sentence):
    """What the page says to a click, which ends with the button to be pressed again."""
    page.locator("#studio-play").click()
    assert status(page, sentence[:20]).startswith(sentence)
    assert page.locator("#studio-status").inner_text().endswith(".")
    page.locator("#studio-play:enabled").wait_for()
    return takes(page).count()


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
    give(page, name, data)
    assert says(page, sentence) == 0


def test_a_damaged_model_is_one_sentence(context, server):
    with opened(context, server) as page:
        page.route("**/unet.onnx*", lambda route: route.fulfill(body=b"no network"))
        assert says(page, "unet.onnx is damaged or of another version; reload") == 0
        page.unroute("**/unet.onnx*")
        assert "short.wav" in generate(page)


def test_a_file_that_does_not_arrive_is_one_sentence(context, server):
    with opened(context, server) as page:
        page.route("**/decoder.onnx*", lambda route: route.abort())
        assert says(page, "decoder.onnx cannot be fetched; check the connection") == 0


def test_a_policy_without_webassembly_is_one_sentence(context, studio):
    with serve(studio, NO_WASM) as address, opened(context, address) as page:
        assert says(page, "This browser does not run WebAssembly on this page; allow") == 0


@contextlib.contextmanager
def another_browser(chromium, *flags):
    """A context of a Chromium with other flags."""
    kind = chromium.browser_type
    program = next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome")))
    )
    browser = kind.launch(executable_path=program, args=["--no-sandbox", "--mute-audio", *flags])
    yield browser.new_context()
    browser.close()


def test_a_browser_without_webassembly_is_one_sentence(context, server, studio):
    worker = (studio / "_static" / "bassnb" / "worker.mjs").read_text()
    without = {"body": f"delete globalThis.WebAssembly;{worker}", "content_type": "text/javascript"}
    with opened(context, server) as page:
        page.route("**/worker.mjs", lambda route: route.fulfill(**without))
        assert says(page, "This browser cannot run WebAssembly; take a current one") == 0


def test_too_little_memory_is_one_sentence(chromium, server):
    flags = "--js-flags=--wasm-max-mem-pages=1200"  # 75 MB
    with another_browser(chromium, flags) as context, opened(context, server) as page:
        give(page, "long.wav", sound(60.0))
        assert says(page, "The browser has too little memory for this song; close") == 0


def test_an_engine_that_the_browser_ends_is_one_sentence_and_the_next_take_plays(context, server):
    with opened(context, server) as page:
        page.add_init_script(CATCH_WORKER)
        page.reload()
        give(page, "short.wav", sound(1.0))
        page.locator("#studio-steps").fill("900")
        page.locator("#studio-play").click()
        page.get_by_text(re.compile(r"Step \d+ of 900")).wait_for()
        page.evaluate("window.engine.terminate()")
        assert status(page, "The browser has ended").endswith("; try again.")
        page.locator("#studio-play:enabled").wait_for()
        assert "short.wav" in generate(page, steps=1)


def test_a_page_that_was_closed_while_it_played_says_so(context, server):
    with opened(context, server) as page:
        asked = []
        page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
        page.locator("#studio-steps").fill("900")
        page.locator("#studio-play").click()
        page.get_by_text(re.compile(r"Step \d+ of 900")).wait_for()
        page.reload()
        assert status(page, "The page was closed").endswith("generate it again.")
        assert asked == ["beforeunload"]
        page.reload()
        page.locator("#studio-cost:not(:empty)").wait_for()
        assert page.locator("#studio-status").inner_text() == ""


def test_a_page_from_a_file_says_what_to_do(context, studio):
    page = open_studio(context, studio.as_uri())
    assert "make serve" in page.locator("#studio-missing").inner_text()
    assert page.locator("#studio").is_hidden()
    page.close()


def test_a_site_without_runtime_says_so(context, studio):
    with serve(studio) as address:
        page = context.new_page()
        page.route("**/runtime.json", lambda route: route.fulfill(status=404))
        page.goto(f"{address}/book/studio.html")
        assert "built without" in status(page, "built without")
        assert page.locator("#studio-play").is_disabled()
        page.close()
