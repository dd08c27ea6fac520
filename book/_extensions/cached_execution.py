"""Execute each chapter once per state of its dependencies, for tests and builds alike.

An executed chapter, its seconds and its sounds lie in a folder named after its key
(chapter_state.py). The tests judge these outputs (book/conftest.py); a build executes only missing
chapters. `make clean` removes all.

Each chapter runs with one thread, and as many run at a time as there are cores, so the seconds mean
the same everywhere.
"""

import fcntl
import os
import re
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path

import nbformat
from chapter_state import ROOT, key
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from jupyter_cache.cache.db import NbCacheRecord, session_context
from nbclient import NotebookClient
from nbformat import NotebookNode
from sphinx.errors import ExtensionError
from sphinx.util import logging

STORE = "_build/executed"  # below the root, also when a test builds the pages elsewhere
KEPT = 3  # states of each chapter that are kept: going back to the last edit costs nothing
# sounds and their pictures are named after their content
MEDIA = re.compile(r"[0-9a-f]{20}\.(?:mp3|webp)")


def stored(chapter: Path, root: Path = ROOT) -> Path:
    """The folder of a chapter in its present state."""
    return root / STORE / chapter.stem / key(chapter, root)


def run_once(
    chapter: Path, timeout: float, root: Path = ROOT
) -> tuple[NotebookNode, Exception | None, bool]:
    """Execute a chapter, unless its present state was executed; other processes wait.

    Parameters
    ----------
    chapter : the notebook, without outputs
    timeout : seconds for one cell

    Returns
    -------
    notebook : with outputs and the state of its widgets; if a cell failed, without those of this
        and of later cells
    error : of the first cell that failed or took too long, or of a kernel that died; None if all
        went well
    fresh : whether it was executed now
    """
    folder = stored(chapter, root)
    file = folder / "chapter.ipynb"
    with locked(folder.parent / "lock"):
        if file.is_file():
            os.utime(folder)
            return nbformat.read(file, as_version=4), None, False
        shutil.rmtree(folder, ignore_errors=True)  # of an interrupted run
        notebook, error = execute(chapter, timeout, folder / "audio")
        if error is None:
            unfinished = file.with_suffix(".tmp")
            nbformat.write(notebook, unfinished)
            unfinished.rename(file)
            forget_old(folder.parent)
    return notebook, error, True


def execute(chapter: Path, timeout: float, audio: Path) -> tuple[NotebookNode, Exception | None]:
    """Run all cells of a chapter where it lies; its sounds go to the folder `audio`."""
    audio.mkdir(parents=True)
    notebook = nbformat.read(chapter, as_version=4)
    here, started = {"metadata": {"path": str(chapter.parent)}}, [0]
    client = NotebookClient(
        notebook,
        timeout=timeout,
        kernel_name="python3",
        resources=here,
        record_timing=False,
        on_cell_start=lambda cell, cell_index: started.append(cell_index),
    )
    began, error = time.time(), None
    try:
        client.execute(env={**os.environ, "BASSNB_BOOK_STATIC": str(audio), "OMP_NUM_THREADS": "1"})
    except Exception as problem:  # of the cell, of its time, of the kernel
        error = problem
        for cell in notebook.cells[started[-1] :]:  # partial outputs are dropped
            cell.update(
                {"outputs": [], "execution_count": None} if cell.cell_type == "code" else {}
            )
    notebook.metadata["executed"] = {"began": began, "seconds": time.time() - began}
    return notebook, error


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """One process or thread at a time; the system releases the lock of a process that ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def forget_old(folder: Path) -> None:
    """Remove the least recently used states of a chapter."""
    states = [place for place in folder.iterdir() if place.is_dir()]
    for old in sorted(states, key=lambda place: place.stat().st_mtime, reverse=True)[KEPT:]:
        shutil.rmtree(old, ignore_errors=True)


def run_all(chapters: list[Path], timeout: float) -> list[NotebookNode]:
    """Execute all chapters; raises ExtensionError with the errors of those that fail."""

    def run(chapter: Path) -> tuple[NotebookNode, Exception | None]:
        notebook, error, fresh = run_once(chapter, timeout)
        state = (
            f"{'failed' if error else 'executed'} in {notebook.metadata.executed.seconds:.0f} s"
            if fresh
            else "unchanged"
        )
        logging.getLogger(__name__).info(f"{chapter.stem}: {state}")
        return notebook, error

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(run, chapters))
    failed = [
        f"{chapter.name} failed:\n{error}"
        for chapter, (_, error) in zip(chapters, results)
        if error
    ]
    if failed:
        raise ExtensionError("\n\n".join(failed))
    return [notebook for notebook, _ in results]


def fill(folder: Path, chapters: list[Path], notebooks: list[NotebookNode]) -> None:
    """Write the cache that Sphinx reads: executed chapters with their seconds and dates.

    An older cache is removed.
    """
    shutil.rmtree(folder, ignore_errors=True)
    cache = get_cache(folder)
    for chapter, notebook in zip(chapters, notebooks):
        ran = notebook.metadata.executed
        bundle = CacheBundleIn(notebook, str(chapter), data={"execution_seconds": ran.seconds})
        record = cache.cache_notebook_bundle(bundle, check_validity=False)
        with session_context(cache.db) as session:
            created = datetime.fromtimestamp(ran.began, timezone.utc).replace(tzinfo=None)
            session.query(NbCacheRecord).filter_by(pk=record.pk).update({"created": created})
            session.commit()


def copy_media(sounds: list[Path], html: Path) -> None:
    """Put the sounds and pictures that the pages name into the site, and no others."""
    there = {path.name: path for folder in sounds for path in folder.iterdir()}
    named = {
        name
        for page in html.rglob("*.html")
        for name in MEDIA.findall(page.read_text(encoding="utf-8"))
    }
    audio = html / "_static" / "audio"
    shutil.rmtree(audio, ignore_errors=True)
    audio.mkdir(parents=True)
    for name in sorted(named):
        shutil.copyfile(there[name], audio / name)


def setup(app):
    """Called by Sphinx."""
    chapters = sorted((ROOT / "book").glob("*.ipynb"))

    def before(app, config):
        app.bassnb_sounds = [stored(chapter) / "audio" for chapter in chapters]
        folder = Path(app.outdir).parent / "jupyter_cache"
        fill(folder, chapters, run_all(chapters, config.nb_execution_timeout))
        config.nb_execution_cache_path = str(folder)

    def after(app, error):
        if error is None and app.builder.format == "html":
            copy_media(app.bassnb_sounds, Path(app.outdir))

    app.connect("config-inited", before)
    app.connect("build-finished", after)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
