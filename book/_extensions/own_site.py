"""Pages load everything from their own site, also MathJax, and lead to no address that is not there."""

import shutil
from importlib.util import find_spec
from pathlib import Path

# one file with its glyphs: works from a folder on disk in every browser, needs no fonts
PROGRAM = "tex-svg.js"
# 20 MB of others
PARTS = (PROGRAM, "input/tex/extensions", "a11y", "sre/mathmaps/base.json", "sre/mathmaps/en.json")


def mathjax_files() -> Path:
    """Folder of MathJax in the package `sphinx-mathjax-offline`.

    The extension of that package would copy three times as much.
    """
    return (
        Path(find_spec("sphinx-mathjax-offline").submodule_search_locations[0])
        / "static"
        / "mathjax"
    )


def copy_mathjax(html: Path) -> None:
    """Put the parts of MathJax that the pages use into the site."""
    for part in PARTS:
        source, target = mathjax_files() / part, html / "_static" / "mathjax" / part
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, target, dirs_exist_ok=True) if source.is_dir() else shutil.copyfile(
            source, target
        )


def drop_thebe(app, pagename, templatename, context, doctree):
    """Leave out the scripts for live cells from a public server, which the book does not use."""
    texts = {
        script: f"{getattr(script, 'filename', script)} {getattr(script, 'attributes', '')}"
        for script in context["script_files"]
    }
    context["script_files"] = [
        script for script, text in texts.items() if "thebe" not in text.lower()
    ]


def hide_launch_buttons(app, config):
    """Leave out the buttons that open a page on Colab until `make repository` has set an address."""
    options = config.html_theme_options
    if "OWNER" in options.get("repository_url", "").split("/"):
        options["launch_buttons"] = {}


def setup(app):
    """Called by Sphinx."""

    def after(app, error):
        if error is None and app.builder.format == "html":
            copy_mathjax(Path(app.outdir))

    app.connect(
        "config-inited", lambda app, config: setattr(config, "mathjax_path", f"mathjax/{PROGRAM}")
    )
    app.connect("config-inited", hide_launch_buttons)
    app.connect("html-page-context", drop_thebe, priority=900)
    app.connect("build-finished", after)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
