"""The studio page alone, rendered as in the book: for its tests, which need no executed chapters."""

import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
EXTENSIONS = ("own_site", "page_engine")


def build(folder: Path) -> None:
    """Render book/studio.md with the theme and the extensions of the book, into _build/html."""
    (folder / "book").mkdir(parents=True)
    for name in ("bassnb", "data_samples", "results"):
        (folder / name).symlink_to(ROOT / name)
    for name in ("studio.md", "_static", "_extensions", "references.bib"):
        (folder / "book" / name).symlink_to(ROOT / "book" / name)
    config = yaml.safe_load((ROOT / "_config.yml").read_text())
    config["sphinx"]["local_extensions"] = dict.fromkeys(EXTENSIONS, "book/_extensions")
    config["execute"] = {"execute_notebooks": "off"}
    del config["launch_buttons"]
    (folder / "_config.yml").write_text(yaml.safe_dump(config))
    (folder / "_toc.yml").write_text("format: jb-book\nroot: book/studio\n")
    # not resolved: the one of this environment
    program = Path(sys.executable).with_name("jupyter-book")
    subprocess.run([program, "build", "--all", folder], capture_output=True, check=True, cwd=folder)
