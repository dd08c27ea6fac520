"""The page in a real browser, from the command that serves it; and the calls that HARP makes."""

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import soundfile
import torch

from bassnb.audio import read_audio, write_audio
from bassnb.checkpoints import System, save_pretrained
from bassnb.presets import get_preset

pytest.importorskip("gradio", reason="gradio is not installed: pip install 'bassnb[app]'")

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 600  # seconds: a busy machine is slow, not wrong
SECONDS = 3
NOTE_WHAT_IS_HEARD = """players => players.forEach(player => player.addEventListener(
  "timeupdate", () => { if (player.currentTime > 0.3) window.heard = player.duration; }))"""


@pytest.fixture(scope="module")
def mix(tmp_path_factory):
    path = tmp_path_factory.mktemp("mix") / "my mix.wav"
    torch.manual_seed(0)
    return write_audio(path, 0.1 * torch.randn(2, SECONDS * 44_100))


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """The address of `bassnb app` with a model of random weights."""
    folder = tmp_path_factory.mktemp("served")
    torch.manual_seed(0)
    save_pretrained(System(get_preset("smoke")), folder / "model")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ["-m", "bassnb", "app", "--model", "model", "--device", "cpu", "--port", str(port)]
    more = {"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]), "GRADIO_TEMP_DIR": "gradio"}
    with open(folder / "log", "w") as log:
        program = subprocess.Popen(
            [sys.executable, *words],
            cwd=folder,
            env={**os.environ, **more},
            stdout=log,
            stderr=log,
        )
        try:
            address = f"http://127.0.0.1:{port}"
            wait_for(address, program, folder / "log")
            yield address
        finally:
            program.terminate()
            program.wait(PATIENCE)


def wait_for(address, program, log):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and program.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=10):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    pytest.fail(f"the page was not served: {log.read_text()}")


# -- in a browser ----------------------------------------------------------------------------------


@pytest.fixture
def page(chromium, served):
    """The page, with what it complains about and what it asks others for."""
    page = chromium.new_page(viewport={"width": 1200, "height": 900})
    page.set_default_timeout(1000 * PATIENCE)
    page.complaints, page.elsewhere = [], []
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on(
        "request",
        lambda asked: (
            None
            if asked.url.startswith((served, "data:", "blob:"))
            else page.elsewhere.append(asked.url)
        ),
    )
    page.goto(served, wait_until="load")
    page.get_by_role("button", name="Generate").wait_for()
    yield page
    page.close()


def play_buttons(page):
    return page.get_by_role("button", name="Play", exact=True)


def text_box(page, name):
    return page.get_by_role("textbox", name=re.compile(f"^{name} "))


@pytest.mark.browser
@pytest.mark.evidence("page-of-this-machine")
def test_a_mix_goes_in_and_a_take_comes_out(page, mix):
    page.locator("input[type=file]").first.set_input_files(mix)
    play_buttons(page).first.wait_for()
    text_box(page, "Chords").fill("Am F C G")
    text_box(page, "Tempo").fill("120")
    page.get_by_role("button", name="Generate").click()
    page.get_by_text("Done: 1 take.").wait_for()
    names = "e => e.map(a => a.download || '')"
    page.locator("a[download='bass-seed-0.mid']").wait_for(state="attached")
    found = set(page.locator("a[download]").evaluate_all(names))
    assert {f"bass-seed-0{end}" for end in (".flac", "-with-mix.flac", ".mid", ".json")} <= found
    page.locator("audio").evaluate_all(NOTE_WHAT_IS_HEARD)
    play_buttons(page).nth(1).click()  # the first is that of the mix
    page.wait_for_function("() => window.heard", polling=200)
    assert page.evaluate("() => window.heard") == pytest.approx(SECONDS, abs=0.1)
    assert page.complaints == [] and page.elsewhere == []


@pytest.mark.browser
def test_a_refusal_is_shown(page, mix):
    generate = page.get_by_role("button", name="Generate")
    generate.click()
    page.get_by_text("there is no mix yet; upload one first").wait_for()
    page.locator("input[type=file]").first.set_input_files(mix)
    play_buttons(page).first.wait_for()
    text_box(page, "Tempo").fill("fast")
    generate.click()
    page.get_by_text("tempo is 'fast'; give a number from 20 to 400").wait_for()
    assert page.complaints == []


# -- as HARP does ----------------------------------------------------------------------------------


class Harp:
    """The calls of HARP: values in, the last event out."""

    def __init__(self, address):
        self.address = f"{address}/gradio_api"

    def call(self, name, *values):
        body = json.dumps({"data": values}).encode()
        asked = urllib.request.Request(
            f"{self.address}/call/{name}", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(asked, timeout=PATIENCE) as answer:
            event = json.load(answer)["event_id"]
        url = f"{self.address}/call/{name}/{event}"
        with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
            lines = answer.read().decode().split()
        text = "".join(lines[len(lines) - lines[::-1].index("data:") :])
        return lines[len(lines) - lines[::-1].index("event:")], text

    def upload(self, path):
        mark = "bassnb-test"
        head = f'--{mark}\r\nContent-Disposition: form-data; name="files"; filename="{path.name}"'
        body = f"{head}\r\n\r\n".encode() + path.read_bytes() + f"\r\n--{mark}--\r\n".encode()
        kind = {"Content-Type": f"multipart/form-data; boundary={mark}"}
        asked = urllib.request.Request(f"{self.address}/upload", body, kind)
        with urllib.request.urlopen(asked, timeout=PATIENCE) as answer:
            return {"path": json.load(answer)[0], "meta": {"_type": "gradio.FileData"}}


@pytest.fixture
def harp(served):
    return Harp(served)


def values_of(harp):
    """What HARP sends for the controls that it drew."""
    status, text = harp.call("controls")
    assert status == "complete"
    (found,) = json.loads(text)
    return [one.get("value") for one in found["inputs"][1:]]


def test_an_effect_of_harp(harp, mix, tmp_path):
    status, text = harp.call("process", harp.upload(mix), *values_of(harp))
    assert status == "complete"
    bass, notes = json.loads(text)
    for name, file in (("bass.flac", bass), ("notes.mid", notes)):
        with urllib.request.urlopen(file["url"], timeout=PATIENCE) as answer:
            (tmp_path / name).write_bytes(answer.read())
    assert soundfile.info(tmp_path / "bass.flac").frames == read_audio(mix).shape[-1]
    assert (tmp_path / "notes.mid").read_bytes().startswith(b"MThd")


@pytest.mark.evidence("no-file-by-text")
def test_files_that_were_not_uploaded_are_not_read(harp):
    values = values_of(harp)
    other = {"path": str(ROOT / "README.md"), "meta": {"_type": "gradio.FileData"}}
    assert harp.call("process", other, *values)[0] == "error"
    status, text = harp.call("process", None, *values)
    assert status == "error" and "thereisnomixyet" in text


def test_the_space_of_the_book_is_a_page():
    """The lines that stand in the book, as a program that is imported."""
    text = (ROOT / "book/how_to_use.md").read_text()
    (code,) = (
        code for code in re.findall(r"```python\n(.*?)```", text, re.S) if "make_app" in code
    )
    print_name = "import app; print(type(app.app).__name__, app.app.analytics_enabled)"
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import types, sys; app = types.ModuleType('app')\n"
            f"exec({code!r}, app.__dict__); sys.modules['app'] = app\n{print_name}",
        ],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
    )
    assert done.stdout.split() == ["Blocks", "False"], done.stderr
