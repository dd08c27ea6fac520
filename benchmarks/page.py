"""`python -m benchmarks.page`: the engine of the pages beside torch, into results/page.json.

Both play the same takes: how far the waves differ, on every sample song with and without style, at two
lengths and two seeds; how long they take, in turn and on one thread each; what a browser transfers the
first and the second time, and the memory of a song of four minutes. It needs Chromium, playwright and
the runtime that `make book` fetches.
"""

from __future__ import annotations

import base64
import functools
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import psutil
import torch

from bassnb.accompanist import Accompanist
from bassnb.audio import SAMPLE_RATE, read_audio
from bassnb.checkpoints import write_json
from bassnb.outputs import Output, check_outputs, report_of
from bassnb.studies.provenance import provenance
from benchmarks import machine

ROOT = Path(__file__).parents[1]
COMMAND = "python -m benchmarks.page"
SONGS = {"jazz": "slap-1", "latin": "fretless", "pop": "synth-1", "rock": "pick"}
LENGTHS, SEEDS = (4.0, 11.3), (0, 5)  # seconds
OPTIONS = {"sampler": "dpm++", "steps": 12}
ROUNDS = 3  # of which the fastest counts
PATIENCE = 1_800_000  # ms
PAGE = '<!doctype html><link rel="icon" href="data:,"><title>engine</title>'
LOAD = """async () => { const {load} = await import("/_static/bassnb/engine.mjs");
  const start = performance.now(); window.model = await load("/_static/bassnb/classroom/");
  return (performance.now() - start) / 1000; }"""
PLAY = """async ({mix, style, options}) => {
  const wave = text => { const x = new Float32Array(Uint8Array.from(atob(text), c => c.charCodeAt(0)).buffer);
    return [x.subarray(0, x.length / 2), x.subarray(x.length / 2)]; };
  const text = x => { const bytes = new Uint8Array(x.buffer); let s = "";
    for (let i = 0; i < bytes.length; i += 32768) s += String.fromCharCode(...bytes.subarray(i, i + 32768));
    return btoa(s); };
  const {accompany} = await import("/_static/bassnb/engine.mjs");
  const take = await accompany(window.model, wave(mix), 44100, {...options, ...(style ? {style: wave(style)} : {})});
  return {channels: take.channels.map(text), latents: text(take.latents)}; }"""
TIME = """async options => {
  const {accompany} = await import("/_static/bassnb/engine.mjs");
  const x = new Float32Array(await (await fetch("/song.f32", {cache: "no-store"})).arrayBuffer());
  const song = [x.slice(0, x.length / 2), x.slice(x.length / 2)], start = performance.now();
  await accompany(window.model, song, 44100, options);
  return (performance.now() - start) / 1000; }"""


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, dict]]:
    """The address of a folder on this machine, and the bytes that were fetched of each file."""
    sent: dict[str, int] = {}

    class Counting(SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

        def copyfile(self, source, outputfile):
            sent[self.path] = sent.get(self.path, 0) + Path(source.name).stat().st_size
            super().copyfile(source, outputfile)

    handler = functools.partial(Counting, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{http.server_port}", sent
        http.shutdown()


def as_text(wave: torch.Tensor) -> str:
    """A wave as base64 of float32, one channel after the other."""
    return base64.b64encode(wave.numpy().astype("<f4").tobytes()).decode()


def as_array(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), "<f4")


def song(name: str, seconds: float) -> torch.Tensor:
    """The beginning of a sample song, repeated where it is too short."""
    wave = read_audio(ROOT / "data_samples" / name / "mix.flac")
    length = round(seconds * SAMPLE_RATE)
    return wave.repeat(1, -(-length // wave.shape[-1]))[:, :length].contiguous()


def parity(page, player: Accompanist) -> list[dict]:
    """The largest differences of page and package, a row for each take."""
    rows = []
    for name, style in SONGS.items():
        timbre = read_audio(ROOT / "data_samples" / "styles" / f"{style}.flac")
        for given in (None, timbre):
            for seconds in LENGTHS:
                for seed in SEEDS:
                    own = {"song": name, "style": style if given is not None else None}
                    rows.append({**own, **difference(page, player, name, given, seconds, seed)})
                    print(rows[-1], file=sys.stderr, flush=True)
    return rows


def difference(page, player, name: str, style, seconds: float, seed: int) -> dict:
    """One take of both."""
    mix, options = song(name, seconds), {**OPTIONS, "seed": seed}
    given = {"mix": as_text(mix), "style": None if style is None else as_text(style)}
    found = page.evaluate(PLAY, {**given, "options": options})
    take = player(mix, style=style, tuning=0, **options)
    wave = np.stack([as_array(channel) for channel in found["channels"]])
    latents = as_array(found["latents"]).reshape(take.latents.shape)
    return {
        "seconds": seconds,
        "seed": seed,
        "wave": float(np.abs(wave - take.audio.numpy()).max()),
        "latents": float(np.abs(latents - take.latents.numpy()).max()),
        "peak": float(take.audio.abs().max()),
    }


def speed(page, player: Accompanist, site: Path, seconds: float, rounds: int) -> dict:
    """Seconds of both for one take, in turn; the fastest of each, and their ratio."""
    mix = song("pop", seconds)
    (site / "song.f32").write_bytes(mix.numpy().astype("<f4").tobytes())
    times: dict[str, list[float]] = {"page": [], "torch": []}
    for _ in range(rounds):
        times["page"].append(page.evaluate(TIME, OPTIONS))
        start = time.perf_counter()
        player(mix, tuning=0, **OPTIONS)
        times["torch"].append(time.perf_counter() - start)
    fastest = {name: min(found) for name, found in times.items()}
    return {"seconds": seconds, **fastest, "ratio": fastest["page"] / fastest["torch"]}


@contextmanager
def watched(process: psutil.Process) -> Iterator[dict]:
    """The most memory, in GB, of any one process that descends from `process` meanwhile."""
    most, done = {"memory_gb": 0.0}, threading.Event()

    def watch():
        while not done.wait(0.2):
            for child in process.children(recursive=True):
                try:
                    size = child.memory_info().rss / 1e9
                except psutil.Error:
                    continue
                most["memory_gb"] = max(most["memory_gb"], size)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    yield most
    done.set()
    thread.join()


def measure(site: Path) -> dict:
    """The report, without its machine."""
    from playwright.sync_api import sync_playwright

    player = Accompanist.from_pretrained("classroom")
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))))
    with sync_playwright() as playwright, served(site) as (address, sent):
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_context().new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(f"{address}/index.html")
        loads, transferred = [], []
        for _ in range(2):
            sent.clear()
            loads.append(page.evaluate(LOAD))
            transferred.append(sum(sent.values()) / 1e6)
            page.reload()
        page.evaluate(LOAD)
        rows = parity(page, player)
        times = speed(page, player, site, 24.0, ROUNDS)
        with watched(psutil.Process()) as memory:
            long = speed(page, player, site, 240.0, 1)
        browser.close()
    return {
        "provenance": provenance(player.system),
        "options": OPTIONS,
        "transferred_mb": {"first": transferred[0], "second": transferred[1]},
        "load_s": {"first": loads[0], "second": loads[1]},
        "speed": times,
        "four_minutes": {**long, **memory},
        "largest_difference": max(row["wave"] for row in rows),
        "parity": rows,
    }


def main() -> None:
    """Measure and write."""
    sys.path.insert(0, str(ROOT / "book" / "_extensions"))
    import page_engine

    out = ROOT / "results" / "page.json"
    check_outputs([Output(out, report_of(COMMAND))])
    torch.set_num_threads(1)
    facts = machine.facts()
    with tempfile.TemporaryDirectory() as work:
        if not page_engine.assemble(Path(work) / "_static"):
            sys.exit("onnxruntime-web could not be fetched; run it again with a network")
        (Path(work) / "index.html").write_text(PAGE)
        report = measure(Path(work))
    write_json(out, {"command": COMMAND, "machine": facts, **report})
    print(f"largest difference {report['largest_difference']:.1e}, {out}")


if __name__ == "__main__":
    main()
