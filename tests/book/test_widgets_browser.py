"""Sliders, players and blind tests in a browser, from a file and from a server."""

import csv
import io
from urllib.parse import unquote

import pytest
import torch
from scipy.stats import binomtest

from bassnb.audio import SAMPLE_RATE
from bassnb.control.notes import Note
from bassnb.widgets import blind_test, listen, sweep
from bassnb.widgets.listen import STATIC
from tests.book.conftest import serve
from tests.book.test_browser import CONTRAST, PATIENCE, state, wait_until_playing

pytestmark = pytest.mark.browser

SECONDS = 4.0
STEPS, PHIS = (2, 8, 32), (0.0, 0.7)
HEAD = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Widgets</title><link rel="icon" href="data:,"><style>:root { color-scheme: light dark }
body { margin: 1rem; font-family: sans-serif; background: #fff; color: #222 }
@media (prefers-color-scheme: dark) { body { background: #14181e; color: #ced6dd } }</style>"""


def tone(frequency, level=0.2):
    t = torch.arange(int(SECONDS * SAMPLE_RATE)) / SAMPLE_RATE
    return (level * torch.sin(2 * torch.pi * frequency * t)).expand(2, -1).contiguous()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A site of one page, laid out as the book lays out its own."""
    root = tmp_path_factory.mktemp("widgets")
    (root / "book").mkdir()
    takes = {(k, phi): tone(20 * k + 100 * phi + 40) for k in STEPS for phi in PHIS}
    about = {key: f"a tone, number {i}" for i, key in enumerate(takes)}
    pairs = [{"low": tone(110), "high": tone(880)}, {"low": tone(55), "high": tone(440)}]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(STATIC, str(root / "_static" / "audio"))
        blocks = [
            sweep(
                takes,
                parameters=("steps K", "phi"),
                descriptions=about,
                mix=tone(1000),
                start=(8, 0.0),
                title="Dials",
            ),
            listen(
                {"one": tone(110), "other": tone(220)},
                title="Players",
                notes={"other": [Note(0.0, 2.0, 57, 100), Note(2.5, 4.0, 57, 60)]},
            ),
            blind_test(pairs, trials=4, title="Can you hear it?"),
            blind_test(pairs, kind="ab", trials=7, title="Which one?"),
            sweep({"pick": tone(110), "slap": tone(220)}, parameters="style"),
        ]
    (root / "book" / "page.html").write_text(
        HEAD + "\n".join(block.html for block in blocks), encoding="utf-8"
    )
    return root


@pytest.fixture(scope="module")
def http(folder):
    """Its address on a server that cannot seek in a file."""
    with serve(folder) as address:
        yield address


@pytest.fixture(params=["file", "http"])
def address(request, folder, http):
    return folder.as_uri() if request.param == "file" else http


@pytest.fixture
def open_page(chromium):
    contexts = []

    def open_page(address, *, width=1000, scheme="light", **options):
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, **options
        )
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = context.new_page()
        page.complaints = []
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on(
            "console",
            lambda text: (
                page.complaints.append(text.text) if text.type in ("error", "warning") else None
            ),
        )
        page.goto(f"{address}/book/page.html", wait_until="load")
        return page

    yield open_page
    for context in contexts:
        assert [text for page in context.pages for text in page.complaints] == []
        context.close()


NOTE_TIMES = """root => { for (const audio of root.querySelectorAll("audio")) {
  const pause = audio.pause;  // not the event: a player that gets another source at once does not send it
  audio.pause = () => { if (!audio.paused) audio.leftAt = audio.currentTime; pause.call(audio); };
  audio.addEventListener("playing", () => { audio.startedAt ??= audio.currentTime; }); } }"""


def kept_its_place(page, block, left, entered):
    """Whether one sound begins where the other has stopped."""
    handles = [block.locator("audio").nth(i).element_handle() for i in (left, entered)]
    page.wait_for_function(
        "([a, b]) => a.leftAt !== undefined && b.startedAt !== undefined", arg=handles
    )
    ended, began = page.evaluate("([a, b]) => [a.leftAt, b.startedAt]", handles)
    return began == pytest.approx(ended, abs=0.3) and ended > 0.8


def slide(slider, value):
    slider.evaluate(
        "(e, v) => { e.value = v; e.dispatchEvent(new Event('input', {bubbles: true})); }",
        str(value),
    )


def shown(block):
    """Alternative texts of the pictures and the captions that can be seen."""
    pictures = [
        image.get_attribute("alt") for image in block.locator("img").all() if image.is_visible()
    ]
    return pictures, [
        c.inner_text() for c in block.locator("figcaption > span").all() if c.is_visible()
    ]


def test_a_slider_changes_take_and_picture_and_keeps_the_place(open_page, address):
    page = open_page(address)
    block = page.locator(".bassnb-sweep").first
    steps, phi = block.locator(".bl-slider input").all()
    (picture,), (caption,) = shown(block)
    assert picture.startswith("Spectrogram of steps K 8, phi 0,") and "a tone, number 2" in caption
    block.get_by_role("button", name="Play").click()
    wait_until_playing(page, block, 4, later_than=1.0)
    block.evaluate(NOTE_TIMES)
    slide(phi, 1)  # steps 8, phi 0.7: take 3 of the grid, each with two sounds
    assert kept_its_place(page, block, 4, 6)
    slide(steps, 2)
    assert kept_its_place(page, block, 6, 10)
    assert [i for i, take in enumerate(state(block)) if take["playing"]] == [10]
    (picture,), (caption,) = shown(block)
    assert (
        picture.startswith("Spectrogram of steps K 32, phi 0.7,") and "a tone, number 5" in caption
    )
    assert (
        steps.get_attribute("aria-valuetext") == "32"
        and block.locator(".bl-value").first.inner_text() == "32"
    )
    block.get_by_role("button", name="with the mix").click()
    assert kept_its_place(page, block, 10, 11)
    assert block.get_by_role("button", name="with the mix").get_attribute("aria-pressed") == "true"
    assert shown(block)[0] == [picture]
    block.get_by_role("button", name="Pause").click()
    assert block.get_by_role("button", name="Play").is_visible() and not any(
        s["playing"] for s in state(block)
    )


def test_many_quick_moves_end_where_the_slider_stands(open_page, http):
    page = open_page(http)
    block = page.locator(".bassnb-sweep").first
    block.get_by_role("button", name="Play").click()
    wait_until_playing(page, block, 4, later_than=1.0)
    block.evaluate(NOTE_TIMES)
    block.locator(".bl-slider input").first.evaluate(
        """(e, values) => values.forEach(v => {
          e.value = v; e.dispatchEvent(new Event("input", {bubbles: true})); })""",
        ["0", "1", "2", "1", "0", "2", "0"],
    )
    assert kept_its_place(page, block, 4, 0)
    assert [i for i, take in enumerate(state(block)) if take["playing"]] == [0]


def test_every_player_loads_its_file_and_has_the_right_duration(open_page, address):
    page = open_page(address)
    durations = page.evaluate("""() => Promise.all([...document.querySelectorAll("audio")].map(
      a => new Promise((done, fail) => {
        a.addEventListener("loadedmetadata", () => done(a.duration));
        a.addEventListener("error", () => fail(a.src));
        a.preload = "metadata"; a.load(); })))""")
    assert len(durations) == 2 * 6 + 2 + 3 + 2 + 2
    assert durations == pytest.approx([SECONDS] * len(durations), abs=0.1)


def test_one_player_of_the_page_at_a_time(open_page, http):
    page = open_page(http)
    blocks = [
        page.locator(selector).first
        for selector in (".bassnb-sweep", ".bassnb-listen", ".bassnb-blind")
    ]
    for block, index in zip(blocks, (4, 0, 0)):
        block.get_by_role("button", name="Play").click()
        wait_until_playing(page, block, index, later_than=0.1)
        assert (
            page.evaluate("[...document.querySelectorAll('audio')].filter(a => !a.paused).length")
            == 1
        )
    assert [block.locator(".bl-play").inner_text() for block in blocks] == ["Play", "Play", "Pause"]


def test_a_click_into_the_picture_of_a_sweep_jumps_there(open_page, http):
    page = open_page(http)
    block = page.locator(".bassnb-sweep").first
    picture = block.locator(".bl-pictures")
    box = picture.bounding_box()
    picture.click(position={"x": box["width"] / 2, "y": box["height"] / 2})
    assert float(block.locator(".bl-seek").first.input_value()) == pytest.approx(
        SECONDS / 2, abs=0.2
    )


def test_a_piano_roll_lies_on_its_spectrogram_and_can_be_hidden(open_page, folder):
    page = open_page(folder.as_uri())
    block = page.locator(".bassnb-listen").first
    roll = block.get_by_role("img", name="Piano roll of other: 2 notes from A3 to A3")
    image = block.locator(".bl-spectrogram img").nth(1)
    assert roll.bounding_box() == pytest.approx(image.bounding_box(), abs=1)
    first, second = (note.bounding_box() for note in roll.locator("rect").all())
    width = image.bounding_box()["width"]
    assert first["width"] == pytest.approx(width / 2, abs=3)
    assert second["x"] - first["x"] == pytest.approx(width * 2.5 / SECONDS, abs=3)
    button = block.get_by_role("button", name="Piano roll")
    button.focus()
    page.keyboard.press("Enter")
    assert not roll.is_visible() and button.get_attribute("aria-pressed") == "false"
    button.click()
    assert roll.is_visible() and button.get_attribute("aria-pressed") == "true"
    block.locator(".bl-pictures").nth(1).click(position={"x": width / 2, "y": 60})
    assert float(block.locator(".bl-seek").input_value()) == pytest.approx(SECONDS / 2, abs=0.2)


def test_the_keyboard_is_enough(open_page, http):
    page = open_page(http)
    block = page.locator(".bassnb-sweep").first
    block.locator(".bl-play").focus()
    page.keyboard.press("Enter")
    wait_until_playing(page, block, 4, later_than=0.1)
    page.keyboard.press("Tab")  # the position
    page.keyboard.press("Tab")  # steps
    page.keyboard.press("ArrowRight")
    assert shown(block)[1][0].startswith("steps K 32, phi 0 ")
    page.keyboard.press("Tab")
    page.keyboard.press("End")
    assert shown(block)[1][0].startswith("steps K 32, phi 0.7")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    wait_until_playing(page, block, 11, later_than=0.1)
    test = page.locator(".bassnb-blind").first
    test.get_by_role("button", name="X is A").focus()
    for _trial in range(4):
        page.keyboard.press("Enter")
    assert (
        test.locator(".bl-result").is_visible()
        and "of 4 right" in test.locator(".bl-score").inner_text()
    )
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert test.locator(".bl-trial").inner_text() == "Trial 1 of 4"


def test_abx_keeps_the_place_and_x_is_one_of_the_two(open_page, address):
    page = open_page(address)
    test = page.locator(".bassnb-blind").first
    test.get_by_role("button", name="Play").click()
    wait_until_playing(page, test, 0, later_than=1.0)
    before = page.evaluate(
        "root => [...root.querySelectorAll('audio')].map(a => a.src)", test.element_handle()
    )
    test.evaluate(NOTE_TIMES)
    test.get_by_role("button", name="X", exact=True).click()
    assert kept_its_place(page, test, 0, 2)
    assert [take["playing"] for take in state(test)] == [False, False, True]
    assert len(set(before)) == 2 or address.startswith("http")
    assert not any(name in " ".join(before) for name in ("low", "high"))


def test_an_informed_listener_is_always_right(open_page, folder):
    """Answers looked up in the page are all right: the score follows the sounds, not the draw."""
    test = open_page(folder.as_uri()).locator(".bassnb-blind").first
    drawn = set()
    for _round in range(6):
        for _trial in range(4):
            a, b, x = test.evaluate("root => [...root.querySelectorAll('audio')].map(a => a.src)")
            assert a != b and x in (a, b)
            drawn.add((x == a, a < b))
            test.get_by_role("button", name="X is A" if x == a else "X is B").click()
        assert test.get_attribute("data-score") == "4"
        test.get_by_role("button", name="Again").click()
        assert test.get_attribute("data-score") is None
    assert len(drawn) == 4  # of 24 draws each case misses all with a chance of 0.1 %


def test_scores_and_p_values_are_those_of_the_binomial_test(open_page, folder):
    page = open_page(folder.as_uri())
    abx, ab = page.locator(".bassnb-blind").all()
    for answers in (1, 2, 3, 4):
        for _ in range(answers):
            abx.get_by_role("button", name="X is B").click()
        if answers < 4:
            abx.get_by_role("button", name="Stop and score").click()
            assert f"stopped after {answers} of 4" in abx.locator(".bl-meaning").inner_text()
        score, n, p = (
            float(abx.get_attribute(f"data-{name}")) for name in ("score", "answered", "p-value")
        )
        assert n == answers and p == pytest.approx(
            binomtest(int(score), answers, alternative="greater").pvalue, rel=1e-9
        )
        said, printed = (
            abx.locator(".bl-score").inner_text().removesuffix(")").split(" (p\u00a0=\u00a0")
        )
        assert said == f"{score:.0f} of {answers} right" and float(printed) == pytest.approx(
            p, abs=0.00051
        )
        abx.get_by_role("button", name="Again").click()
    for answers in (7, 4, 6):
        for i in range(answers):
            ab.get_by_role("button", name="I prefer A" if i % 2 else "I prefer B").click()
        if answers < 7:
            ab.get_by_role("button", name="Stop and score").click()
        score, p = (float(ab.get_attribute(f"data-{name}")) for name in ("score", "p-value"))
        assert p == pytest.approx(binomtest(int(score), answers).pvalue, rel=1e-9)
        assert (
            f"low: {score:.0f}, high: {answers - score:.0f}" in ab.locator(".bl-score").inner_text()
        )
        ab.get_by_role("button", name="Again").click()


def test_a_clear_preference_is_called_by_its_name(open_page, folder):
    ab = open_page(folder.as_uri()).locator(".bassnb-blind").nth(1)
    second = ab.evaluate(
        "root => JSON.parse(root.dataset.test).pairs.map(pair => pair.urls[1].split('/').pop())"
    )
    for _trial in range(7):  # always the second condition
        a = ab.evaluate("root => root.querySelector('audio').src").rsplit("/", 1)[1]
        ab.get_by_role("button", name="I prefer A" if a in second else "I prefer B").click()
    assert float(ab.get_attribute("data-p-value")) == pytest.approx(binomtest(0, 7).pvalue)
    assert "this is evidence that you prefer high." in ab.locator(".bl-meaning").inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1000])
def test_legible_and_no_wider_than_the_screen(open_page, folder, scheme, width):
    page = open_page(folder.as_uri(), width=width, scheme=scheme)
    for _trial in range(4):
        page.locator(".bassnb-blind").first.get_by_role("button", name="X is A").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    texts = [
        text
        for text in page.locator("button, figcaption > span, label span, p, .bl-time").all()
        if text.is_visible()
    ]
    assert len(texts) > 30
    for text in texts:
        assert text.evaluate(CONTRAST) > 4.5, text.inner_text()
    for image in page.locator(".bassnb-sweep img").all():
        assert not image.is_visible() or image.bounding_box()["height"] > 80


def test_a_long_value_or_description_moves_nothing(open_page, http):
    page = open_page(http)
    block = page.locator(".bassnb-sweep").first
    places = []
    for value in (0, 1, 2):
        slide(block.locator(".bl-slider input").first, value)
        places.append(
            (
                block.locator(".bl-slider input").first.bounding_box(),
                block.locator(".bl-pictures").bounding_box(),
            )
        )
    assert places[0] == places[1] == places[2]


def test_without_scripts_plain_players_remain_and_nothing_dead(open_page, folder):
    page = open_page(folder.as_uri(), java_script_enabled=False)
    block = page.locator(".bassnb-sweep").first
    assert not block.locator(".bl-slider, .bl-play, .bl-takes").first.is_visible()
    block.locator("summary").click()
    assert block.locator("audio").count() == 12 and all(
        audio.is_visible() for audio in block.locator("audio").all()
    )
    test = page.locator(".bassnb-blind").first
    assert "needs scripts" in test.inner_text() and not any(
        button.is_visible() for button in test.locator("button").all()
    )


def test_the_answers_can_be_saved_as_csv_and_add_up_to_the_score(open_page, folder):
    page = open_page(folder.as_uri())
    abx, ab = page.locator(".bassnb-blind").all()
    for test, buttons in ((abx, ["X is A", "X is B"] * 2), (ab, ["I prefer A", "I prefer B"] * 3)):
        for name in buttons:
            test.get_by_role("button", name=name).click()
        if test is ab:
            test.get_by_role("button", name="Stop and score").click()
        link = test.get_by_role("link", name="Save the answers as CSV")
        assert link.get_attribute("download") == "listening-test.csv"
        text = unquote(link.get_attribute("href").removeprefix("data:text/csv;charset=utf-8,"))
        rows = list(csv.DictReader(io.StringIO(text)))
        assert [int(row["trial"]) for row in rows] == list(range(1, len(buttons) + 1))
        assert [row["answer"] == row["A"] for row in rows] == [True, False] * (len(buttons) // 2)
        assert all({row["A"], row["B"]} == {"low", "high"} for row in rows)
        assert sorted(row["pair"] for row in rows[:2]) == ["1", "2"]
        score = int(test.get_attribute("data-score"))
        if test is abx:
            assert {row["test"] for row in rows} == {"Can you hear it?"}
            assert sum(int(row["right"]) for row in rows) == score
            assert all((row["answer"] == row["X"]) == (row["right"] == "1") for row in rows)
        else:
            assert sum(row["answer"] == "low" for row in rows) == score
            assert {row["X"] for row in rows} == {""}
