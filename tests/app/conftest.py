"""The browser of the tests of the book."""

from tests.book.conftest import chromium

__all__ = ["chromium"]
