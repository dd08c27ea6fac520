"""The rendered book as files: every page exists, every link, anchor and sound resolves, sizes."""

import json
import re
from functools import lru_cache
from urllib.parse import unquote, urlsplit

import pytest

from bassnb.audio import read_audio
from tests.book.test_extensions import budgets
from tests.book.test_notebooks import CHAPTERS, CONFIG, WITH_EQUATIONS, listed_pages


def pages(site):
    return sorted((site / "book").glob("*.html"))


def attributes(page, *names):
    """Values of attributes in the tags of a page, without scripts."""
    text = re.sub(r"<script\b(?![^>]*\bsrc)[^>]*>.*?</script>", "", page.read_text(), flags=re.S)
    return re.findall(rf"""<[a-z][^<>]*?\s(?:{"|".join(names)})="([^"]*)\"""", text)


@lru_cache
def anchors(page):
    """What a fragment can lead to on a page."""
    return {*attributes(page, "id", "name"), "", "top"}


def test_every_page_of_the_contents_is_there_and_the_top_leads_to_the_book(site):
    assert {f"book/{page.stem}" for page in pages(site)} == set(listed_pages())
    assert "book/index.html" in (site / "index.html").read_text()


def test_links_pictures_and_sounds_lead_to_files(site):
    for page in pages(site):
        for address in attributes(page, "href", "src"):
            url = urlsplit(address)
            if url.scheme or url.netloc:
                continue
            target = (page.parent / unquote(url.path)).resolve() if url.path else page
            assert target.exists(), f"{page.name} refers to {address}"
            if target.suffix == ".html":
                assert unquote(url.fragment) in anchors(target), f"{page.name} refers to {address}"


@pytest.mark.evidence("pages-without-network")
def test_pages_load_nothing_from_elsewhere(site):
    """Neither over http, which a browser would call mixed content, nor over https."""
    for page in pages(site):
        found = re.findall(
            r"""<(?:script|audio|video|source|img|iframe|link)[^>]*?\s(?:src|href)="(?:https?:)?//[^"]+""",
            page.read_text(),
        )
        assert [tag for tag in found if 'rel="canonical"' not in tag] == []
    for sheet in site.rglob("*.css"):
        assert re.findall(r"(?:url\(|@import )['\"]?(?:https?:)?//", sheet.read_text()) == [], sheet


def test_formulas_are_drawn_by_the_site_itself_and_numbered(site):
    assert "mathjax/tex-svg.js" in (site / "book" / "symbols.html").read_text()
    for chapter in WITH_EQUATIONS:
        assert 'class="eqno"' in (site / "book" / f"{chapter.stem}.html").read_text(), chapter.stem


def test_no_citation_is_unresolved(site):
    for page in pages(site):
        assert not re.search(
            r"\[\?\]|\{cite", re.sub(r"<script.*?</script>", "", page.read_text(), flags=re.S)
        ), page.name


def test_every_table_is_a_table(site):
    """Also those that a cell writes: no row of bars and dashes is left as text."""
    for page in pages(site):
        text = re.sub(r"<script.*?</script>|<pre.*?</pre>", "", page.read_text(), flags=re.S)
        assert not re.search(r"\|\s*(?:---|—|–)+\s*\|", text), page.name


def test_every_player_has_a_sound_that_loads_on_demand(site):
    for chapter in CHAPTERS:
        page = site / "book" / f"{chapter.stem}.html"
        players = re.findall(r"<audio[^>]*\bsrc=[^>]*>", page.read_text())
        assert players and all('preload="none"' in player for player in players)
        for player in players:
            wave = read_audio(page.parent / re.search(r'src="([^"]+)"', player)[1])
            assert wave.shape[-1] > 44_100 and float(wave.abs().max()) > 0.01


def test_every_picture_has_an_alternative_text(site):
    for page in pages(site):
        for image in re.findall(r"<img[^>]*>", page.read_text()):
            if "logo" not in image:
                assert re.search(r'alt="[^"]{10,}"', image), f"{page.name}: {image[:200]}"


def test_pages_and_sounds_are_within_their_budgets(site):
    costs = json.loads((site / "budgets.json").read_text())
    assert {path.stem for path in CHAPTERS} <= set(costs["seconds"]) and costs["audio"] > 0
    assert [name for name, size in costs["pages"].items() if size > budgets.PAGE] == []
    assert costs["audio"] <= budgets.AUDIO


def test_the_page_of_execution_times_has_a_row_for_each_chapter(site):
    rows = re.findall(r"<tr.*?</tr>", (site / "book" / "timings.html").read_text(), flags=re.S)
    for chapter in CHAPTERS:
        (row,) = [row for row in rows if f'href="{chapter.stem}.html"' in row]
        assert re.search(r"\b\d+\.\d+\b", row), chapter.stem


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_can_be_downloaded_opened_on_colab_searched_and_copied(site, chapter):
    page = (site / "book" / f"{chapter.stem}.html").read_text()
    assert "copybutton.js" in page and "search-button" in page
    assert re.search(rf'href="\.\./_sources/book/{chapter.name}"', page), (
        "no button to download the chapter"
    )
    assert (site / "_sources" / "book" / chapter.name).read_text() == chapter.read_text()
    repository = CONFIG["repository"]["url"].removeprefix("https://github.com/")
    address = f"https://colab.research.google.com/github/{repository}/blob/main/book/{chapter.name}"
    # no button leads to a copy of the book that nobody has published
    assert (f'href="{address}"' in page) == ("OWNER" not in repository.split("/"))


@pytest.mark.parametrize(
    "trace", ["Traceback (most recent call last)", "ModuleNotFoundError", "/home/", "site-packages"]
)
def test_no_page_shows_a_trace_of_the_machine_it_was_built_on(site, trace):
    assert [page.name for page in pages(site) if trace in page.read_text()] == []
