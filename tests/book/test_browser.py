"""The players in a real browser, from files and from a server, wide and narrow, light and dark."""

import contextlib
import re

import pytest
import torch

from bassnb.audio import SAMPLE_RATE
from bassnb.widgets import listen
from bassnb.widgets.listen import STATIC
from tests.book.conftest import serve
from tests.book.test_notebooks import CHAPTERS

pytestmark = pytest.mark.browser

# A browser takes no web fonts from a folder on disk; the theme has its icons as drawings too.
KNOWN = ("fontawesome", "net::ERR_FAILED")
PATIENCE = 120_000  # ms: a busy machine is slow, not wrong
STATE = """root => [...root.querySelectorAll("audio")].map(a => ({playing: !a.paused, time: a.currentTime}))"""
NOTE_TIMES = """root => { const [one, other] = root.querySelectorAll("audio");
  one.addEventListener("pause", () => { one.leftAt = one.currentTime; }, {once: true});
  other.addEventListener("playing", () => { other.startedAt = other.currentTime; }, {once: true}); }"""
CONTRAST = """element => {
  const channels = text => text.match(/[\\d.]+/g).map(Number);
  const linear = v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = rgb => rgb.slice(0, 3).map(v => linear(v / 255)).reduce(
    (sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  let ground = element;
  while (ground && (channels(getComputedStyle(ground).backgroundColor)[3] ?? 1) === 0) ground = ground.parentElement;
  const [a, b] = [getComputedStyle(element).color, getComputedStyle(ground || document.body).backgroundColor]
    .map(c => light(channels(c)));
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}"""


@pytest.fixture(params=["file", "http"])
def address(request, site, server):
    return site.as_uri() if request.param == "file" else server


@pytest.fixture
def open_page(chromium):
    """A function that opens the first chapter and collects the messages of its console."""
    contexts = []

    def open_page(address, *, width=1200, scheme="light"):
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme
        )
        context.set_default_timeout(PATIENCE)
        # the pages have to do without the internet
        context.route("https://**", lambda route: route.abort())
        contexts.append(context)
        page = context.new_page()
        page.complaints = []
        page.on(
            "response",
            lambda reply: (
                page.complaints.append(f"missing {reply.url}") if reply.status == 404 else None
            ),
        )
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on(
            "console",
            lambda message: (
                page.complaints.append(message.text) if message.type == "error" else None
            ),
        )
        page.goto(f"{address}/book/{CHAPTERS[0].stem}.html", wait_until="load")
        return page

    yield open_page
    for context in contexts:
        context.close()


def state(player):
    return player.evaluate(STATE)


def wait_until_playing(page, player, index, later_than=0.3):
    page.wait_for_function(
        "([root, i, t]) => { const a = root.querySelectorAll('audio')[i]; return !a.paused && a.currentTime > t; }",
        arg=[player.element_handle(), index, later_than],
    )


def test_switching_takes_keeps_the_place(open_page, address):
    page = open_page(address)
    player = page.locator(".bassnb-listen").first
    player.get_by_role("button", name="Play").click()
    wait_until_playing(page, player, 0, later_than=1.0)
    # this server cannot seek: the player has to hold the sound itself
    if address.startswith("http"):
        page.wait_for_function(
            "a => a.src.startsWith('blob:')", arg=player.locator("audio").nth(1).element_handle()
        )
    player.evaluate(NOTE_TIMES)
    takes = player.locator(".bl-takes button")
    takes.nth(1).click()
    page.wait_for_function(
        "a => a.startedAt !== undefined", arg=player.locator("audio").nth(1).element_handle()
    )
    left, playing = player.locator("audio").nth(0).evaluate("a => [a.leftAt, !a.paused]")
    assert not playing and left > 1
    assert player.locator("audio").nth(1).evaluate("a => a.startedAt") == pytest.approx(
        left, abs=0.3
    )
    assert [button.get_attribute("aria-pressed") for button in takes.all()][:2] == ["false", "true"]


@pytest.mark.evidence("players-play-under-policy")
def test_players_play_under_the_policy(open_page, guarded):
    from playwright.sync_api import expect

    page = open_page(guarded)
    player = page.locator(".bassnb-listen").first
    player.get_by_role("button", name="Play").click()
    clock = player.locator(".bl-time")
    expect(clock).to_have_text(re.compile("^0:01"), timeout=PATIENCE)
    player.locator(".bl-takes button").nth(1).click()
    expect(clock).to_have_text(re.compile("^0:02"), timeout=PATIENCE)
    address, time = player.locator("audio").nth(1).evaluate("a => [a.src, a.currentTime]")
    assert address.startswith("blob:") and time > 1
    assert page.complaints == []


def test_a_click_into_a_picture_jumps_there_and_chooses_the_take(open_page, address):
    page = open_page(address)
    player = page.locator(".bassnb-listen").first
    picture = player.locator(".bl-pictures").nth(2)
    picture.scroll_into_view_if_needed()
    box = picture.bounding_box()
    picture.click(position={"x": box["width"] / 2, "y": box["height"] / 2})
    half = float(player.get_attribute("data-seconds")) / 2
    assert float(player.locator(".bl-seek").input_value()) == pytest.approx(half, abs=0.3)
    player.get_by_role("button", name="Play").click()
    wait_until_playing(page, player, 2, later_than=half - 0.3)


def test_one_player_at_a_time(open_page, server):
    page = open_page(server)
    one, other = page.locator(".bassnb-listen").nth(0), page.locator(".bassnb-listen").nth(1)
    one.get_by_role("button", name="Play").click()
    wait_until_playing(page, one, 0)
    other.get_by_role("button", name="Play").click()
    wait_until_playing(page, other, 0)
    assert not any(take["playing"] for take in state(one))


def test_the_keyboard_is_enough(open_page, server):
    page = open_page(server)
    player = page.locator(".bassnb-listen").first
    player.get_by_role("button", name="Play").focus()
    page.keyboard.press("Enter")
    wait_until_playing(page, player, 0)
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    for _ in range(20):
        page.keyboard.press("ArrowRight")
    assert float(player.locator(".bl-seek").input_value()) > 2
    assert "of" in player.locator(".bl-seek").get_attribute("aria-valuetext")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert player.locator(".bl-takes button").nth(1).get_attribute("aria-pressed") == "true"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1200])
def test_legible_and_no_wider_than_the_screen(open_page, site, tmp_path, scheme, width):
    page = open_page(site.as_uri(), width=width, scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    player = page.locator(".bassnb-listen").first
    assert player.bounding_box()["width"] > 0.6 * min(width, 700)
    for text in player.locator("button, figcaption, .bl-time, .bl-title").all():
        assert text.evaluate(CONTRAST) > 4.5, text.inner_text()
    heights = [image.bounding_box()["height"] for image in player.locator("img").all()]
    assert min(heights) > 80 and all(
        image.evaluate("i => i.complete && i.naturalWidth > 100")
        for image in player.locator("img").all()
    )
    # a blank picture is smaller
    assert len(player.screenshot(path=tmp_path / "player.png")) > 20_000


def test_the_console_has_nothing_to_say_about_the_book(open_page, address):
    page = open_page(address)
    page.locator(".bassnb-listen").first.get_by_role("button", name="Play").click()
    page.wait_for_timeout(500)
    assert [text for text in page.complaints if not any(known in text for known in KNOWN)] == []


def test_without_scripts_the_players_of_the_browser_remain(chromium, site):
    context = chromium.new_context(java_script_enabled=False)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto(f"{site.as_uri()}/book/{CHAPTERS[0].stem}.html")
    assert page.locator(".bassnb-listen audio").first.is_visible()
    assert not page.locator(".bassnb-listen .bl-bar").first.is_visible()
    context.close()


@pytest.mark.evidence("last-pressed-sounds")
@pytest.mark.kind("state of a panel")
@pytest.mark.parametrize("pressed", ["Play", "a take"])
def test_of_two_players_the_one_pressed_last_sounds(chromium, tmp_path, monkeypatch, pressed):
    """What another player still waits for must not interrupt it."""
    monkeypatch.setenv(STATIC, str(tmp_path / "_static" / "audio"))
    (tmp_path / "book").mkdir()
    waves = [
        0.1 * torch.randn(2, 10 * SAMPLE_RATE, generator=torch.Generator().manual_seed(seed))
        for seed in range(4)
    ]
    blocks = [listen({"one": waves[i], "two": waves[i + 1]}).html for i in (0, 2)]
    (tmp_path / "book" / "page.html").write_text(
        "<!doctype html><meta charset=utf-8>" + "".join(blocks)
    )
    # the second take of the first player
    late = re.search(r"(\w+\.mp3)", blocks[0].split("<audio")[2])[1]
    held = []
    with serve(tmp_path) as address, contextlib.closing(chromium.new_page()) as page:
        page.route(f"**/{late}", lambda route: held.append(route))
        page.goto(f"{address}/book/page.html")
        first, second = page.locator(".bassnb-listen").all()
        first.get_by_role("button", name="Play").click()
        wait_until_playing(page, first, 0)
        first.get_by_role("button", name="two").click()  # its sound is on its way
        second.get_by_role("button", name="Play").click()
        wait_until_playing(page, second, 0)
        if pressed == "a take":
            second.get_by_role("button", name="two").click()
            wait_until_playing(page, second, 1)
        assert first.get_by_role("button", name="Play").is_visible()  # and not Pause
        for route in held:
            route.continue_()
        page.wait_for_timeout(500)
        assert [sound["playing"] for sound in state(first)] == [False, False]
        assert any(sound["playing"] for sound in state(second))
