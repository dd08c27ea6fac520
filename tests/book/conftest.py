"""The book, built once for all tests of its pages."""

import contextlib
import functools
import os
import re
import subprocess
import sys
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cached_execution import locked

ROOT = Path(__file__).parents[2]


def built_once(tmp_path_factory, name, build):
    """What `build` has made in a folder that all processes of a run share; the others wait."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    with locked(folder / "lock"):
        if not (folder / "built").is_file():
            build(folder)
            (folder / "built").touch()
    return folder


def build_book(folder):
    """Render all pages; a warning is an error."""
    # not resolved: the one of this environment
    program = Path(sys.executable).with_name("jupyter-book")
    options = ["--all", "-W", "-n", "--keep-going", "--path-output", folder]
    command = [program, "build", *options, ROOT]
    build = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=3600
    )
    assert build.returncode == 0, build.stdout[-4000:] + build.stderr[-4000:]


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """Folder of the rendered pages, from the chapters that were executed already (`make book`, or
    the tests of the chapters).
    """
    return built_once(tmp_path_factory, "book", build_book) / "_build" / "html"


def policy():
    """The headers that the book recommends to those who host it, name -> value."""
    text = (ROOT / "book" / "how_to_use.md").read_text()
    return dict(re.findall(r'^add_header (\S+) "(.+)" always;$', text, flags=re.M))


@contextlib.contextmanager
def serve(folder, headers=None):
    """The address of a folder on a server of this machine, which cannot seek in a file."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

        def end_headers(self):
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            super().end_headers()

    with ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder))
    ) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()


@pytest.fixture(scope="session")
def server(site):
    """The address of the rendered pages on this machine."""
    with serve(site) as address:
        yield address


@pytest.fixture(scope="session")
def guarded(site):
    """The same under the recommended policy, which forbids eval in pages and tests."""
    with serve(site, policy()) as address:
        yield address
