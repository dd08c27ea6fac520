"""`python -m benchmarks.page`: the engine of the pages beside torch, into results/page.json.

Both play the same takes: how far the waves differ, on every sample song with and without style, at two
lengths and two seeds, with a part played anew and with chords; how much work they are, in turn and on
one thread each; what a browser transfers the first and the second time, and the memory of a song of four
minutes. It needs Chromium, playwright and the runtime that `make book` fetches.
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
from bassnb.outputs import Output, check_outputs, report_of
from bassnb.stored import write_json
from bassnb.studies.provenance import provenance
from benchmarks import machine

ROOT = Path(__file__).parents[1]
COMMAND = "python -m benchmarks.page"
SONGS = {"jazz": "slap-1", "latin": "fretless", "pop": "synth-1", "rock": "pick"}
LENGTHS, SEEDS = (4.0, 11.3), (0, 5)  # seconds
REGION = (2.5, 4.1)  # seconds
CHORDS = {"chords": "Am F C G7/B", "tempo": 120.0, "chord_level": 6.0}
OPTIONS = {"sampler": "dpm++", "steps": 12}
ROUNDS = 3  # of which the least counts
PATIENCE = 1_800_000  # ms
PAGE = '<!doctype html><link rel="icon" href="data:,"><title>engine</title>'
LOAD = """async () => { const {load} = await import("/_static/bassnb/engine.mjs");
  const start = performance.now(); window.model = await load("/_static/bassnb/classroom/");
  return (performance.now() - start) / 1000; }"""
PLAY = """async ({mix, style, keep, options}) => {
  const wave = text => { const x = new Float32Array(Uint8Array.from(atob(text), c => c.charCodeAt(0)).buffer);
    return [x.subarray(0, x.length / 2), x.subarray(x.length / 2)]; };
  const text = x => { const bytes = new Uint8Array(x.buffer); let s = "";
    for (let i = 0; i < bytes.length; i += 32768) s += String.fromCharCode(...bytes.subarray(i, i + 32768));
    return btoa(s); };
  const {accompany} = await import("/_static/bassnb/engine.mjs");
  if (style) options.style = wave(style);
  if (keep) {
    const latents = wave(keep.latents)[0].buffer;
    options.keep = {...keep, latents: new Float32Array(latents), channels: wave(keep.channels)};
  }
  const take = await accompany(window.model, wave(mix), 44100, options);
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
        # each length with each seed, once with and once without style
        for given, seeds in ((None, SEEDS), (timbre, SEEDS[::-1])):
            for seconds, seed in zip(LENGTHS, seeds):
                own = {"song": name, "style": None if given is None else style, "seconds": seconds}
                taken = difference(page, player, song(name, seconds), seed, style=given)
                rows.append({**own, **taken})
        mix, own = song(name, LENGTHS[1]), {"song": name, "style": None, "seconds": LENGTHS[1]}
        first = player(mix, tuning=0, **OPTIONS, seed=SEEDS[1])
        anew = {"region": list(REGION), **difference(page, player, mix, SEEDS[0], keep=first)}
        wished = {"chords": CHORDS["chords"], **difference(page, player, mix, SEEDS[0], **CHORDS)}
        rows += [{**own, **anew}, {**own, **wished}]
        print(rows[-6:], file=sys.stderr, flush=True)
    return rows


def difference(page, player, mix, seed: int, *, style=None, keep=None, **settings) -> dict:
    """One take of both; with `keep`, a take of which a region is played anew."""
    options = {**OPTIONS, **settings, "seed": seed}
    given = {"mix": as_text(mix), "style": None if style is None else as_text(style), "keep": None}
    again = {}
    if keep is not None:
        again = {"keep": keep, "region": f"{REGION[0]}-{REGION[1]}"}
        sound = {"latents": as_text(keep.latents), "channels": as_text(keep.audio)}
        given["keep"] = {**sound, "level": keep.settings["level"], "regions": [REGION]}
    found = page.evaluate(PLAY, {**given, "options": options})
    take = player(mix, style=style, tuning=0, **again, **options)
    wave = np.stack([as_array(channel) for channel in found["channels"]])
    latents = as_array(found["latents"]).reshape(take.latents.shape)
    return {
        "seed": seed,
        "wave": float(np.abs(wave - take.audio.numpy()).max()),
        "latents": float(np.abs(latents - take.latents.numpy()).max()),
        "peak": float(take.audio.abs().max()),
    }


def speed(page, player: Accompanist, site: Path, seconds: float, rounds: int) -> dict:
    """Processor time of both for one take, in seconds, in turn; the least of each, and their ratio.

    A machine that is busy with other work lengthens the time on the clock, and not alike for two
    programs of different priority; the processor time of the browser, in which are all its processes,
    and that of one thread of torch, stay comparable.
    """
    mix = song("pop", seconds)
    (site / "song.f32").write_bytes(mix.numpy().astype("<f4").tobytes())
    times: dict[str, list[float]] = {"page": [], "torch": [], "page_clock": [], "torch_clock": []}
    for _ in range(rounds):
        before = browser_time()
        times["page_clock"].append(page.evaluate(TIME, OPTIONS))
        times["page"].append(browser_time() - before)
        start, clock = time.process_time(), time.perf_counter()
        player(mix, tuning=0, **OPTIONS)
        times["torch"].append(time.process_time() - start)
        times["torch_clock"].append(time.perf_counter() - clock)
    least = {name: min(found) for name, found in times.items()}
    return {"seconds": seconds, **least, "ratio": least["page"] / least["torch"]}


def browser_time() -> float:
    """Processor time of the processes that this one has started, in seconds."""
    total = 0.0
    for child in psutil.Process().children(recursive=True):
        try:
            used = child.cpu_times()
        except psutil.Error:
            continue
        total += used.user + used.system
    return total


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


@contextmanager
def browsing(site: Path) -> Iterator[tuple]:
    """An empty page of the site in Chromium, and the bytes that were fetched of each file."""
    from playwright.sync_api import sync_playwright

    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))))
    with sync_playwright() as playwright, served(site) as (address, sent):
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_context().new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(f"{address}/index.html")
        yield page, sent
        browser.close()


def loading(page, sent: dict) -> dict:
    """Megabytes and seconds of the first and the second time; afterwards the model is there."""
    loads, transferred = [], []
    for _ in range(2):
        sent.clear()
        page.reload()
        loads.append(page.evaluate(LOAD))
        transferred.append(sum(sent.values()) / 1e6)
    pairs = {"transferred_mb": transferred, "load_s": loads}
    return {name: dict(zip(("first", "second"), both)) for name, both in pairs.items()}


def long_song(page, player: Accompanist, site: Path) -> dict:
    """A song of four minutes, with the most memory of one process."""
    with watched(psutil.Process()) as memory:
        times = speed(page, player, site, 240.0, 1)
    return {**times, **memory}


def measure(site: Path) -> dict:
    """The report, without its machine."""
    player = Accompanist.from_pretrained("classroom")
    with browsing(site) as (page, sent):
        loaded = loading(page, sent)
        rows = parity(page, player)
        times = speed(page, player, site, 24.0, ROUNDS)
        long = long_song(page, player, site)
    return {
        "provenance": provenance(player.system),
        "options": OPTIONS,
        **loaded,
        "speed": times,
        "four_minutes": long,
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
