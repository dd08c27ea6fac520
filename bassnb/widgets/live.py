"""Dials that move freely: `live` plays takes in the page, without a kernel.

The live twin of `listen` and `sweep`. In the rendered book the model of `bassnb/web/` plays behind
the dials; in a notebook, where a kernel is at hand, one sentence takes their place. Chapters 0, 5 to
8, and 11 to 13 use it.
"""

from __future__ import annotations

import json
import os
from html import escape

from bassnb.denoiser import RULES
from bassnb.errors import BassnbError
from bassnb.settings import ControlSettings, TakeSettings, chosen
from bassnb.widgets.block import STATIC, Block, bar_html, block_html, choice_html

SONGS = ("pop", "rock", "jazz", "latin", "drums")  # of the site; the drums are those of pop
STYLES = ("acoustic", "finger", "fretless", "pick", "slap-1", "slap-2", "synth-1", "synth-2")
VIEWS = ("sound", "latents", "line", "region")
SLIDERS = {  # setting -> its name on the page, lowest, highest, step
    "steps": ("steps K", 1, 64, 1),
    "guidance": ("guidance w", 0, 20, 0.1),
    "phi": ("rescale φ", 0, 1, 0.05),
    "strength": ("strength of the style", 0, 2, 0.05),
}
CHOICES = {  # setting -> its name on the page, and what can be chosen
    "guidance_rule": ("rule of guidance", RULES),
    "guidance_interval": ("guidance within t", ("0-1", "0.3-1", "0.5-1", "0.7-1", "0.5-0.9")),
}
CONTROLS = ("song", "style", *SLIDERS, *CHOICES, "chords", "seed")
SETTINGS = (TakeSettings, ControlSettings)
START = {
    "style": "",
    "steps": 12,
    "guidance": 3.0,
    "phi": 0.0,
    "strength": 1.5,
    "guidance_rule": "cfg",
    "guidance_interval": "0-1",
    "chords": "",
    "seed": 0,
}
FROM_A_FILE = (
    "The dials below move freely, and the model plays in this page, where the book comes from a server: run "
    "<code>make serve</code> in its folder and open the address that it prints. The takes above play without it."
)
LATENTS = (
    '<p class="bl-name">noisy latents z</p><canvas class="bl-noisy" height="64" role="img"></canvas>'
    '<p class="bl-name">estimate ĉ</p><canvas class="bl-estimate" height="64" role="img"></canvas>'
    '<p class="bl-name">the estimate as sound</p>'
)
STEP = (
    '<label class="bl-dial">step k <input type="range" class="bl-step" min="1" max="1" value="1" disabled>'
    "<output>1</output></label>"
)
REGION = (
    '<div class="bl-region-bar"><label>from <input type="number" class="bl-from" min="0" step="0.1"></label>'
    '<label>to <input type="number" class="bl-to" min="0" step="0.1"> s</label>'
    '<button type="button" class="bl-again">Play this part again</button></div>'
)


class Live(Block):
    """Dials as the page shows them; `names` are those of the controls."""


def live(
    song: str = "pop",
    *,
    controls: tuple[str, ...],
    view: str = "sound",
    seconds: float | None = None,
    title: str | None = None,
    **settings,
) -> Live:
    """Dials with the model behind them, in the rendered book.

    The first click fetches the model; the browser keeps it for the other chapters. Introduced in
    chapter 0.

    Parameters
    ----------
    song : what is accompanied first: "pop", "rock", "jazz", "latin", or "drums", those of the first
    controls : what the reader may change, in this order: "song" and "style" (also files of the
        reader), "steps", "guidance", "phi", "strength", "guidance_rule", "guidance_interval",
        "chords", "seed"
    view : what is drawn: "sound", its spectrogram; "latents", also the latents of each step, which
        can be listened to; "line", the estimates of each step on the line of guidance; "region",
        a spectrogram in which a part is marked and played again
    seconds : only the beginning of a sample song
    title : a line above
    **settings : where the dials begin, and settings that have no dial: those of an `Accompanist`,
        with one of the sample references as `style`

    Returns
    -------
    Live, to be the last line of a cell or to be given to IPython's `display`

    Raises
    ------
    BassnbError
        If there is no such song, style, control, view or setting.
    """
    for what, name, known in (
        ("song", song, SONGS),
        ("view", view, VIEWS),
        ("style", settings.get("style", ""), ("", *STYLES)),
        *(("control", name, CONTROLS) for name in controls),
    ):
        if name not in known:
            raise BassnbError(
                f"there is no {what} {name!r} on a page; use one of {', '.join(known)}"
            )
    start = {**START, "sampler": "dpm++", **settings}
    chosen({name: value for name, value in start.items() if name != "style"}, *SETTINGS)
    title = title or "Live: " + ", ".join(controls)
    if not os.environ.get(STATIC):
        return Live(_without_a_page(controls), tuple(controls), seconds or 0.0)
    data = {"song": song, "seconds": seconds, "view": view, "settings": start}
    html = block_html(
        "live",
        _body(controls, view, {**start, "song": song}),
        label=title,
        title=title,
        data={"live": json.dumps(data)},
    )
    return Live(html, tuple(controls), seconds or 0.0)


def _without_a_page(controls: tuple[str, ...]) -> str:
    return (
        f"<p>In the rendered book, this is a panel on which the reader moves {escape(', '.join(controls))}. Here is a "
        "kernel: change the arguments of <code>accompanist(...)</code> in the cells above.</p>"
    )


def _body(controls: tuple[str, ...], view: str, start: dict) -> str:
    dials = "".join(_control(name, start[name]) for name in controls)
    steps = STEP if view in ("latents", "line") else ""
    drawing = (
        '<svg class="bl-line" role="img" viewBox="-100 -60 200 120"></svg>'
        if view == "line"
        else ""
    )
    return (
        f'<p class="bl-plain">{FROM_A_FILE}</p><div class="bl-live" hidden><div class="bl-dials">{dials}</div>'
        '<div class="bl-go"><button type="button" class="bl-make">Play live</button>'
        '<button type="button" class="bl-stop" disabled>Stop</button>'
        '<p class="bl-status" role="status" aria-live="polite"></p></div>'
        f'<div class="bl-take" hidden>{steps}{drawing}{bar_html(1)}'
        + choice_html(["with the mix", "bass alone"], "What sounds")
        + choice_html(["this take", "the one before"], "Which take sounds")
        + f'<figure><figcaption></figcaption><div class="bl-pictures">{LATENTS if view == "latents" else ""}'
        '<canvas class="bl-sound" height="110" role="img"></canvas><div class="bl-marked"></div>'
        '<div class="bl-cursor"></div></div><div class="bl-ticks" aria-hidden="true"></div></figure>'
        f'{REGION if view == "region" else ""}<a class="bl-save" hidden download="bass.wav">Save this bass (WAV)</a></div></div>'
    )


def _control(name: str, value) -> str:
    """The HTML of one control, whose setting stands in `data-setting`."""
    if name in ("song", "style"):
        return _choice_of_sounds(name, value)
    if name in CHOICES:
        text, known = CHOICES[name]
        options = "".join(
            f"<option{' selected' if key == value else ''}>{key}</option>" for key in known
        )
        return f'<label class="bl-dial">{text} <select data-setting="{name}">{options}</select></label>'
    if name == "chords":
        return (
            f'<label class="bl-dial">chords <input type="text" data-setting="chords" value="{escape(value)}" '
            'autocomplete="off" spellcheck="false"></label>'
        )
    if name == "seed":
        return (
            f'<label class="bl-dial">seed <input type="number" data-setting="seed" min="0" step="1" value="{value}">'
            "</label>"
        )
    text, low, high, step = SLIDERS[name]
    return (
        f'<label class="bl-dial">{text} <input type="range" data-setting="{name}" min="{low}" max="{high}" '
        f'step="{step}" value="{value:g}"><output>{value:g}</output></label>'
    )


def _choice_of_sounds(name: str, value: str) -> str:
    """A list of sounds of the site, and a file of the reader."""
    known = (
        [("", "none"), *((style, style) for style in STYLES)]
        if name == "style"
        else [(s, s) for s in SONGS]
    )
    options = "".join(
        f'<option value="{key}"{" selected" if key == value else ""}>{text}</option>'
        for key, text in known
    )
    return (
        f'<label class="bl-dial">{name} <select data-setting="{name}">{options}<option value="own" hidden>your file'
        f'</option></select></label><label class="bl-dial">or a {name} of yours <input type="file" accept="audio/*" '
        f'data-file="{name}"></label>'
    )
