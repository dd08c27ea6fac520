"""The controls of `studio`: names, tooltips and layout.

Only this file uses ipywidgets; it is imported inside a function.
"""

from __future__ import annotations

from types import SimpleNamespace

from bassnb.denoiser import interval_of
from bassnb.settings import TakeSettings

AUDIO_FILES = ".wav,.flac,.ogg,.opus,.mp3,.aif,.aiff,.m4a,.mp4,.aac"
CONTROLS = {  # name on the panel -> what it does, for the tooltip and for the page without a kernel
    "Mix": "a sample song, or a file of your own (WAV, FLAC, Ogg or MP3)",
    "Style": "a bass whose timbre is imitated: a sample, a file of your own, or none",
    "Guidance w": "how strictly the bass follows the mix: 0 ignores it, 1 as trained, above 1 more",
    "Rescale phi": "how much of the level that guidance adds is removed",
    "Rule": "how guidance is added: as in the paper, or without the part that only adds level",
    "Interval": "guide only between two times, from 0 (clean) to 1 (noise)",
    "Sampler": "the fast one for trying out, or the one of the paper",
    "Steps K": "steps of the sampler: more take longer",
    "Style strength": "0 is none, 1 as in the paper, above 1 exaggerated",
    "Seed": "another seed gives another take",
    "Variations": "takes made at once, with seeds that follow each other",
    "Balance": "level of the bass in the mix, in dB, when both are played together",
}
# the first is chosen
SAMPLERS = (("fast: DPM-Solver++", "dpm++"), ("as in the paper: DDIM", "ddim"))
RULES = (("plain: as in the paper", "cfg"), ("projected: APG", "apg"))
WIDTH = "min(24rem, 98%)"  # of a menu or slider with its name
BALANCE = (-24.0, 12.0)  # dB
MOST_VARIATIONS = 4


def ends(name: str) -> tuple[float, float]:
    """The ends of the slider for a field of `TakeSettings`."""
    facts = TakeSettings.__dataclass_fields__[name].metadata
    return facts["low"], facts["usual"]


def make_panel(
    mixes: list, styles: list, *, guidance: float, phi: float, strength: float, steps: int
) -> SimpleNamespace:
    """All widgets by name, and `box`, their layout.

    Parameters
    ----------
    mixes, styles : choices of the two menus, (label, value) each; the first is chosen
    guidance, phi, strength, steps : initial values of the sliders
    """
    import ipywidgets as widgets

    # ipywidgets 7, which Google Colab has, calls it otherwise
    tooltip = "tooltip" if "tooltip" in widgets.Text.class_trait_names() else "description_tooltip"

    def described(name: str) -> dict:
        style = {"description_width": "7rem"}
        return {
            "description": name,
            tooltip: CONTROLS[name],
            "style": style,
            "layout": {"width": WIDTH},
        }

    def slider(kind, name: str, value, low, high, step):
        return kind(
            value=value, min=low, max=high, step=step, continuous_update=False, **described(name)
        )

    def upload(name: str):
        return widgets.FileUpload(accept=AUDIO_FILES, multiple=False, description=f"Upload {name}")

    parts = SimpleNamespace(
        mix=widgets.Dropdown(options=mixes, **described("Mix")),
        mix_upload=upload("mix"),
        style=widgets.Dropdown(options=styles, **described("Style")),
        style_upload=upload("style"),
        guidance=slider(widgets.FloatSlider, "Guidance w", guidance, *ends("guidance"), 0.1),
        phi=slider(widgets.FloatSlider, "Rescale phi", phi, *ends("phi"), 0.05),
        guidance_rule=widgets.Dropdown(options=RULES, **described("Rule")),
        guidance_interval=slider(
            widgets.FloatRangeSlider, "Interval", interval_of(None), 0.0, 1.0, 0.05
        ),
        sampler=widgets.Dropdown(options=SAMPLERS, **described("Sampler")),
        steps=slider(widgets.IntSlider, "Steps K", steps, *ends("steps"), 1),
        strength=slider(widgets.FloatSlider, "Style strength", strength, *ends("strength"), 0.05),
        seed=widgets.BoundedIntText(value=0, min=0, max=2**31 - 1, **described("Seed")),
        variations=slider(widgets.IntSlider, "Variations", 1, 1, MOST_VARIATIONS, 1),
        generate=widgets.Button(description="Generate", button_style="primary", icon="play"),
        stop=widgets.Button(description="Stop", icon="stop", disabled=True),
        save=widgets.Button(description="Save takes", icon="save", disabled=True),
        progress=widgets.IntProgress(
            value=0, min=0, max=1, layout={"width": "auto", "flex": "1 1 8rem"}
        ),
        status=widgets.HTML(),
        balance=slider(widgets.FloatSlider, "Balance", 0.0, *BALANCE, 0.5),
        takes=widgets.Output(),
    )
    parts.box = _box(widgets, parts)
    return parts


def _box(widgets, parts: SimpleNamespace):
    """All parts in rows, which wrap on a narrow screen."""
    rows = (
        (parts.mix, parts.mix_upload),
        (parts.style, parts.style_upload),
        (parts.guidance, parts.phi),
        (parts.guidance_rule, parts.guidance_interval),
        (parts.sampler, parts.steps),
        (parts.strength, parts.seed),
        (parts.variations,),
        (parts.generate, parts.stop, parts.save, parts.progress),
    )
    layout = {"flex_flow": "row wrap", "align_items": "center"}
    boxes = [widgets.HBox(row, layout=layout) for row in rows]
    return widgets.VBox([*boxes, parts.status, parts.balance, parts.takes])
