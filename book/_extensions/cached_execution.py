"""Chapters run once per state of the project: a build executes what has changed and takes the rest from a cache.

The cache that Sphinx knows notices edits of a chapter, not of the package that it imports. So there is one cache
folder per fingerprint of everything a chapter can depend on. The sounds of the players, which belong to the outputs,
live in it too, and each build copies those that its pages refer to. `make clean` removes all of it.
"""

import hashlib
import os
import re
import shutil
import sys
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[2]
DEPENDS_ON = (
    "bassnb", "data_samples", "results", "requirements.txt", "requirements-nodeps.txt",
    "book/_ledger.py", "book/ledger.yml", "book/broken.yml",
)  # fmt: skip
CACHE = "_build/executed"  # below the root, also when a test builds the pages elsewhere
KEPT = 3  # fingerprints whose caches are kept: going back to the last edit costs nothing
MEDIA = re.compile(r"[0-9a-f]{20}\.(?:mp3|webp)")  # sounds and their pictures are named after what they hold


def fingerprint(root: Path) -> str:
    """Hash of the interpreter, of torch and numpy, and of every file that a chapter can depend on."""
    digest = hashlib.sha256(repr((sys.version_info[:2], version("torch"), version("numpy"))).encode())
    for name in DEPENDS_ON:
        top = root / name
        for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(f"{path.relative_to(root).as_posix()}\0".encode())
                digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def choose_cache(root: Path) -> Path:
    """The cache folder of the present state of the project; those not used for long are removed."""
    folder = root / CACHE / fingerprint(root)
    folder.mkdir(parents=True, exist_ok=True)
    os.utime(folder)
    by_age = sorted(folder.parent.iterdir(), key=lambda other: other.stat().st_mtime, reverse=True)
    for old in by_age[KEPT:]:
        shutil.rmtree(old, ignore_errors=True)
    return folder


def copy_media(cache: Path, html: Path) -> None:
    """Put the sounds and pictures that the pages name into the site, and no others."""
    named = {name for page in html.rglob("*.html") for name in MEDIA.findall(page.read_text(encoding="utf-8"))}
    audio = html / "_static" / "audio"
    shutil.rmtree(audio, ignore_errors=True)
    audio.mkdir(parents=True)
    for name in sorted(named):
        shutil.copyfile(cache / "audio" / name, audio / name)


def setup(app):
    """Called by Sphinx."""

    def before(app, config):
        app.bassnb_cache = choose_cache(ROOT)
        config.nb_execution_cache_path = str(app.bassnb_cache / "notebooks")
        os.environ["BASSNB_BOOK_STATIC"] = str(app.bassnb_cache / "audio")  # the kernels of the chapters inherit it

    def after(app, error):
        if error is None and app.builder.format == "html":
            copy_media(app.bassnb_cache, Path(app.outdir))

    app.connect("config-inited", before)
    app.connect("build-finished", after)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
