"""How the accompanist describes itself to HARP, an application that runs effects of other machines
on the tracks of an audio workstation (REAPER, Logic, Live).

HARP asks a page of Gradio for its endpoint `controls`, draws what that lists, and calls `process` with
the values in the same order. Its own package, pyharp, makes such endpoints from components; ours
are described here, because pyharp needs one fixed version of Gradio.
"""

from __future__ import annotations

from bassnb.app.controls import Control

CARD = {
    "name": "bassnb",
    "description": "A bass line for your mix, by latent diffusion.",
    "author": "The bassnb authors",
    "tags": ["bass", "accompaniment", "diffusion"],
}
KINDS = {"slider": "slider", "toggle": "toggle", "choice": "dropdown", "text": "text_box"}
TRACKS = {"line": "midi_track"}  # other files are audio


def description(controls: list[Control]) -> dict:
    """The card, inputs and outputs: two tracks, then the controls."""
    inputs = [
        track("Mix", "A song without bass."),
        track("Style", "A bass whose timbre is wanted.", required=False),
        *map(described, controls),
    ]
    outputs = [
        track("Bass", "Exactly as long as the mix."),
        track("Notes", "Of the bass, as MIDI.", kind="midi_track"),
    ]
    return {"card": CARD, "inputs": inputs, "outputs": outputs}


def track(label: str, info: str, *, required: bool = True, kind: str = "audio_track") -> dict:
    """A track of sound or notes."""
    return {"label": label, "info": info, "required": required, "type": kind}


def described(control: Control) -> dict:
    """A control in HARP's words."""
    if control.kind == "file":
        kind = TRACKS.get(control.name, "audio_track")
        return track(control.label, control.info, required=False, kind=kind)
    facts = {"label": control.label, "info": control.info, "value": control.value}
    if control.kind == "slider":
        facts |= {"minimum": control.low, "maximum": control.high, "step": control.step}
    if control.kind == "choice":
        facts["choices"] = [[one, one] for one in control.choices]
    return {**facts, "type": KINDS[control.kind]}
