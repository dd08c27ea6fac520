"""Slides made from the chapters: what is said first in a section, its equations, what it shows.

    make slides

writes _build/slides: one page for each chapter, which loads nothing from elsewhere. The outputs are
those of `make book`; a chapter that has not been executed in its present state is executed first.
"""

from __future__ import annotations

import re
import shutil
import sys
from html import escape
from pathlib import Path

from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin

from teaching.exercises import ROOT, chapters, source
from teaching.instructor import sections

OUT = ROOT / "_build" / "slides"
LEFT_OUT = ("Try it yourself", "Further reading")
ROLES = re.compile(r"\s?\{[\w:]+\}`[^`]*`")  # citations and references to equations
LABEL = re.compile(r"(\$\$)\s*\([\w-]+\)")
EQUATION = re.compile(r"\$\$.+?\$\$", re.S)
SENTENCE = re.compile(r".+?(?:[.!?:](?=\s)|$)", re.S)
HERE = Path(__file__).parent


def rendered(text: str) -> str:
    """Markdown with formulas as HTML; links keep their words alone."""
    text = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", ROLES.sub("", LABEL.sub(r"\1", text)))
    parser = MarkdownIt("commonmark").enable("table")
    html = dollarmath_plugin(parser, renderer=lambda math, _: escape(math)) or parser.render(text)
    html = re.sub(r'<(div|span) class="math (inline|block)">', r'<\1 class="math \2">', html)
    inline = re.sub(r'<span class="math inline">(.*?)</span>', r"\\(\1\\)", html, flags=re.S)
    return re.sub(r'<div class="math block">(.*?)</div>', r"\\[\1\\]", inline, flags=re.S)


def first_words(text: str) -> str:
    """The first sentence of a section, all of a list that stands alone, and its equations."""
    body = text.split("\n", 1)[1].strip() if text.startswith("#") else text.strip()
    prose = EQUATION.sub("", LABEL.sub(r"\1", body)).strip()
    if prose.startswith(("* ", "| ")):
        return body
    said = SENTENCE.match(prose)
    return "\n\n".join([said[0] if said else "", *EQUATION.findall(LABEL.sub(r"\1", body))])


def shown(cell: dict) -> list[str]:
    """The pictures and players among the outputs of a cell, as HTML."""
    found = []
    alt = cell["metadata"].get("mystnb", {}).get("image", {}).get("alt", "A figure of this chapter")
    for output in cell.get("outputs", []):
        data = output.get("data", {})
        if "image/png" in data:
            picture = "".join(data["image/png"]).replace("\n", "")
            found.append(f'<img alt="{escape(alt)}" src="data:image/png;base64,{picture}">')
        elif "bassnb-block" in "".join(data.get("text/html", "")):
            found.append("".join(data["text/html"]))
    return found


def slides_of(notebook: dict) -> list[str]:
    """Every slide of an executed chapter, as HTML: its card, then its sections."""
    slides = [rendered(source(notebook["cells"][0]))]
    for title, cells in sections(notebook["cells"]):
        if title in LEFT_OUT:
            continue
        words = first_words(source(cells[0]))
        slides.append(f"<h2>{rendered(title)[3:-5]}</h2>{rendered(words)}")
        slides += [html for cell in cells for html in shown(cell)]
    return slides


def page(notebook: dict) -> str:
    """The page of a chapter."""
    title = source(notebook["cells"][0]).splitlines()[0].lstrip("# ")
    style, script = (
        (HERE / f"slides.{kind}").read_text(encoding="utf-8") for kind in ("css", "js")
    )
    body = "\n".join(f"<section>{slide}</section>" for slide in slides_of(notebook))
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">'
        f'<style>{style}</style><script defer src="../_static/mathjax/tex-svg.js"></script>'
        f"<body>{body}<script>{script}</script></body></html>\n"
    )


def make(out: Path = OUT, paths: list[Path] | None = None) -> Path:
    """Write the pages of all chapters, or of some; older ones are replaced."""
    sys.path.insert(0, str(ROOT / "book" / "_extensions"))
    import cached_execution
    import own_site

    paths = paths or chapters()
    notebooks = cached_execution.run_all(paths, timeout=120)
    shutil.rmtree(out, ignore_errors=True)
    (out / "book").mkdir(parents=True)
    for path, notebook in zip(paths, notebooks):
        (out / "book" / f"{path.stem}.html").write_text(page(notebook), encoding="utf-8")
    cached_execution.copy_media([cached_execution.stored(path) / "audio" for path in paths], out)
    own_site.copy_mathjax(out)
    return out
