"""What all tests share."""

import functools
import os
import shutil

import pytest
import torch
import typer

from bassnb.accompanist import Accompanist
from bassnb.checkpoints import System
from bassnb.presets import get_preset


def pytest_itemcollected(item):
    """Reports carry the kinds of fault that a test stands for, also from another process."""
    kinds = sorted({kind for mark in item.iter_markers("kind") for kind in mark.args})
    item.user_properties.append(("kinds", kinds))


# Paths of files that take longest, in this order before all others: so no process works alone at
# the end. One file builds the book, which needs the chapters; the other files of pages come later,
# when it is built, the longest beside studies: one waits for the browser while the other computes.
FIRST = (
    "book/",
    "tests/training/",
    "tests/book/test_pages.py",
    "tests/web/",
    "tests/robustness/",
    "tests/book/test_every_page.py",
    "tests/studies/",
    "tests/test_",
)


def pytest_collection_modifyitems(items):
    """Puts the files of `FIRST` first; within a file, and otherwise, the order stays."""

    def rank(item):
        path = item.location[0]
        return next((n for n, start in enumerate(FIRST) if path.startswith(start)), len(FIRST))

    items.sort(key=rank)


@pytest.fixture(autouse=True, scope="session")
def one_command():
    """The command line is put together once, not at each of hundreds of calls."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("typer.testing._get_command", functools.cache(typer.main.get_command))
        yield


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    """One thread: sums are added in one order on every machine, and small tensors are faster."""
    torch.set_num_threads(1)


@pytest.fixture
def tally(request):
    """Counts the cases of a test that tries many, for the table of `python -m tests.robustness`."""
    counts = []

    def count():
        counts.append(1)
        others = [entry for entry in request.node.user_properties if entry[0] != "cases"]
        request.node.user_properties[:] = [*others, ("cases", len(counts))]

    return count


@pytest.fixture(scope="module")
def accompanist():
    """A tiny system with random weights."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Accompanist(System(get_preset("smoke")).requires_grad_(False), name="tiny")


@pytest.fixture(scope="session")
def chromium():
    """A headless Chromium, if installed; required with BASSNB_REQUIRE_BROWSER=1 (.ci/run)."""
    names = ("chromium", "chromium-browser", "google-chrome")
    program = next(filter(None, map(shutil.which, names)), None)
    if program is None:
        missing = pytest.fail if os.environ.get("BASSNB_REQUIRE_BROWSER") == "1" else pytest.skip
        missing(
            "no Chromium on this machine; install one (apt-get install chromium) to test the pages in a browser"
        )
    sync_api = pytest.importorskip(
        "playwright.sync_api", reason="playwright is not installed: pip install 'bassnb[test]'"
    )
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program,
            args=["--no-sandbox", "--mute-audio", "--enable-unsafe-webgpu"],
        )
        yield browser
        browser.close()
