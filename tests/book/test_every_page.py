"""Every page of the book in a browser: wide and light, and narrow and dark as on a phone."""

import html
import re

import pytest

from tests.book.test_notebooks import CHAPTERS, listed_pages

pytestmark = pytest.mark.browser

VIEWS = {"wide": (1200, "light"), "phone": (360, "dark")}
PATIENCE = 120_000  # ms: a busy machine is slow, not wrong
BLOCK = re.compile(r'<div class="bassnb-block')
TEXT = """() => { // what a reader sees, without code and without what assistive technology reads
  const article = document.querySelector("article").cloneNode(true);
  for (const other of article.querySelectorAll("code, pre, script, style, mjx-container, .bassnb-block, .cell_output")) other.remove();
  return article.textContent; }"""
WIDER = """() => [...document.querySelectorAll("article *")].filter(e => { // parts that stick out, not inside a box that scrolls
  if (e.getBoundingClientRect().right <= document.documentElement.clientWidth + 1 || !e.checkVisibility()) return false;
  for (let box = e.parentElement; box; box = box.parentElement)
    if (["auto", "scroll", "hidden", "clip"].includes(getComputedStyle(box).overflowX)) return false;
  return true; }).map(e => e.tagName + "." + e.className).slice(0, 5)"""
CONTRASTS = """() => {
  const channels = text => text.match(/[\\d.]+/g).map(Number);
  const over = (top, ground) => top.slice(0, 3).map((v, i) => v * (top[3] ?? 1) + ground[i] * (1 - (top[3] ?? 1)));
  const linear = v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = rgb => rgb.reduce((sum, v, i) => sum + linear(v / 255) * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = element => {
    const colours = [];
    for (let e = element; e; e = e.parentElement) colours.push(channels(getComputedStyle(e).backgroundColor));
    return colours.reverse().reduce((below, colour) => over(colour, below), [255, 255, 255]); };
  const faint = new Map();
  for (const e of document.querySelectorAll("article :is(h1, h2, h3, p, li, td, th, dt, dd, a, summary, figcaption, code, pre, span, strong, em, button, label)")) {
    const own = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    if (!own || !e.checkVisibility() || e.closest("mjx-container, svg, .headerlink, [aria-hidden=true], .bl-spectrogram")) continue;
    const [a, b] = [over(channels(getComputedStyle(e).color), ground(e)), ground(e)].map(light);
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const kind = e.tagName + "." + e.className;
    if (contrast < 4.5 && !faint.has(kind)) faint.set(kind, kind + " " + contrast.toFixed(2) + ": " + e.textContent.trim().slice(0, 30)); }
  return [...faint.values()]; }"""
DURATIONS = """async () => { // every sound of the page: does it load, and is it as long as its player says?
  const sounds = new Map();
  for (const audio of document.querySelectorAll(".bassnb-block audio[src]")) {
    const block = audio.closest(".bassnb-block");
    if (!block.dataset.test) sounds.set(audio.src, Number(block.dataset.seconds)); }
  for (const block of document.querySelectorAll("[data-test]"))
    for (const pair of JSON.parse(block.dataset.test).pairs)
      for (const url of pair.urls) sounds.set(new URL(url, location).href, pair.seconds);
  const wrong = [];
  for (const [url, seconds] of sounds) {
    const context = new OfflineAudioContext(1, 1, 44100);
    try {
      const sound = await context.decodeAudioData(await (await fetch(url)).arrayBuffer());
      if (!(Math.abs(sound.duration - seconds) < 0.1)) wrong.push(url + " lasts " + sound.duration + ", not " + seconds);
    } catch (error) { wrong.push(url + ": " + error); } }
  return {count: sounds.size, wrong}; }"""


OPEN = """() => { // all answers, to be closed again
  for (const answer of document.querySelectorAll("article details:not([open])")) {
    answer.open = true;
    answer.dataset.closed = ""; } }"""
CLOSE = """() => {
  for (const answer of document.querySelectorAll("article details[data-closed]")) {
    answer.open = false;
    delete answer.dataset.closed; } }"""
DRAWN = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


class Visit:
    """One page that has been opened and is ready, and what happened on the way."""

    def __init__(self, context, server, site, name):
        self.name, self.server = name, server
        self.source = (site / f"{name}.html").read_text()
        self.page = context.new_page()
        self.complaints, self.requests = [], []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on(
            "console", lambda m: self.complaints.append(m.text) if m.type == "error" else None
        )
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on(
            "response",
            lambda reply: (
                self.complaints.append(f"{reply.status} {reply.url}")
                if reply.status >= 400
                else None
            ),
        )
        self.show("wide")
        self.page.goto(f"{server}/{name}.html", wait_until="load")
        self.page.evaluate("window.MathJax ? MathJax.startup.promise : 0")

    def show(self, view):
        """The same page in another size and other colours."""
        self.view, (self.width, scheme) = view, VIEWS[view]
        self.page.set_viewport_size({"width": self.width, "height": 900})
        self.page.emulate_media(color_scheme=scheme)
        self.page.evaluate(DRAWN)


@pytest.fixture(scope="module")
def opened(chromium, guarded, site):
    """A function that opens a page, once for both of its views; one reader opens them all."""
    context, visits = chromium.new_context(), {}
    context.set_default_timeout(PATIENCE)

    def opened(name):
        if name not in visits:
            for other in list(visits):
                visits.pop(other).page.close()
            visits[name] = Visit(context, guarded, site, name)
        return visits[name]

    yield opened
    context.close()


@pytest.fixture(
    scope="module",
    params=[(name, view) for name in listed_pages() for view in VIEWS],
    ids=lambda param: f"{param[0].removeprefix('book/')}-{param[1]}",
)
def visit(request, opened):
    name, view = request.param
    visit = opened(name)
    visit.show(view)
    return visit


def test_the_page_is_whole(visit):
    """No console message, no request elsewhere, formulas and players drawn, width of the screen."""
    page = visit.page
    assert visit.complaints == []
    assert [
        url for url in visit.requests if not url.startswith((visit.server, "data:", "blob:"))
    ] == []
    formulas = len(re.findall(r'class="math notranslate nohighlight"', visit.source))
    assert page.locator(".math mjx-container").count() >= formulas
    assert page.locator("[data-mjx-error], mjx-merror, .bassnb-block mjx-container").count() == 0
    assert (
        re.findall(r"\$|\\\(|\\\[|\\[a-z]+\{|\{(?:eq|cite|doc|ref)[a-z:]*\}", page.evaluate(TEXT))
        == []
    )
    blocks = len(BLOCK.findall(visit.source))
    assert (
        page.locator(".bassnb-block").count()
        == page.locator(".bassnb-block[data-ready]").count()
        == blocks
    )
    assert page.locator(".bassnb-block .bl-play:visible").count() <= blocks
    assert page.evaluate("document.documentElement.scrollWidth") <= visit.width
    assert page.evaluate(WIDER) == []
    assert (
        page.evaluate(
            "[...document.querySelectorAll('article img')].filter(i => !i.complete || !i.naturalWidth).length"
        )
        == 0
    )


def test_its_text_is_legible(visit):
    visit.page.evaluate(OPEN)
    assert visit.page.evaluate(CONTRASTS) == []
    visit.page.evaluate(CLOSE)


def test_its_code_can_be_copied(visit):
    boxes = visit.page.locator("article div.highlight pre").count()
    assert visit.page.locator("article button.copybtn").count() == boxes


def test_its_players_do_what_they_promise(visit):
    """Sounds have their length; on a phone, sliders change the take and blind tests can be finished.

    tests/book/test_widgets_browser.py does the same on a wide page.
    """
    page = visit.page
    if visit.view == "wide":
        sounds = page.evaluate(DURATIONS)
        assert sounds["wrong"] == []
        assert (sounds["count"] > 0) == (len(BLOCK.findall(visit.source)) > 0)
        return
    for sweep in page.locator(".bassnb-sweep").all():
        for slider in sweep.locator(".bl-slider input").all():
            before = sweep.locator("figcaption > span:not([hidden])").inner_text()
            picture = sweep.locator(".bl-spectrogram img:not([hidden])").get_attribute("src")
            last = slider.evaluate("input => input.value === input.max")
            slider.press("ArrowLeft" if last else "ArrowRight")
            assert sweep.locator("figcaption > span:not([hidden])").inner_text() != before
            assert (
                sweep.locator(".bl-spectrogram img:not([hidden])").get_attribute("src") != picture
            )
    for blind in page.locator(".bassnb-blind").all():
        trials = int(
            re.search(r'"trials":\s*(\d+)', html.unescape(blind.get_attribute("data-test")))[1]
        )
        for _ in range(trials):
            blind.locator(".bl-answers button:not(.bl-finish)").first.click()
        assert blind.get_attribute("data-answered") == str(trials)
        assert 0 <= int(blind.get_attribute("data-score")) <= trials
        assert 0 < float(blind.get_attribute("data-p-value")) <= 1
        assert blind.locator(".bl-score").is_visible() and blind.locator(".bl-meaning").inner_text()


def test_the_search_finds_a_word(chromium, guarded):
    context = chromium.new_context()
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto(f"{guarded}/search.html?q=spectrogram")
    chapter = f"book/{CHAPTERS[0].stem}.html"
    page.locator(f'#search-results li a[href*="{chapter}"]').first.wait_for()
    found = [link.get_attribute("href") for link in page.locator("#search-results li a").all()]
    assert any(chapter in address for address in found)
    context.close()


FOREIGN = """() => new Promise(done => { // injected code
  const refused = [];
  document.addEventListener("securitypolicyviolation", event => refused.push(event.effectiveDirective));
  for (const [tag, name] of [["img", "src"], ["script", "src"], ["iframe", "src"], ["audio", "src"]]) {
    const element = document.createElement(tag);
    element[name] = "http://example.org/x";
    document.body.append(element); }
  fetch("http://example.org/x").catch(() => {});
  setTimeout(() => done(refused), 500); })"""


@pytest.mark.evidence("content-security-policy")
def test_the_policy_lets_nothing_in_from_elsewhere(chromium, guarded):
    """The policy of all pages of this file; `visit` reports any violation."""
    context = chromium.new_context()
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto(f"{guarded}/{listed_pages()[0]}.html", wait_until="load")
    refused = set(page.evaluate(FOREIGN))
    assert {"img-src", "script-src-elem", "frame-src", "media-src", "connect-src"} <= refused
    context.close()
