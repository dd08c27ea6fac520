"""The book, built once for all tests of its pages, and a browser to open it in."""

import contextlib
import functools
import os
import re
import shutil
import subprocess
import sys
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cached_execution import locked

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """Folder of the rendered pages; a warning of the build is an error.

    Built once for all processes of a run, from the chapters that were executed already (`make
    book`, or the tests of the chapters).
    """
    base = tmp_path_factory.getbasetemp()
    output = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "book"
    html = output / "_build" / "html"
    with locked(output / "lock"):
        if not (output / "built").is_file():
            # not resolved: the one of this environment
            program = Path(sys.executable).with_name("jupyter-book")
            command = [
                program,
                "build",
                "--all",
                "-W",
                "-n",
                "--keep-going",
                "--path-output",
                output,
                ROOT,
            ]
            build = subprocess.run(
                command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=3600
            )
            assert build.returncode == 0, build.stdout[-4000:] + build.stderr[-4000:]
            (output / "built").touch()
    return html


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
            executable_path=program, args=["--no-sandbox", "--mute-audio"]
        )
        yield browser
        browser.close()
