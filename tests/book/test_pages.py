"""The rendered book as files: every page there, every link and sound leading somewhere."""

import re
from urllib.parse import unquote, urlsplit

import pytest

from bassnb.audio import read_audio
from tests.book.test_notebooks import CHAPTERS

CDN = "https://cdn.jsdelivr.net/npm/mathjax"  # formulas; everything else lies beside the pages


def pages(site):
    return sorted((site / "book").glob("*.html"))


def attributes(page, *names):
    """Values of attributes in the tags of a page; scripts are left out, they contain no addresses that load."""
    text = re.sub(r"<script\b(?![^>]*\bsrc)[^>]*>.*?</script>", "", page.read_text(), flags=re.S)
    return re.findall(rf"""<[a-z][^<>]*?\s(?:{"|".join(names)})="([^"]*)\"""", text)


def test_every_chapter_has_its_page_and_the_top_leads_to_the_book(site):
    names = {page.stem for page in pages(site)}
    assert {path.stem for path in CHAPTERS} | {"index", "symbols", "decisions", "timings", "bibliography"} <= names
    assert "book/index.html" in (site / "index.html").read_text()


def test_links_pictures_and_sounds_lead_to_files(site):
    for page in pages(site):
        for address in attributes(page, "href", "src"):
            url = urlsplit(address)
            if url.scheme or url.netloc or not url.path:
                continue
            assert (page.parent / unquote(url.path)).exists(), f"{page.name} refers to {address}"


def test_pages_load_no_code_or_sound_from_elsewhere(site):
    for page in pages(site):
        loaded = re.findall(r"""<(?:script|audio|img|link)[^>]*?\s(?:src|href)="(https?://[^"]+)""", page.read_text())
        assert all(address.startswith(CDN) for address in loaded), loaded


def test_every_player_has_a_sound_that_loads_on_demand(site):
    for chapter in CHAPTERS:
        page = site / "book" / f"{chapter.stem}.html"
        players = re.findall(r"<audio[^>]*>", page.read_text())
        assert players and all('preload="none"' in player for player in players)
        for player in players:
            wave = read_audio(page.parent / re.search(r'src="([^"]+)"', player)[1])
            assert wave.shape[-1] > 44_100 and float(wave.abs().max()) > 0.01


def test_every_picture_has_an_alternative_text(site):
    for page in pages(site):
        for image in re.findall(r"<img[^>]*>", page.read_text()):
            if "logo" not in image:
                assert re.search(r'alt="[^"]{10,}"', image), f"{page.name}: {image[:200]}"


def test_pages_are_light(site):
    for page in pages(site):
        assert page.stat().st_size < 1_500_000, page.name


def test_pages_can_be_searched_copied_and_downloaded(site):
    chapter = (site / "book" / f"{CHAPTERS[0].stem}.html").read_text()
    assert "copybutton.js" in chapter and "search-button" in chapter
    assert re.search(rf'href="[^"]*{CHAPTERS[0].name}"', chapter), "no button to download the chapter"
    assert (site / "searchindex.js").stat().st_size > 1000


@pytest.mark.parametrize(
    "trace", ["Traceback (most recent call last)", "ModuleNotFoundError", "/home/", "site-packages"]
)
def test_no_page_shows_a_trace_of_the_machine_it_was_built_on(site, trace):
    assert [page.name for page in pages(site) if trace in page.read_text()] == []
