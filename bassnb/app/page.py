"""The page: uploads and controls on top, takes with players below, and the effect for HARP.

Only this file uses Gradio. It sends nothing anywhere: no analytics, no link that others can open,
no fonts or scripts of other servers of our own choice.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read when Gradio is imported

import gradio as gr  # noqa: E402

from bassnb.accompanist import Accompanist  # noqa: E402
from bassnb.app.controls import Control, controls_of  # noqa: E402
from bassnb.app.harp import description  # noqa: E402
from bassnb.app.play import LONGEST, MOST_BYTES, Played, play  # noqa: E402
from bassnb.errors import BassnbError  # noqa: E402

MOST_TAKES = 4
KEPT = 3600  # seconds for which files of a take can be downloaded
COLUMNS = 3  # of controls
WAITING = 8  # requests in the queue
OURS = "bassnb-"  # how folders of takes begin
SOUND = [".wav", ".flac", ".ogg", ".opus", ".mp3", ".aiff", ".m4a", ".mp4", ".aac"]
FILES = {"keep": [*SOUND, ".latents"], "line": [".mid", ".midi", *SOUND]}
FONTS = ["system-ui", "sans-serif"]  # of the machine: nothing is fetched
HEAD = f"""# bassnb
A bass line for your mix. Upload a song without bass, choose, and press *Generate*. Files may have
{MOST_BYTES >> 20} MB and {LONGEST / 60:.0f} minutes."""


def make_app(accompanist: Accompanist) -> gr.Blocks:
    """The page of an accompanist; call `launch` of this module with it, or its own method.

    One request is played at a time, up to eight wait.
    """
    groups = controls_of(accompanist)
    controls = [one for group in groups.values() for one in group]
    with gr.Blocks(title="bassnb", analytics_enabled=False, delete_cache=(KEPT, KEPT)) as app:
        gr.Markdown(HEAD)
        with gr.Row():
            sound = {"type": "filepath", "sources": ["upload"], "buttons": []}
            mix = gr.Audio(label="Mix", **sound)
            style = gr.Audio(label="Style: a bass whose timbre is wanted", **sound)
        drawn = []
        for name, group in groups.items():
            with gr.Accordion(name, open=name == next(iter(groups))):
                for start in range(0, len(group), COLUMNS):
                    with gr.Row():
                        drawn += [draw(control) for control in group[start : start + COLUMNS]]
        count = gr.Slider(1, MOST_TAKES, 1, step=1, label="Takes")
        with gr.Row():
            generate = gr.Button("Generate", variant="primary")
            stop = gr.Button("Stop")
        status = gr.Markdown()
        takes = [drawn_take(number) for number in range(1, MOST_TAKES + 1)]
        files = [file for take in takes for file in take]
        run = runner(accompanist, controls)

        async def on_generate(mix, style, count, *values, progress=gr.Progress()):
            played = await run(mix, style, int(count), values, progress)
            return [f"Done: {len(played)} take{'s' * (len(played) > 1)}.", *shown(played)]

        event = generate.click(
            on_generate, [mix, style, count, *drawn], [status, *files], api_name="generate"
        )
        stop.click(lambda: "Stopped.", None, status, cancels=[event], api_visibility="private")
        add_effect(run, [mix, style, *drawn], controls)
    return app.queue(max_size=WAITING, default_concurrency_limit=1)


def launch(app: gr.Blocks, *, host: str = "127.0.0.1", port: int = 7860) -> None:
    """Serve the page until it is interrupted; by default to this machine alone."""
    app.launch(
        server_name=host,
        server_port=port,
        share=False,
        max_file_size=MOST_BYTES,
        theme=gr.themes.Default(font=FONTS, font_mono=["monospace"]),
    )


def draw(control: Control):
    """A control as a component of Gradio."""
    texts = {"label": control.label, "info": control.info}
    if control.kind == "slider":
        return gr.Slider(control.low, control.high, control.value, step=control.step, **texts)
    if control.kind == "toggle":
        return gr.Checkbox(control.value, **texts)
    if control.kind == "choice":
        return gr.Dropdown(list(control.choices), value=control.value, **texts)
    if control.kind == "file":
        return gr.File(label=f"{control.label}: {control.info}", file_types=FILES[control.name])
    return gr.Textbox(control.value, placeholder="", max_lines=8, **texts)


def drawn_take(number: int) -> list:
    """Players and files of a take, hidden until there is one."""
    hidden = {"visible": False, "interactive": False}
    with gr.Row():
        return [
            gr.Audio(label=f"Bass {number}", type="filepath", buttons=["download"], **hidden),
            gr.Audio(label=f"Together {number}", type="filepath", buttons=["download"], **hidden),
            gr.File(
                label=f"Take {number}: notes, latents, settings", file_count="multiple", **hidden
            ),
        ]


def shown(played: list[Played]) -> list:
    """What becomes of the components of all takes: those that were played are seen."""
    values: list = []
    for take in played:
        rest = [str(path) for path in (take.midi, take.latents, take.settings)]
        values += [str(take.bass), str(take.together), rest]
    values += [None] * (3 * (MOST_TAKES - len(played)))
    return [gr.update(value=value, visible=value is not None) for value in values]


def runner(accompanist: Accompanist, controls: list[Control]) -> Callable:
    """A coroutine that plays with the values of the controls, and stops when it is cancelled."""

    async def run(mix, style, count: int, values, progress=None) -> list[Played]:
        stopped = threading.Event()

        def step(done: int, total: int) -> None:
            if stopped.is_set():
                raise BassnbError("stopped")
            if progress is not None:
                progress((done, total), desc="playing bass", unit="steps")

        def work() -> list[Played]:
            settings = {one.name: one.setting(value) for one, value in zip(controls, values)}
            return play(accompanist, new_folder(), mix, style, count, settings, step)

        try:
            return await asyncio.to_thread(work)
        except asyncio.CancelledError:
            stopped.set()
            raise
        except BassnbError as error:
            raise gr.Error(str(error), print_exception=False) from None

    return run


def new_folder() -> Path:
    """An empty folder in that from which Gradio serves files; what is older than `KEPT` goes."""
    home = Path(os.environ.get("GRADIO_TEMP_DIR") or Path(tempfile.gettempdir()) / "gradio")
    home.mkdir(parents=True, exist_ok=True)
    for old in home.glob(f"{OURS}*"):
        if time.time() - old.stat().st_mtime > KEPT:
            shutil.rmtree(old, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=OURS, dir=home))


def add_effect(run: Callable, inputs: list, controls: list[Control]) -> None:
    """The three endpoints by which HARP finds and runs an effect: controls, process and cancel."""

    async def process(mix, style, *values):
        (played,) = await run(mix, style, 1, values)
        return str(played.bass), str(played.midi)

    with gr.Row(visible=False):
        bass = gr.Audio(label="Bass", type="filepath")
        notes = gr.File(label="Notes", file_types=[".mid", ".midi"])
        facts = gr.JSON()
        buttons = [gr.Button(name) for name in ("controls", "process", "cancel")]
    buttons[0].click(lambda: description(controls), None, facts, api_name="controls")
    event = buttons[1].click(process, inputs, [bass, notes], api_name="process")
    buttons[2].click(lambda: None, None, None, cancels=[event], api_name="cancel")
