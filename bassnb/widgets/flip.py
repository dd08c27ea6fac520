"""Sliders over pictures drawn beforehand: `flip` shows one figure for each value, without a kernel.

Chapter 5 uses it for the paths of a sampler with more and more steps.
"""

from __future__ import annotations

import io
import json
from html import escape

from bassnb.errors import BassnbError
from bassnb.widgets.block import Block, block_html, picture_url

DPI = 110  # pictures of 8 inches then fill the width of a page


class Flip(Block):
    """The pictures as a notebook shows them; `names` are the values of the slider."""


def flip(
    figures: dict,
    *,
    parameter: str,
    alts: dict,
    title: str | None = None,
    start=None,
) -> Flip:
    """A slider, and below it the figure of its value. Without scripts all figures are shown.

    Parameters
    ----------
    figures : dict of value -> matplotlib Figure, all of one size; the slider keeps their order
    parameter : what the slider changes
    alts : dict of value -> the figure in words, for readers who do not see it
    title : a line above
    start : value shown first, by default the first of `figures`

    Returns
    -------
    Flip, to be the last line of a cell

    Raises
    ------
    BassnbError
        If there is no figure, one has no text in `alts`, or `start` belongs to none.
    """
    if not figures:
        raise BassnbError("there is no figure to show; give a dict of value -> figure")
    values = list(figures)
    first = values[0] if start is None else start
    missing = [value for value in (*values, first) if value not in alts or value not in figures]
    if missing:
        raise BassnbError(f"{missing[0]!r} needs a figure and a text in alts; give both")
    texts = [str(value) for value in values]
    place = values.index(first)
    images = "".join(
        f'<img class="dark-light" src="{escape(picture_url(webp(figures[value])))}"'
        f' alt="{escape(alts[value])}"{"" if value == first else " hidden"}>'
        for value in values
    )
    body = (
        f'<label class="bl-slider"><span>{escape(parameter)}</span><input type="range" min="0"'
        f' max="{len(values) - 1}" step="1" value="{place}" data-values="{escape(json.dumps(texts))}"'
        f' aria-label="{escape(parameter)}" aria-valuetext="{escape(texts[place])}">'
        f'<span class="bl-value">{escape(texts[place])}</span></label>{images}'
    )
    label = title or f"Figures over {parameter}"
    return Flip(block_html("flip", body, label=label, title=title, data={}), tuple(texts), 0.0)


def webp(figure) -> bytes:
    """A matplotlib figure as a WebP file."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="webp", dpi=DPI, pil_kwargs={"quality": 80})
    return buffer.getvalue()
