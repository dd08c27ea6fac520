"""What all tests share."""

import functools

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
# when it is built.
FIRST = (
    "book/",
    "tests/training/",
    "tests/book/test_pages.py",
    "tests/robustness/",
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
